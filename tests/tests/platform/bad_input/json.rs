//! Bodies that are no JSON, or another JSON than is wanted, posted to every operation that takes one.

use edtech_tests::{Answer, Client, Database, on_both_databases};
use reqwest::Method;
use serde_json::json;

use super::{assert_none, assert_nothing_was_lost, fault_of, shortened, started};

on_both_databases!(
    a_body_that_is_not_what_is_wanted_is_a_problem_everywhere,
    a_list_is_no_object,
    a_line_that_is_none_is_a_verdict
);

/// Every operation that takes JSON. Student 1 and lesson 1 are there.
fn takers() -> Vec<(Method, &'static str)> {
    vec![
        (Method::POST, "/streaming-logs"),
        (Method::POST, "/students"),
        (Method::POST, "/classrooms"),
        (Method::POST, "/lessons"),
        (Method::PATCH, "/students/1"),
        (Method::PATCH, "/classrooms/Data_2025"),
        (Method::PATCH, "/lessons/1"),
        (Method::PUT, "/analytics/daily/2026-03-02/report"),
        (Method::POST, "/auth/session"),
        (Method::POST, "/users"),
        (Method::PATCH, "/users/nobody"),
        (Method::POST, "/benchmarks"),
    ]
}

/// What is bad for each of them: what it is called, and its bytes.
fn bodies() -> Vec<(&'static str, Vec<u8>)> {
    let nested = |open: &str, middle: &str, close: &str| {
        [open.repeat(10_000), middle.to_owned(), close.repeat(10_000)].concat().into_bytes()
    };
    let utf_16 = "{}".encode_utf16().flat_map(u16::to_le_bytes).collect();
    let mut bodies = vec![
        ("depth 10,000 of objects", nested(r#"{"a":"#, "1", "}")),
        ("depth 10,000 within a field", [&br#"{"student":"#[..], &nested("[", "", "]"), b"}"].concat()),
        ("depth 10,000 that never ends", nested("[{\"a\":", "", "")),
        ("10 MB", [&br#"{"student": ""#[..], &vec![b'x'; 10 * 1024 * 1024], b"\"}"].concat()),
        ("10 MB of spaces", vec![b' '; 10 * 1024 * 1024]),
        ("UTF-16", utf_16),
        ("a byte order mark", b"\xef\xbb\xbf{}".to_vec()),
        ("bad UTF-8 in a text", b"{\"student\": \"\xff\"}".to_vec()),
        ("overlong UTF-8", b"{\"student\": \"\xc0\x80\"}".to_vec()),
        ("a surrogate in UTF-8", b"{\"student\": \"\xed\xa0\x80\"}".to_vec()),
        ("bad UTF-8 in a name", b"{\"\xff\": 1}".to_vec()),
        ("bytes of nothing", (0..=255).collect()),
        ("U+0000", vec![0]),
    ];
    let texts: [(&str, &str); 21] = [
        ("an open object", "{"),
        ("an open text", "{\"a"),
        ("two values", "{} {}"),
        ("a comma too many", r#"{"a": 1,}"#),
        ("no comma", r#"{"a": 1 "b": 2}"#),
        ("no quotes", "{a: 1}"),
        ("other quotes", "{'a': 1}"),
        ("a comment", "{} // nothing"),
        ("NaN", r#"{"student": NaN}"#),
        ("infinity", r#"{"student": -Infinity}"#),
        ("a number with a zero in front", r#"{"student": 007}"#),
        ("half of a surrogate pair", r#"{"student": "\ud800"}"#),
        ("the other half", r#"{"student": "\udc00\ud800"}"#),
        ("half of a surrogate pair in a name", r#"{"\ud800": 1}"#),
        ("an escape that is none", r#"{"student": "\x00"}"#),
        ("a line break in a text", "{\"student\": \"a\nb\"}"),
        ("1e999", r#"{"student": 1e999}"#),
        ("an unknown field", r#"{"no such field": 1}"#),
        ("a field twice", r#"{"student": "a", "student": "b"}"#),
        ("XML", "<?xml version=\"1.0\"?><a/>"),
        ("a form", "student=ada&lesson=x"),
    ];
    bodies.extend(texts.map(|(what, text)| (what, text.as_bytes().to_vec())));
    bodies.extend(
        ["7", "1e999", "\"text\"", "true", "\"\\ud800\""].map(|text| (text, text.as_bytes().to_vec())),
    );
    let digits = format!(r#"{{"watch_time_seconds": {}}}"#, "9".repeat(100_000));
    bodies.push(("a number of 100,000 digits", digits.into_bytes()));
    bodies
}

async fn a_body_that_is_not_what_is_wanted_is_a_problem_everywhere(database: Database) {
    let (platform, client) = started(&database).await;
    let (mut faults, mut tried) = (Vec::new(), 0);
    for (method, path) in takers() {
        for (what, body) in bodies() {
            tried += 1;
            let answer = sent(&client, &method, path, body).await;
            faults.extend(fault_of(&answer).map(|fault| format!("{method} {path}, {what}: {fault}")));
        }
    }
    assert_none(&faults, tried);
    assert_nothing_was_lost(&platform, &client).await;
}

/// Lists of what would fit the fields, were they taken in their order.
async fn a_list_is_no_object(database: Database) {
    let (platform, client) = started(&database).await;
    client.post_json("/users", &json!({"name": "judged", "role": "analyst"})).await.expect(201);
    let (mut faults, mut tried) = (Vec::new(), 0);
    for (method, path) in [
        (Method::POST, "/auth/session"),
        (Method::POST, "/auth/password"),
        (Method::POST, "/users"),
        (Method::PATCH, "/users/judged"),
        (Method::POST, "/benchmarks"),
        (Method::PATCH, "/students/1"),
        (Method::PATCH, "/classrooms/Data_2025"),
        (Method::PATCH, "/lessons/1"),
    ] {
        for body in ["[]", "[null]", "[null, null]", " [null, null, null]", r#"["analyst", null, null]"#] {
            tried += 1;
            let answer = sent(&client, &method, path, body.into()).await;
            faults.extend(fault_of(&answer).map(|fault| format!("{method} {path}, {body}: {fault}")));
        }
    }
    // Nor is a role that is nothing one that stays.
    let answer = sent(&client, &Method::PATCH, "/users/judged", br#"{"role": null}"#.to_vec()).await;
    faults.extend(fault_of(&answer));
    assert_none(&faults, tried + 1);
    assert_nothing_was_lost(&platform, &client).await;
}

async fn sent(client: &Client, method: &Method, path: &str, body: Vec<u8>) -> Answer {
    let request = client.request(method.clone(), path).header("content-type", "application/json");
    client.send(request.body(body)).await
}

/// In lines each is judged for itself, whatever it is; beside all of them one good log is stored.
async fn a_line_that_is_none_is_a_verdict(database: Database) {
    let (platform, client) = started(&database).await;
    let bad: Vec<Vec<u8>> =
        bodies().into_iter().map(|(_, body)| body).filter(|body| body.len() < 1 << 20).collect();
    let (mut lines, mut items) = (Vec::new(), 0);
    for line in &bad {
        lines.extend_from_slice(line);
        lines.push(b'\n');
        items += line.split(|byte| *byte == b'\n').filter(|line| !line.trim_ascii().is_empty()).count();
    }
    let good = edtech_tests::log(super::ADA, super::AT, serde_json::json!({}));
    lines.extend(good.to_string().into_bytes());
    let answer = client.post_text("/streaming-logs", "application/x-ndjson", lines).await.expect(200);
    let rejected = answer["rejected"].as_array().expect("verdicts");
    assert_eq!((answer["accepted"].as_u64(), rejected.len()), (Some(1), items));
    for item in rejected {
        let code = item["code"].as_str().unwrap_or_default();
        let known = [
            "invalid_json",
            "invalid_type",
            "invalid_text",
            "unknown_field",
            "repeated_field",
            "out_of_range",
            "missing_field",
        ];
        assert!(known.contains(&code), "{item}");
    }
    // Each is kept, and can be looked at, whatever its bytes are.
    let kept = client.rejected_logs().await;
    assert!(kept.len() > 30, "{}", kept.len());
    let replayed = client.post_json("/rejected-logs/replay", &serde_json::json!({})).await;
    assert_eq!(replayed.status, 200, "{}", shortened(&replayed.body.to_string()));
    assert_nothing_was_lost(&platform, &client).await;
}
