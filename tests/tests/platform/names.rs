//! Learners' names and external ids stay with those who need them: no other client, no frame, no line and no figure has one.

use std::time::Duration;

use edtech_tests::{Client, Command, Database, Platform, Watcher, free_address, log, on_both_databases};
use reqwest::Method;
use serde_json::{Value, json};

use crate::access::operations;

on_both_databases!(no_name_reaches_whoever_needs_none);

const EXTERNAL_ID: &str = "lms-zephyrine-7731";
const NAME: &str = "Zephyrine Quill";
const DAY: &str = "2026-03-02";

fn holds_a_name(text: &str) -> bool {
    [EXTERNAL_ID, NAME, "zephyrine", "Quill"].iter().any(|name| text.contains(name))
}

/// A learner of whom everything is there: logs, a refused one, a report, an erasure beside.
async fn school(client: &Client) -> i64 {
    let learner = json!({"external_id": EXTERNAL_ID, "name": NAME, "classroom": "Data_2025"});
    let learner = client.post_json("/students", &learner).await.expect(201);
    let now = chrono::Utc::now().to_rfc3339();
    let figures = json!({"watch_time_seconds": 30, "completion_percentage": 95});
    client
        .store(&[
            log(EXTERNAL_ID, &format!("{DAY}T10:00:00Z"), figures.clone()),
            log(EXTERNAL_ID, &now, figures),
        ])
        .await;
    client.post_logs(&[log(EXTERNAL_ID, &now, json!({"completion_percentage": 101}))]).await;
    let path = format!("/analytics/daily/{DAY}/report");
    client.send(client.request(Method::PUT, &path)).await.expect(201);
    learner["student_id"].as_i64().expect("an id")
}

async fn no_name_reaches_whoever_needs_none(database: Database) {
    let metrics = free_address();
    let start = Platform::start(&database).env("EDTECH_METRICS_LISTEN", &metrics);
    let platform = start.env("RUST_LOG", "info,edtech_api=debug,sqlx=warn").await;
    let client = platform.client().await;
    let student_id = school(&client).await;
    let mut asked = 0;
    for scope in ["read", "report", "ingest", "operate", "read,report"] {
        let token = Command::api(&database, ["token", "--scope", scope]).run().await.expect(0);
        let other = client.with_token(token.trim());
        for operation in operations(&client).await.iter().filter(|it| it.method == Method::GET) {
            let path = path(&operation.path, student_id);
            let answer = other.get(&path).await;
            asked += u32::from(answer.status == 200);
            assert!(!holds_a_name(&answer.body.to_string()), "GET {path} with {scope}: {}", answer.body);
        }
    }
    assert!(asked > 20, "only {asked} answers");

    let token = Command::api(&database, ["token", "--scope", "read"]).run().await.expect(0);
    let mut watcher = Watcher::connect(&client.with_token(token.trim())).await;
    let is_told = |today: &Value| today.to_string().contains(&format!("\"student_id\":{student_id}"));
    watcher.until("the log of now", Duration::from_secs(20), is_told).await;
    assert!(!holds_a_name(&watcher.today.to_string()), "{}", watcher.today);

    // By then she was looked for by name, exported and erased.
    client.get(&format!("/students?external_id={EXTERNAL_ID}")).await.expect(200);
    client.get(&format!("/students/{student_id}/export")).await.expect(200);
    client.erase(student_id).await;
    client.post_logs(&[log(EXTERNAL_ID, &format!("{DAY}T11:00:00Z"), json!({}))]).await;
    let metrics =
        platform.anonymous().at(&format!("http://{metrics}")).get("/metrics").await.expect(200).to_string();
    assert!(metrics.contains("http_requests_total") && !holds_a_name(&metrics));
    assert!(!metrics.contains(client.token().expect("a token")));
    let said = platform.said();
    assert!(said.contains("/students/{student_id}/export"), "the log tells of requests: {said}");
    assert!(!holds_a_name(&said), "the log holds a name");
}

/// A path with something that is there in each of its places.
fn path(pattern: &str, student_id: i64) -> String {
    let part = |part: &str| match part {
        "{student_id}" => student_id.to_string(),
        "{date}" => DAY.to_owned(),
        "{classroom}" => "Data_2025".to_owned(),
        part if part.starts_with('{') => "1".to_owned(),
        part => part.to_owned(),
    };
    pattern.split('/').map(part).collect::<Vec<_>>().join("/")
}
