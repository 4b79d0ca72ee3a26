//! How much is posted, how fast, and for how long.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use tokio::time::Instant;

/// What all lanes of a load share.
#[derive(Debug)]
pub(super) struct Plan {
    pub(super) begun: Instant,
    pub(super) connections: u32,
    /// Logs in a request.
    pub(super) batch: u32,
    /// Logs in a second, over all lanes; as fast as the server answers without it.
    pub(super) rate: Option<f64>,
    pub(super) duration: Option<Duration>,
    /// Logs to post, at least; the last requests are whole ones.
    pub(super) logs: Option<u64>,
    taken: AtomicU64,
}

impl Plan {
    pub(super) fn new(
        connections: u32,
        batch: u32,
        rate: Option<f64>,
        duration: Option<Duration>,
        logs: Option<u64>,
    ) -> Self {
        Self { begun: Instant::now(), connections, batch, rate, duration, logs, taken: AtomicU64::new(0) }
    }

    /// How much of the load is behind us, 0 to 1, when a lane takes its next request; none when it is done.
    pub(super) fn next_share(&self) -> Option<f64> {
        let passed =
            self.duration.map(|duration| self.begun.elapsed().as_secs_f64() / duration.as_secs_f64());
        if passed.is_some_and(|passed| passed >= 1.0) {
            return None;
        }
        let taken = self.taken.fetch_add(self.batch.into(), Ordering::Relaxed);
        match self.logs {
            Some(logs) if taken >= logs => None,
            Some(logs) => Some((taken as f64 / logs as f64).max(passed.unwrap_or_default())),
            None => passed,
        }
    }

    /// When the `turn`-th request of a lane is due, where there is a rate: the lanes take turns.
    pub(super) fn due(&self, lane: u32, turn: u64) -> Option<Instant> {
        let requests_per_second = self.rate? / f64::from(self.batch);
        let place = turn as f64 * f64::from(self.connections) + f64::from(lane);
        Some(self.begun + Duration::from_secs_f64(place / requests_per_second))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn lanes_take_turns_at_the_rate() {
        let plan = Plan::new(4, 10, Some(1_000.0), None, Some(40));
        let due = |lane, turn| (plan.due(lane, turn).unwrap() - plan.begun).as_millis();
        assert_eq!([due(0, 0), due(1, 0), due(3, 0), due(0, 1), due(1, 1)], [0, 10, 30, 40, 50]);
    }

    #[tokio::test]
    async fn a_number_of_logs_is_posted_in_whole_requests() {
        let plan = Plan::new(4, 10, None, None, Some(25));
        let shares: Vec<_> = std::iter::from_fn(|| plan.next_share()).collect();
        assert_eq!(shares, [0.0, 0.4, 0.8]);
        assert!(Plan::new(1, 1, None, Some(Duration::ZERO), None).next_share().is_none());
    }
}
