//! What the platform says of itself: log lines on standard error, and figures for Prometheus.

mod figures;

use std::io::{self, IsTerminal};
use std::panic::PanicHookInfo;

use metrics_exporter_prometheus::{BuildError, Matcher, PrometheusBuilder, PrometheusHandle};
use tracing_subscriber::EnvFilter;

use crate::config::{Config, ConfigError, LogFormat, RUST_LOG};

/// Upper bounds of durations, in seconds: from a cached read to a client's patience.
const SECONDS: [f64; 14] =
    [0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0];

/// Upper bounds of how many logs share a transaction.
const LOGS: [f64; 13] = [1.0, 2.0, 4.0, 8.0, 16.0, 32.0, 64.0, 128.0, 256.0, 512.0, 1024.0, 2048.0, 4096.0];

/// Starts to write log lines; a second start in one process changes nothing.
pub fn start_log(config: &Config) -> Result<(), ConfigError> {
    let filter = EnvFilter::try_new(&config.log_filter);
    let filter = filter.map_err(|error| RUST_LOG.fault(format!("is {:?}: {error}", config.log_filter)))?;
    // A line that cannot be written, as on a full disk, is left out: to say so would be to write again, and to panic.
    let log =
        tracing_subscriber::fmt().with_env_filter(filter).with_writer(io::stderr).log_internal_errors(false);
    let by_place = if io::stderr().is_terminal() { LogFormat::Text } else { LogFormat::Json };
    // Fails only where a log was started before.
    let _ = match config.log_format.unwrap_or(by_place) {
        LogFormat::Text => log.with_ansi(io::stderr().is_terminal()).try_init(),
        LogFormat::Json => log.json().flatten_event(true).with_span_list(false).try_init(),
    };
    std::panic::set_hook(Box::new(log_panic));
    Ok(())
}

/// A panic is a log line like any other, so that it is found under its request.
fn log_panic(panic: &PanicHookInfo<'_>) {
    let message = panic.payload_as_str().unwrap_or("no message");
    let place = panic.location().map(ToString::to_string).unwrap_or_default();
    let backtrace = std::backtrace::Backtrace::capture();
    tracing::error!(message, place, %backtrace, "panicked");
}

/// Starts to count; what it returns renders the figures, and wants its upkeep every few seconds.
pub fn start_metrics() -> Result<PrometheusHandle, BuildError> {
    let recorder = PrometheusBuilder::new()
        .set_buckets_for_metric(Matcher::Suffix("_duration_seconds".to_owned()), &SECONDS)?
        .set_buckets_for_metric(Matcher::Suffix("_logs".to_owned()), &LOGS)?
        .install_recorder()?;
    figures::describe();
    Ok(recorder)
}
