//! Very many of a thing: items, rows, fields, cells, faults. What is too much is refused before it is kept, and told in a few
//! words.

use edtech_tests::{Answer, Client, Database, on_both_databases};
use reqwest::Method;

use super::{assert_none, assert_nothing_was_lost, started};

on_both_databases!(very_many_of_a_thing_are_refused_in_a_few_words, what_is_compressed_is_bounded_too);

const JSON: &str = "application/json";
const LINES: &str = "application/x-ndjson";
const CSV: &str = "text/csv";

/// The longest answer to any of these: more than a page of rows.
const FEW_WORDS: usize = 2 * 1024 * 1024;

fn list(of: &str, times: usize) -> String {
    format!("[{}{of}]", format!("{of},").repeat(times - 1))
}

fn fields(times: usize) -> String {
    format!("{{{}\"a\":1}}", "\"a\":1,".repeat(times - 1))
}

/// The path, the type and the body; and the status and the code that it is answered with.
fn crowds() -> Vec<(&'static str, &'static str, String, u16, &'static str)> {
    vec![
        ("/streaming-logs", JSON, list("1", 10_001), 413, "too_many_items"),
        ("/streaming-logs", JSON, list("1", 4_000_000), 413, "too_many_items"),
        ("/streaming-logs", JSON, list("[]", 2_500_000), 413, "too_many_items"),
        ("/streaming-logs", LINES, "1\n".repeat(10_001), 413, "too_many_items"),
        ("/streaming-logs", LINES, "1\n".repeat(4_000_000), 413, "too_many_items"),
        ("/streaming-logs", LINES, "\n".repeat(8_000_000), 200, ""),
        ("/streaming-logs", JSON, fields(1_000_000), 422, "unknown_field"),
        ("/streaming-logs", JSON, list("1", 10_000), 200, ""),
        ("/streaming-logs", JSON, " ".repeat(8 * 1024 * 1024 + 1), 413, "too_large"),
        ("/students", JSON, list("1", 50_001), 413, "too_many_items"),
        ("/students", JSON, list("1", 8_000_000), 413, "too_many_items"),
        ("/students", JSON, fields(2_000_000), 422, "missing_field"),
        ("/students", JSON, format!("[{},{{}}]", fields(1_000_000)), 200, ""),
        ("/students", CSV, format!("external_id\n{}", "1\n".repeat(50_001)), 413, "too_many_items"),
        ("/students", CSV, ",".repeat(16_000_000), 400, "invalid_csv"),
        ("/students", CSV, format!("external_id\n{}", ",".repeat(16_000_000)), 400, "invalid_csv"),
        ("/students", CSV, format!("external_id\n\"{}", "\n".repeat(16_000_000)), 400, "invalid_csv"),
        ("/students", CSV, "x".repeat(16 * 1024 * 1024 + 1), 413, "too_large"),
        ("/lessons", JSON, list("{}", 50_001), 413, "too_many_items"),
        ("/classrooms", JSON, list("[[[]]]", 50_001), 413, "too_many_items"),
        ("/auth/session", JSON, fields(2_000), 422, "invalid_value"),
        ("/auth/session", JSON, " ".repeat(10_000_000), 413, "too_large"),
        ("/auth/token", "application/x-www-form-urlencoded", "a=1&".repeat(4_000), 400, "invalid_request"),
        ("/auth/token", "application/x-www-form-urlencoded", "a=1&".repeat(2_500_000), 413, "too_large"),
        ("/benchmarks", JSON, fields(2_000), 422, "invalid_value"),
        ("/benchmarks", JSON, " ".repeat(10_000_000), 413, "too_large"),
    ]
}

async fn very_many_of_a_thing_are_refused_in_a_few_words(database: Database) {
    let (platform, client) = started(&database).await;
    let all = crowds();
    let mut faults = Vec::new();
    for (path, content_type, body, status, code) in &all {
        let (length, begins) = (body.len(), body.chars().take(20).collect::<String>());
        let client = if *path == "/auth/token" { client.without_token() } else { client.clone() };
        let answer = client.post_text(path, content_type, body.clone()).await;
        let told = (answer.status, answer.body["code"].as_str().unwrap_or_default());
        if told != (*status, *code) || answer.body.to_string().len() > FEW_WORDS {
            faults
                .push(format!("{path} {content_type} {begins:?} of {length}: {told:?}, not {status} {code}"));
        }
    }
    for path in ["/students/1", "/lessons/1", "/classrooms/Data_2025"] {
        let request = client.request(Method::PATCH, path).header("content-type", JSON);
        let answer = client.send(request.body(" ".repeat(10_000_000))).await;
        assert_eq!(answer.code(413), "too_large", "{path}");
    }
    assert_none(&faults, all.len());
    assert_nothing_was_lost(&platform, &client).await;
}

async fn what_is_compressed_is_bounded_too(database: Database) {
    let (platform, client) = started(&database).await;
    let bomb = super::memory::bomb(1 << 30);
    let spaces = super::memory::gzip(&[b' '; 1000]);
    let cases = [
        ("a gigabyte", bomb.clone(), 413, "too_large"),
        ("a gigabyte within a gzip", super::memory::gzip(&bomb), 400, "invalid_json"),
        ("half of a gzip", bomb[..bomb.len() / 2].to_vec(), 413, "too_large"),
        ("a gzip that ends too early", spaces[..spaces.len() - 9].to_vec(), 400, "invalid_gzip"),
        ("a gzip and something else", [&spaces[..], b"[]"].concat(), 400, "invalid_gzip"),
        ("a wrong checksum", [&spaces[..spaces.len() - 8], &[0; 8]].concat(), 400, "invalid_gzip"),
        ("100,000 gzips of nothing", super::memory::gzip(b"").repeat(100_000), 400, "invalid_json"),
        (
            "a name that never ends",
            [&b"\x1f\x8b\x08\x08\0\0\0\0\0\x03"[..], &vec![b'x'; 4_000_000]].concat(),
            400,
            "invalid_gzip",
        ),
        ("nothing", Vec::new(), 400, "invalid_gzip"),
        ("an empty gzip", super::memory::gzip(b""), 400, "invalid_json"),
    ];
    for (what, body, status, code) in cases {
        for path in ["/streaming-logs", "/students", "/auth/session", "/benchmarks"] {
            let answer = gzipped(&client, path, body.clone()).await;
            let told = (answer.status, answer.body["code"].as_str().unwrap_or_default().to_owned());
            // Credentials and parameters are small.
            let is_too_large = ["/auth/session", "/benchmarks"].contains(&path) && answer.status == 413;
            let is_expected = told == (status, code.to_owned()) || is_too_large;
            assert!(is_expected, "{what} to {path}: {told:?}, not {status} {code}");
        }
    }
    assert_nothing_was_lost(&platform, &client).await;
}

async fn gzipped(client: &Client, path: &str, body: Vec<u8>) -> Answer {
    let request = client.request(Method::POST, path).header("content-type", JSON);
    client.send(request.header("content-encoding", "gzip").body(body)).await
}
