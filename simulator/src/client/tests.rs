//! The client against a server on loopback that says what the test wants.

use std::sync::{Arc, Mutex};

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

use super::*;

const BUSY: &str = "503 Service Unavailable\r\nretry-after: 0\r\ncontent-length: 2";
const CREATED: &str = "201 Created\r\ncontent-length: 2";
const UNAUTHORIZED: &str = "401 Unauthorized\r\ncontent-length: 2";
const TOKEN: &str = r#"200 OK

{"access_token": "t", "expires_in": 900}"#;

/// Longer than any test takes.
const PATIENCE: Duration = Duration::from_secs(20);

/// A server, and everything that it was asked.
struct Server {
    url: String,
    asked: Arc<Mutex<Vec<String>>>,
}

impl Server {
    /// Answers `/auth/token` with `token` and everything else with the next of `answers`.
    async fn start(token: &'static str, answers: Vec<&'static str>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let asked = Arc::new(Mutex::new(Vec::new()));
        let seen = Arc::clone(&asked);
        tokio::spawn(async move {
            let mut answers = answers.into_iter();
            loop {
                let (mut stream, _) = listener.accept().await.unwrap();
                let request = read(&mut stream).await;
                let answer = if request.contains("/auth/token") {
                    token.replacen("\n\n", "\r\nconnection: close\r\n\r\n", 1)
                } else {
                    format!("{}\r\nconnection: close\r\n\r\n{{}}", answers.next().unwrap())
                };
                seen.lock().unwrap().push(request);
                stream.write_all(format!("HTTP/1.1 {answer}").as_bytes()).await.unwrap();
            }
        });
        Self { url, asked }
    }

    fn client(&self) -> Client {
        Client::new(&ClientArgs::of_test(self.url.clone()), Some(PATIENCE)).unwrap()
    }

    /// How many requests held this.
    fn count(&self, what: &str) -> usize {
        self.asked.lock().unwrap().iter().filter(|request| request.contains(what)).count()
    }
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

const BODY: &str = r#"{"log_id": "1"}"#;

fn log() -> Request {
    Request::post("/streaming-logs", "application/json", BODY)
}

#[tokio::test]
async fn a_busy_server_gets_the_same_body_until_it_takes_it() {
    let server = Server::start(TOKEN, vec![BUSY, BUSY, CREATED]).await;
    let client = server.client();
    assert_eq!(client.answer(&log()).await.unwrap().status, 201);
    assert_eq!((server.count(BODY), client.retries()), (3, 2));
}

#[tokio::test]
async fn an_answer_that_is_cut_off_is_asked_for_again() {
    let server = Server::start(TOKEN, vec!["201 Created\r\ncontent-length: 99", CREATED]).await;
    let client = server.client();
    assert_eq!(client.answer(&log()).await.unwrap().status, 201);
    assert_eq!((server.count(BODY), client.retries()), (2, 1));
}

#[tokio::test]
async fn a_token_that_is_not_taken_is_renewed_once() {
    let server = Server::start(TOKEN, vec![UNAUTHORIZED, CREATED, UNAUTHORIZED, UNAUTHORIZED]).await;
    let client = server.client();
    assert!(client.answer(&log()).await.is_ok());
    assert_eq!(server.count("/auth/token"), 2);
    assert!(matches!(client.answer(&log()).await, Err(Failure::Refused(problem)) if problem.status == 401));
    assert_eq!(server.count("/auth/token"), 3);
}

#[tokio::test]
async fn a_token_that_others_renewed_meanwhile_is_kept() {
    let server = Server::start(TOKEN, Vec::new()).await;
    let tokens = server.client().tokens;
    let refused = tokens.current().await.unwrap();
    for _ in 0..3 {
        tokens.forget(&refused).await;
        tokens.current().await.unwrap();
    }
    assert_eq!(server.count("/auth/token"), 2);
}

#[tokio::test]
async fn a_token_is_renewed_before_its_end() {
    let ended = "200 OK\n\n{\"access_token\": \"t\", \"expires_in\": 0}";
    let server = Server::start(ended, vec![CREATED, CREATED]).await;
    let client = server.client();
    for _ in 0..2 {
        assert!(client.answer(&log()).await.is_ok());
    }
    assert_eq!(server.count("/auth/token"), 2);
}

#[tokio::test]
async fn wrong_credentials_are_told_at_once() {
    let refused = "401 Unauthorized\n\n{\"code\": \"invalid_client\", \"detail\": \"No such client.\"}";
    let server = Server::start(refused, Vec::new()).await;
    let message = server.client().answer(&log()).await.unwrap_err().to_string();
    assert!(message.contains("(invalid_client): No such client."), "{message}");
    assert_eq!(server.count("/auth/token"), 1);
}

#[tokio::test]
async fn a_refusal_is_final() {
    let server = Server::start(TOKEN, vec!["422 Unprocessable Entity\r\ncontent-length: 2"]).await;
    assert!(matches!(server.client().answer(&log()).await, Err(Failure::Refused(_))));
    assert_eq!(server.count(BODY), 1);
}

#[tokio::test]
async fn a_redirect_is_told_and_not_followed() {
    let moved = "301 Moved Permanently\r\nlocation: https://elsewhere.example/\r\ncontent-length: 2";
    let server = Server::start(TOKEN, vec![moved]).await;
    let message = server.client().answer(&log()).await.unwrap_err().to_string();
    assert!(message.contains("https://elsewhere.example/"), "{message}");
}

#[tokio::test]
async fn patience_ends_with_the_cause() {
    // Nobody listens on the port of a listener that is gone.
    let gone = TcpListener::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap();
    let args = ClientArgs::of_test(format!("http://{gone}"));
    let client = Client::new(&args, Some(Duration::from_millis(300))).unwrap();
    let message = client.answer(&log()).await.unwrap_err().to_string();
    assert!(message.contains("cannot be reached"), "{message}");
}
