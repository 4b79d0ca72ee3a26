//! What became of a load: counts, and latencies as percentiles.

use std::collections::BTreeMap;

use hdrhistogram::Histogram;
use serde::Serialize;
use tokio::time::Instant;

/// Latencies are kept in microseconds to two significant digits: at most 1 % off.
const DIGITS: u8 = 2;

/// Ten minutes, in microseconds: whatever takes longer counts as that.
const LONGEST: u64 = 600_000_000;

/// Counts and latencies over time are kept for stretches of this many seconds.
const STRETCH_SECONDS: u64 = 10;

/// What became of one request.
pub(super) enum Outcome {
    /// A 2xx.
    Answered { accepted: u64, duplicates: u64, rejected: u64 },
    /// Another status.
    Refused(String),
    /// None at all.
    Unanswered(String),
}

/// What became of many requests.
pub(super) struct Tally {
    begun: Instant,
    last: Instant,
    requests: u64,
    accepted: u64,
    duplicates: u64,
    rejected: u64,
    errors: BTreeMap<String, u64>,
    latency: Histogram<u64>,
    stretches: BTreeMap<u64, Stretch>,
}

struct Stretch {
    logs: u64,
    latency: Histogram<u64>,
}

/// A load, as a program reads it.
#[derive(Debug, Serialize)]
pub(super) struct Report {
    pub(super) connections: u32,
    pub(super) batch: u32,
    /// Logs in a second that were asked for; none where it was as fast as possible.
    pub(super) rate: Option<f64>,
    pub(super) seconds: f64,
    pub(super) requests: u64,
    pub(super) accepted: u64,
    pub(super) duplicates: u64,
    pub(super) rejected: u64,
    /// Requests without a 2xx, by status or cause.
    pub(super) errors: BTreeMap<String, u64>,
    pub(super) logs_per_second: f64,
    pub(super) latency_ms: Latency,
    pub(super) over_time: Vec<Moment>,
}

/// Percentiles of the time from when a request was due to the end of its answer, in milliseconds.
#[derive(Debug, Serialize)]
pub(super) struct Latency {
    pub(super) mean: f64,
    pub(super) p50: f64,
    pub(super) p95: f64,
    pub(super) p99: f64,
    pub(super) p999: f64,
    pub(super) max: f64,
}

/// A stretch of a load.
#[derive(Debug, Serialize)]
pub(super) struct Moment {
    /// Seconds since the load began.
    pub(super) from_second: u64,
    pub(super) logs_per_second: f64,
    pub(super) latency_ms: Latency,
}

impl Outcome {
    pub(super) fn answered(accepted: u64, duplicates: u64, rejected: u64) -> Self {
        Self::Answered { accepted, duplicates, rejected }
    }

    pub(super) fn unanswered(error: &anyhow::Error) -> Self {
        Self::Unanswered(error.root_cause().to_string())
    }
}

impl Tally {
    pub(super) fn new(begun: Instant) -> Self {
        Self {
            begun,
            last: begun,
            requests: 0,
            accepted: 0,
            duplicates: 0,
            rejected: 0,
            errors: BTreeMap::new(),
            latency: histogram(),
            stretches: BTreeMap::new(),
        }
    }

    /// Notes a request that was due at `sent` and is over now.
    pub(super) fn note(&mut self, sent: Instant, outcome: Outcome) {
        self.last = Instant::now();
        self.requests += 1;
        let logs = match outcome {
            Outcome::Answered { accepted, duplicates, rejected } => {
                self.accepted += accepted;
                self.duplicates += duplicates;
                self.rejected += rejected;
                accepted + duplicates + rejected
            }
            Outcome::Refused(cause) | Outcome::Unanswered(cause) => {
                *self.errors.entry(cause).or_default() += 1;
                0
            }
        };
        let latency = (self.last - sent).as_micros() as u64;
        self.latency.saturating_record(latency);
        let since = (self.last - self.begun).as_secs() / STRETCH_SECONDS;
        let stretch = self.stretches.entry(since).or_insert_with(Stretch::new);
        stretch.logs += logs;
        stretch.latency.saturating_record(latency);
    }

    /// Adds what another lane did.
    pub(super) fn add(&mut self, other: Self) {
        self.last = self.last.max(other.last);
        self.requests += other.requests;
        self.accepted += other.accepted;
        self.duplicates += other.duplicates;
        self.rejected += other.rejected;
        for (cause, times) in other.errors {
            *self.errors.entry(cause).or_default() += times;
        }
        // Both were made alike.
        self.latency += other.latency;
        for (since, stretch) in other.stretches {
            let known = self.stretches.entry(since).or_insert_with(Stretch::new);
            known.logs += stretch.logs;
            known.latency += stretch.latency;
        }
    }

    /// Everything, for a program to read.
    pub(super) fn report(self, connections: u32, batch: u32, rate: Option<f64>) -> Report {
        let seconds = (self.last - self.begun).as_secs_f64();
        let logs = self.accepted + self.duplicates + self.rejected;
        let over_time = self.stretches.iter().map(|(&since, stretch)| {
            let from_second = since * STRETCH_SECONDS;
            let length = (seconds - from_second as f64).clamp(0.001, STRETCH_SECONDS as f64);
            let logs_per_second = stretch.logs as f64 / length;
            Moment { from_second, logs_per_second, latency_ms: Latency::of(&stretch.latency) }
        });
        Report {
            connections,
            batch,
            rate,
            seconds,
            requests: self.requests,
            accepted: self.accepted,
            duplicates: self.duplicates,
            rejected: self.rejected,
            logs_per_second: if seconds > 0.0 { logs as f64 / seconds } else { 0.0 },
            latency_ms: Latency::of(&self.latency),
            over_time: over_time.collect(),
            errors: self.errors,
        }
    }
}

impl Stretch {
    fn new() -> Self {
        Self { logs: 0, latency: histogram() }
    }
}

impl Latency {
    fn of(microseconds: &Histogram<u64>) -> Self {
        let at = |quantile| microseconds.value_at_quantile(quantile) as f64 / 1000.0;
        Self {
            mean: microseconds.mean() / 1000.0,
            p50: at(0.5),
            p95: at(0.95),
            p99: at(0.99),
            p999: at(0.999),
            max: microseconds.max() as f64 / 1000.0,
        }
    }
}

impl Report {
    /// Whether each request was answered by a 2xx and nothing was rejected.
    pub(super) fn is_clean(&self) -> bool {
        self.errors.is_empty() && self.rejected == 0
    }
}

impl std::fmt::Display for Report {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self { requests, accepted, duplicates, rejected, seconds, logs_per_second, .. } = self;
        let Latency { mean, p50, p95, p99, p999, max } = &self.latency_ms;
        writeln!(
            f,
            "{requests} requests in {seconds:.1} s: {accepted} accepted, {duplicates} duplicates, {rejected} rejected"
        )?;
        writeln!(f, "{logs_per_second:.0} logs per second")?;
        write!(
            f,
            "latency ms: mean {mean:.2}, p50 {p50:.2}, p95 {p95:.2}, p99 {p99:.2}, p99.9 {p999:.2}, max {max:.2}"
        )?;
        self.errors.iter().try_for_each(|(cause, times)| write!(f, "\n{times} × {cause}"))
    }
}

#[expect(clippy::expect_used, reason = "two digits are within the library's five")]
fn histogram() -> Histogram<u64> {
    Histogram::new_with_bounds(1, LONGEST, DIGITS).expect("a histogram")
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[tokio::test]
    async fn lanes_add_up() {
        let begun = Instant::now() - Duration::from_secs(15);
        let mut one = Tally::new(begun);
        one.note(Instant::now() - Duration::from_millis(5), Outcome::answered(9, 1, 0));
        let mut other = Tally::new(begun);
        other.note(Instant::now() - Duration::from_millis(50), Outcome::Refused("503".to_owned()));
        one.add(other);
        let report = one.report(2, 10, None);
        assert_eq!((report.requests, report.accepted, report.duplicates), (2, 9, 1));
        assert_eq!(report.errors, BTreeMap::from([("503".to_owned(), 1)]));
        assert!(!report.is_clean());
        assert!((49.0..60.0).contains(&report.latency_ms.max), "{:?}", report.latency_ms);
        assert_eq!(report.over_time.iter().map(|moment| moment.from_second).collect::<Vec<_>>(), [10]);
    }
}
