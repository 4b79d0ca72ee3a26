//! The client against a server on loopback that says what the test wants.

use std::sync::{Arc, Mutex};

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

use super::*;

const TOKEN: &str = r#"{"access_token": "t", "expires_in": 900}"#;

/// Answers `/auth/token` with a token and everything else with the next of `answers`; returns what was posted.
async fn server(answers: Vec<&'static str>) -> (String, Arc<Mutex<Vec<String>>>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let posted = Arc::new(Mutex::new(Vec::new()));
    let seen = Arc::clone(&posted);
    tokio::spawn(async move {
        let mut answers = answers.into_iter();
        loop {
            let (mut stream, _) = listener.accept().await.unwrap();
            let request = read(&mut stream).await;
            let answer = if request.contains("/auth/token") {
                format!("200 OK\r\ncontent-length: {}\r\nconnection: close\r\n\r\n{TOKEN}", TOKEN.len())
            } else {
                format!("{}\r\nconnection: close\r\n\r\n{{}}", answers.next().unwrap())
            };
            seen.lock().unwrap().push(request);
            stream.write_all(format!("HTTP/1.1 {answer}").as_bytes()).await.unwrap();
        }
    });
    (url, posted)
}

async fn read(stream: &mut TcpStream) -> String {
    let mut request = String::new();
    let mut chunk = [0; 4096];
    loop {
        let length = stream.read(&mut chunk).await.unwrap();
        request.push_str(std::str::from_utf8(&chunk[..length]).unwrap());
        let Some((head, body)) = request.split_once("\r\n\r\n") else { continue };
        let wanted = head.lines().find_map(|line| line.strip_prefix("content-length: "));
        if body.len() >= wanted.map_or(0, |length| length.parse().unwrap()) {
            return request;
        }
    }
}

fn client(url: String, patience: Duration) -> Client {
    Client::new(&ClientArgs::of_test(url), Some(patience)).unwrap()
}

fn log() -> Request {
    Request::post("/streaming-logs", "application/json", r#"{"log_id": "1"}"#)
}

fn count(posted: &Mutex<Vec<String>>, what: &str) -> usize {
    posted.lock().unwrap().iter().filter(|request| request.contains(what)).count()
}

#[tokio::test]
async fn a_busy_server_gets_the_same_body_until_it_takes_it() {
    let busy = "503 Service Unavailable\r\nretry-after: 0\r\ncontent-length: 2";
    let (url, posted) = server(vec![busy, busy, "201 Created\r\ncontent-length: 2"]).await;
    let client = client(url, Duration::from_secs(20));
    assert_eq!(client.answer(&log()).await.unwrap().status(), 201);
    assert_eq!((count(&posted, r#"{"log_id": "1"}"#), client.retries()), (3, 2));
}

#[tokio::test]
async fn a_token_that_is_not_taken_is_renewed_once() {
    let refused = "401 Unauthorized\r\ncontent-length: 2";
    let (url, posted) = server(vec![refused, "201 Created\r\ncontent-length: 2", refused, refused]).await;
    let client = client(url, Duration::from_secs(20));
    assert!(client.answer(&log()).await.is_ok());
    assert_eq!(count(&posted, "/auth/token"), 2);
    assert!(matches!(client.answer(&log()).await, Err(Failure::Refused(problem)) if problem.status == 401));
}

#[tokio::test]
async fn a_refusal_is_final_and_patience_ends() {
    let (url, _) = server(vec!["422 Unprocessable Entity\r\ncontent-length: 2"]).await;
    assert!(matches!(client(url, Duration::from_secs(20)).answer(&log()).await, Err(Failure::Refused(_))));
    // Nobody listens on the port of a listener that is gone.
    let gone = TcpListener::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap();
    let outcome = client(format!("http://{gone}"), Duration::from_millis(300)).answer(&log()).await;
    let message = outcome.unwrap_err().to_string();
    assert!(message.contains("cannot be reached"), "{message}");
}
