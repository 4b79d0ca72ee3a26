//! What the simulator says of its work: the part of its reports that is needed here.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use hdrhistogram::Histogram;
use serde::Deserialize;

/// What `edtech-simulator load` reports.
#[derive(Debug, Clone, Deserialize)]
pub(super) struct LoadReading {
    pub(super) began_at: DateTime<Utc>,
    pub(super) seconds: f64,
    pub(super) rejected: u64,
    /// Requests without a 2xx, by status or cause.
    pub(super) errors: BTreeMap<String, u64>,
    /// Requests that were due and never sent.
    pub(super) unsent: u64,
    /// Latencies from the intended moment, in microseconds, with how often each was measured.
    latency_histogram_us: Vec<(u64, u64)>,
    pub(super) stretch_seconds: u64,
    pub(super) over_time: Vec<Moment>,
    pub(super) ledger: Option<Ledger>,
}

/// A stretch of a load.
#[derive(Debug, Clone, Deserialize)]
pub(super) struct Moment {
    pub(super) from_second: u64,
    pub(super) logs_per_second: f64,
    pub(super) latency_ms: Latency,
}

/// What was acknowledged, held against what the server has.
#[derive(Debug, Clone, Copy, Deserialize)]
pub(super) struct Ledger {
    pub(super) lost: u64,
    pub(super) doubled: u64,
}

/// Percentiles in milliseconds.
#[derive(Debug, Clone, Copy, Deserialize)]
pub(super) struct Latency {
    pub(super) mean: f64,
    pub(super) p50: f64,
    pub(super) p95: f64,
    pub(super) p99: f64,
    pub(super) max: f64,
}

/// What `edtech-simulator ask` reports.
#[derive(Debug, Clone, Deserialize)]
pub(super) struct AskReading {
    pub(super) requests: Vec<Asked>,
    pub(super) first_round_ms: f64,
    pub(super) round_ms: Latency,
}

/// A request, sent several times.
#[derive(Debug, Clone, Deserialize)]
pub(super) struct Asked {
    pub(super) first_ms: f64,
    /// Answers that said to come again.
    pub(super) refusals: u64,
    pub(super) latency_ms: Latency,
}

/// What `edtech-simulator watch` reports.
#[derive(Debug, Clone, Deserialize)]
pub(super) struct WatchReading {
    pub(super) first_byte_ms: Latency,
    pub(super) first_snapshot_ms: Latency,
    pub(super) commit_to_frame_ms: Latency,
    /// Dashboards whose socket was closed.
    pub(super) closed: u64,
    /// Logs that a dashboard never saw.
    pub(super) unseen: u64,
}

/// Ten minutes, in microseconds.
const LONGEST: u64 = 600_000_000;
/// As the simulator keeps them.
const DIGITS: u8 = 3;

/// The latencies of several loads as of one.
pub(super) fn latency_of(loads: &[LoadReading]) -> anyhow::Result<Latency> {
    let mut all = Histogram::<u64>::new_with_bounds(1, LONGEST, DIGITS)?;
    for &(value, times) in loads.iter().flat_map(|load| &load.latency_histogram_us) {
        all.saturating_record_n(value, times);
    }
    let at = |quantile| all.value_at_quantile(quantile) as f64 / 1e3;
    let max = all.max() as f64 / 1e3;
    Ok(Latency { mean: all.mean() / 1e3, p50: at(0.5), p95: at(0.95), p99: at(0.99), max })
}
