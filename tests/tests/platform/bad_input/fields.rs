//! Fields of another type, or with another content, than they may have: each is told with its place.

use edtech_tests::{Client, DOCKER, Database, on_both_databases};
use reqwest::Method;
use serde_json::{Value, json};

use super::{ADA, AT, assert_none, assert_nothing_was_lost, fault_of, started};

on_both_databases!(
    every_field_of_another_type_is_told_with_its_place,
    a_control_character_is_in_no_text_that_is_kept,
    a_cell_is_a_text_and_never_runs,
);

/// A good body for each operation that keeps texts, and its text fields.
fn texts() -> Vec<(Method, &'static str, Value, &'static [&'static str])> {
    let log = json!({"student": ADA, "lesson": DOCKER, "event_type": "played", "event_timestamp": AT,
        "log_id": "9dc99b37-e920-4a68-a066-917faca28949"});
    let student = json!({"external_id": "bob", "name": "Bob", "classroom": "Data_2025"});
    let lesson = json!({"external_id": "rust", "title": "Rust", "subject": "Programming"});
    let classroom = json!({"classroom": "New"});
    vec![
        (
            Method::POST,
            "/streaming-logs",
            log,
            &["student", "lesson", "event_type", "event_timestamp", "log_id"],
        ),
        (Method::POST, "/students", student.clone(), &["external_id", "name", "classroom"]),
        (Method::PATCH, "/students/1", student, &["external_id", "name", "classroom"]),
        (Method::POST, "/lessons", lesson.clone(), &["external_id", "title", "subject"]),
        (Method::PATCH, "/lessons/1", lesson, &["external_id", "title", "subject"]),
        (Method::POST, "/classrooms", classroom.clone(), &["classroom"]),
        (Method::PATCH, "/classrooms/Data_2025", classroom, &["classroom"]),
    ]
}

/// Fields that hold whole numbers.
fn numbers() -> Vec<(Method, &'static str, Value, &'static [&'static str])> {
    let log = json!({"event_type": "played", "event_timestamp": AT, "student_id": 1, "lesson_id": 1});
    let lesson = json!({"external_id": "rust", "title": "Rust"});
    vec![
        (
            Method::POST,
            "/streaming-logs",
            log,
            &["student_id", "lesson_id", "watch_time_seconds", "completion_percentage"],
        ),
        (Method::POST, "/lessons", lesson.clone(), &["duration_seconds"]),
        (Method::PATCH, "/lessons/1", lesson, &["duration_seconds"]),
    ]
}

/// Sends a body with one field that is written like this, which no value of a library may be.
async fn with(
    client: &Client,
    method: &Method,
    path: &str,
    good: &Value,
    field: &str,
    written: &str,
) -> Option<String> {
    let mut body = good.clone();
    body[field] = json!("{written}");
    let body = body.to_string().replace("\"{written}\"", written);
    let request = client.request(method.clone(), path).header("content-type", "application/json").body(body);
    let answer = client.send(request).await;
    let pointer = answer.body["errors"][0]["pointer"].as_str().unwrap_or_default();
    let fault = fault_of(&answer);
    let is_told = answer.status == 422 && pointer == format!("/{field}");
    let fault = fault.or_else(|| (!is_told).then(|| format!("{} at {pointer}", answer.status)));
    fault.map(|fault| format!("{method} {path} with {field}: {written:.60}: {fault}"))
}

async fn every_field_of_another_type_is_told_with_its_place(database: Database) {
    let (platform, client) = started(&database).await;
    let (mut faults, mut tried) = (Vec::new(), 0);
    let deep = format!("{}{}", "[".repeat(10_000), "]".repeat(10_000));
    let long = format!("\"{}\"", "é".repeat(256));
    let no_texts = [
        "7",
        "-0.5",
        "1e999",
        "true",
        "[]",
        "{}",
        "[\"a\"]",
        &deep,
        r#""\ud800""#,
        r#""\udfff\ud800""#,
        &long,
    ];
    for (method, path, good, fields) in texts() {
        for (field, written) in fields.iter().flat_map(|field| no_texts.map(|written| (field, written))) {
            tried += 1;
            faults.extend(with(&client, &method, path, &good, field, written).await);
        }
    }
    let digits = "9".repeat(10_000);
    let no_numbers = [
        "\"7\"",
        "\"\"",
        "true",
        "[]",
        "{}",
        "-1",
        "1.5",
        "1e999",
        "-1e-999",
        "1E-2",
        "0.01",
        "9223372036854775808",
        "-9223372036854775809",
        &digits,
        &deep,
    ];
    for (method, path, good, fields) in numbers() {
        for (field, written) in fields.iter().flat_map(|field| no_numbers.map(|written| (field, written))) {
            // In a roster an empty text clears a value.
            if written != "\"\"" || path == "/streaming-logs" {
                tried += 1;
                faults.extend(with(&client, &method, path, &good, field, written).await);
            }
        }
    }
    faults.extend(moments(&client, &mut tried).await);
    assert_none(&faults, tried);
    assert_nothing_was_lost(&platform, &client).await;
}

/// Times that are none, or that no log can be of.
async fn moments(client: &Client, tried: &mut usize) -> Vec<String> {
    let log = json!({"student": ADA, "lesson": DOCKER, "event_type": "played"});
    let mut faults = Vec::new();
    for moment in [
        "",
        "now",
        "2026-03-02",
        "2026-03-02T10:00:00",
        "2026-03-02T24:00:00Z",
        "2026-02-30T10:00:00Z",
        "2026-03-02T10:00:00+25:00",
        "2026-03-02T10:00:00Z[UTC]",
        "1969-12-31T23:59:59Z",
        "2200-01-01T00:00:00Z",
        "9999-12-31T23:59:59Z",
        "0000-01-01T00:00:00Z",
        "-0001-01-01T00:00:00Z",
        "+10000-01-01T00:00:00Z",
        "99999999999-01-01T00:00:00Z",
        "1772445600",
        "٢٠٢٦-٠٣-٠٢T10:00:00Z",
        "2026-03-02T10:00:00.Z",
    ] {
        *tried += 1;
        faults.extend(
            with(
                client,
                &Method::POST,
                "/streaming-logs",
                &log,
                "event_timestamp",
                &json!(moment).to_string(),
            )
            .await,
        );
    }
    faults
}

async fn a_control_character_is_in_no_text_that_is_kept(database: Database) {
    let (platform, client) = started(&database).await;
    let (mut faults, mut tried) = (Vec::new(), 0);
    for (method, path, good, fields) in texts() {
        for (field, written) in fields.iter().flat_map(|field| {
            [r#""\u0000""#, r#""a\u0000b""#, r#""a\nb""#, r#""a\u007f""#, r#""a\u0085b""#]
                .map(|written| (field, written))
        }) {
            tried += 1;
            faults.extend(with(&client, &method, path, &good, field, written).await);
        }
    }
    for body in [
        r#"{"tasks": {"a": {"b": "\u0000"}}}"#,
        r#"{"tasks": {"a": {"\u0000": 1}}}"#,
        r#"{"tasks": {"\u0000": {}}}"#,
    ] {
        tried += 1;
        let request = client
            .request(Method::PUT, "/analytics/daily/2026-03-02/report")
            .header("content-type", "application/json");
        let answer = client.send(request.body(body)).await;
        faults.extend((answer.code(422) != "invalid_text").then(|| body.to_owned()));
    }
    assert_none(&faults, tried);

    let session = r#"{"name": "a\u0000b", "password": "\u0000"}"#;
    assert_eq!(
        client.post_text("/auth/session", "application/json", session).await.code(401),
        "invalid_credentials"
    );
    let form = "grant_type=client_credentials&client_id=a%00b&client_secret=%00";
    let answer =
        client.without_token().post_text("/auth/token", "application/x-www-form-urlencoded", form).await;
    assert_eq!(answer.code(401), "invalid_client");
    assert_nothing_was_lost(&platform, &client).await;
}

async fn a_cell_is_a_text_and_never_runs(database: Database) {
    let (platform, client) = started(&database).await;
    for (csv, status, code) in [
        ("external_id,name,classroom\n1,\"Ada,IA_2025\n2,Bob,IA_2025\n", 400, "invalid_csv"),
        ("external_id,name\n1,\"Ada\"\"\n", 400, "invalid_csv"),
        ("external_id,name\n1,a\u{0}b\n", 200, ""),
        ("external_id\u{0},name\n1,a\n", 422, "unknown_field"),
        ("external_id;name\n1;a\n", 422, "unknown_field"),
        ("external_id\tname\n", 422, "unknown_field"),
        ("", 422, "missing_field"),
        ("\n\n\n", 422, "missing_field"),
        ("external_id,external_id\n1,2\n", 422, "repeated_field"),
        (&",".repeat(100_000), 400, "invalid_csv"),
    ] {
        let answer = client.post_csv("/students", csv).await;
        assert_eq!(answer.status, status, "{csv:.60}: {}", answer.body);
        assert_eq!(answer.body["code"].as_str().unwrap_or_default(), code, "{csv:.60}");
    }
    let utf_16: Vec<u8> = "external_id\n1\n".encode_utf16().flat_map(u16::to_le_bytes).collect();
    assert_eq!(client.post_text("/students", "text/csv", utf_16).await.code(422), "unknown_field");
    let bytes = b"external_id,name\n1,\xff\n".to_vec();
    assert_eq!(client.post_text("/students", "text/csv", bytes).await.code(400), "invalid_csv");

    // A formula is a name like any other, until a spreadsheet reads it: then it is a text.
    let formula = "=HYPERLINK(\"http://elsewhere\")";
    client.enrol("eve", formula).await;
    client.store(&[edtech_tests::log("eve", AT, json!({}))]).await;
    let day = "/analytics/daily/2026-03-02/report";
    client.send(client.request(Method::PUT, day)).await.expect(201);
    let csv = client.send(client.request(Method::GET, day).header("accept", "text/csv")).await.expect(200);
    let csv = csv.as_str().expect("a text");
    assert!(csv.contains("'=HYPERLINK") && !csv.contains(",\"=") && !csv.contains(",="), "{csv}");
    assert_nothing_was_lost(&platform, &client).await;
}
