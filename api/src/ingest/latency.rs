//! How long submissions wait for their verdicts, of late.

use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use hdrhistogram::Histogram;

/// How long a histogram gathers. The one before it is kept beside it, so that there is always at least a period to tell of.
const PERIOD: Duration = Duration::from_secs(60);

/// Nobody waits longer: a client gives up, and so does the database.
const LONGEST: Duration = Duration::from_secs(60);

/// Two digits tell 12 ms from 13 and take a few kilobytes.
const DIGITS: u8 = 2;

/// The waits of the last one to two minutes.
pub(super) struct Latencies(Mutex<Periods>);

struct Periods {
    begun: Instant,
    current: Histogram<u64>,
    previous: Histogram<u64>,
}

/// Two percentiles, in milliseconds.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct LatencyPercentiles {
    /// What half of the submissions waited at most.
    pub p50_ms: f64,
    /// What all but one in a hundred waited at most.
    pub p99_ms: f64,
}

impl Latencies {
    /// Nothing yet.
    pub(super) fn new(now: Instant) -> Self {
        Self(Mutex::new(Periods { begun: now, previous: histogram(), current: histogram() }))
    }

    /// Takes in the waits of submissions that arrived then and have their verdicts now.
    pub(super) fn record(&self, arrivals: impl IntoIterator<Item = Instant>, now: Instant) {
        let mut periods = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        periods.turn(now);
        for arrived in arrivals {
            let waited = now.saturating_duration_since(arrived);
            periods.current.saturating_record(waited.as_micros() as u64);
        }
    }

    /// Of all that were taken in lately; none where nothing came.
    pub(super) fn percentiles(&self, now: Instant) -> Option<LatencyPercentiles> {
        let mut periods = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        periods.turn(now);
        let mut both = periods.previous.clone();
        // They have the same bounds, so nothing can be too large.
        both.add(&periods.current).ok()?;
        let milliseconds = |quantile| both.value_at_quantile(quantile) as f64 / 1_000.0;
        (!both.is_empty())
            .then(|| LatencyPercentiles { p50_ms: milliseconds(0.5), p99_ms: milliseconds(0.99) })
    }
}

impl Periods {
    /// Begins another period where one has passed, and forgets what is older than the one before.
    fn turn(&mut self, now: Instant) {
        let passed = now.saturating_duration_since(self.begun);
        if passed < PERIOD {
            return;
        }
        std::mem::swap(&mut self.current, &mut self.previous);
        self.current.reset();
        self.begun += PERIOD;
        if passed >= 2 * PERIOD {
            self.previous.reset();
            self.begun = now;
        }
    }
}

#[expect(clippy::expect_used, reason = "constants that the library takes, or no test passes")]
fn histogram() -> Histogram<u64> {
    Histogram::new_with_max(LONGEST.as_micros() as u64, DIGITS).expect("a histogram")
}

#[cfg(test)]
mod tests {
    use super::*;

    const WAIT: Duration = Duration::from_millis(10);

    /// Within what two digits tell.
    #[track_caller]
    fn assert_about(actual: f64, expected: f64) {
        assert!((actual / expected - 1.0).abs() < 0.02, "{actual} is not about {expected}");
    }

    #[test]
    fn percentiles_are_those_of_the_waits() {
        let begun = Instant::now();
        let latencies = Latencies::new(begun);
        assert_eq!(latencies.percentiles(begun), None);
        let now = begun + Duration::from_secs(1);
        latencies.record((1..=100).map(|step| now - step * WAIT / 10), now);
        let LatencyPercentiles { p50_ms, p99_ms } = latencies.percentiles(now).unwrap();
        assert_about(p50_ms, 50.0);
        assert_about(p99_ms, 99.0);
    }

    #[test]
    fn a_wait_is_told_of_for_one_to_two_minutes() {
        let begun = Instant::now();
        let latencies = Latencies::new(begun);
        let p50 = |after| latencies.percentiles(begun + Duration::from_secs(after)).map(|both| both.p50_ms);
        latencies.record([begun; 3], begun + WAIT);
        let now = begun + Duration::from_secs(61);
        latencies.record([now - 3 * WAIT], now);
        assert_about(p50(61).unwrap(), 10.0);
        assert_about(p50(119).unwrap(), 10.0);
        assert_about(p50(121).unwrap(), 30.0);
        assert_about(p50(179).unwrap(), 30.0);
        assert_eq!(p50(181), None);
        latencies.record([begun], begun + Duration::from_secs(200));
        assert_eq!(p50(300), None);
    }

    #[test]
    fn an_endless_wait_counts_as_the_longest() {
        let begun = Instant::now();
        let latencies = Latencies::new(begun);
        let now = begun + 2 * LONGEST;
        latencies.record([begun], now);
        assert_about(latencies.percentiles(now).unwrap().p50_ms, 60_000.0);
    }
}
