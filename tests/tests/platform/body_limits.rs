//! What a request body may be, before anybody looks at what it says.

use std::io::Write;

use edtech_tests::{Client, Database, Platform, Verdicts, log, on_both_databases};
use flate2::Compression;
use flate2::write::GzEncoder;
use reqwest::Method;
use serde_json::json;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

on_both_databases!(a_body_is_judged_before_its_items, gzip_is_understood_and_bounded);

async fn a_body_is_judged_before_its_items(database: Database) {
    let platform = Platform::start(&database).await;
    let client = platform.client().await;

    for body in ["", "{", "[1,", "nonsense", "{\"student\": \"ada\"} {}"] {
        let answer = client.post_text("/streaming-logs", "application/json", body).await;
        assert_eq!(answer.code(400), "invalid_json", "{body}");
    }
    for content_type in ["text/plain", "text/csv", "application/x-www-form-urlencoded"] {
        let answer = client.post_text("/streaming-logs", content_type, "[]").await;
        assert_eq!(answer.code(415), "unsupported_media_type", "{content_type}");
    }
    let without_type = client.request(Method::POST, "/streaming-logs").body("[]");
    client.send(without_type).await.expect(415);

    let crowd = format!("[{}1]", "1,".repeat(10_000));
    let answer = client.post_text("/streaming-logs", "application/json", crowd).await;
    assert_eq!(answer.code(413), "too_many_items");
    assert!(post_head(&client, 64 * 1024 * 1024).await.starts_with("HTTP/1.1 413"));

    assert_eq!(client.post_logs(&[]).await, Verdicts::default());
    assert_eq!(client.rejected_logs().await, [] as [serde_json::Value; 0], "no item was looked at");
}

async fn gzip_is_understood_and_bounded(database: Database) {
    let platform = Platform::start(&database).await;
    let client = platform.client().await;
    client.enrol("ada", "Data_2025").await;

    let lines = format!("{}\n", log("ada", "2026-03-02T10:00:00Z", json!({})));
    let answer = client.send(gzipped(&client, &gzip(lines.as_bytes()))).await.expect(200);
    assert_eq!(answer, json!({"accepted": 1, "duplicates": 0, "rejected": []}));

    let whole = gzip(lines.as_bytes());
    client.send(gzipped(&client, &whole[..whole.len() / 2])).await.expect(400);
    client.send(gzipped(&client, lines.as_bytes())).await.expect(400);
    let other =
        client.request(Method::POST, "/streaming-logs").header("content-type", "application/x-ndjson");
    client.send(other.header("content-encoding", "br").body(lines)).await.expect(415);

    // A few kilobytes that would be sixty-four megabytes.
    let bomb = gzip(&vec![b' '; 64 * 1024 * 1024]);
    assert!(bomb.len() < 100_000, "{}", bomb.len());
    assert_eq!(client.send(gzipped(&client, &bomb)).await.code(413), "too_large");
    assert_eq!(database.number("SELECT COUNT(*) FROM streaming_logs").await, 1);
}

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::best());
    encoder.write_all(bytes).expect("gzip");
    encoder.finish().expect("gzip")
}

fn gzipped(client: &Client, body: &[u8]) -> reqwest::RequestBuilder {
    let request = client.request(Method::POST, "/streaming-logs").body(body.to_vec());
    request.header("content-type", "application/x-ndjson").header("content-encoding", "gzip")
}

/// Announces a body of so many bytes, sends none of it, and reads the first line of the answer.
async fn post_head(client: &Client, bytes: usize) -> String {
    let address = client.url().trim_start_matches("http://");
    let mut stream = TcpStream::connect(address).await.expect("a connection");
    let head = format!(
        "POST /streaming-logs HTTP/1.1\r\nHost: {address}\r\nAuthorization: Bearer {}\r\n\
         Content-Type: application/json\r\nContent-Length: {bytes}\r\n\r\n",
        client.token().expect("a token"),
    );
    stream.write_all(head.as_bytes()).await.expect("a head that is taken");
    let mut answer = [0; 256];
    let read = stream.read(&mut answer).await.expect("an answer");
    String::from_utf8_lossy(&answer[..read]).into_owned()
}
