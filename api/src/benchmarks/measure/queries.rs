//! The original queries on the raw log, and the same answers from what is counted.

use std::time::{Duration, Instant};

use chrono::{SecondsFormat, TimeDelta};

use super::Bench;
use crate::benchmarks::medians::median;
use crate::benchmarks::readings::AskReading;
use crate::benchmarks::report::Section;
use crate::benchmarks::resources::{Part, Usage};
use crate::benchmarks::row::{Row, Unit};
use crate::benchmarks::stand::Stand;
use crate::clock::Clock;
use crate::store::OriginalQuery;

/// How often each is asked.
const TIMES: usize = 10;

/// A query shall not spend the day.
const ENOUGH_SECONDS: f64 = 60.0;

/// What the original asked of each query, in milliseconds.
const MOST_MS: f64 = 2_000.0;

pub(super) async fn measure(bench: &mut Bench<'_>) -> anyhow::Result<Section> {
    let logs = bench.parameters.logs;
    bench.steps.next(format!("{logs} logs are stored"));
    bench.stand.fill(logs).await?;
    let there = bench.stand.store().count_streaming_logs().await?;
    bench.steps.next("the original queries");
    let mut rows = vec![Row::new("logs", "Logs in the table", Some(there as f64), Unit::Count)];
    for query in OriginalQuery::ALL {
        rows.extend(original(bench.stand, query).await?);
    }
    bench.steps.next("the same answers from what is counted");
    let (counted, usage) = counted(bench.stand).await?;
    rows.extend(counted);
    rows.extend(usage.rows("", "", 1));
    let section = Section::new("queries", "Queries").note(format!(
        "The four queries of the original dashboard word for word on {there} logs, and the routes that give the same answers. Cold is \
         the first time, warm the median of up to {TIMES} more."
    ));
    Ok(section.rows(rows))
}

/// What a query is called, and what the original measured.
fn said(query: OriginalQuery) -> (&'static str, &'static str, &'static str) {
    match query {
        OriginalQuery::Students => ("students", "COUNT of students", "0.02 s"),
        OriginalQuery::StudentsByClassroom => ("classrooms", "Students by classroom", "0.05 s"),
        OriginalQuery::CompletionByClassroom => ("join", "Completion by classroom (join)", "0.15 s"),
        OriginalQuery::EventsByMoment => ("events", "Events of an hour by moment", "0.08 s"),
    }
}

async fn original(stand: &Stand, query: OriginalQuery) -> anyhow::Result<[Row; 2]> {
    let hour = last_hour();
    let milliseconds = |time: Duration| time.as_secs_f64() * 1e3;
    let cold = milliseconds(stand.store().time_original(query, hour).await?);
    let (begun, mut warm) = (Instant::now(), Vec::new());
    while warm.len() < TIMES && (warm.is_empty() || begun.elapsed().as_secs_f64() < ENOUGH_SECONDS) {
        warm.push(milliseconds(stand.store().time_original(query, hour).await?));
    }
    let (name, label, was) = said(query);
    let row = |state: &str, milliseconds: Option<f64>| {
        Row::new(
            format!("{name}_{state}"),
            format!("{label}, raw, {state}"),
            milliseconds,
            Unit::Milliseconds,
        )
        .at_most(MOST_MS)
    };
    Ok([row("cold", Some(cold)), row("warm", median(&warm)).original(was)])
}

fn last_hour() -> (chrono::DateTime<chrono::Utc>, chrono::DateTime<chrono::Utc>) {
    let now = Clock.now();
    (now - TimeDelta::hours(1), now)
}

async fn counted(stand: &mut Stand) -> anyhow::Result<(Vec<Row>, Usage)> {
    let (from, to) = last_hour();
    let [from, to] = [from, to].map(|moment| moment.to_rfc3339_opts(SecondsFormat::Secs, true));
    let hour = format!("/analytics/timeseries?bucket=minute&from={from}&to={to}");
    let routes = [
        ("counted_students", "Students, counted", "/analytics/daily"),
        ("counted_classrooms", "Completion by classroom, counted", "/analytics/classrooms"),
        ("counted_events", "Events of an hour by minute, counted", hour.as_str()),
    ];
    let arguments = ["ask", "--times", "20"].into_iter().chain(routes.map(|(_, _, path)| path));
    let program = stand.simulator(arguments)?;
    let watched = stand.watched().with(Part::Simulators, program.process());
    let (reading, usage) = watched.during(program.reading::<AskReading>()).await?;
    let rows = routes.iter().zip(reading.requests).flat_map(|((name, label, _), asked)| {
        [
            Row::milliseconds(format!("{name}_cold"), format!("{label}, cold"), asked.first_ms)
                .at_most(MOST_MS),
            Row::milliseconds(format!("{name}_warm"), format!("{label}, warm"), asked.latency_ms.p50)
                .at_most(MOST_MS),
            Row::milliseconds(format!("{name}_p99"), format!("{label}, p99"), asked.latency_ms.p99)
                .at_most(MOST_MS),
        ]
    });
    Ok((rows.collect(), usage))
}
