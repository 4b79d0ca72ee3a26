//! Clients that post singles and batches until they are told to stop, and send again what nobody acknowledged.

use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use edtech_tests::{AIRFLOW, Answer, Client, DOCKER, Verdicts, log};
use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};
use reqwest::Method;
use serde_json::{Value, json};
use tokio::sync::watch;
use tokio::task::JoinHandle;
use tokio::time::sleep;
use uuid::Uuid;

use crate::ground::{LEARNERS, learner};
use crate::ledger::{Key, Ledger};
use crate::probes::LastSent;

/// Longer than any answer may take, so that one that takes longer is measured and not hidden.
const PATIENCE: Duration = Duration::from_secs(30);

/// How many clients there are, and what they post.
#[derive(Debug, Clone, Copy)]
pub struct Shape {
    /// Clients that post one log at a time.
    pub singles: usize,
    /// Clients that post batches.
    pub batches: usize,
    /// Logs in a batch.
    pub batch: usize,
    /// Between a refusal and the next try; shorter than `Retry-After` asks for, so that the server has it worse.
    pub pause: Duration,
}

impl Shape {
    /// Some of both.
    pub const MIXED: Self = Self { singles: 8, batches: 4, batch: 50, pause: Duration::from_millis(50) };
}

/// One answer, or that there was none.
#[derive(Debug, Clone, Copy)]
pub struct Answered {
    /// When the request was sent.
    pub sent: Instant,
    /// How long it took.
    pub took: Duration,
    /// The status; none where the connection ended first.
    pub status: Option<u16>,
    /// Whether it says when to come again.
    pub retry_after: bool,
}

impl Answered {
    /// To a request that was sent then, and is answered now.
    pub fn to(sent: Instant, answer: &reqwest::Result<Answer>) -> Self {
        Self {
            sent,
            took: sent.elapsed(),
            status: answer.as_ref().ok().map(|answer| answer.status),
            retry_after: answer.as_ref().is_ok_and(|answer| !answer.header("retry-after").is_empty()),
        }
    }

    /// Whether it was a 2xx.
    pub fn is_success(&self) -> bool {
        self.status.is_some_and(|status| (200..300).contains(&status))
    }

    /// When it came.
    pub fn at(&self) -> Instant {
        self.sent + self.took
    }
}

/// Logs in the form in which they are posted, and their names.
#[derive(Debug, Clone)]
struct Parcel {
    body: Value,
    keys: Vec<Key>,
}

/// Clients that post.
pub struct Load {
    stop: watch::Sender<bool>,
    posters: Vec<JoinHandle<Option<Parcel>>>,
    answers: Arc<Mutex<Vec<Answered>>>,
    sent: LastSent<usize>,
    ledger: Ledger,
    open: Vec<Parcel>,
}

impl Load {
    /// Begins to post as this client.
    pub fn start(client: &Client, ledger: &Ledger, shape: Shape, draws: &mut StdRng) -> Self {
        let (stop, stopped) = watch::channel(false);
        let (answers, sent) = (Arc::default(), LastSent::default());
        let sizes = (0..shape.singles).map(|_| None).chain((0..shape.batches).map(|_| Some(shape.batch)));
        let posters = sizes.enumerate().map(|(number, batch)| {
            let poster = Poster {
                number,
                client: client.clone(),
                ledger: ledger.clone(),
                answers: Arc::clone(&answers),
                sent: sent.clone(),
                batch,
                pause: shape.pause,
                draws: StdRng::seed_from_u64(draws.random()),
            };
            tokio::spawn(poster.run(stopped.clone()))
        });
        let posters = posters.collect();
        Self { stop, posters, answers, sent, ledger: ledger.clone(), open: Vec::new() }
    }

    /// Waits until all that was sent before a moment is answered, or given up.
    pub async fn go_on(&self, moment: Instant) {
        self.sent.go_on(moment).await;
    }

    /// What was answered to requests that were sent from then on.
    pub fn since(&self, begin: Instant) -> Vec<Answered> {
        let answers = self.answers.lock().expect("answers");
        answers.iter().filter(|answered| answered.sent >= begin).copied().collect()
    }

    /// Stops, and waits for the answers that are on their way.
    pub async fn stop(&mut self) {
        self.stop.send_replace(true);
        for poster in self.posters.drain(..) {
            self.open.extend(poster.await.expect("a poster that ends well"));
        }
    }

    /// Stops, and sends again what nobody acknowledged until somebody does: after that each log that was ever sent has been
    /// acknowledged.
    pub async fn settle(&mut self, client: &Client) {
        self.stop().await;
        let begun = Instant::now();
        for parcel in std::mem::take(&mut self.open) {
            while !is_settled(&self.ledger, &parcel, &post(client, &parcel).await) {
                assert!(begun.elapsed() < PATIENCE, "nobody takes what is sent again");
                sleep(Duration::from_millis(50)).await;
            }
        }
    }
}

struct Poster {
    number: usize,
    client: Client,
    ledger: Ledger,
    answers: Arc<Mutex<Vec<Answered>>>,
    sent: LastSent<usize>,
    /// Logs in a batch; none posts singles.
    batch: Option<usize>,
    pause: Duration,
    draws: StdRng,
}

impl Poster {
    /// Posts until it is told to stop; returns what is not acknowledged by then.
    async fn run(mut self, stopped: watch::Receiver<bool>) -> Option<Parcel> {
        while !*stopped.borrow() {
            let parcel = self.parcel();
            self.ledger.sent(&parcel.keys);
            while !self.is_taken(&parcel).await {
                if *stopped.borrow() {
                    return Some(parcel);
                }
                sleep(self.pause).await;
            }
        }
        None
    }

    async fn is_taken(&self, parcel: &Parcel) -> bool {
        let sent = self.sent.note(self.number);
        let answer = post(&self.client, parcel).await;
        let answered = Answered::to(sent, &answer);
        self.answers.lock().expect("answers").push(answered);
        is_settled(&self.ledger, parcel, &answer)
    }

    fn parcel(&mut self) -> Parcel {
        let logs: Vec<(Key, Value)> =
            (0..self.batch.unwrap_or(1)).map(|_| drawn_log(&mut self.draws)).collect();
        let (keys, mut logs): (Vec<_>, Vec<_>) = logs.into_iter().unzip();
        let body = match self.batch {
            Some(_) => Value::from(logs),
            None => logs.pop().expect("one log"),
        };
        Parcel { body, keys }
    }
}

/// A log of one of the learners, in some days of March.
pub fn drawn_log(draws: &mut StdRng) -> (Key, Value) {
    let key = (learner(draws.random_range(0..LEARNERS)), Uuid::from_u128(draws.random()));
    let at = format!(
        "2026-03-{:02}T{:02}:{:02}:{:02}Z",
        draws.random_range(1..6),
        draws.random_range(0..24),
        draws.random_range(0..60),
        draws.random_range(0..60)
    );
    let more = json!({
        "log_id": key.1,
        "lesson": if draws.random_bool(0.5) { DOCKER } else { AIRFLOW },
        "watch_time_seconds": draws.random_range(0..60),
        "completion_percentage": draws.random_range(0..=100),
    });
    let log = log(&key.0, &at, more);
    (key, log)
}

async fn post(client: &Client, parcel: &Parcel) -> reqwest::Result<Answer> {
    let request = client.request(Method::POST, "/streaming-logs").timeout(PATIENCE).json(&parcel.body);
    client.try_send(request).await
}

/// Whether there is nothing more to do about it: it is acknowledged, or refused for good.
fn is_settled(ledger: &Ledger, parcel: &Parcel, answer: &reqwest::Result<Answer>) -> bool {
    match answer {
        Err(_) => false,
        Ok(answer) if [503, 507].contains(&answer.status) => false,
        Ok(answer) if parcel.body.is_array() && answer.status == 200 => {
            let verdicts: Verdicts = serde_json::from_value(answer.body.clone()).expect("verdicts");
            let (mut taken, mut refused) = (parcel.keys.clone(), verdicts.rejected);
            refused.sort_by_key(|item| std::cmp::Reverse(item.index));
            for item in refused {
                ledger.refused(&taken.remove(item.index), item.code);
            }
            assert_eq!(taken.len() as u64, verdicts.accepted + verdicts.duplicates, "verdicts and logs");
            ledger.acknowledged(&taken);
            true
        }
        Ok(answer) if [200, 201].contains(&answer.status) => {
            ledger.acknowledged(&parcel.keys);
            true
        }
        Ok(answer) => {
            for key in &parcel.keys {
                ledger.refused(key, format!("{} {}", answer.status, answer.body["code"]));
            }
            true
        }
    }
}

/// How long the slowest took.
pub fn longest<'a>(answers: impl IntoIterator<Item = &'a Answered>) -> Duration {
    answers.into_iter().map(|answered| answered.took).max().unwrap_or_default()
}
