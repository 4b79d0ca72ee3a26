//! How far a measurement is.

use std::time::Instant;

use serde::{Deserialize, Serialize};
use tokio::sync::watch;
use utoipa::ToSchema;

/// How far a benchmark is.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
#[schema(as = BenchmarkProgress)]
pub struct Progress {
    /// What it does now, for people.
    #[schema(example = "2 replicas, one log each 5 s")]
    pub step: String,
    /// Steps that are behind it.
    pub done: u32,
    /// Steps in all.
    pub total: u32,
    /// Seconds since it began.
    pub seconds: f64,
}

/// The steps of a run, told to whoever watches it.
#[derive(Debug)]
pub struct Steps {
    begun: Instant,
    told: watch::Sender<Option<Progress>>,
    done: u32,
    total: u32,
}

impl Steps {
    /// The steps of a run that has not begun, and where they are told.
    pub fn new() -> (Self, watch::Receiver<Option<Progress>>) {
        let (told, receiver) = watch::channel(None);
        (Self { begun: Instant::now(), told, done: 0, total: 1 }, receiver)
    }

    /// So many steps there will be.
    pub(super) fn expect(&mut self, total: u32) {
        self.total = total;
    }

    /// The next one begins.
    pub(super) fn next(&mut self, step: impl Into<String>) {
        let step = step.into();
        tracing::info!(step, done = self.done, total = self.total, "benchmark");
        let seconds = self.begun.elapsed().as_secs_f64();
        let progress = Progress { step, done: self.done, total: self.total.max(self.done + 1), seconds };
        self.told.send_replace(Some(progress));
        self.done += 1;
    }
}
