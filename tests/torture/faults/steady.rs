//! 13. Half of the peak rate for as long as one likes: memory and latency stay what they are.

use std::time::Duration;

use edtech_tests::{Command, Platform};
use serde_json::Value;
use tokio::time::sleep;

use crate::ground::{Ground, Kind};
use crate::plan::Plan;
use crate::probes::Memory;
use crate::report::Outcome;

/// The school that posts: enough learners that caches matter, few enough to be enrolled at once.
const SCHOOL: [&str; 4] = ["--learners", "2000", "--lessons", "50"];

const PEAK: [&str; 4] = ["--connections", "32", "--duration", "8s"];

/// Memory is flat where the median of the last third is at most this much above that of the first: as a share, or in
/// megabytes where that is more. What a process allocates while it gets used to its load is less.
const GROWTH: f64 = 0.10;
const GROWTH_MB: f64 = 8.0;

/// Latency is flat where the median of the last third's p99s, one for each ten seconds, is at most this much above that of
/// the first: checkpoints and vacuums come and go, the thirds have their share of them.
const SLOWER: f64 = 0.5;
const SLOWER_MS: f64 = 5.0;

/// Of less time one checkpoint, or one moment in which the machine stood still, is a third.
const LONG_ENOUGH: Duration = Duration::from_secs(10 * 60);

/// How long what came in within hours may take to be verified: about fifteen seconds for each million.
const VERIFIED: Duration = Duration::from_secs(1_800);

pub async fn run(kind: Kind, plan: Plan) -> Outcome {
    let ground = Ground::new(kind).await;
    let platform = ground.start().await;
    let peak = report(&platform, &PEAK).await;
    let peak = number(&peak["logs_per_second"]);
    let (rate, duration) = ((peak / 2.0).round().to_string(), format!("{}s", plan.steady().as_secs()));

    let memory = Memory::of(platform.process(), Duration::from_secs(1));
    let steadily = ["--connections", "32", "--rate", &rate, "--duration", &duration, "--check-ledger"];
    let report = report(&platform, &steadily).await;
    // What follows the load is the ledger: millions of logs, read back page by page.
    let under_load = plan.steady().as_secs() as usize;
    let megabytes: Vec<f64> = memory.megabytes().into_iter().take(under_load).collect();
    let outcome = judged(&report, &megabytes, &rate, &plan);
    // Hours are not to be measured again because of what comes after them.
    println!("    half of the peak, before the stop: {outcome:?}");
    sleep(Duration::from_secs(1)).await;
    platform.stop().await;
    ground.database.assert_verified_within(VERIFIED).await;
    outcome
}

fn judged(report: &Value, megabytes: &[f64], rate: &str, plan: &Plan) -> Outcome {
    let over_time = report["over_time"].as_array().expect("over_time");
    let p99s: Vec<f64> = over_time.iter().map(|moment| number(&moment["latency_ms"]["p99"])).collect();
    // The sum of nothing would be -0.
    let errors =
        report["errors"].as_object().expect("errors").values().map(number).fold(0.0, |sum, it| sum + it);
    let outcome = Outcome::of(1)
        .figure("half of the peak", format!("{rate} logs/s for {} s", plan.steady().as_secs()))
        .figure("acknowledged", &report["ledger"]["acknowledged"])
        .exactly("lost", number(&report["ledger"]["lost"]), 0.0)
        .exactly("counted twice", number(&report["ledger"]["doubled"]), 0.0)
        .exactly("errors", errors, 0.0)
        .exactly("rejected", number(&report["rejected"]), 0.0)
        .exactly("due and never sent", number(&report["unsent"]), 0.0)
        .figure("p50 and p99 of each tenth, worst stretch", tenths(over_time));
    let outcome = flat("memory", megabytes, (GROWTH, GROWTH_MB), "MB", outcome);
    if plan.steady() < LONG_ENOUGH {
        return outcome.figure("p99 of each stretch", format!("{p99s:.0?} ms"));
    }
    flat("p99", &p99s, (SLOWER, SLOWER_MS), "ms", outcome)
}

/// The highest of what was measured in each tenth of the time, in milliseconds: checkpoints and vacuums are to be seen.
fn tenths(over_time: &[Value]) -> String {
    let tenth = over_time.len().div_ceil(10).max(1);
    let worst = |stretches: &[Value], figure: &str| {
        let all = stretches.iter().map(|stretch| number(&stretch["latency_ms"][figure]));
        all.fold(0.0, f64::max)
    };
    let tenths = over_time.chunks(tenth).map(|it| format!("{:.1}/{:.0}", worst(it, "p50"), worst(it, "p99")));
    format!("{} ms", tenths.collect::<Vec<_>>().join(" "))
}

/// Compares the first third of a series with its last, by their medians, and tells the trend between any two of its values.
fn flat(name: &str, series: &[f64], (share, least): (f64, f64), unit: &str, outcome: Outcome) -> Outcome {
    assert!(series.len() >= 3, "too little of {name} was measured");
    let third = series.len() / 3;
    let (first, last) = (median(&series[..third]), median(&series[series.len() - third..]));
    let limit = first + (first * share).max(least);
    let thirds = format!(
        "{first:.1} then {last:.1} {unit}, {:+.4} {unit} from one to the next of {}",
        trend(series),
        series.len()
    );
    outcome.judged(name, last <= limit, &thirds, &format!("at most {limit:.1} {unit}"))
}

/// The median of the slopes between any two values (Theil and Sen): single bursts do not move it.
fn trend(series: &[f64]) -> f64 {
    // Of two hours of seconds every pair would be 26 million.
    let step = series.len().div_ceil(600);
    let thinned: Vec<f64> = series.iter().step_by(step).copied().collect();
    let slopes: Vec<f64> = (0..thinned.len())
        .flat_map(|at| (at + 1..thinned.len()).map(move |later| (at, later)))
        .map(|(at, later)| (thinned[later] - thinned[at]) / ((later - at) * step) as f64)
        .collect();
    median(&slopes)
}

fn median(values: &[f64]) -> f64 {
    let mut values = values.to_vec();
    values.sort_by(f64::total_cmp);
    values[values.len() / 2]
}

/// Runs a load and returns what it says of itself.
async fn report(platform: &Platform, arguments: &[&str]) -> Value {
    let arguments = ["load", "--json", "--quiet"].iter().chain(&SCHOOL).chain(arguments).copied();
    let mut command = Command::simulator(arguments);
    for (key, value) in platform.simulator_environment() {
        command = command.env(key, value);
    }
    let finished = command.start().finished_within(Duration::from_secs(3 * 3_600)).await;
    serde_json::from_str(&finished.stdout).unwrap_or_else(|_| panic!("{finished:?}"))
}

fn number(value: &Value) -> f64 {
    value.as_f64().unwrap_or_else(|| panic!("no number: {value}"))
}
