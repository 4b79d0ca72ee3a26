//! How many logs are stored, and how long each takes.

use super::Bench;
use super::posting::{Pace, Posted, post};
use crate::benchmarks::parameters::Parameters;
use crate::benchmarks::report::Section;
use crate::benchmarks::row::{Better, Row, Unit};

/// What the original asked of each replica.
pub(super) const A_MINUTE: f64 = 12.0;

pub(super) async fn measure(bench: &mut Bench<'_>) -> anyhow::Result<Section> {
    let Parameters { replicas, duration_seconds, target_p99_ms, .. } = *bench.parameters;
    let pace = Pace::of(bench.parameters);
    bench.steps.next(format!("{replicas} replicas, {}", pace.said()));
    let posted = post(bench.stand, (replicas, pace), duration_seconds, true).await?;
    let each = pace.least_per_minute(duration_seconds).unwrap_or(A_MINUTE);
    Ok(section(&posted, (replicas, pace), (each, target_p99_ms)))
}

fn section(posted: &Posted, (replicas, pace): (u32, Pace), (each, target_p99_ms): (f64, f64)) -> Section {
    let section = Section::new("ingestion", "Ingestion").note(format!(
        "{replicas} replicas of the simulator, each a process of its own, {}, for {:.1} s. Insert time counts from the moment at \
         which a log was due until its 201 is read.",
        pace.said(),
        posted.seconds
    ));
    let is_original = matches!(pace, Pace::Interval(seconds) if seconds == 5.0) && replicas == 2;
    let original = |row: Row, text: &str| if is_original { row.original(text) } else { row };
    let count = |name: &str, label: &str, value: f64| Row::new(name, label, Some(value), Unit::Count);
    let per_minute = Row::new("per_minute", "Records per minute", Some(posted.per_minute()), Unit::PerMinute);
    let per_replica = Row::new(
        "per_replica",
        "Records per minute of each replica",
        Some(posted.per_replica()),
        Unit::PerMinute,
    );
    let mut rows = vec![
        count("records", "Records inserted", posted.stored as f64).better(Better::Higher),
        original(per_minute.at_least(each * f64::from(replicas)), "24 /min"),
        original(posted.rate_row("per_second", "Records per second"), "0.4 /s"),
        original(per_replica.at_least(each), "12 /min"),
        Row::new("seconds", "Posted for", Some(posted.seconds), Unit::Seconds),
    ];
    rows.extend(posted.latencies().into_iter().map(|row| match row.name.as_str() {
        "p99" => row.at_most(target_p99_ms),
        _ => row,
    }));
    rows.push(count("errors", "Requests without a 2xx, or never sent", posted.errors() as f64).at_most(0.0));
    rows.extend(posted.ledger());
    rows.extend(posted.usage.rows("", "", replicas));
    section.rows(rows).plot(posted.rate_over_time()).plot(posted.latency_over_time())
}
