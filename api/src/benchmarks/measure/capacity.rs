//! The highest rate that is held with a p99 under a target: the knee.

use super::Bench;
use super::posting::{Pace, Posted, post};
use crate::benchmarks::report::{Plot, Section};
use crate::benchmarks::row::{Better, Row, Unit};

/// Rates that are tried after the first, each halving what is unknown.
const TRIES: u32 = 6;

pub(super) const STEPS: u32 = TRIES + 1;

/// Connections that find out how fast the server is at most.
const CONNECTIONS: u32 = 64;

/// A share of the time that was asked for each try.
const SHARE: u32 = 6;

/// A rate is held where so much of it was stored in time.
const HELD: f64 = 0.98;

pub(super) async fn measure(bench: &mut Bench<'_>) -> anyhow::Result<Section> {
    let (target, interval) = (bench.parameters.target_p99_ms, bench.parameters.interval_seconds);
    let seconds = (bench.parameters.duration_seconds / SHARE).max(1);
    bench.steps.next("as fast as the server answers");
    let fastest = post(bench.stand, (1, Pace::Max(CONNECTIONS)), seconds, false).await?;
    let (mut held, mut missed) = (0.0, fastest.per_second() * 1.2);
    let (mut best, mut points): (Option<Posted>, Vec<[f64; 2]>) = (None, Vec::new());
    for _ in 0..TRIES {
        let rate = f64::midpoint(held, missed);
        bench.steps.next(format!("{rate:.0} logs a second"));
        let posted = post(bench.stand, (1, Pace::Rate(rate)), seconds, false).await?;
        points.push([rate, posted.latency.p99]);
        if is_held(&posted, rate, target) {
            (held, best) = (rate, Some(posted));
        } else {
            missed = rate;
        }
    }
    points.sort_by(|one, other| one[0].total_cmp(&other[0]));
    let learners = held * interval;
    let section = Section::new("capacity", "Capacity")
        .note(format!(
            "Rates between nothing and what the server takes at most, {seconds} s each, halving what is unknown: a rate is held where \
             p99, from the moment at which a log was due, stays under {target} ms, nothing fails and {:.0} % are stored in time.",
            HELD * 100.0
        ))
        .note(format!("So {learners:.0} learners at one log each {interval} s on this machine, with the simulator on it too."));
    let mut rows = vec![
        Row::new("rate", "Highest rate that is held", Some(held), Unit::PerSecond).better(Better::Higher),
        Row::new("learners", format!("Learners at one log each {interval} s"), Some(learners), Unit::Count)
            .better(Better::Higher),
        fastest.rate_row("fastest", "As fast as the server answers"),
    ];
    match &best {
        Some(best) => {
            rows.push(
                Row::milliseconds("p99", "Insert time at that rate, p99", best.latency.p99).at_most(target),
            );
            rows.extend(best.usage.rows("", "", 1));
        }
        // Without a verdict it would pass for a run in which all is well.
        None => rows.push(
            Row::new(
                "not_held",
                "Rates that were tried, none of which was held",
                Some(f64::from(TRIES)),
                Unit::Count,
            )
            .at_most(0.0),
        ),
    }
    let plot = Plot::new(
        "knee",
        "Insert time by rate",
        ("logs per second", "p99, milliseconds"),
        vec![("p99", points)],
    );
    Ok(section.rows(rows).plot(plot))
}

fn is_held(posted: &Posted, rate: f64, target_p99_ms: f64) -> bool {
    posted.errors() == 0 && posted.latency.p99 <= target_p99_ms && posted.per_second() >= HELD * rate
}
