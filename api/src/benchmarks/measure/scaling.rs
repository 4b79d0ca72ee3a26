//! What more replicas of the simulator bring, at an interval and at full load.

use super::Bench;
use super::ingestion::A_MINUTE;
use super::posting::{Pace, Posted, post};
use crate::benchmarks::readings::AskReading;
use crate::benchmarks::report::{Plot, Section};
use crate::benchmarks::row::{Better, Row, Unit};
use crate::clock::Clock;
use crate::store::{Connections, OriginalQuery};

/// Connections of a replica at full load.
const CONNECTIONS: u32 = 16;

/// The share of the factor that could be hoped for, which has to be reached.
const SHARE: f64 = 0.95;

/// At full load less time tells as much.
const FULL_LOAD_SHARE: u32 = 4;

/// What the original asked of a query, in milliseconds.
const MOST_MS: f64 = 2_000.0;

/// 1, 2, 4 … replicas, and as many as were asked for.
pub(super) fn levels(replicas: u32) -> Vec<u32> {
    let mut levels: Vec<u32> = std::iter::successors(Some(1_u32), |level| level.checked_mul(2))
        .take_while(|level| *level < replicas)
        .collect();
    levels.push(replicas.max(1));
    levels
}

pub(super) async fn measure(bench: &mut Bench<'_>) -> anyhow::Result<Section> {
    let (interval, seconds) = (bench.parameters.interval_seconds, bench.parameters.duration_seconds);
    let levels = levels(bench.parameters.replicas);
    let full_seconds = (seconds / FULL_LOAD_SHARE).max(1);
    let section = Section::new("scaling", "Scaling")
        .note(format!(
            "Replicas of the simulator, each a process of its own, on one server: one log each {interval} s for {seconds} s, then as \
             fast as {CONNECTIONS} connections of each can for {full_seconds} s. Factors are ratios of the measured rates to those of \
             one replica."
        ))
        .note("At full load there is no factor to reach: one server and its database are at their limit, whoever asks.");
    let (mut rows, mut paced) = (Vec::new(), Vec::new());
    for &replicas in &levels {
        bench.steps.next(format!("{replicas} replicas, one log each {interval} s"));
        let pace = Pace::Interval(interval);
        let posted = post(bench.stand, (replicas, pace), seconds, false).await?;
        let least = pace.least_per_minute(seconds).unwrap_or(A_MINUTE);
        rows.extend(at_interval(&posted, replicas, (interval, least), paced.first().copied()));
        rows.extend(queries(bench, replicas).await?);
        paced.push(posted.per_minute());
    }
    let mut full = Vec::new();
    for &replicas in &levels {
        bench.steps.next(format!("{replicas} replicas, at full load"));
        let posted = post(bench.stand, (replicas, Pace::Max(CONNECTIONS)), full_seconds, false).await?;
        rows.extend(at_full_load(&posted, replicas, full.first().copied()));
        full.push(posted.per_second());
    }
    let section = section.rows(rows).plot(plot("paced", "Records per minute", &levels, &paced, true));
    Ok(section.plot(plot("full_load", "Records per second at full load", &levels, &full, false)))
}

fn plot(name: &str, y: &str, levels: &[u32], rates: &[f64], with_ideal: bool) -> Plot {
    let points = |of: &dyn Fn(usize) -> f64| -> Vec<[f64; 2]> {
        levels.iter().enumerate().map(|(place, &level)| [f64::from(level), of(place)]).collect()
    };
    let one = rates.first().copied().unwrap_or_default();
    let mut lines = vec![("measured", points(&|place| rates[place]))];
    if with_ideal {
        lines.push(("ideal", points(&|place| one * f64::from(levels[place]))));
    }
    Plot::new(name, &format!("{y}, by replicas"), ("replicas", &y.to_lowercase()), lines)
}

fn at_interval(posted: &Posted, replicas: u32, (interval, least): (f64, f64), one: Option<f64>) -> Vec<Row> {
    let (of, prefix) = (format!(", {replicas} replicas"), format!("{replicas}_"));
    let factor = one.map_or(1.0, |one| posted.per_minute() / one);
    let was = |texts: [&'static str; 3]| match replicas {
        1 => Some(texts[0]),
        2 => Some(texts[1]),
        4 => Some(texts[2]),
        _ => None,
    };
    let original = |row: Row, texts| {
        was(texts).filter(|_| interval == 5.0).map_or_else(|| row.clone(), |text| row.clone().original(text))
    };
    let per_minute = Row::new(
        format!("{prefix}per_minute"),
        format!("Records per minute{of}"),
        Some(posted.per_minute()),
        Unit::PerMinute,
    );
    let factor = Row::new(format!("{prefix}factor"), format!("Factor{of}"), Some(factor), Unit::Times);
    let mut rows = vec![
        original(per_minute.at_least(least * f64::from(replicas)), ["12 /min", "24 /min", "48 /min"]),
        original(factor.at_least(SHARE * f64::from(replicas)), ["1.0 ×", "2.0 ×", "4.0 ×"]),
        Row::milliseconds(format!("{prefix}p99"), format!("Insert time, p99{of}"), posted.latency.p99),
    ];
    rows.extend(costs(posted, replicas, &prefix, &of));
    rows
}

fn at_full_load(posted: &Posted, replicas: u32, one: Option<f64>) -> Vec<Row> {
    let (of, prefix) = (format!(", {replicas} replicas at full load"), format!("full_{replicas}_"));
    let factor = one.map_or(1.0, |one| posted.per_second() / one);
    let mut rows = vec![
        posted.rate_row(&format!("{prefix}per_second"), &format!("Records per second{of}")),
        Row::new(format!("{prefix}factor"), format!("Factor{of}"), Some(factor), Unit::Times)
            .better(Better::Higher),
        Row::milliseconds(format!("{prefix}p99"), format!("Insert time, p99{of}"), posted.latency.p99),
        Row::new(
            format!("{prefix}errors"),
            format!("Requests without a 2xx{of}"),
            Some(posted.errors() as f64),
            Unit::Count,
        )
        .at_most(0.0),
    ];
    rows.extend(costs(posted, replicas, &prefix, &of));
    rows
}

fn costs(posted: &Posted, replicas: u32, prefix: &str, of: &str) -> Vec<Row> {
    let connections = posted.usage.connections;
    let row = |name: &str, label: &str, count: fn(Connections) -> i64| {
        let count = connections.map(|connections| count(connections) as f64);
        Row::new(
            format!("{prefix}connections_{name}"),
            format!("Database connections, {label}{of}"),
            count,
            Unit::Count,
        )
    };
    let mut rows = posted.usage.rows(prefix, of, replicas);
    rows.push(row("active", "active at most", |connections| connections.active));
    rows.push(row("total", "in all", |connections| connections.total));
    rows
}

/// How long a query takes when so many have posted.
async fn queries(bench: &mut Bench<'_>, replicas: u32) -> anyhow::Result<[Row; 2]> {
    let now = Clock.now();
    let raw = bench.stand.store().time_original(OriginalQuery::CompletionByClassroom, (now, now)).await?;
    let counted: AskReading = bench.stand.ask(["ask", "--times", "10", "/analytics/classrooms"]).await?;
    let row = |name: &str, label: &str, value| {
        let (name, label) = (
            format!("{replicas}_query_{name}"),
            format!("Completion by classroom, {label}, {replicas} replicas"),
        );
        Row::milliseconds(name, label, value).at_most(MOST_MS)
    };
    Ok([row("raw", "raw", raw.as_secs_f64() * 1e3), row("counted", "counted", counted.round_ms.p50)])
}

#[cfg(test)]
mod tests {
    use super::levels;

    #[test]
    fn replicas_are_doubled_up_to_those_that_were_asked_for() {
        assert_eq!(levels(1), [1]);
        assert_eq!(levels(4), [1, 2, 4]);
        assert_eq!(levels(6), [1, 2, 4, 6]);
    }
}
