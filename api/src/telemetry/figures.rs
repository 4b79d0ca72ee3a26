//! What each figure for Prometheus means, so that whoever reads `/metrics` need not ask.

use metrics::{counter, describe_counter, describe_gauge, describe_histogram};

/// How a figure behaves.
enum Kind {
    /// Only grows. It is there from the start, at nothing, so that its first increase is seen.
    Counter,
    /// The same, by labels: a series begins with its first increase.
    CounterBy,
    /// Comes and goes.
    Gauge,
    /// How many there were of each size.
    Histogram,
}

/// Every figure that is counted, by name.
const FIGURES: [(&str, Kind, &str); 19] = [
    (
        "audit_entries_lost_total",
        Kind::Counter,
        "Entries of the audit log that found the queue full, or the database away at the end",
    ),
    (
        "auth_throttled_total",
        Kind::Counter,
        "Requests with a secret that were told to wait after too many wrong ones",
    ),
    ("daily_reports_made_total", Kind::Counter, "Daily reports that were made or made again"),
    ("http_bodies_too_slow_total", Kind::Counter, "Bodies that came too slowly to be waited for"),
    ("http_connections", Kind::Gauge, "Connections that are open, sockets among them"),
    (
        "http_connections_cut_total",
        Kind::CounterBy,
        "Connections whose client kept the server waiting, by why",
    ),
    (
        "http_request_duration_seconds",
        Kind::Histogram,
        "From the head of a request to the head of its answer, by method and route",
    ),
    ("http_requests_total", Kind::CounterBy, "Requests that were answered, by method, route and status"),
    (
        "ingest_commit_duration_seconds",
        Kind::Histogram,
        "What it took to store a group of logs, commit and flush included",
    ),
    ("ingest_group_logs", Kind::Histogram, "Logs that shared a transaction"),
    ("ingest_groups_total", Kind::CounterBy, "Groups of logs by the way they took: short, resent or careful"),
    ("live_frames_total", Kind::Counter, "Frames that were sent over the sockets of dashboards"),
    ("live_sessions", Kind::Gauge, "Sockets of dashboards that are open"),
    (
        "live_sessions_cut_total",
        Kind::Counter,
        "Sockets of dashboards that did not read, or went without a word",
    ),
    ("logs_removed_total", Kind::Counter, "Logs that retention removed"),
    (
        "outdated_rows_removed_total",
        Kind::CounterBy,
        "Refused logs, entries of the audit log and daily reports that retention removed, by table",
    ),
    (
        "rejected_logs_not_kept_total",
        Kind::Counter,
        "Refused logs that are not kept for a replay, since their client has reached its share",
    ),
    ("streaming_logs_total", Kind::CounterBy, "Logs by their verdict: stored, duplicate or rejected"),
    ("tls_handshakes_failed_total", Kind::Counter, "Connections that ended before TLS had begun"),
];

/// Says what each means.
pub(super) fn describe() {
    for (name, kind, meaning) in FIGURES {
        match kind {
            Kind::Counter => {
                describe_counter!(name, meaning);
                counter!(name).increment(0);
            }
            Kind::CounterBy => describe_counter!(name, meaning),
            Kind::Gauge => describe_gauge!(name, meaning),
            Kind::Histogram => describe_histogram!(name, meaning),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Prometheus' rules, as the cluster gets them.
    const RULES: &str = include_str!("../../../k8s/components/monitoring/config/rules.yml");

    /// Figures of the API that rules ask for, but for the one that Prometheus itself counts.
    fn asked_for() -> impl Iterator<Item = &'static str> {
        let named = RULES.split("{job=\"edtech-api\"").map(|before| {
            before.rsplit(|it: char| !it.is_ascii_lowercase() && it != '_').next().unwrap_or_default()
        });
        named.filter(|name| !name.is_empty() && *name != "up")
    }

    #[test]
    fn rules_ask_for_figures_that_there_are() {
        let known = |name: &str| {
            let name = name.strip_suffix("_bucket").unwrap_or(name);
            FIGURES.iter().any(|(figure, ..)| *figure == name)
        };
        assert_eq!(asked_for().filter(|name| !known(name)).collect::<Vec<_>>(), Vec::<&str>::new());
        assert!(asked_for().count() > 5, "the rules were read");
    }
}
