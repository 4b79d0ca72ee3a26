//! What a measurement costs its machine, looked up in `/proc` while it goes on. What cannot be looked up is not measured.

use std::collections::BTreeMap;
use std::fs;
use std::pin::pin;
use std::time::{Duration, Instant};

use tokio::time::{MissedTickBehavior, interval};

use super::row::{Row, Unit};
use crate::store::{Connections, Store};

/// Between two looks.
const EACH: Duration = Duration::from_millis(500);

/// Of the counts in `/proc/<process>/stat`: the same on every Linux.
const TICKS_PER_SECOND: f64 = 100.0;

/// In less time too few ticks pass to tell.
const LEAST_SECONDS: f64 = 1.0;

/// Who is watched.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Part {
    Api,
    Simulators,
    Database,
}

/// Processes to watch, and the database that they use.
pub(super) struct Watched<'s> {
    store: &'s Store,
    processes: Vec<(Part, u32)>,
}

/// What it was.
#[derive(Debug, Default)]
pub(super) struct Usage {
    seconds: f64,
    processes: BTreeMap<(Part, u32), Process>,
    /// The most at one look.
    pub(super) connections: Option<Connections>,
}

/// A process between its first look and its last.
#[derive(Debug, Clone, Copy)]
struct Process {
    first_ticks: u64,
    last_ticks: u64,
    highest_mb: f64,
}

impl<'s> Watched<'s> {
    pub(super) fn new(store: &'s Store) -> Self {
        Self { store, processes: Vec::new() }
    }

    /// This process too.
    pub(super) fn with(mut self, part: Part, process: Option<u32>) -> Self {
        self.processes.extend(process.map(|process| (part, process)));
        self
    }

    /// Does the work, and looks at the processes as long as it takes.
    pub(super) async fn during<T>(
        self,
        work: impl Future<Output = anyhow::Result<T>>,
    ) -> anyhow::Result<(T, Usage)> {
        let begun = Instant::now();
        let mut usage = Usage::default();
        let mut work = pin!(work);
        let mut looks = interval(EACH);
        looks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let done = loop {
            tokio::select! {
                biased;
                done = &mut work => break done?,
                _ = looks.tick() => self.look(&mut usage).await,
            }
        };
        usage.seconds = begun.elapsed().as_secs_f64();
        Ok((done, usage))
    }

    async fn look(&self, usage: &mut Usage) {
        // A database that is too busy to answer is looked at the next time.
        let backends = self.store.backends().await.unwrap_or_default();
        let backends = backends.into_iter().map(|process| (Part::Database, process));
        for (part, process) in self.processes.iter().copied().chain(backends) {
            usage.add((part, process));
        }
        if let Ok(Some(Connections { active, idle, total })) = self.store.connections().await {
            let most = usage.connections.get_or_insert_default();
            let [a, i, t] =
                [(most.active, active), (most.idle, idle), (most.total, total)].map(|(x, y)| x.max(y));
            *most = Connections { active: a, idle: i, total: t };
        }
    }
}

impl Usage {
    fn add(&mut self, key: (Part, u32)) {
        let (_, process) = key;
        let Some((ticks, mb)) = ticks(process).zip(own_mb(process)) else { return };
        let first = Process { first_ticks: ticks, last_ticks: ticks, highest_mb: mb };
        let known = self.processes.entry(key).or_insert(first);
        known.last_ticks = ticks;
        known.highest_mb = known.highest_mb.max(mb);
    }

    fn of(&self, part: Part) -> impl Iterator<Item = &Process> {
        self.processes.iter().filter(move |((of, _), _)| *of == part).map(|(_, process)| process)
    }

    /// Cores that a part kept busy, on average; none where nothing could be looked up.
    pub(super) fn cores(&self, part: Part) -> Option<f64> {
        let ticks = self
            .of(part)
            .map(|process| process.last_ticks - process.first_ticks)
            .reduce(|one, other| one + other)?;
        (self.seconds >= LEAST_SECONDS).then(|| ticks as f64 / TICKS_PER_SECOND / self.seconds)
    }

    /// The most memory of a part, which it shares with nobody.
    pub(super) fn megabytes(&self, part: Part) -> Option<f64> {
        self.of(part).map(|process| process.highest_mb).reduce(|one, other| one + other)
    }

    /// A row for each figure, of the simulators for each replica; `prefix` begins the names.
    pub(super) fn rows(&self, prefix: &str, of: &str, replicas: u32) -> Vec<Row> {
        let each = f64::from(replicas.max(1));
        let parts = [
            (Part::Api, "api", "API", 1.0),
            (Part::Simulators, "simulator", "a replica of the simulator", each),
            (Part::Database, "database", "database, its connections' processes", 1.0),
        ];
        let rows = parts.into_iter().flat_map(|(part, name, label, share)| {
            let cores = self.cores(part).map(|cores| cores / share);
            let megabytes = self.megabytes(part).map(|megabytes| megabytes / share);
            [
                Row::new(format!("{prefix}{name}_cpu"), format!("CPU: {label}{of}"), cores, Unit::Cores),
                Row::new(
                    format!("{prefix}{name}_memory"),
                    format!("Memory: {label}{of}"),
                    megabytes,
                    Unit::Megabytes,
                ),
            ]
        });
        rows.collect()
    }
}

/// The time that a process has used, in ticks: what follows its name, which may hold anything, in brackets.
fn ticks(process: u32) -> Option<u64> {
    let stat = fs::read_to_string(format!("/proc/{process}/stat")).ok()?;
    ticks_in(&stat)
}

fn ticks_in(stat: &str) -> Option<u64> {
    let mut fields = stat.rsplit_once(')')?.1.split_whitespace().skip(11);
    let [user, system] = [fields.next()?, fields.next()?].map(|field| field.parse::<u64>().ok());
    Some(user? + system?)
}

/// Memory that a process shares with no other one, in MB: shared buffers and program text would be counted several times.
fn own_mb(process: u32) -> Option<f64> {
    let status = fs::read_to_string(format!("/proc/{process}/status")).ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("RssAnon:"))?;
    let kib: f64 = line.split_whitespace().next()?.parse().ok()?;
    Some(kib * 1024.0 / 1e6)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn time_is_found_behind_whatever_a_process_is_called() {
        let stat = "7 (post) gres: x) S 1 7 7 0 -1 4194560 100 0 0 0 250 50 0 0 20 0 1 0 1 1 1";
        assert_eq!(ticks_in(stat), Some(300));
        assert_eq!(ticks_in("7 (x"), None);
    }

    #[test]
    fn this_process_can_be_looked_up_on_linux() {
        assert!(ticks(std::process::id()).is_some());
        assert!(own_mb(std::process::id()).is_some_and(|mb| mb > 0.1));
        assert!(ticks(u32::MAX).is_none());
    }

    #[test]
    fn what_was_never_seen_is_not_measured() {
        let usage = Usage::default();
        assert_eq!((usage.cores(Part::Database), usage.megabytes(Part::Database)), (None, None));
    }
}
