//! Connections to the database at each step, and what happens at the pool's limit.

use super::Bench;
use super::posting::{Pace, post};
use crate::benchmarks::readings::AskReading;
use crate::benchmarks::report::{Plot, Section};
use crate::benchmarks::row::{Row, Unit};
use crate::store::Connections;

/// Clients that post at once.
const LEVELS: [u32; 4] = [1, 8, 64, 256];

/// One for each level, and one at the limit.
pub(super) const STEPS: u32 = LEVELS.len() as u32 + 1;

/// How long each posts.
const SECONDS: u32 = 5;

/// Connections of a server that has too few.
const FEW: u32 = 2;

/// Questions that come at once to it.
const QUESTIONS: usize = 64;

/// What a question may take that waits for a connection, in milliseconds.
const MOST_MS: f64 = 2_000.0;

pub(super) async fn measure(bench: &mut Bench<'_>) -> anyhow::Result<Section> {
    let (mut rows, mut points) = (Vec::new(), Vec::new());
    for clients in LEVELS {
        bench.steps.next(format!("{clients} clients post at once"));
        let posted = post(bench.stand, (1, Pace::Max(clients)), SECONDS, false).await?;
        let connections = posted.usage.connections;
        points.extend(connections.map(|connections| [f64::from(clients), connections.total as f64]));
        rows.push(
            posted.rate_row(
                &format!("{clients}_per_second"),
                &format!("Records per second, {clients} clients"),
            ),
        );
        rows.extend(counts(connections, clients));
        let errors = Some(posted.errors() as f64);
        let label = format!("Requests without a 2xx, {clients} clients");
        rows.push(Row::new(format!("{clients}_errors"), label, errors, Unit::Count).at_most(0.0));
    }
    bench.steps.next(format!("{QUESTIONS} questions at once over {FEW} connections"));
    rows.extend(at_the_limit(bench).await?);
    let section = Section::new("connections", "Database connections").note(format!(
        "Clients that post as fast as they can for {SECONDS} s: the most connections at one look, each half second. A request never \
         opens a connection of its own: it waits for one of the pool."
    ));
    let section = if points.is_empty() {
        section.note("SQLite lies in the server's process: there are no connections to count.")
    } else {
        section
    };
    let lines = vec![("in all", points)];
    Ok(section.rows(rows).plot(Plot::new(
        "connections",
        "Database connections by clients",
        ("clients", "connections"),
        lines,
    )))
}

fn counts(connections: Option<Connections>, clients: u32) -> [Row; 3] {
    let counts = connections.map(|Connections { active, idle, total }| [active, idle, total]);
    let names = [(0, "active"), (1, "idle"), (2, "total")];
    names.map(|(place, name)| {
        let (name, label) = (format!("{clients}_{name}"), format!("Connections, {name}, {clients} clients"));
        Row::new(name, label, counts.map(|counts| counts[place] as f64), Unit::Count)
    })
}

/// A server with few connections is asked much at once: everybody is answered, later, and perhaps told to come again.
async fn at_the_limit(bench: &mut Bench<'_>) -> anyhow::Result<[Row; 3]> {
    bench.stand.serve_with(&[("EDTECH_DATABASE_CONNECTIONS", FEW.to_string())]).await?;
    let questions = vec!["/analytics/daily"; QUESTIONS];
    let arguments = ["ask", "--times", "5", "--at-once"].into_iter().chain(questions);
    let reading: AskReading = bench.stand.ask(arguments).await?;
    bench.stand.serve_with(&[]).await?;
    let slowest = reading.requests.iter().map(|asked| asked.latency_ms.max).fold(0.0, f64::max);
    let refusals: u64 = reading.requests.iter().map(|asked| asked.refusals).sum();
    Ok([
        Row::milliseconds(
            "limit_round",
            format!("{QUESTIONS} questions at once over {FEW} connections: all answered"),
            reading.round_ms.p50,
        ),
        Row::milliseconds("limit_slowest", "The slowest of them", slowest).at_most(MOST_MS),
        Row::new("limit_refusals", "Of them told to come again (503)", Some(refusals as f64), Unit::Count),
    ])
}
