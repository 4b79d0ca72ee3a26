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
            "# HELP simulator_logs_total Logs that were posted, by the server's verdict.\n\
             # TYPE simulator_logs_total counter\n\
             simulator_logs_total{{verdict=\"stored\"}} {stored}\n\
             simulator_logs_total{{verdict=\"duplicate\"}} {duplicates}\n\
             simulator_logs_total{{verdict=\"rejected\"}} {rejected}\n\
             # HELP simulator_retries_total How often something was sent again.\n\
             # TYPE simulator_retries_total counter\n\
             simulator_retries_total {retries}\n\
             # HELP simulator_last_success_timestamp_seconds When a log was last taken; 0 before the first.\n\
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_verdict_is_counted_once() {
        let tally = Tally::default();
        let at = DateTime::from_timestamp(1_769_851_800, 0).unwrap();
        tally.stored(at);
        tally.stored(at);
        tally.duplicate(at);
        tally.rejected();
        assert_eq!(tally.to_string(), "2 stored, 1 duplicates, 1 rejected");
        let text = tally.to_prometheus(5);
        for line in [
            "simulator_logs_total{verdict=\"stored\"} 2",
            "simulator_retries_total 5",
            "simulator_last_success_timestamp_seconds 1769851800",
        ] {
            assert!(text.lines().any(|told| told == line), "{line} in {text}");
        }
        assert!(text.lines().all(|line| line.starts_with("# ") || line.starts_with("simulator_")), "{text}");
    }
}
