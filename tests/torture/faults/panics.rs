//! Fault 11: handlers that panic, in the very binary that is shipped: where the system gives the server no thread, work
//! that wants one panics. That is what signing in does; logs are stored all the same, for the writers have what they need.

use std::os::unix::fs::chown;
use std::time::{Duration, Instant};

use edtech_tests::{Command, Platform, log};
use serde_json::json;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use uuid::Uuid;

use crate::ground::{Ground, Kind, enrol_learners, learner};
use crate::plan::Plan;
use crate::report::Outcome;

/// The system lets root have as many threads as it likes; anybody without rights will do.
const UNPRIVILEGED: &str = "nobody";

/// Threads that wait for work end after ten seconds: after that none is left to take it.
const IDLE: Duration = Duration::from_secs(12);

pub async fn run(kind: Kind, plan: Plan) -> Outcome {
    let tries = plan.either(20, 200);
    let ground = Ground::new(kind).await;
    let platform = start(&ground).await;
    let client = platform.client().await;
    enrol_learners(&client).await;
    client.store(&[one(0)]).await;
    tokio::time::sleep(IDLE).await;

    let before = limit_threads(&platform, "1").await;
    let begun = Instant::now();
    let mut connection = Kept::open(&platform).await;
    let (mut problems, mut cut, mut sent_away) = (0, 0, 0);
    while problems + cut < tries {
        let name = format!("panic-{}", problems + cut + sent_away);
        match connection.sign_in(&name).await {
            Some(answer) if is_problem(&answer, &name) => problems += 1,
            // Somebody else had SQLite's open connection, and for another one there is no thread either.
            Some(answer) if answer.starts_with("HTTP/1.1 503 ") && sent_away < tries => sent_away += 1,
            Some(answer) => panic!("neither a problem nor a cut: {answer}"),
            None => {
                cut += 1;
                connection = Kept::open(&platform).await;
            }
        }
    }
    client.store(&[one(2)]).await;
    client.get("/livez").await.expect(200);
    client.daily("2026-03-02").await;
    let took = begun.elapsed();

    limit_threads(&platform, &before).await;
    let client = platform.client().await;
    client.store(&[one(1)]).await;
    let outcome = Outcome::of(tries)
        .exactly("answered with a 500 problem, on one connection", problems, tries)
        .exactly("connections cut", cut, 0)
        .figure("told to come again before it came to a panic", sent_away)
        .judged("panics in the log", told(&platform) >= tries, &told(&platform).to_string(), "all")
        .figure("all answered in", format!("{:.2} s", took.as_secs_f64()))
        .figure("meanwhile", "a log stored")
        .figure("afterwards", "signed in, and a log stored");
    platform.stop().await;
    ground.database.assert_verified().await;
    outcome
}

fn one(number: usize) -> serde_json::Value {
    log(&learner(number), "2026-03-02T10:00:00Z", json!({"log_id": Uuid::new_v4()}))
}

/// A server that is nobody, on files that are nobody's.
async fn start(ground: &Ground) -> Platform {
    if !is_root().await {
        return ground.start().await;
    }
    let (user, group) = (id("-u").await, id("-g").await);
    chown(ground.database.directory(), Some(user), Some(group)).expect("a directory to give away");
    let (user, group) = (format!("--reuid={user}"), format!("--regid={group}"));
    ground.start().under(&["setpriv", &user, &group, "--clear-groups"]).await
}

async fn is_root() -> bool {
    Command::program("id", ["-u"]).run().await.expect(0).trim() == "0"
}

async fn id(which: &str) -> u32 {
    let id = Command::program("id", [which, UNPRIVILEGED]).run().await.expect(0);
    id.trim().parse().expect("a number")
}

/// From now on the server gets so many threads; returns how many it got before.
async fn limit_threads(platform: &Platform, most: &str) -> String {
    let process = platform.process().to_string();
    let limit = format!("--nproc={most}:");
    let before = prlimit(&["--pid", &process, "--nproc", "--output", "SOFT", "--noheadings"]).await;
    prlimit(&["--pid", &process, &limit]).await;
    before.trim().to_owned()
}

/// As whoever the server is: the limits of others are out of reach, also for root in a container.
async fn prlimit(arguments: &[&str]) -> String {
    let mut words = Vec::new();
    let (user, group);
    if is_root().await {
        (user, group) = (format!("--reuid={}", id("-u").await), format!("--regid={}", id("-g").await));
        words.extend(["setpriv", &user, &group, "--clear-groups"]);
    }
    words.push("prlimit");
    words.extend(arguments);
    Command::program(words[0], words[1..].iter().copied()).run().await.expect(0)
}

fn is_problem(answer: &str, name: &str) -> bool {
    let (head, body) = answer.split_once("\r\n\r\n").unwrap_or_default();
    let body: serde_json::Value = serde_json::from_str(body).unwrap_or_default();
    head.starts_with("HTTP/1.1 500 ")
        && head.to_ascii_lowercase().contains("content-type: application/problem+json")
        && body["code"] == "internal"
        && body["request_id"] == name
}

/// How many panics the log tells of, each with its place.
fn told(platform: &Platform) -> u64 {
    platform.said().lines().filter(|line| line.contains("panic") && line.contains("place")).count() as u64
}

/// One connection, over which request after request is sent.
struct Kept {
    stream: TcpStream,
    form: String,
}

impl Kept {
    async fn open(platform: &Platform) -> Self {
        let address = platform.url().trim_start_matches("http://");
        let credentials = platform.credentials();
        let part = |name: &str| credentials[name].as_str().expect("credentials").to_owned();
        let form = format!(
            "grant_type=client_credentials&client_id={}&client_secret={}",
            part("name"),
            part("password")
        );
        Self { stream: TcpStream::connect(address).await.expect("a connection"), form }
    }

    /// The whole answer, or none where the connection was cut.
    async fn sign_in(&mut self, name: &str) -> Option<String> {
        let request = format!(
            "POST /auth/token HTTP/1.1\r\nHost: a\r\nX-Request-Id: {name}\r\n\
             Content-Type: application/x-www-form-urlencoded\r\nContent-Length: {}\r\n\r\n{}",
            self.form.len(),
            self.form
        );
        self.stream.write_all(request.as_bytes()).await.ok()?;
        let mut answer = Vec::new();
        let mut piece = [0; 4096];
        loop {
            match self.stream.read(&mut piece).await {
                Ok(0) | Err(_) => return None,
                Ok(read) => answer.extend_from_slice(&piece[..read]),
            }
            let text = String::from_utf8_lossy(&answer);
            if is_whole(&text) {
                return Some(text.into_owned());
            }
        }
    }
}

/// Whether as much has come as the head says.
fn is_whole(answer: &str) -> bool {
    let Some((head, body)) = answer.split_once("\r\n\r\n") else { return false };
    let length = head
        .lines()
        .find_map(|line| line.to_ascii_lowercase().strip_prefix("content-length: ")?.parse().ok());
    body.len() >= length.unwrap_or(0)
}
