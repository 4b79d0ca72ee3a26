//! A load as a program reads it, and as a person does.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use schemars::JsonSchema;
use serde::Serialize;

use super::expectations::{Expectation, Verdict, table};
use super::ledger::Ledger;
use super::profile::Profile;
use super::tally::Tally;
use crate::latency::Latency;

/// More replicas than this are told to programs alone.
const REPLICAS_TOLD: usize = 20;

/// What became of a load.
///
/// Latencies count from when a request was due to the end of its answer; without a rate, from when it was sent.
#[derive(Debug, Default, Serialize, JsonSchema)]
pub(super) struct Report {
    /// Of this format: 1.
    pub(super) version: u32,
    /// Replicas post side by side, each with its own connections and at the rate; what follows is of all of them, unless
    /// it says otherwise.
    pub(super) replicas: Vec<ReplicaReport>,
    /// Of each replica.
    pub(super) connections: u32,
    /// Logs in a request.
    pub(super) batch: u32,
    /// Logs in a second that were asked for, of each replica, where the profile has its peak; null where it was as fast
    /// as the server answers.
    pub(super) rate: Option<f64>,
    /// Between two logs of a replica, where the rate was given so.
    pub(super) interval_seconds: Option<f64>,
    pub(super) profile: Profile,
    /// When its first request was due.
    pub(super) began_at: DateTime<Utc>,
    /// How long it took from there.
    pub(super) seconds: f64,
    /// Whether it was told to stop before it was over.
    pub(super) interrupted: bool,
    /// Requests that were sent.
    pub(super) requests: u64,
    /// Logs that are new to the server.
    pub(super) accepted: u64,
    /// Logs that it had already.
    pub(super) duplicates: u64,
    /// Logs of batches that it refused.
    pub(super) rejected: u64,
    /// Requests without a 2xx, by status or cause.
    pub(super) errors: BTreeMap<String, u64>,
    /// Requests that were due and were not sent until ten seconds after the end. Their latency is that up to then.
    pub(super) unsent: u64,
    pub(super) logs_per_second: f64,
    pub(super) latency_ms: Latency,
    /// Microseconds and how many requests took so long, ascending: reports add up exactly by these.
    pub(super) latency_histogram_us: Vec<[u64; 2]>,
    /// How many seconds each item of `over_time` is of.
    pub(super) stretch_seconds: u64,
    /// Stretch by stretch; one in which no request ended is left out.
    pub(super) over_time: Vec<Moment>,
    /// What the server has of what it acknowledged; null where that was not asked for, or could not be read back.
    pub(super) ledger: Option<Ledger>,
    pub(super) expectations: Vec<Verdict>,
}

/// What became of one replica's part.
#[derive(Debug, Serialize, JsonSchema)]
pub(super) struct ReplicaReport {
    /// Which one, from 0.
    pub(super) number: u32,
    pub(super) accepted: u64,
    pub(super) requests: u64,
    pub(super) logs_per_second: f64,
    pub(super) latency_ms: Latency,
}

/// A stretch of a load.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub(super) struct Moment {
    /// Seconds since the load began.
    pub(super) from_second: u64,
    pub(super) logs_per_second: f64,
    pub(super) latency_ms: Latency,
}

impl Report {
    /// What a tally of so many seconds says; what the load was made of is not in it.
    pub(super) fn of(tally: &Tally, seconds: f64) -> Self {
        let per_second = |logs: u64| if seconds > 0.0 { logs as f64 / seconds } else { 0.0 };
        let replicas = (0..).zip(&tally.replicas).map(|(number, replica)| ReplicaReport {
            number,
            accepted: replica.accepted,
            requests: replica.requests,
            logs_per_second: per_second(replica.logs),
            latency_ms: replica.latencies.percentiles(),
        });
        Self {
            version: 1,
            replicas: replicas.collect(),
            seconds,
            requests: tally.requests,
            accepted: tally.accepted,
            duplicates: tally.duplicates,
            rejected: tally.rejected,
            errors: tally.errors.clone(),
            unsent: tally.unsent,
            logs_per_second: per_second(tally.logs()),
            latency_ms: tally.latencies.percentiles(),
            latency_histogram_us: tally.latencies.recorded(),
            stretch_seconds: tally.stretch_seconds(),
            over_time: tally.over_time(seconds),
            ..Self::default()
        }
    }

    /// Whether everything was taken and every expectation holds. An expectation of errors, or of rejected logs, says how
    /// many of them are all right; without one, none is.
    pub(super) fn is_clean(&self, expectations: &[Expectation]) -> bool {
        let allows_errors = expectations.iter().any(Expectation::allows_errors);
        let allows_rejected = expectations.iter().any(Expectation::allows_rejected);
        (allows_errors || self.errors.is_empty() && self.unsent == 0)
            && (allows_rejected || self.rejected == 0)
            && self.ledger.is_none_or(|ledger| ledger.is_clean())
            && self.expectations.iter().all(|verdict| verdict.holds)
    }
}

impl std::fmt::Display for Report {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self { requests, accepted, duplicates, rejected, seconds, logs_per_second, .. } = self;
        let interrupted = if self.interrupted { ", then it was told to stop" } else { "" };
        writeln!(
            f,
            "{requests} requests in {seconds:.1} s: {accepted} accepted, {duplicates} duplicates, {rejected} rejected{interrupted}"
        )?;
        // A log a minute is a rate as well.
        let digits = if *logs_per_second < 10.0 { 3 } else { 0 };
        writeln!(f, "{logs_per_second:.digits$} logs per second")?;
        write!(f, "latency ms: {}", self.latency_ms)?;
        if (2..=REPLICAS_TOLD).contains(&self.replicas.len()) {
            for ReplicaReport { number, accepted, logs_per_second, latency_ms, .. } in &self.replicas {
                let (rate, p99) = (logs_per_second, latency_ms.p99);
                write!(
                    f,
                    "\nreplica {number}: {accepted} accepted, {rate:.digits$} logs per second, p99 {p99:.2} ms"
                )?;
            }
        }
        self.errors.iter().try_for_each(|(cause, times)| write!(f, "\n{times} × {cause}"))?;
        if self.unsent > 0 {
            write!(f, "\n{} requests were due and never sent", self.unsent)?;
        }
        if let Some(Ledger { acknowledged, lost, doubled }) = self.ledger {
            write!(f, "\nledger: {acknowledged} logs acknowledged, {lost} lost, {doubled} doubled")?;
        }
        if self.expectations.is_empty() { Ok(()) } else { write!(f, "\n\n{}", table(&self.expectations)) }
    }
}

/// The JSON Schema of a report.
pub(super) fn schema() -> schemars::Schema {
    schemars::schema_for!(Report)
}

#[cfg(test)]
#[path = "report_tests.rs"]
mod tests;
