//! Somebody who looks at the server all the time, whatever happens to it: at its probes, at its answers, at its size.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use edtech_tests::{Client, Process, eventually};
use reqwest::Method;
use tokio::task::JoinHandle;
use tokio::time::sleep;

use crate::load::Answered;

/// Between two looks.
const PAUSE: Duration = Duration::from_millis(50);

/// Longer than any answer may take, so that one that takes longer is measured and not hidden.
const PATIENCE: Duration = Duration::from_secs(30);

/// Looks at some paths, each by somebody of its own, until it is dropped.
pub struct Probes {
    seen: Seen,
    sent: LastSent<&'static str>,
    looking: Vec<JoinHandle<()>>,
}

/// When each of some who ask one thing after another has sent the last one.
#[derive(Debug)]
pub struct LastSent<K>(Arc<Mutex<BTreeMap<K, Instant>>>);

impl<K: Ord> LastSent<K> {
    /// Notes that somebody sends something now.
    pub fn note(&self, who: K) -> Instant {
        let now = Instant::now();
        self.0.lock().expect("moments").insert(who, now);
        now
    }

    /// Waits until all that was sent before a moment has ended: everybody has gone on to something else.
    pub async fn go_on(&self, moment: Instant) {
        let gone_on = async || {
            let sent = self.0.lock().expect("moments");
            sent.values().all(|sent| *sent >= moment).then_some(())
        };
        eventually("the end of what was asked", 2 * PATIENCE, gone_on).await;
    }
}

impl<K> Default for LastSent<K> {
    fn default() -> Self {
        Self(Arc::default())
    }
}

impl<K> Clone for LastSent<K> {
    fn clone(&self) -> Self {
        Self(Arc::clone(&self.0))
    }
}

impl Probes {
    /// Begins to look at these paths.
    pub fn start(client: &Client, paths: &[&'static str]) -> Self {
        let (seen, sent) = (Arc::default(), LastSent::default());
        let look = |path| look(client.clone(), path, (Arc::clone(&seen), sent.clone()));
        let looking = paths.iter().map(|&path| tokio::spawn(look(path))).collect();
        Self { looking, seen, sent }
    }

    /// Waits until all that was sent before a moment is answered, or given up.
    pub async fn go_on(&self, moment: Instant) {
        self.sent.go_on(moment).await;
    }

    /// What a path answered to requests that were sent between two moments.
    pub fn between(&self, path: &str, begin: Instant, end: Instant) -> Vec<Answered> {
        let seen = self.seen.lock().expect("what was seen");
        let wanted =
            seen.iter().filter(|(of, answered)| *of == path && (begin..end).contains(&answered.sent));
        wanted.map(|(_, answered)| *answered).collect()
    }
}

impl Drop for Probes {
    fn drop(&mut self) {
        self.looking.iter().for_each(JoinHandle::abort);
    }
}

type Seen = Arc<Mutex<Vec<(&'static str, Answered)>>>;

async fn look(client: Client, path: &'static str, (seen, last_sent): (Seen, LastSent<&'static str>)) {
    loop {
        let sent = last_sent.note(path);
        let request = client.request(Method::GET, path).timeout(PATIENCE);
        let answer = client.try_send(request).await;
        let answered = Answered::to(sent, &answer);
        seen.lock().expect("what was seen").push((path, answered));
        sleep(PAUSE).await;
    }
}

/// Measures the memory of a process, until it is dropped.
pub struct Memory {
    megabytes: Arc<Mutex<Vec<f64>>>,
    measuring: JoinHandle<()>,
}

impl Memory {
    /// Begins to measure, so often.
    pub fn of(process: u32, each: Duration) -> Self {
        let process = Process(process);
        let megabytes: Arc<Mutex<Vec<f64>>> = Arc::default();
        let measured = Arc::clone(&megabytes);
        let measuring = tokio::spawn(async move {
            while let Some(megabytes) = process.resident() {
                measured.lock().expect("measurements").push(megabytes);
                sleep(each).await;
            }
        });
        Self { megabytes, measuring }
    }

    /// All that was measured so far, in its order.
    pub fn megabytes(&self) -> Vec<f64> {
        self.megabytes.lock().expect("measurements").clone()
    }

    /// The most so far.
    pub fn highest(&self) -> f64 {
        self.megabytes().into_iter().fold(0.0, f64::max)
    }
}

impl Drop for Memory {
    fn drop(&mut self) {
        self.measuring.abort();
    }
}
