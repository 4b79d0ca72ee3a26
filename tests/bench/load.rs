//! `edtech-simulator load`, run as anybody can run it.

use std::time::Duration;

use edtech_tests::{Command, Database, Platform, Running};
use serde_json::Value;

/// What a load says of itself.
pub struct Report {
    pub accepted: f64,
    /// Requests that were answered 503.
    pub turned_away: f64,
    /// Requests that were due at the rate, and never sent.
    unsent: f64,
    pub logs_per_second: f64,
    pub p50_ms: f64,
    pub p99_ms: f64,
    /// Ten seconds each: logs a second, p50, p99, max.
    pub over_time: Vec<[f64; 4]>,
}

/// The learners, lessons and viewings that the targets are stated for.
pub const SCHOOL: [&str; 4] = ["--learners", "20000", "--lessons", "200"];

/// Starts a server that does not write a line for each request.
pub async fn serve(database: &Database) -> Platform {
    Platform::start(database).env("RUST_LOG", "warn").await
}

/// Starts a load beside whatever else runs.
pub fn start(platform: &Platform, arguments: &[&str]) -> Running {
    let arguments = ["load", "--json"].iter().chain(&SCHOOL).chain(arguments).copied();
    let mut command = Command::simulator(arguments);
    for (key, value) in platform.simulator_environment() {
        command = command.env(key, value);
    }
    command.start()
}

const STORED: &str = "SELECT COUNT(*) FROM streaming_logs";

/// Runs a load: every answer must be a 2xx, and every log must be in the database afterwards.
pub async fn run(database: &Database, platform: &Platform, arguments: &[&str]) -> Report {
    // Counting scans the log: a load before it is counted too, so only the difference tells.
    let before = database.number(STORED).await;
    let report = finish(start(platform, arguments)).await;
    let stored = database.number(STORED).await - before;
    assert_eq!(stored as f64, report.accepted, "rows stored and logs accepted");
    report
}

/// Fills a database for what is measured next. In a quarter of an hour at full speed a checkpoint may turn requests away:
/// then perhaps more is stored than was acknowledged, never less.
pub async fn fill(database: &Database, platform: &Platform, arguments: &[&str]) -> Report {
    let before = database.number(STORED).await;
    let report = finish_overload(start(platform, arguments)).await;
    let stored = database.number(STORED).await - before;
    assert!(stored as f64 >= report.accepted, "{stored} rows stored, {} logs accepted", report.accepted);
    if report.turned_away > 0.0 {
        eprintln!("{} requests were told to come again (503)", report.turned_away);
    }
    report
}

/// Waits for a load; every answer must have been a 2xx.
pub async fn finish(load: Running) -> Report {
    let report = finish_overload(load).await;
    assert_eq!(report.turned_away, 0.0, "requests that were answered 503");
    assert_eq!(report.unsent, 0.0, "requests that were due and never sent");
    report
}

/// Forty million logs may take an hour.
const PATIENCE: Duration = Duration::from_secs(2 * 3_600);

/// Waits for a load that may be more than the server takes: what is not a 2xx must be a 503.
pub async fn finish_overload(load: Running) -> Report {
    let finished = load.finished_within(PATIENCE).await;
    let report: Value = serde_json::from_str(&finished.stdout).unwrap_or_else(|_| panic!("{finished:?}"));
    let errors = report["errors"].as_object().expect("errors");
    assert!(errors.keys().all(|cause| cause == "503"), "{report}");
    let number = |value: &Value| value.as_f64().unwrap_or_else(|| panic!("no number: {report}"));
    // They are counted as logs a second as well: a platform that refuses, or knows everything already, would seem fast.
    for verdict in ["rejected", "duplicates"] {
        assert_eq!(number(&report[verdict]), 0.0, "{verdict}: {report}");
    }
    let moment = |moment: &Value| {
        let latency = &moment["latency_ms"];
        [&moment["logs_per_second"], &latency["p50"], &latency["p99"], &latency["max"]].map(number)
    };
    Report {
        turned_away: errors.values().map(number).sum(),
        unsent: number(&report["unsent"]),
        accepted: number(&report["accepted"]),
        logs_per_second: number(&report["logs_per_second"]),
        p50_ms: number(&report["latency_ms"]["p50"]),
        p99_ms: number(&report["latency_ms"]["p99"]),
        over_time: report["over_time"].as_array().expect("over_time").iter().map(moment).collect(),
    }
}
