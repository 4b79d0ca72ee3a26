//! The raw log, page by page.

use std::time::Duration;

use chrono::{SecondsFormat, TimeDelta, Utc};
use edtech_tests::{Database, Platform, eventually, log, on_both_databases};
use serde_json::{Value, json};

/// Longer than a log takes to leave the window, also on a machine that stood still.
const PATIENCE: Duration = Duration::from_secs(30);

on_both_databases!(whoever_reads_slowly_reads_the_window_that_was_asked_for);

/// Without bounds it is the last hour, and that of the first page: what leaves the hour meanwhile is not left out.
async fn whoever_reads_slowly_reads_the_window_that_was_asked_for(database: Database) {
    let platform = Platform::start(&database).await;
    let client = platform.client().await;
    client.enrol("ada", "Data_2025").await;
    let ago = |time: TimeDelta| (Utc::now() - time).to_rfc3339_opts(SecondsFormat::Micros, true);
    let leaving = ago(TimeDelta::hours(1) - TimeDelta::seconds(3));
    let recent = ago(TimeDelta::minutes(1));
    client.store(&[log("ada", &leaving, json!({})), log("ada", &recent, json!({}))]).await;

    let first = client.get("/streaming-logs?limit=1").await.expect(200);
    assert_eq!(moments(&first), [recent.as_str()]);
    let next = first["next"].as_str().expect("another page");
    eventually("the end of an hour", PATIENCE, async || {
        let anew = client.get("/streaming-logs").await.expect(200);
        (moments(&anew) == [recent.as_str()]).then_some(())
    })
    .await;
    let second = client.get(&format!("/streaming-logs?limit=1&cursor={next}")).await.expect(200);
    assert_eq!((moments(&second), &second["next"]), (vec![leaving.as_str()], &Value::Null));
}

/// When the logs of a page happened.
fn moments(page: &Value) -> Vec<&str> {
    let items = page["items"].as_array().expect("items");
    items.iter().map(|item| item["event_timestamp"].as_str().expect("a moment")).collect()
}
