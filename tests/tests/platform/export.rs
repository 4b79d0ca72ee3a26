//! Everything on a learner, in one answer.

use edtech_tests::{AIRFLOW, Client, Command, Database, Platform, log, on_both_databases};
use reqwest::Method;
use serde_json::{Value, json};

const AT: &str = "2026-03-02T10:00:00Z";

on_both_databases!(
    everything_on_a_learner_is_in_one_document,
    a_spreadsheet_runs_nothing,
    many_logs_come_page_by_page,
    it_is_told_and_wants_its_scope,
);

async fn export(client: &Client, student_id: i64, accept: &str) -> edtech_tests::Answer {
    let request = client.request(Method::GET, &format!("/students/{student_id}/export"));
    client.send(request.header("accept", accept)).await
}

async fn ada(client: &Client) -> i64 {
    let ada = json!({"external_id": "ada", "name": "=HYPERLINK(1)", "classroom": "Data_2025"});
    let ada = client.post_json("/students", &ada).await.expect(201)["student_id"].as_i64().expect("an id");
    client.enrol("bob", "Data_2025").await;
    let figures = json!({"watch_time_seconds": 30, "completion_percentage": 95});
    let logs = [
        log("ada", AT, figures.clone()),
        log("ada", "2026-03-03T10:00:00Z", json!({"lesson": AIRFLOW})),
        log("bob", AT, figures),
    ];
    client.store(&logs).await;
    client.post_logs(&[log("ada", AT, json!({"completion_percentage": 101}))]).await;
    client.post_logs(&[log("bob", AT, json!({"completion_percentage": 987_654}))]).await;
    ada
}

async fn everything_on_a_learner_is_in_one_document(database: Database) {
    let platform = Platform::start(&database).await;
    let client = platform.client().await;
    let ada = ada(&client).await;
    let answer = export(&client, ada, "application/json").await;
    assert!(answer.header("content-disposition").contains(&format!("student-{ada}.json")));
    assert_eq!(answer.header("cache-control"), "no-store");
    let all = answer.expect(200);

    let student = &all["student"];
    assert_eq!((&student["external_id"], &student["student_id"]), (&json!("ada"), &json!(ada)));
    let count = |part: &str| all[part].as_array().unwrap_or_else(|| panic!("no {part}: {all}")).len();
    assert_eq!(
        ["streaming_logs", "viewing_days", "completions", "lessons", "rejected_logs"].map(count),
        [2, 2, 1, 2, 1]
    );
    assert_eq!(all["streaming_logs"][0]["event_timestamp"], "2026-03-03T10:00:00Z");
    assert_eq!(all["viewing_days"][0]["day"], "2026-03-02");
    assert_eq!(all["viewing_days"][0]["watch_time_seconds"], 30);
    assert!(all["rejected_logs"][0]["payload"].as_str().expect("a payload").contains("101"));
    assert_eq!(all["audit_log"][0]["action"], "export_student");
    let text = all.to_string();
    assert!(!text.contains("bob") && !text.contains("987654"), "{text}");
    let fields: Vec<&String> = all.as_object().expect("an object").keys().collect();
    assert_eq!(fields.len(), 8, "{fields:?}");
}

async fn a_spreadsheet_runs_nothing(database: Database) {
    let platform = Platform::start(&database).await;
    let client = platform.client().await;
    let ada = ada(&client).await;
    let answer = export(&client, ada, "text/csv").await;
    assert_eq!(answer.header("content-type"), "text/csv; charset=utf-8");
    let Value::String(csv) = answer.expect(200) else { panic!("no text") };
    let lines: Vec<&str> = csv.lines().collect();
    assert!(lines[0].starts_with("record,student_id,external_id,name,"), "{}", lines[0]);
    assert!(lines[1].starts_with(&format!("student,{ada},ada,'=HYPERLINK(1),Data_2025,")), "{}", lines[1]);
    let count = |kind: &str| lines.iter().filter(|line| line.starts_with(&format!("{kind},"))).count();
    let kinds = ["streaming_logs", "viewing_days", "completions", "lessons", "rejected_logs", "audit_log"];
    assert_eq!(kinds.map(count), [2, 2, 1, 2, 1, 1], "{csv}");
    assert_eq!(export(&client, ada, "image/png").await.code(406), "not_acceptable");
}

async fn many_logs_come_page_by_page(database: Database) {
    let platform = Platform::start(&database).await;
    let client = platform.client().await;
    let ada = client.enrol("ada", "Data_2025").await;
    let at =
        |number: i64| format!("2026-03-02T{:02}:{:02}:{:02}Z", number / 3600, number / 60 % 60, number % 60);
    let logs: Vec<Value> = (0..1_203).map(|number| log("ada", &at(number), json!({}))).collect();
    client.store(&logs).await;
    let all = export(&client, ada, "application/json").await.expect(200);
    let logs = all["streaming_logs"].as_array().expect("logs");
    let mut ids: Vec<&str> = logs.iter().map(|log| log["log_id"].as_str().expect("an id")).collect();
    assert!(
        logs.is_sorted_by(|one, other| one["event_timestamp"].as_str() > other["event_timestamp"].as_str())
    );
    ids.sort_unstable();
    ids.dedup();
    assert_eq!(ids.len(), 1_203);
}

async fn it_is_told_and_wants_its_scope(database: Database) {
    let platform = Platform::start(&database).await;
    let client = platform.client().await;
    let ada = ada(&client).await;
    for scope in ["learners", "read", "ingest"] {
        let token = Command::api(&database, ["token", "--scope", scope]).run().await.expect(0);
        export(&client.with_token(token.trim()), ada, "application/json").await.expect(403);
    }
    export(&client, ada, "text/csv").await.expect(200);
    let told =
        client.get(&format!("/audit-log?target=student:{ada}&action=export_student")).await.expect(200);
    let items = told["items"].as_array().expect("items");
    assert_eq!(items.len(), 1, "{told}");
    assert_eq!((&items[0]["actor"], &items[0]["detail"]), (&json!("story"), &json!("text/csv")));
    assert_eq!(export(&client, 999_999, "text/csv").await.code(404), "not_found");
}
