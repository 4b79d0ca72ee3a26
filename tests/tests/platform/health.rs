//! How the server says that it is.

use std::collections::BTreeSet;
use std::time::Duration;

use edtech_tests::{Client, Database, Platform, Watcher, eventually, free_address, log, on_both_databases};
use serde_json::{Value, json};

const PATIENCE: Duration = Duration::from_secs(30);

on_both_databases!(
    it_says_who_watches_and_how_long_logs_wait,
    every_figure_for_prometheus_says_what_it_means,
    while_somebody_else_holds_the_log_clients_are_told_to_come_again,
);

async fn health(client: &Client) -> Value {
    client.get("/healthz").await.expect(200)
}

async fn it_says_who_watches_and_how_long_logs_wait(database: Database) {
    let platform = Platform::start(&database).await;
    let client = platform.client().await;
    let at_first = health(&client).await;
    assert_eq!(at_first["live_sockets"], 0);
    assert_eq!(at_first["ingestion"], json!({"p50_ms": null, "p99_ms": null}));

    client.enrol("ada", "Data_2025").await;
    client.store(&[log("ada", "2026-03-02T10:00:00Z", json!({}))]).await;
    let watcher = Watcher::connect(&client).await;
    let later = health(&client).await;
    assert_eq!(later["live_sockets"], 1);
    let [p50, p99] = ["p50_ms", "p99_ms"].map(|name| later["ingestion"][name].as_f64().expect("a figure"));
    assert!(0.0 < p50 && p50 <= p99 && p99 < 60_000.0, "{later}");

    drop(watcher);
    eventually("nobody watches", PATIENCE, async || {
        (health(&client).await["live_sockets"] == 0).then_some(())
    })
    .await;
}

async fn every_figure_for_prometheus_says_what_it_means(database: Database) {
    let address = free_address();
    let platform = Platform::start(&database).env("EDTECH_METRICS_LISTEN", &address).await;
    let client = platform.client().await;
    client.enrol("ada", "Data_2025").await;
    client.store(&[log("ada", "2026-03-02T10:00:00Z", json!({}))]).await;
    let _watcher = Watcher::connect(&client).await;

    let figures = client.figures(&address).await;
    let named = |kind: &str| -> BTreeSet<String> {
        let named = figures.lines().filter_map(|line| line.strip_prefix(kind)?.split(' ').nth(1));
        named.map(str::to_owned).collect()
    };
    let (meant, counted) = (named("# HELP"), named("# TYPE"));
    assert_eq!(counted.difference(&meant).collect::<Vec<_>>(), Vec::<&String>::new());
    for name in
        ["streaming_logs_total", "ingest_commit_duration_seconds", "http_connections", "live_sessions"]
    {
        assert!(counted.contains(name), "{counted:?}");
    }
    // Whoever looks for an increase finds where it began.
    for name in ["audit_entries_lost_total", "rejected_logs_not_kept_total"] {
        assert!(figures.lines().any(|line| line == format!("{name} 0")), "{figures}");
    }
}

async fn while_somebody_else_holds_the_log_clients_are_told_to_come_again(database: Database) {
    let platform = Platform::start(&database).await;
    let client = platform.client().await;
    client.enrol("ada", "Data_2025").await;
    let stored = log("ada", "2026-03-02T10:00:00Z", json!({}));
    client.post_json("/streaming-logs", &stored).await.expect(201);

    let next = log("ada", "2026-03-02T10:01:00Z", json!({}));
    let held = database.hold_logs().await;
    // Who waits is told before it is over, and so is whoever comes later.
    let refused = client.post_json("/streaming-logs", &next).await;
    assert_eq!((refused.header("retry-after"), refused.code(503)), ("1", "unavailable"));
    let not_ready = eventually("it says so", PATIENCE, async || {
        let answer = client.get("/readyz").await;
        (answer.status != 200).then_some(answer)
    })
    .await;
    assert_eq!((not_ready.code(503), client.get("/livez").await.status), ("not_ready", 200));
    assert!(not_ready.body["detail"].as_str().is_some_and(|detail| detail.contains("holds")));
    // Figures are read all the same.
    client.get("/analytics/daily?date=2026-03-02").await.expect(200);
    held.commit().await.expect("a lock that is given back");

    let ready = async || (client.get("/readyz").await.status == 200).then_some(());
    eventually("ready again", PATIENCE, ready).await;
    let again = client.post_json("/streaming-logs", &next).await;
    assert!([200, 201].contains(&again.status), "{}", again.body);
    assert_eq!(database.number("SELECT COUNT(*) FROM streaming_logs").await, 2);
    database.assert_verified().await;
}
