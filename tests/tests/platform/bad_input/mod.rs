//! Bad input of every kind: each is a problem with a code, or the end of a connection where HTTP itself is broken. None is an
//! error of ours, none takes memory that others need, and none costs a good log beside it.

mod batches;
mod fields;
mod http;
mod json;
mod memory;
mod parameters;
mod sockets;

use edtech_tests::{Answer, Client, Platform, log};
use serde_json::json;
use uuid::Uuid;

/// A learner who is enrolled, in the lesson that every installation begins with.
const ADA: &str = "ada";
const AT: &str = "2026-03-02T10:00:00Z";

/// A server, and a client with every scope.
async fn started(database: &edtech_tests::Database) -> (Platform, Client) {
    let platform = Platform::start(database).await;
    let client = platform.client().await;
    client.enrol(ADA, "Data_2025").await;
    (platform, client)
}

/// Whatever was sent before, a good log is stored and counted, and nobody panicked.
async fn assert_nothing_was_lost(platform: &Platform, client: &Client) {
    let before = client.daily("2026-03-02").await["totals"]["streaming_logs"].as_i64().expect("a count");
    client.store(&[log(ADA, AT, json!({"log_id": Uuid::new_v4()}))]).await;
    let after = client.daily("2026-03-02").await["totals"]["streaming_logs"].as_i64();
    assert_eq!(after, Some(before + 1));
    client.get("/readyz").await.expect(200);
    let said = platform.said();
    let faults: Vec<&str> = said.lines().filter(|line| line.contains("panicked")).collect();
    assert!(faults.is_empty(), "{}", faults.join("\n"));
}

/// What is wrong with an answer that must be a problem: one that a client can read, and no fault of ours.
fn fault_of(answer: &Answer) -> Option<String> {
    let text = |name: &str| answer.body[name].as_str().is_some_and(|text| !text.is_empty());
    let is_problem = answer.header("content-type") == "application/problem+json"
        && answer.body["status"] == answer.status
        && ["code", "detail", "title", "request_id"].into_iter().all(text);
    let is_good = (400..500).contains(&answer.status) && is_problem;
    (!is_good).then(|| format!("{}: {}", answer.status, shortened(&answer.body.to_string())))
}

/// Every fault of a table at once, so that one run tells all.
#[track_caller]
fn assert_none(faults: &[String], tried: usize) {
    assert!(tried > 0, "nothing was tried");
    assert!(faults.is_empty(), "{} of {tried}:\n{}", faults.len(), faults.join("\n"));
    println!("{tried} bad inputs were answered as they have to be");
}

fn shortened(text: &str) -> String {
    text.chars().take(300).collect()
}
