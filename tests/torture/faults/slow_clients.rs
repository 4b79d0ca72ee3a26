//! Fault 9: thousands of clients that take their time over a head or a body; also where there are file descriptors for
//! few.

use std::time::{Duration, Instant};

use edtech_tests::{Client, Platform, Process, log};
use futures_util::future::join_all;
use reqwest::Method;
use serde_json::json;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::sync::watch;
use tokio::task::JoinHandle;
use tokio::time::{sleep, timeout};
use uuid::Uuid;

use crate::ground::{Ground, Kind, enrol_learners, learner};
use crate::plan::Plan;
use crate::report::Outcome;

/// Between two bytes of a slow client.
const BETWEEN_BYTES: Duration = Duration::from_secs(1);

/// How soon a slow client is closed, once it is let in: the five seconds that a head has, and what is not optimised twice as
/// long.
const CLOSED: Duration = Duration::from_secs(if cfg!(debug_assertions) { 15 } else { 8 });

/// How soon everybody else is answered, on a machine where thousands of slow clients run beside the server.
const SERVED: Duration = Duration::from_secs(2);

/// The same for whoever has to wait for a connection, where there are few.
const LET_IN: Duration = Duration::from_secs(10);

/// So few file descriptors.
const FEW: usize = 256;

/// Longer than any of them may stay.
const PATIENCE: Duration = Duration::from_secs(90);

pub async fn run(kind: Kind, plan: Plan) -> Outcome {
    let many = plan.either(400, 2_000);
    let ground = Ground::new(kind).await;
    let platform = ground.start().await;
    let outcome = Outcome::of(2 * many as u64);
    let outcome = siege(platform, many, None, outcome).await;
    let few = FEW.to_string();
    let platform = ground.start().under(&["prlimit", &format!("--nofile={few}:{few}")]).await;
    let outcome = siege(platform, many, Some(LET_IN), outcome).await;
    ground.database.assert_verified().await;
    outcome
}

/// Slow clients and honest ones on one server. Where there is not room for all of them, everybody may have to wait to be
/// let in.
async fn siege(platform: Platform, many: usize, let_in: Option<Duration>, outcome: Outcome) -> Outcome {
    let process = Process(platform.process());
    let client = platform.client().await;
    enrol_learners(&client).await;
    let at_rest = process.open_files();
    let honest = Honest::start(&client);
    sleep(Duration::from_secs(1)).await;
    let begun = Instant::now();
    let slow =
        (0..many).map(|number| tokio::spawn(Slow::ALL[number % Slow::ALL.len()].stall(client.clone())));
    let stayed: Vec<Duration> =
        join_all(slow).await.into_iter().map(|it| it.expect("a slow client")).collect();
    let over = begun.elapsed();
    let honest = honest.stop().await;
    let left = process.open_files().saturating_sub(at_rest);
    let name = |what: &str| match let_in {
        None => what.to_owned(),
        Some(_) => format!("{what} with {FEW} descriptors"),
    };
    let closed = CLOSED + let_in.unwrap_or_default();
    let outcome = outcome
        .within(
            &name("slowest of the slow closed after"),
            stayed.into_iter().max().unwrap_or_default(),
            closed,
        )
        .figure(&name("all of them gone after"), format!("{:.1} s", over.as_secs_f64()))
        .judged(&name("others answered"), honest.answered > 50, &honest.answered.to_string(), "> 50")
        .exactly(&name("others not answered"), honest.failed, 0)
        .within(&name("slowest answer on a kept connection"), honest.slowest_kept, SERVED)
        .within(&name("slowest answer on a new one"), honest.slowest_new, let_in.unwrap_or(SERVED))
        .judged(&name("descriptors left open"), left < 20, &left.to_string(), "< 20");
    platform.stop().await;
    outcome
}

/// How a client takes its time.
#[derive(Debug, Clone, Copy)]
enum Slow {
    /// Over the head of its first request.
    FirstHead,
    /// Over the head of its second request: the first one is answered.
    LaterHead,
    /// Over the body of its logs.
    Body,
    /// Over the form that gets a token: anybody can.
    Form,
    /// Over a body that nobody reads, after the answer.
    UnreadBody,
    /// It connects, and says nothing.
    Silent,
}

impl Slow {
    const ALL: [Self; 6] =
        [Self::FirstHead, Self::LaterHead, Self::Body, Self::Form, Self::UnreadBody, Self::Silent];

    /// Stalls until it is closed; how long it was let, from when its connection was accepted and it began to stall.
    async fn stall(self, client: Client) -> Duration {
        let address = client.url().trim_start_matches("http://").to_owned();
        let connecting = timeout(PATIENCE, TcpStream::connect(&address)).await.expect("a connection in time");
        let Ok(mut stream) = connecting else { return Duration::ZERO };
        let (head, drop) = self.words(&address, client.token().unwrap_or_default());
        if let Self::LaterHead = self {
            // It may be turned away already here, where connections run short.
            let asked = stream.write_all(b"GET /livez HTTP/1.1\r\nHost: a\r\n\r\n").await;
            let mut answer = [0; 1024];
            match (asked, timeout(PATIENCE, stream.read(&mut answer)).await.expect("an end in time")) {
                (Ok(()), Ok(1..)) => {}
                _ => return Duration::ZERO,
            }
        }
        let begun = Instant::now();
        let (mut reading, mut writing) = stream.split();
        let dripping = async {
            if writing.write_all(head.as_bytes()).await.is_err() {
                return;
            }
            loop {
                sleep(BETWEEN_BYTES).await;
                if writing.write_all(drop).await.is_err() {
                    return;
                }
            }
        };
        let closed = async {
            let mut rest = [0; 4096];
            while let Ok(1..) = reading.read(&mut rest).await {}
        };
        tokio::select! {
            () = closed => {}
            () = async { dripping.await; std::future::pending().await } => {}
            () = sleep(PATIENCE) => {}
        }
        begun.elapsed()
    }

    /// What it begins with, and what it adds each second.
    fn words(self, address: &str, token: &str) -> (String, &'static [u8]) {
        let post = |path: &str, content_type: &str, length: &str| {
            format!(
                "POST {path} HTTP/1.1\r\nHost: {address}\r\nAuthorization: Bearer {token}\r\n\
                 Content-Type: {content_type}\r\n{length}\r\n\r\n"
            )
        };
        match self {
            Self::FirstHead | Self::LaterHead => ("GET /livez HTTP/1.1\r\nX-Slow: ".to_owned(), b"x"),
            Self::Body => (post("/streaming-logs", "application/json", "Content-Length: 100000") + "[", b" "),
            Self::Form => {
                let form = "application/x-www-form-urlencoded";
                (post("/auth/token", form, "Content-Length: 1000") + "grant_type=", b"x")
            }
            Self::UnreadBody => {
                let head =
                    format!("GET /livez HTTP/1.1\r\nHost: {address}\r\nTransfer-Encoding: chunked\r\n\r\n");
                (head, b"1\r\nx\r\n")
            }
            Self::Silent => (String::new(), b""),
        }
    }
}

/// Clients who post as ever: on a connection that they keep, and on a new one for each log.
struct Honest {
    stop: watch::Sender<bool>,
    kept: Vec<JoinHandle<Answers>>,
    new: Vec<JoinHandle<Answers>>,
}

#[derive(Default)]
struct Answers {
    answered: u64,
    failed: u64,
    slowest: Duration,
}

struct HonestAnswers {
    answered: u64,
    failed: u64,
    slowest_kept: Duration,
    slowest_new: Duration,
}

impl Honest {
    fn start(client: &Client) -> Self {
        let (stop, stopped) = watch::channel(false);
        let some = |is_new: bool| {
            let posters = (0..2).map(|_| tokio::spawn(post(client.clone(), is_new, stopped.clone())));
            posters.collect::<Vec<_>>()
        };
        Self { kept: some(false), new: some(true), stop }
    }

    async fn stop(self) -> HonestAnswers {
        self.stop.send_replace(true);
        let (kept, new) = (sum(self.kept).await, sum(self.new).await);
        HonestAnswers {
            answered: kept.answered + new.answered,
            failed: kept.failed + new.failed,
            slowest_kept: kept.slowest,
            slowest_new: new.slowest,
        }
    }
}

async fn sum(posters: Vec<JoinHandle<Answers>>) -> Answers {
    let all = join_all(posters).await.into_iter().map(|one| one.expect("an honest client"));
    all.fold(Answers::default(), |sum, one| Answers {
        answered: sum.answered + one.answered,
        failed: sum.failed + one.failed,
        slowest: sum.slowest.max(one.slowest),
    })
}

async fn post(client: Client, is_new: bool, stopped: watch::Receiver<bool>) -> Answers {
    let client = client.on_its_own();
    let mut answers = Answers::default();
    while !*stopped.borrow() {
        let log = log(
            &learner(answers.answered as usize),
            "2026-03-02T10:00:00Z",
            json!({"log_id": Uuid::new_v4()}),
        );
        let mut request = client.request(Method::POST, "/streaming-logs").timeout(PATIENCE).json(&log);
        if is_new {
            request = request.header("connection", "close");
        }
        let begun = Instant::now();
        match client.try_send(request).await {
            Ok(answer) if answer.status == 201 => answers.answered += 1,
            _ => answers.failed += 1,
        }
        answers.slowest = answers.slowest.max(begun.elapsed());
        sleep(Duration::from_millis(50)).await;
    }
    answers
}
