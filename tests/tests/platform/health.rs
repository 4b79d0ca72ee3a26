//! How the server says that it is.

use std::time::Duration;

use edtech_tests::{Client, Database, Platform, Watcher, eventually, log, on_both_databases};
use serde_json::{Value, json};

on_both_databases!(it_says_who_watches_and_how_long_logs_wait);

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
    eventually("nobody watches", Duration::from_secs(10), async || {
        (health(&client).await["live_sockets"] == 0).then_some(())
    })
    .await;
}
