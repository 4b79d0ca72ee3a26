//! Somebody who looks at the server all the time, whatever happens to it: at its probes, at its answers, at its size.

use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use edtech_tests::{Client, Process};
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
    seen: Arc<Mutex<Vec<(&'static str, Answered)>>>,
    looking: Vec<JoinHandle<()>>,
}

impl Probes {
    /// Begins to look at these paths.
    pub fn start(client: &Client, paths: &[&'static str]) -> Self {
        let seen = Arc::default();
        let looking = paths.iter().map(|path| tokio::spawn(look(client.clone(), path, Arc::clone(&seen))));
        Self { looking: looking.collect(), seen }
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

async fn look(client: Client, path: &'static str, seen: Arc<Mutex<Vec<(&'static str, Answered)>>>) {
    loop {
        let sent = Instant::now();
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
