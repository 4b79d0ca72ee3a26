//! What became of the logs so far.

use std::fmt::Display;
use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};

use chrono::{DateTime, Utc};

/// What became of the logs so far, counted by all replicas.
#[derive(Debug, Default)]
pub(super) struct Tally {
    stored: AtomicU64,
    duplicates: AtomicU64,
    rejected: AtomicU64,
    last_success: AtomicI64,
}

impl Tally {
    pub(super) fn stored(&self, now: DateTime<Utc>) {
        self.stored.fetch_add(1, Ordering::Relaxed);
        self.last_success.store(now.timestamp(), Ordering::Relaxed);
    }

    pub(super) fn duplicate(&self, now: DateTime<Utc>) {
        self.duplicates.fetch_add(1, Ordering::Relaxed);
        self.last_success.store(now.timestamp(), Ordering::Relaxed);
    }

    pub(super) fn rejected(&self) {
        self.rejected.fetch_add(1, Ordering::Relaxed);
    }

    /// The same for Prometheus.
    pub(super) fn to_prometheus(&self, retries: u64) -> String {
        let [stored, duplicates, rejected] = self.counts();
        let last_success = self.last_success.load(Ordering::Relaxed);
        format!(
            "# TYPE simulator_logs_total counter\n\
             simulator_logs_total{{verdict=\"stored\"}} {stored}\n\
             simulator_logs_total{{verdict=\"duplicate\"}} {duplicates}\n\
             simulator_logs_total{{verdict=\"rejected\"}} {rejected}\n\
             # TYPE simulator_retries_total counter\n\
             simulator_retries_total {retries}\n\
             # TYPE simulator_last_success_timestamp_seconds gauge\n\
             simulator_last_success_timestamp_seconds {last_success}\n"
        )
    }

    fn counts(&self) -> [u64; 3] {
        [&self.stored, &self.duplicates, &self.rejected].map(|count| count.load(Ordering::Relaxed))
    }
}

impl Display for Tally {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let [stored, duplicates, rejected] = self.counts();
        write!(f, "{stored} stored, {duplicates} duplicates, {rejected} rejected")
    }
}
