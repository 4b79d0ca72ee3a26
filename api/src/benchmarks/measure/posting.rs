//! Simulators that post for a while, and what became of it.

use futures_util::future::try_join_all;

use crate::benchmarks::parameters::Parameters;
use crate::benchmarks::readings::{Latency, LoadReading, latency_of};
use crate::benchmarks::report::Plot;
use crate::benchmarks::resources::{Part, Usage};
use crate::benchmarks::row::{Better, Row, Unit};
use crate::benchmarks::stand::Stand;

/// How fast a replica posts.
#[derive(Debug, Clone, Copy)]
pub(super) enum Pace {
    /// A log each so many seconds.
    Interval(f64),
    /// So many logs a second.
    Rate(f64),
    /// As fast as the server answers over so many connections.
    Max(u32),
}

/// What was posted.
pub(super) struct Posted {
    /// How long it was posted for.
    pub(super) seconds: f64,
    /// Rows that the log has more than before.
    pub(super) stored: u64,
    pub(super) loads: Vec<LoadReading>,
    pub(super) latency: Latency,
    pub(super) usage: Usage,
}

/// Learners of each replica.
const LEARNERS: u32 = 40;

/// Connections of a replica that posts at a rate: answers may be late, and the next log is still sent in time.
const CONNECTIONS_AT_A_RATE: u32 = 64;

/// Connections of all replicas together, that post as fast as they can.
const CONNECTIONS_AT_MOST: u32 = 64;

impl Pace {
    /// What each of the replicas does by these parameters.
    pub(super) fn of(parameters: &Parameters) -> Self {
        let replicas = parameters.replicas;
        match parameters.rate {
            Some(rate) => Self::Rate(rate / f64::from(replicas)),
            None if parameters.max => Self::Max((CONNECTIONS_AT_MOST / replicas).max(1)),
            None => Self::Interval(parameters.interval_seconds),
        }
    }

    /// Logs a minute that a replica shall store in so many seconds: of a hundred that are due the last may be on its way
    /// at the end. None where it posts as fast as it can.
    pub(super) fn least_per_minute(self, seconds: u32) -> Option<f64> {
        let seconds = f64::from(seconds);
        let due = match self {
            Self::Interval(interval) => seconds / interval,
            Self::Rate(rate) => seconds * rate,
            Self::Max(_) => return None,
        };
        Some((due - (due / 100.0).floor()) / seconds * 60.0)
    }

    fn arguments(self) -> Vec<String> {
        let (pace, connections) = match self {
            Self::Interval(seconds) => {
                (vec!["--interval".to_owned(), format!("{}ms", (seconds * 1e3).round())], 4)
            }
            Self::Rate(rate) => (vec!["--rate".to_owned(), rate.to_string()], CONNECTIONS_AT_A_RATE),
            Self::Max(connections) => (Vec::new(), connections),
        };
        pace.into_iter().chain(["--connections".to_owned(), connections.to_string()]).collect()
    }

    /// For people.
    pub(super) fn said(self) -> String {
        match self {
            Self::Interval(seconds) => format!("one log each {seconds} s"),
            Self::Rate(rate) => format!("{rate:.0} logs a second each"),
            Self::Max(connections) => format!("as fast as {connections} connections each can"),
        }
    }
}

/// Lets so many replicas post for so long; where the ledger is kept, each acknowledged log is looked up afterwards.
pub(super) async fn post(
    stand: &mut Stand,
    (replicas, pace): (u32, Pace),
    seconds: u32,
    ledger: bool,
) -> anyhow::Result<Posted> {
    let before = stand.store().count_streaming_logs().await?;
    let mut programs = Vec::new();
    for replica in 0..replicas {
        let mut arguments: Vec<String> = ["load", "--quiet", "--duration"].map(str::to_owned).into();
        arguments.push(format!("{seconds}s"));
        arguments.extend(pace.arguments());
        arguments.extend([
            "--learners".to_owned(),
            LEARNERS.to_string(),
            "--lessons".to_owned(),
            "20".to_owned(),
        ]);
        arguments.extend(["--name".to_owned(), format!("replica-{replica}")]);
        arguments.extend(ledger.then(|| "--check-ledger".to_owned()));
        programs.push(stand.simulator(arguments)?);
    }
    let watched =
        programs.iter().fold(stand.watched(), |watched, one| watched.with(Part::Simulators, one.process()));
    let readings = try_join_all(programs.into_iter().map(|one| one.reading::<LoadReading>()));
    let (loads, usage) = watched.during(readings).await?;
    let stored = stand.store().count_streaming_logs().await? - before;
    let seconds = match pace {
        Pace::Max(_) => span(&loads),
        // What is not due any more is not waited for: each replica's stretch is as long as was asked for.
        _ => loads.iter().map(|load| load.seconds).fold(f64::from(seconds), f64::max),
    };
    let latency = latency_of(&loads)?;
    Ok(Posted { seconds, stored: stored.unsigned_abs(), loads, latency, usage })
}

/// Seconds from the first replica's first request to the last one's last answer.
fn span(loads: &[LoadReading]) -> f64 {
    let Some(first) = loads.iter().map(|load| load.began_at).min() else { return 0.0 };
    let ends = loads.iter().map(|load| (load.began_at - first).as_seconds_f64() + load.seconds);
    ends.fold(0.0, f64::max)
}

impl Posted {
    pub(super) fn per_second(&self) -> f64 {
        self.stored as f64 / self.seconds.max(f64::MIN_POSITIVE)
    }

    pub(super) fn per_minute(&self) -> f64 {
        self.per_second() * 60.0
    }

    fn sum(&self, of: impl Fn(&LoadReading) -> u64) -> u64 {
        self.loads.iter().map(of).sum()
    }

    /// Requests without a 2xx, and those that were due and never sent.
    pub(super) fn errors(&self) -> u64 {
        self.sum(|load| load.errors.values().sum::<u64>() + load.unsent)
    }

    /// What was acknowledged, held against what is stored.
    pub(super) fn ledger(&self) -> [Row; 2] {
        let count = |name: &str, label: &str, of: fn(&LoadReading) -> Option<u64>| {
            let known: Option<Vec<u64>> = self.loads.iter().map(of).collect();
            let sum = known.map(|counts| counts.iter().sum::<u64>() as f64);
            Row::new(name, label, sum, Unit::Count).at_most(0.0)
        };
        [
            count("lost", "Acknowledged and not stored", |load| load.ledger.map(|ledger| ledger.lost)),
            count("doubled", "Stored more than once", |load| load.ledger.map(|ledger| ledger.doubled)),
        ]
    }

    /// How long a log took, from the moment at which it was due.
    pub(super) fn latencies(&self) -> Vec<Row> {
        let Latency { mean, p50, p95, p99, max } = self.latency;
        let rows = [("mean", mean), ("p50", p50), ("p95", p95), ("p99", p99), ("max", max)];
        let row = |(name, value)| Row::milliseconds(name, format!("Insert time, {name}"), value);
        rows.map(row).into()
    }

    /// Logs a second over time, of all replicas.
    pub(super) fn rate_over_time(&self) -> Plot {
        let mut points: Vec<[f64; 2]> = Vec::new();
        for moment in self.loads.iter().flat_map(|load| &load.over_time) {
            let from = moment.from_second as f64;
            match points.iter_mut().find(|[x, _]| *x == from) {
                Some([_, rate]) => *rate += moment.logs_per_second,
                None => points.push([from, moment.logs_per_second]),
            }
        }
        points.sort_by(|one, other| one[0].total_cmp(&other[0]));
        let stretch = self.loads.first().map_or(1, |load| load.stretch_seconds);
        let y = format!("logs per second, over {stretch} s each");
        Plot::new("rate", "Logs per second over time", ("seconds", &y), vec![("stored", points)])
    }

    /// Percentiles over time: the worst of the replicas.
    pub(super) fn latency_over_time(&self) -> Plot {
        let line = |of: fn(&Latency) -> f64| {
            let mut points: Vec<[f64; 2]> = Vec::new();
            for moment in self.loads.iter().flat_map(|load| &load.over_time) {
                let (from, value) = (moment.from_second as f64, of(&moment.latency_ms));
                match points.iter_mut().find(|[x, _]| *x == from) {
                    Some([_, worst]) => *worst = worst.max(value),
                    None => points.push([from, value]),
                }
            }
            points.sort_by(|one, other| one[0].total_cmp(&other[0]));
            points
        };
        let lines = vec![("p50", line(|latency| latency.p50)), ("p99", line(|latency| latency.p99))];
        Plot::new("latency", "Insert time over time", ("seconds", "milliseconds"), lines)
    }

    /// What each replica stored a minute.
    pub(super) fn per_replica(&self) -> f64 {
        self.per_minute() / self.loads.len().max(1) as f64
    }

    /// Logs a second, as a row that more is better of.
    pub(super) fn rate_row(&self, name: &str, label: &str) -> Row {
        Row::new(name, label, Some(self.per_second()), Unit::PerSecond).better(Better::Higher)
    }
}
