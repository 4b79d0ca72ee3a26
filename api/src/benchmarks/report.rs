//! What a measurement says: sections of rows, each a figure with what it has to be and what the original had.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;

use super::kind::Kind;
use super::parameters::Parameters;
use super::row::{Row, Verdict};

/// What a benchmark measured.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
#[schema(as = BenchmarkReport)]
pub struct Report {
    /// The run.
    pub id: Uuid,
    /// What was measured.
    pub kind: Kind,
    /// The version of the platform.
    pub version: String,
    /// When it began.
    pub started_at: DateTime<Utc>,
    /// How long all of it took; nothing is extrapolated from less to more.
    pub seconds: f64,
    /// How it was measured.
    pub parameters: Parameters,
    /// Whether every figure is what it has to be.
    pub verdict: Verdict,
    /// Where.
    pub machine: Machine,
    /// What came out.
    pub sections: Vec<Section>,
}

/// Where something was measured.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
#[schema(as = BenchmarkMachine)]
pub struct Machine {
    /// Its processor.
    pub processor: String,
    /// Cores that this process may use.
    pub cores: usize,
    /// Its memory; null where the system does not tell.
    #[schema(required)]
    pub memory_gib: Option<f64>,
    /// The database.
    pub database: String,
}

/// Figures that belong together.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
#[schema(as = BenchmarkSection)]
pub struct Section {
    /// For programs.
    pub name: String,
    /// For people.
    pub title: String,
    /// How it was measured, a sentence each.
    pub notes: Vec<String>,
    /// The figures.
    pub rows: Vec<Row>,
    /// What can be drawn.
    pub plots: Vec<Plot>,
}

/// Lines over a common axis.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
#[schema(as = BenchmarkPlot)]
pub struct Plot {
    /// For programs.
    pub name: String,
    /// For people.
    pub title: String,
    /// What runs from left to right.
    pub x: String,
    /// What runs upwards.
    pub y: String,
    /// The lines.
    pub lines: Vec<Line>,
}

/// A line of a plot; one called `ideal` is what could be hoped for.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
#[schema(as = BenchmarkLine)]
pub struct Line {
    /// What it shows.
    pub name: String,
    /// From left to right.
    pub points: Vec<[f64; 2]>,
}

impl Section {
    /// Without figures so far.
    pub(super) fn new(name: &str, title: &str) -> Self {
        let (name, title) = (name.to_owned(), title.to_owned());
        Self { name, title, notes: Vec::new(), rows: Vec::new(), plots: Vec::new() }
    }

    /// How it was measured.
    pub(super) fn note(mut self, note: impl Into<String>) -> Self {
        self.notes.push(note.into());
        self
    }

    /// With these figures too.
    pub(super) fn rows(mut self, rows: impl IntoIterator<Item = Row>) -> Self {
        self.rows.extend(rows);
        self
    }

    /// With this plot too.
    pub(super) fn plot(mut self, plot: Plot) -> Self {
        self.plots.push(plot);
        self
    }
}

impl Plot {
    /// Lines over a common axis.
    pub(super) fn new(
        name: &str,
        title: &str,
        (x, y): (&str, &str),
        lines: Vec<(&str, Vec<[f64; 2]>)>,
    ) -> Self {
        let lines = lines.into_iter().map(|(name, points)| Line { name: name.to_owned(), points });
        let [name, title, x, y] = [name, title, x, y].map(str::to_owned);
        Self { name, title, x, y, lines: lines.collect() }
    }
}

/// Failed, where one of the figures is.
pub(super) fn verdict_over(sections: &[Section]) -> Verdict {
    let failed =
        sections.iter().flat_map(|section| &section.rows).any(|row| row.verdict == Some(Verdict::Failed));
    Verdict::of(!failed)
}
