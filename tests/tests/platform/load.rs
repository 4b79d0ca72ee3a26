//! A load as people run it: what it promises of its figures, held against the database behind the server's back.

use std::process::Stdio;
use std::time::{Duration, Instant};

use edtech_tests::{Command, Database, Finished, Platform, Process, eventually, on_both_databases};
use serde_json::{Value, json};

const PATIENCE: Duration = Duration::from_secs(30);

const COUNT: &str = "SELECT COUNT(*) FROM streaming_logs";

/// More than a page of logs for each of its learners.
const DENSE: [&str; 7] = ["--logs", "25000", "--batch", "500", "--connections", "4", "--check-ledger"];

on_both_databases!(
    what_was_acknowledged_is_there_once,
    a_log_that_is_gone_is_lost,
    what_is_expected_and_does_not_hold_fails,
    a_server_that_stalls_shows_in_the_latencies,
    what_was_due_and_never_sent_is_told,
    a_load_that_is_told_to_stop_reports_what_there_is,
    a_load_ends_with_the_program_that_started_it,
    replicas_at_an_interval_post_what_so_many_pods_would,
);

/// A load of a small school.
fn load(platform: &Platform, more: &[&str]) -> Command {
    let school = ["load", "--learners", "20", "--lessons", "3", "--json"];
    let mut command = Command::simulator(school.iter().chain(more).copied());
    for (key, value) in platform.simulator_environment() {
        command = command.env(key, value);
    }
    command
}

/// The report of a load that ended with this code.
#[track_caller]
fn report(finished: Finished, code: i32) -> Value {
    let printed = finished.expect(code);
    serde_json::from_str(&printed).unwrap_or_else(|error| panic!("no report: {error} in {printed}"))
}

/// How many requests a report's histogram holds.
fn recorded(report: &Value) -> i64 {
    let steps = report["latency_histogram_us"].as_array().expect("a histogram");
    assert!(steps.is_sorted_by_key(|step| step[0].as_i64()), "{report}");
    steps.iter().map(|step| step[1].as_i64().expect("a count")).sum()
}

async fn logs_above(database: &Database, least: i64) {
    let look = async || (database.number(COUNT).await > least).then_some(());
    eventually("more logs", PATIENCE, look).await;
}

/// The server stands still for so long.
async fn stall(platform: &Platform, seconds: u64) {
    let server = Process(platform.process());
    server.signal("STOP");
    tokio::time::sleep(Duration::from_secs(seconds)).await;
    server.signal("CONT");
}

async fn what_was_acknowledged_is_there_once(database: Database) {
    let platform = Platform::start(&database).await;
    let expected = ["--check-ledger", "--expect", "lost<=0", "--expect", "doubled<=0"];
    let paced = ["--replicas", "2", "--connections", "2", "--rate", "60", "--duration", "2s", "--days", "3"];
    let paced = report(load(&platform, &[&paced[..], &expected].concat()).run().await, 0);
    assert_eq!(paced["ledger"], json!({"acknowledged": 240, "lost": 0, "doubled": 0}), "{paced}");
    assert_eq!(
        (&paced["version"], &paced["stretch_seconds"], &paced["profile"]),
        (&json!(1), &json!(1), &json!("steady"))
    );
    assert_eq!((&paced["unsent"], &paced["interrupted"]), (&json!(0), &json!(false)));
    let replicas = paced["replicas"].as_array().expect("replicas");
    assert_eq!(replicas.iter().map(|one| &one["accepted"]).collect::<Vec<_>>(), [120, 120], "{paced}");
    assert_eq!(recorded(&paced), 240);
    assert!(paced["expectations"].as_array().expect("expectations").iter().all(|one| one["holds"] == true));

    // As fast as it goes, in batches; learners have more than a page of logs by then.
    let batches = report(load(&platform, &DENSE).run().await, 0);
    assert_eq!(batches["ledger"], json!({"acknowledged": 25_000, "lost": 0, "doubled": 0}), "{batches}");
    assert_eq!((&batches["rate"], &batches["stretch_seconds"]), (&Value::Null, &json!(10)));
    assert_eq!(database.number(COUNT).await, 25_240);
    database.assert_verified().await;
}

async fn a_log_that_is_gone_is_lost(database: Database) {
    let platform = Platform::start(&database).await;
    let paced = ["--rate", "50", "--duration", "10s", "--connections", "2", "--check-ledger"];
    for (arguments, logs) in [(&paced, 500), (&DENSE, 25_000)] {
        let before = database.number(COUNT).await;
        let running = load(&platform, arguments).start();
        logs_above(&database, before + 10).await;
        let newest = "DELETE FROM streaming_logs WHERE (student_id, log_id) IN
            (SELECT student_id, log_id FROM streaming_logs ORDER BY received_at DESC LIMIT 1)";
        assert_eq!(database.execute(newest).await, 1);
        let report = report(running.finished().await, 1);
        assert_eq!(report["ledger"], json!({"acknowledged": logs, "lost": 1, "doubled": 0}), "{report}");
        assert_eq!(report["errors"], json!({}));
    }
}

async fn what_is_expected_and_does_not_hold_fails(database: Database) {
    let platform = Platform::start(&database).await;
    let paced = ["--rate", "50", "--duration", "1s", "--connections", "2", "--quiet"];
    let expected = ["--expect", "p99<0.001ms", "--expect", "rate>=1", "--expect", "errors<=0%"];
    let finished = load(&platform, &[&paced[..], &expected].concat()).run().await;
    // The table is for people: where the report is JSON, it goes beside it.
    let marks = |mark: char| finished.stderr.lines().filter(|line| line.ends_with(mark)).count();
    assert_eq!((marks('✗'), marks('✓')), (1, 2), "{finished:?}");
    let report = report(finished, 1);
    assert_eq!(report["accepted"], 50);
    let verdicts = report["expectations"].as_array().expect("expectations");
    let verdicts: Vec<_> = verdicts.iter().map(|one| (&one["expression"], &one["holds"])).collect();
    let expected = [json!("p99<0.001ms"), json!("rate>=1"), json!("errors<=0%")];
    assert_eq!(
        verdicts,
        expected.iter().zip([&json!(false), &json!(true), &json!(true)]).collect::<Vec<_>>()
    );

    for (bad, fault) in [
        (&["--logs", "5", "--expect", "p99<50"][..], "'p99<50ms'"),
        (&["--logs", "5", "--expect", "lost<=0"], "--check-ledger"),
        (&["--logs", "5", "--profile", "ramp"], "--rate"),
    ] {
        let refused = load(&platform, bad).run().await;
        assert!(refused.code == Some(2) && refused.refusal().contains(fault), "{refused:?}");
    }
    assert_eq!(database.number(COUNT).await, 50);
}

async fn a_server_that_stalls_shows_in_the_latencies(database: Database) {
    let platform = Platform::start(&database).await;
    let running = load(&platform, &["--rate", "50", "--duration", "6s", "--connections", "2"]).start();
    logs_above(&database, 20).await;
    stall(&platform, 2).await;
    let finished = running.finished().await;
    assert!(finished.stderr.lines().any(|line| line.contains("logs/s, p50 ")), "{finished:?}");
    let report = report(finished, 0);
    assert_eq!((&report["requests"], &report["unsent"]), (&json!(300), &json!(0)), "{report}");
    // Two requests waited for the server, a hundred behind them: from when they were due, all of them were slow.
    let latency = |figure: &str| report["latency_ms"][figure].as_f64().expect("a latency");
    assert!(latency("max") > 1_800.0 && latency("p99") > 1_500.0 && latency("p95") > 1_000.0, "{report}");
    assert!(latency("p50") < latency("p95"), "{report}");
}

async fn what_was_due_and_never_sent_is_told(database: Database) {
    let platform = Platform::start(&database).await;
    let due = ["--rate", "10", "--duration", "10s", "--connections", "1", "--expect", "errors<=10%"];
    let running = load(&platform, &due).start();
    logs_above(&database, 5).await;
    // The one connection waits for an answer until the ten seconds of grace are over, too.
    stall(&platform, 23).await;
    let report = report(running.finished().await, 1);
    let [requests, unsent] = ["requests", "unsent"].map(|name| report[name].as_i64().expect("a count"));
    assert!(unsent > 0 && requests + unsent == 100, "{report}");
    assert_eq!(recorded(&report), 100);
    assert!(report["latency_ms"]["max"].as_f64() > Some(9_000.0), "{report}");
    let measured = report["expectations"][0]["measured"].as_f64().expect("a percentage");
    assert!(measured >= unsent as f64, "{report}");
}

async fn a_load_that_is_told_to_stop_reports_what_there_is(database: Database) {
    let platform = Platform::start(&database).await;
    let long = ["--rate", "40", "--duration", "10m", "--connections", "2", "--check-ledger"];
    let running = load(&platform, &long).start();
    logs_above(&database, 20).await;
    running.terminate();
    let finished = running.finished().await;
    let stored = database.number(COUNT).await;
    let report: Value = serde_json::from_str(&finished.stdout).unwrap_or_else(|_| panic!("{finished:?}"));
    assert_eq!((&report["interrupted"], &report["accepted"]), (&json!(true), &json!(stored)), "{report}");
    assert_eq!(report["ledger"], json!({"acknowledged": stored, "lost": 0, "doubled": 0}));
    // Of what was due in ten minutes no more is missing than a machine that stood still owes.
    let unsent = report["unsent"].as_i64().expect("a count");
    assert!(report["seconds"].as_f64() < Some(60.0) && unsent < 60 * 40, "{report}");
    assert_eq!(finished.code, Some(i32::from(unsent > 0)), "{finished:?}");
}

async fn a_load_ends_with_the_program_that_started_it(database: Database) {
    let platform = Platform::start(&database).await;
    // Beside this executable, or above it.
    let this = std::env::current_exe().expect("the path of this executable");
    let mut beside = this.ancestors().skip(1).take(2).map(|directory| directory.join("edtech-simulator"));
    let program = beside.find(|path| path.is_file()).expect("the simulator");
    let mut command = tokio::process::Command::new(program);
    command.args(["load", "--learners", "20", "--lessons", "3", "--rate", "40", "--duration", "10m"]);
    command.args(["--until-stdin-ends", "--json"]).envs(platform.simulator_environment());
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::null()).kill_on_drop(true);
    let mut running = command.spawn().expect("a load");
    logs_above(&database, 10).await;
    // What a program leaves behind when it is killed: a pipe without a writer.
    drop(running.stdin.take());
    let begun = Instant::now();
    let output = running.wait_with_output().await.expect("its output");
    assert!(begun.elapsed() < PATIENCE && output.status.code().is_some(), "{output:?}");
    let report: Value = serde_json::from_slice(&output.stdout).expect("a report");
    assert_eq!(report["interrupted"], true);
}

async fn replicas_at_an_interval_post_what_so_many_pods_would(database: Database) {
    let platform = Platform::start(&database).await;
    let pods = ["--replicas", "2", "--interval", "1500ms", "--duration", "3s", "--connections", "1"];
    let pods = report(load(&platform, &pods).run().await, 0);
    // It lasts as long as it was to last: rates are those that were asked for, also where they are very low.
    assert_eq!((&pods["accepted"], &pods["interval_seconds"]), (&json!(4), &json!(1.5)), "{pods}");
    assert!(pods["seconds"] == 3.0 || pods["seconds"].as_f64() > Some(3.0) && is_disturbed(&pods), "{pods}");
    assert_eq!(database.number(COUNT).await, 4);

    let ramp = ["--profile", "ramp", "--rate", "40", "--duration", "2s", "--connections", "2"];
    let undisturbed = eventually("a ramp that nothing disturbed", PATIENCE, async || {
        let ramp = report(load(&platform, &ramp).run().await, 0);
        assert_eq!((&ramp["accepted"], &ramp["profile"]), (&json!(40), &json!("ramp")), "{ramp}");
        (!is_disturbed(&ramp)).then_some(ramp)
    });
    let ramp = undisturbed.await;
    let halves = ramp["over_time"].as_array().expect("over_time");
    assert!(halves[0]["logs_per_second"].as_f64() < halves[1]["logs_per_second"].as_f64(), "{ramp}");
}

/// Whether an answer took so long that rates say more of the machine than of the load.
fn is_disturbed(report: &Value) -> bool {
    report["latency_ms"]["max"].as_f64() > Some(500.0)
}

#[tokio::test]
async fn the_schema_of_the_report_needs_nothing_else() {
    let schema = Command::simulator(["load", "--schema"]).run().await.expect(0);
    let schema: Value = serde_json::from_str(&schema).expect("a schema");
    for field in ["version", "latency_histogram_us", "ledger", "expectations", "unsent", "over_time"] {
        assert!(schema["properties"][field].is_object(), "{field} in {schema}");
    }
}
