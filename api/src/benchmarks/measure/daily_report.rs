//! The three analyses and the report, one after another and at once.

use super::Bench;
use crate::benchmarks::readings::AskReading;
use crate::benchmarks::report::Section;
use crate::benchmarks::row::Row;
use crate::benchmarks::stand::Stand;
use crate::clock::Clock;

/// How often the day is analysed.
const TIMES: &str = "10";

/// What the original asked of each task, in milliseconds.
const MOST_MS: f64 = 300_000.0;

/// The analyses of a day, by the names of the tasks that order them, with what the original measured.
const ANALYSES: [(&str, &str); 3] = [("engagement", "0.3 s"), ("lessons", "0.5 s"), ("classrooms", "0.4 s")];

pub(super) async fn measure(bench: &mut Bench<'_>) -> anyhow::Result<Section> {
    let logs = bench.parameters.logs;
    bench.steps.next(format!("{logs} logs are stored"));
    bench.stand.fill(logs).await?;
    bench.steps.next("the analyses of a day and its report");
    let day = Clock.now().date_naive();
    let analyses = ANALYSES.map(|(name, _)| format!("/analytics/{name}?date={day}"));
    let report = format!("PUT:/analytics/daily/{day}/report");
    let in_turn = ask(bench.stand, &[], &analyses).await?;
    let at_once = ask(bench.stand, &["--at-once"], &analyses).await?;
    let kept = ask(bench.stand, &[], &[report]).await?;
    let analysed = ANALYSES.iter().zip(&in_turn.requests).map(|((name, was), asked)| {
        let label = format!("Analysis of {name}");
        Row::milliseconds(*name, label, asked.latency_ms.p50).at_most(MOST_MS).original(was)
    });
    let mut rows: Vec<Row> = analysed.collect();
    let report = kept.round_ms.p50;
    let row = |name, label, value| Row::milliseconds(name, label, value).at_most(MOST_MS);
    rows.extend([
        row("report", "Daily report", report).original("0.2 s"),
        row("in_turn", "All four, one after another", in_turn.round_ms.p50 + report),
        row("at_once", "The analyses at once, then the report", at_once.round_ms.p50 + report)
            .original("0.9 s"),
        row(
            "cold",
            "All four the first time, one after another",
            in_turn.first_round_ms + kept.first_round_ms,
        ),
    ]);
    let section = Section::new("daily_report", "Daily tasks").note(format!(
        "The work of the daily tasks inside the API for {day} (UTC), over HTTP, median of {TIMES}. A scheduler adds its own time: see \
         docs/AIRFLOW.md."
    ));
    Ok(section.rows(rows))
}

async fn ask(stand: &mut Stand, options: &[&str], requests: &[String]) -> anyhow::Result<AskReading> {
    let options = ["ask", "--times", TIMES].iter().chain(options).map(|&option| option.to_owned());
    stand.ask(options.chain(requests.iter().cloned())).await
}
