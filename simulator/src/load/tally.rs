//! What became of a load so far: counts, and latencies, noted by all lanes.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use serde::Deserialize;
use tokio::time::Instant;
use tokio::time::error::Elapsed;

use super::ledger::Acknowledged;
use super::report::Moment;
use super::stream::LogName;
use crate::client::Failure;
use crate::latency::Latencies;

/// What became of one request.
pub(super) enum Outcome {
    /// A 2xx.
    Answered(Verdicts),
    /// Another status.
    Refused(String),
    /// None at all.
    Unanswered(String),
}

/// The server's verdicts on the logs of a request.
#[derive(Debug, Default, Deserialize)]
pub(super) struct Verdicts {
    pub(super) accepted: u64,
    pub(super) duplicates: u64,
    pub(super) rejected: Vec<Rejected>,
}

#[derive(Debug, Deserialize)]
pub(super) struct Rejected {
    /// Which log of the request, from 0.
    pub(super) index: usize,
}

/// A tally that many write to.
#[derive(Clone)]
pub(super) struct SharedTally(Arc<Mutex<Tally>>);

/// What became of many requests.
pub(super) struct Tally {
    begun: Instant,
    /// The end of the last answer.
    pub(super) last: Instant,
    pub(super) requests: u64,
    pub(super) accepted: u64,
    pub(super) duplicates: u64,
    pub(super) rejected: u64,
    pub(super) errors: BTreeMap<String, u64>,
    /// Requests that were due and never sent.
    pub(super) unsent: u64,
    pub(super) latencies: Latencies,
    pub(super) replicas: Vec<ReplicaTally>,
    stretch: Stretch,
    /// Stretches that are over.
    moments: Vec<Moment>,
    /// Where they are to be read back.
    pub(super) acknowledged: Option<Acknowledged>,
}

/// What became of the requests of one replica.
pub(super) struct ReplicaTally {
    pub(super) requests: u64,
    pub(super) accepted: u64,
    /// Logs with a verdict.
    pub(super) logs: u64,
    pub(super) latencies: Latencies,
}

/// The stretch of time that passes now.
struct Stretch {
    seconds: u64,
    /// Which one, from 0.
    number: u64,
    logs: u64,
    latencies: Latencies,
}

impl Outcome {
    pub(super) fn unanswered(error: &anyhow::Error) -> Self {
        Self::Unanswered(match error.downcast_ref() {
            // Its words hold the name of the request: each would be a cause of its own.
            Some(Failure::Refused(problem)) => format!("no token: {}", problem.status.as_u16()),
            _ if error.root_cause().is::<Elapsed>() => error.to_string(),
            _ => error.root_cause().to_string(),
        })
    }
}

impl Verdicts {
    /// How many logs were judged.
    pub(super) fn logs(&self) -> u64 {
        self.accepted + self.duplicates + self.rejected.len() as u64
    }
}

impl SharedTally {
    pub(super) fn new(tally: Tally) -> Self {
        Self(Arc::new(Mutex::new(tally)))
    }

    /// Reads it, or writes to it.
    pub(super) fn with<T>(&self, act: impl FnOnce(&mut Tally) -> T) -> T {
        // Counts are right also where somebody panicked between two of them.
        act(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

impl Tally {
    /// Nothing yet; what happens over time is told in stretches of so many seconds.
    pub(super) fn new(begun: Instant, replicas: u32, stretch_seconds: u64) -> Self {
        Self {
            begun,
            last: begun,
            requests: 0,
            accepted: 0,
            duplicates: 0,
            rejected: 0,
            errors: BTreeMap::new(),
            unsent: 0,
            latencies: Latencies::new(),
            replicas: (0..replicas).map(|_| ReplicaTally::new()).collect(),
            stretch: Stretch { seconds: stretch_seconds, number: 0, logs: 0, latencies: Latencies::new() },
            moments: Vec::new(),
            acknowledged: None,
        }
    }

    /// The same, with a ledger of what is acknowledged.
    pub(super) fn with_ledger(self, keep: bool) -> Self {
        Self { acknowledged: keep.then(Acknowledged::default), ..self }
    }

    /// Notes a request of these logs that was due at `due` and is over now.
    pub(super) fn note(&mut self, replica: usize, due: Instant, names: &[LogName], outcome: Outcome) {
        let now = Instant::now();
        self.last = now;
        self.requests += 1;
        let mut logs = 0;
        match outcome {
            Outcome::Answered(verdicts) => {
                logs = verdicts.logs();
                self.accepted += verdicts.accepted;
                self.duplicates += verdicts.duplicates;
                self.rejected += verdicts.rejected.len() as u64;
                if let Some(replica) = self.replicas.get_mut(replica) {
                    replica.accepted += verdicts.accepted;
                }
                if let Some(acknowledged) = &mut self.acknowledged {
                    acknowledged.enter(names, verdicts.rejected.iter().map(|rejected| rejected.index));
                }
            }
            Outcome::Refused(cause) | Outcome::Unanswered(cause) => {
                *self.errors.entry(cause).or_default() += 1;
            }
        }
        if let Some(replica) = self.replicas.get_mut(replica) {
            replica.requests += 1;
        }
        self.record(replica, now, now - due, 1, logs);
    }

    /// Notes requests that were never sent and are so late by now.
    pub(super) fn note_unsent(&mut self, replica: usize, lateness: Duration, requests: u64) {
        self.unsent += requests;
        self.record(replica, Instant::now(), lateness, requests, 0);
    }

    fn record(&mut self, replica: usize, now: Instant, latency: Duration, requests: u64, logs: u64) {
        self.latencies.record_many(latency, requests);
        if let Some(replica) = self.replicas.get_mut(replica) {
            replica.logs += logs;
            replica.latencies.record_many(latency, requests);
        }
        let number = (now - self.begun).as_secs() / self.stretch.seconds;
        if number > self.stretch.number {
            self.moments.extend(self.stretch.moment(self.stretch.seconds as f64));
            self.stretch.begin(number);
        }
        self.stretch.logs += logs;
        self.stretch.latencies.record_many(latency, requests);
    }

    /// How many logs have a verdict.
    pub(super) fn logs(&self) -> u64 {
        self.accepted + self.duplicates + self.rejected
    }

    /// How many requests have failed.
    pub(super) fn failed(&self) -> u64 {
        self.errors.values().sum::<u64>() + self.unsent
    }

    /// What happened when, of a load that lasted so many seconds.
    pub(super) fn over_time(&self, seconds: f64) -> Vec<Moment> {
        let from = (self.stretch.number * self.stretch.seconds) as f64;
        let length = (seconds - from).clamp(0.001, self.stretch.seconds as f64);
        self.moments.iter().cloned().chain(self.stretch.moment(length)).collect()
    }

    /// How many seconds a stretch has.
    pub(super) fn stretch_seconds(&self) -> u64 {
        self.stretch.seconds
    }
}

impl ReplicaTally {
    fn new() -> Self {
        Self { requests: 0, accepted: 0, logs: 0, latencies: Latencies::new() }
    }
}

impl Stretch {
    fn begin(&mut self, number: u64) {
        self.number = number;
        self.logs = 0;
        self.latencies.clear();
    }

    /// What happened in it, of which so many seconds have passed; none where nothing did.
    fn moment(&self, length: f64) -> Option<Moment> {
        (self.latencies.count() > 0).then(|| Moment {
            from_second: self.number * self.seconds,
            logs_per_second: self.logs as f64 / length,
            latency_ms: self.latencies.percentiles(),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn answered(accepted: u64, duplicates: u64, rejected: usize) -> Outcome {
        let rejected = (0..rejected).map(|index| Rejected { index }).collect();
        Outcome::Answered(Verdicts { accepted, duplicates, rejected })
    }

    fn ago(milliseconds: u64) -> Instant {
        Instant::now() - Duration::from_millis(milliseconds)
    }

    #[tokio::test]
    async fn replicas_add_up() {
        let mut tally = Tally::new(ago(15_500), 2, 10);
        tally.note(0, ago(5), &[], answered(8, 1, 1));
        tally.note(1, ago(50), &[], Outcome::Refused("503".to_owned()));
        tally.note_unsent(1, Duration::from_secs(7), 3);
        assert_eq!((tally.requests, tally.logs(), tally.failed(), tally.unsent), (2, 10, 4, 3));
        assert_eq!(
            (tally.replicas[0].logs, tally.replicas[0].accepted, tally.replicas[1].requests),
            (10, 8, 1)
        );
        assert_eq!((tally.replicas[1].latencies.count(), tally.latencies.count()), (4, 5));
        assert!((7_000.0..7_010.0).contains(&tally.latencies.percentiles().max));
    }

    #[tokio::test]
    async fn what_happens_is_told_stretch_by_stretch() {
        let mut tally = Tally::new(ago(0), 1, 1);
        tally.note(0, ago(5), &[], answered(5, 0, 0));
        // Two and a half seconds later.
        tally.begun -= Duration::from_millis(2_500);
        tally.note(0, ago(20), &[], answered(7, 0, 0));
        let told = tally.over_time(2.5);
        let told: Vec<_> = told.iter().map(|moment| (moment.from_second, moment.logs_per_second)).collect();
        assert_eq!(told, [(0, 5.0), (2, 14.0)]);
    }

    #[tokio::test]
    async fn only_what_was_acknowledged_comes_into_the_ledger() {
        let name = |log| LogName { student: 0, log_id: uuid::Uuid::from_u128(log) };
        let mut tally = Tally::new(ago(0), 1, 1).with_ledger(true);
        tally.note(0, ago(0), &[name(1), name(2)], answered(1, 0, 1));
        tally.note(0, ago(0), &[name(3)], answered(0, 1, 0));
        tally.note(0, ago(0), &[name(4)], Outcome::Unanswered("gone".to_owned()));
        tally.note(0, ago(0), &[name(5)], Outcome::Refused("503".to_owned()));
        let mut known = Acknowledged::default();
        known.enter(&[name(2), name(3)], []);
        assert_eq!(tally.acknowledged, Some(known));
    }
}
