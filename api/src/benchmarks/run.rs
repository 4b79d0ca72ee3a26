//! One measurement from its beginning to its end: whatever happens, what it made is taken down again.

use std::path::Path;
use std::pin::{Pin, pin};
use std::time::Instant;

use uuid::Uuid;

use super::kind::Kind;
use super::measure::{self, Bench};
use super::medians::medians;
use super::parameters::Parameters;
use super::report::{Machine, Report, Section, verdict_over};
use super::stand::{self, Stand};
use super::steps::Steps;
use crate::clock::Clock;
use crate::store::{DatabaseSettings, TrialDatabaseError, TrialDatabases};

/// Where databases for measurements are made.
#[derive(Clone)]
pub struct Ground {
    pub(super) databases: TrialDatabases,
}

/// A measurement that is about to begin.
#[derive(Debug, Clone)]
pub struct Run {
    /// Its name.
    pub id: Uuid,
    /// What it measures.
    pub kind: Kind,
    /// How.
    pub parameters: Parameters,
}

impl Ground {
    /// Beside the database of an installation, never in it.
    pub fn beside(settings: &DatabaseSettings, data_dir: &Path) -> Self {
        Self { databases: TrialDatabases::beside(settings, data_dir) }
    }

    /// Removes what was left behind by those who were killed.
    pub async fn sweep(&self) -> Result<(), TrialDatabaseError> {
        match self.databases.sweep(Clock.now()).await? {
            0 => {}
            swept => tracing::info!(swept, "what an earlier benchmark left behind is removed"),
        }
        Ok(())
    }
}

impl Run {
    /// A run with a name of its own.
    pub fn new(kind: Kind, parameters: Parameters) -> Self {
        Self { id: stand::new_id(), kind, parameters }
    }

    /// Measures, unless it is told to stop before it is done: then there is no report.
    pub async fn measure(
        &self,
        ground: &Ground,
        steps: &mut Steps,
        stop: impl Future<Output = ()>,
    ) -> anyhow::Result<Option<Report>> {
        let (started_at, begun) = (Clock.now(), Instant::now());
        let mut stop = pin!(stop);
        let repeats = self.parameters.repeats;
        steps.expect(repeats * measure::steps(self.kind, &self.parameters));
        let (mut runs, mut database) = (Vec::new(), String::new());
        for _ in 0..repeats {
            let stand = Stand::build(ground).await?;
            database = stand.store().database_version().await.unwrap_or_default();
            match self.on(stand, steps, stop.as_mut()).await? {
                Some(sections) => runs.push(sections),
                None => return Ok(None),
            }
        }
        let sections = measure::concluded(self.kind, medians(runs));
        Ok(Some(Report {
            id: self.id,
            kind: self.kind,
            version: env!("CARGO_PKG_VERSION").to_owned(),
            started_at,
            seconds: begun.elapsed().as_secs_f64(),
            parameters: self.parameters.clone(),
            verdict: verdict_over(&sections),
            machine: Machine::this(database),
            sections,
        }))
    }

    async fn on(
        &self,
        mut stand: Stand,
        steps: &mut Steps,
        stop: Pin<&mut impl Future<Output = ()>>,
    ) -> anyhow::Result<Option<Vec<Section>>> {
        let measured = {
            let mut bench = Bench { stand: &mut stand, parameters: &self.parameters, steps };
            tokio::select! {
                biased;
                () = stop => None,
                measured = measure::measure(self.kind, &mut bench) => Some(measured),
            }
        };
        let taken_down = stand.take_down().await;
        // What went wrong first is what matters.
        let measured = measured.transpose()?;
        taken_down?;
        Ok(measured)
    }
}

impl Machine {
    /// The one that this process runs on.
    fn this(database: String) -> Self {
        let line = |path: &str, name: &str| {
            let text = std::fs::read_to_string(path).ok()?;
            let value = text
                .lines()
                .find_map(|line| line.strip_prefix(name)?.trim_start().strip_prefix(':').map(str::to_owned));
            value.map(|value| value.trim().to_owned())
        };
        let kib = line("/proc/meminfo", "MemTotal")
            .and_then(|text| text.split_whitespace().next()?.parse::<f64>().ok());
        Self {
            processor: line("/proc/cpuinfo", "model name").unwrap_or_else(|| "unknown".to_owned()),
            cores: std::thread::available_parallelism().map_or(1, usize::from),
            memory_gib: kib.map(|kib| (kib / 1024.0 / 1024.0 * 10.0).round() / 10.0),
            database,
        }
    }
}
