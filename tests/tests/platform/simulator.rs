//! The simulator as people run it: it enrols, it posts, it survives the server, and it stops when it is told.

use std::time::Duration;

use edtech_tests::{Command, Database, Platform, Running, eventually, on_both_databases};
use serde_json::{Value, json};

const PATIENCE: Duration = Duration::from_secs(60);

on_both_databases!(
    replicas_enrol_and_post_until_they_are_told_to_stop,
    a_server_that_comes_back_gets_every_log_once,
    a_file_with_bad_lines_is_posted_and_tallied,
    a_load_says_what_it_took_and_the_server_has_it,
    requests_are_asked_and_timed,
    dashboards_show_what_was_stored,
);

/// Two replicas that post twenty logs a second each.
fn two_replicas(platform: &Platform) -> Command {
    let arguments = ["run", "--replicas", "2", "--interval", "50ms", "--learners", "8", "--seed", "7"];
    let mut command = Command::simulator(arguments).env("EDTECH_SIMULATOR_LISTEN", "127.0.0.1:0");
    for (key, value) in platform.simulator_environment() {
        command = command.env(key, value);
    }
    command
}

async fn replicas_enrol_and_post_until_they_are_told_to_stop(database: Database) {
    let platform = Platform::start(&database).await;
    let client = platform.client().await;
    let simulator = two_replicas(&platform).start();
    let today = eventually("a busy classroom", PATIENCE, async || {
        let today = client.get("/analytics/daily").await.expect(200);
        let is_busy =
            today["totals"]["streaming_logs"].as_i64() >= Some(40) && today["totals"]["students"] == 16;
        is_busy.then_some(today)
    })
    .await;
    assert!(today["totals"]["watch_time_seconds"].as_i64() > Some(0), "{today}");

    let finished = stopped(simulator).await;
    let rows = database.number("SELECT COUNT(*) FROM streaming_logs").await;
    // One whose answer took too long is sent again.
    let [stored, duplicates, rejected] = counts(&finished);
    assert_eq!((stored + duplicates, rejected), (rows, 0), "{finished}");
    database.assert_verified().await;
}

async fn a_server_that_comes_back_gets_every_log_once(database: Database) {
    let platform = Platform::start(&database).await;
    let port = platform.url().rsplit(':').next().expect("a port").to_owned();
    let simulator = two_replicas(&platform).start();
    logs_above(&database, 10).await;

    platform.kill().await;
    let of_replica = |replica: &str| {
        format!(
            "SELECT COUNT(*) FROM streaming_logs AS log JOIN students ON students.student_id = log.student_id \
             WHERE students.external_id LIKE '{replica}-%'"
        )
    };
    let counts_of = ["sim-0", "sim-1"].map(of_replica);
    let before = [database.number(&counts_of[0]).await, database.number(&counts_of[1]).await];
    let platform = Platform::start(&database).port(&port).await;
    // A replica that rests before it tries again still owes us a log.
    for (count, before) in counts_of.iter().zip(before) {
        eventually("each replica posts again", PATIENCE, async || {
            (database.number(count).await > before + 5).then_some(())
        })
        .await;
    }

    let tally = stopped(simulator).await;
    let [stored, duplicates, rejected] = counts(&tally);
    let rows = database.number("SELECT COUNT(*) FROM streaming_logs").await;
    // A log whose answer was cut off is a duplicate when it comes again: either way it is one row.
    assert_eq!((stored + duplicates, rejected), (rows, 0), "{tally}");
    database.assert_verified().await;
    platform.stop().await;
}

async fn a_file_with_bad_lines_is_posted_and_tallied(database: Database) {
    let platform = Platform::start(&database).await;
    platform.client().await.enrol("ada", "IA_2025").await;
    let file = database.directory().join("logs.ndjson");
    let good = r#"{"student": "ada", "lesson": "maitriser-airflow", "event_type": "played", "event_timestamp": "2026-01-31T09:30:00Z"}"#;
    let bad = r#"{"student": "nobody", "lesson": "maitriser-airflow", "event_type": "played", "log_id": "0b6ad1a5-6f0b-4d3f-8f0e-3c8a8f6f7a11"}"#;
    std::fs::write(&file, [good, bad, good, "no json", ""].join("\n")).expect("a file");

    let path = file.to_str().expect("a path in UTF-8");
    let mut replay = Command::simulator(["replay", path, "--json"]);
    for (key, value) in platform.simulator_environment() {
        replay = replay.env(key, value);
    }
    let tally: Value = serde_json::from_str(&replay.run().await.expect(1)).expect("a tally");
    assert_eq!((&tally["accepted"], &tally["duplicates"]), (&1.into(), &1.into()));
    assert_eq!(tally["rejected"], serde_json::json!({"invalid_json": 1, "unknown_student": 1}));
}

async fn logs_above(database: &Database, least: i64) {
    eventually("more logs", PATIENCE, async || {
        (database.number("SELECT COUNT(*) FROM streaming_logs").await > least).then_some(())
    })
    .await;
}

/// Tells the simulator to stop; returns what it printed.
async fn stopped(simulator: Running) -> String {
    simulator.terminate();
    simulator.finished().await.expect(0)
}

fn counts(tally: &str) -> [i64; 3] {
    let numbers: Vec<i64> = tally.split_whitespace().filter_map(|word| word.parse().ok()).collect();
    numbers.try_into().unwrap_or_else(|_| panic!("three numbers in {tally}"))
}

async fn a_load_says_what_it_took_and_the_server_has_it(database: Database) {
    let platform = Platform::start(&database).await;
    let load = |more: &[&str]| {
        let school = ["load", "--learners", "20", "--lessons", "3", "--json"];
        let mut command = Command::simulator(school.iter().chain(more).copied());
        for (key, value) in platform.simulator_environment() {
            command = command.env(key, value);
        }
        command
    };
    let report = |printed: String| serde_json::from_str::<Value>(&printed).expect("a report in JSON");

    let batches = ["--logs", "1000", "--batch", "100", "--connections", "3", "--days", "5"];
    let first = report(load(&batches).run().await.expect(0));
    assert_eq!((&first["accepted"], &first["requests"]), (&json!(1000), &json!(10)), "{first}");
    assert_eq!(database.number("SELECT COUNT(*) FROM streaming_logs").await, 1000);
    assert_eq!(database.number("SELECT COUNT(*) FROM students").await, 20);

    // At a rate, latency counts from the moment at which a request was due.
    let paced =
        report(load(&["--rate", "50", "--duration", "2s", "--connections", "2"]).run().await.expect(0));
    let accepted = paced["accepted"].as_i64().expect("accepted");
    assert_eq!(accepted, 100, "{paced}");
    assert_eq!(database.number("SELECT COUNT(*) FROM streaming_logs").await, 1000 + accepted);
    for percentile in ["p50", "p95", "p99", "max"] {
        assert!(paced["latency_ms"][percentile].as_f64() > Some(0.0), "{paced}");
    }
    database.assert_verified().await;

    // A load that is not taken is told, and fails.
    let lost = load(&["--logs", "5", "--connections", "1"]);
    platform.kill().await;
    let lost = lost.run().await;
    assert_ne!(lost.code, Some(0), "{lost:?}");
}

/// The simulator with these arguments, on a platform.
fn simulator(platform: &Platform, arguments: &[&str]) -> Command {
    let mut command = Command::simulator(arguments.iter().copied());
    for (key, value) in platform.simulator_environment() {
        command = command.env(key, value);
    }
    command
}

async fn requests_are_asked_and_timed(database: Database) {
    let platform = Platform::start(&database).await;
    let asked = ["/analytics/daily", "/streaming-logs?limit=5", "/classrooms"];
    for at_once in [false, true] {
        let more = if at_once {
            &["ask", "--json", "--times", "5", "--at-once"][..]
        } else {
            &["ask", "--json", "--times", "5"]
        };
        let report = simulator(&platform, &[more, &asked].concat()).run().await.expect(0);
        let report: Value = serde_json::from_str(&report).expect("a report in JSON");
        assert_eq!((&report["times"], &report["at_once"]), (&json!(5), &json!(at_once)), "{report}");
        let requests = report["requests"].as_array().expect("requests");
        assert_eq!(requests.iter().map(|one| &one["request"]).collect::<Vec<_>>(), asked);
        for request in requests {
            assert!(request["bytes"].as_i64() > Some(2), "{report}");
            assert!(
                request["first_ms"].as_f64() > Some(0.0) && request["latency_ms"]["p50"].as_f64() > Some(0.0)
            );
        }
        assert!(
            report["first_round_ms"].as_f64() > Some(0.0) && report["round_ms"]["max"].as_f64() > Some(0.0)
        );
    }
    // For people, a line each.
    let told = simulator(&platform, &["ask", "--times", "1", "/classrooms"]).run().await.expect(0);
    assert!(told.lines().any(|line| line.starts_with("/classrooms ")), "{told}");

    for (refused, fault) in [
        ("/students/77", "404"),
        ("PUT:/classrooms", "405"),
        ("POST:/streaming-logs", "415"),
        ("classrooms", "/path?query"),
    ] {
        let finished = simulator(&platform, &["ask", refused]).run().await;
        assert_eq!(finished.code, Some(2), "{refused}: {finished:?}");
        assert!(finished.refusal().contains(fault), "{refused}: {finished:?}");
    }
    // Whoever started it is gone.
    let endless = simulator(&platform, &["ask", "--until-stdin-ends", "--times", "1000000", "/classrooms"]);
    assert!(endless.run().await.refusal().contains("told to stop"));
}

async fn dashboards_show_what_was_stored(database: Database) {
    let platform = Platform::start(&database).await;
    let watched = simulator(&platform, &["watch", "--dashboards", "3", "--logs", "4", "--json"]).run().await;
    let report: Value = serde_json::from_str(&watched.expect(0)).expect("a report in JSON");
    assert_eq!((&report["dashboards"], &report["logs"]), (&json!(3), &json!(4)), "{report}");
    assert_eq!((&report["closed"], &report["unseen"]), (&json!(0), &json!(0)), "{report}");
    assert!(report["frames"].as_i64() >= Some(3), "{report}");
    for figure in ["first_byte_ms", "first_snapshot_ms"] {
        assert!(report[figure]["p50"].as_f64() > Some(0.0), "{report}");
    }
    assert!(report["commit_to_frame_ms"]["max"].is_f64(), "{report}");
    assert_eq!(database.number("SELECT COUNT(*) FROM streaming_logs").await, 4);

    let told = simulator(&platform, &["watch", "--logs", "1"]).run().await.expect(0);
    assert!(told.lines().any(|line| line.starts_with("commit to frame ")), "{told}");
    let secure = simulator(&platform, &["watch"]).env("EDTECH_URL", "https://127.0.0.1:1").run().await;
    assert!(secure.code == Some(2) && secure.refusal().contains("http://"), "{secure:?}");
    database.assert_verified().await;
}
