//! How a load goes, while it does.

use std::sync::Arc;
use std::time::{Duration, Instant};

use super::plan::Plan;
use super::tally::SharedTally;
use crate::progress::Progress;

/// The parts that a load has, as it is shown.
const PARTS: f64 = 1_000.0;

/// What 'now' is.
const NOW: Duration = Duration::from_secs(1);

/// How a load goes.
pub(super) struct LiveView {
    progress: Progress,
    /// Logs that had a verdict at a moment ago.
    before: (Instant, u64),
    logs_per_second: f64,
}

impl LiveView {
    /// How often it is worth a look.
    pub(super) const EACH: Duration = Duration::from_millis(200);

    /// On standard error, unless nobody wants to see it.
    pub(super) fn unless(quiet: bool) -> Self {
        let progress = Progress::unless(quiet, PARTS as u64);
        Self { progress, before: (Instant::now(), 0), logs_per_second: 0.0 }
    }

    /// Shows how it goes after so long.
    pub(super) fn show(&mut self, passed: Duration, plans: &[Arc<Plan>], tally: &SharedTally) {
        // The slowest replica is waited for.
        let share = plans.iter().map(|plan| plan.progress(passed)).fold(1.0, f64::min);
        tally.with(|tally| {
            let (since, logs) = self.before;
            if since.elapsed() >= NOW {
                self.logs_per_second = (tally.logs() - logs) as f64 / since.elapsed().as_secs_f64();
                self.before = (Instant::now(), tally.logs());
            }
            let rate = self.logs_per_second;
            self.progress.tell((share * PARTS) as u64, || {
                let (p50, p99) = (tally.latencies.at(0.5), tally.latencies.at(0.99));
                let digits = if rate < 10.0 { 2 } else { 0 };
                let failed = tally.failed();
                format!("{rate:.digits$} logs/s, p50 {p50:.1} ms, p99 {p99:.1} ms, {failed} errors")
            });
        });
    }
}
