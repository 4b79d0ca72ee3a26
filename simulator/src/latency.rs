//! Latencies: recorded to three significant digits, told as percentiles.

use std::fmt::Display;
use std::time::Duration;

use hdrhistogram::Histogram;
use schemars::JsonSchema;
use serde::Serialize;

/// Latencies are kept in microseconds to three significant digits: at most 0.1 % off.
const DIGITS: u8 = 3;

/// Ten minutes, in microseconds: whatever takes longer counts as that.
const LONGEST: u64 = 600_000_000;

/// Latencies that were recorded.
#[derive(Debug, Clone)]
pub(crate) struct Latencies(Histogram<u64>);

/// Percentiles of latencies, in milliseconds; all are 0 where nothing was measured.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, JsonSchema)]
pub(crate) struct Latency {
    pub(crate) mean: f64,
    pub(crate) p50: f64,
    pub(crate) p95: f64,
    pub(crate) p99: f64,
    /// The 99.9th percentile.
    pub(crate) p999: f64,
    pub(crate) max: f64,
}

impl Latencies {
    /// None yet.
    #[expect(clippy::expect_used, reason = "three digits are within the library's five")]
    pub(crate) fn new() -> Self {
        Self(Histogram::new_with_bounds(1, LONGEST, DIGITS).expect("a histogram"))
    }

    pub(crate) fn record(&mut self, latency: Duration) {
        self.record_many(latency, 1);
    }

    /// Records the same latency so many times.
    pub(crate) fn record_many(&mut self, latency: Duration, times: u64) {
        let microseconds = u64::try_from(latency.as_micros()).unwrap_or(LONGEST);
        self.0.saturating_record_n(microseconds, times);
    }

    pub(crate) fn clear(&mut self) {
        self.0.reset();
    }

    /// How many were recorded.
    pub(crate) fn count(&self) -> u64 {
        self.0.len()
    }

    /// What the share of them that is `quantile`, 0 to 1, stayed below, in milliseconds.
    pub(crate) fn at(&self, quantile: f64) -> f64 {
        self.0.value_at_quantile(quantile) as f64 / 1000.0
    }

    pub(crate) fn percentiles(&self) -> Latency {
        Latency {
            mean: self.0.mean() / 1000.0,
            p50: self.at(0.5),
            p95: self.at(0.95),
            p99: self.at(0.99),
            p999: self.at(0.999),
            max: self.0.max() as f64 / 1000.0,
        }
    }

    /// What was recorded, in microseconds, ascending, each with how often. Recording that anew gives the same again.
    pub(crate) fn recorded(&self) -> Vec<[u64; 2]> {
        self.0.iter_recorded().map(|step| [step.value_iterated_to(), step.count_at_value()]).collect()
    }
}

impl Display for Latency {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self { mean, p50, p95, p99, p999, max } = self;
        write!(f, "mean {mean:.2}, p50 {p50:.2}, p95 {p95:.2}, p99 {p99:.2}, p99.9 {p999:.2}, max {max:.2}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn percentiles_are_at_most_a_thousandth_off() {
        let mut latencies = Latencies::new();
        (1..=1_000).for_each(|ms| latencies.record(Duration::from_millis(ms)));
        let Latency { mean, p50, p99, p999, max, .. } = latencies.percentiles();
        for (measured, exact) in [(mean, 500.5), (p50, 500.0), (p99, 990.0), (p999, 999.0), (max, 1_000.0)] {
            assert!((measured - exact).abs() <= exact * 0.001, "{measured} and {exact}");
        }
    }

    #[test]
    fn what_was_recorded_can_be_added_up_again() {
        let mut latencies = Latencies::new();
        for (milliseconds, times) in [(0, 3), (7, 1), (123, 5), (98_765, 2), (6_000_000, 1)] {
            latencies.record_many(Duration::from_millis(milliseconds), times);
        }
        let mut again = Latencies::new();
        for [value, count] in latencies.recorded() {
            again.record_many(Duration::from_micros(value), count);
        }
        assert_eq!(again.recorded(), latencies.recorded());
        assert_eq!((again.percentiles(), again.count()), (latencies.percentiles(), 12));
        assert!(latencies.recorded().is_sorted());
    }

    #[test]
    fn nothing_measured_is_zero() {
        assert_eq!(Latencies::new().percentiles().to_string().matches("0.00").count(), 6);
    }
}
