//! What can be measured.

use clap::ValueEnum;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// What a benchmark measures.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema, ValueEnum)]
#[serde(rename_all = "snake_case")]
#[value(rename_all = "snake_case")]
#[schema(as = BenchmarkKind)]
pub enum Kind {
    /// How many logs are stored, and how long each takes.
    Ingestion,
    /// The original queries on the raw log, and the same answers from what is counted.
    Queries,
    /// How soon a dashboard is there, and sees what was committed.
    Dashboard,
    /// The three analyses and the report, one after another and at once.
    DailyReport,
    /// What more replicas of the simulator bring, at an interval and at full load.
    Scaling,
    /// Connections to the database at each step, and what happens at the pool's limit.
    Connections,
    /// The highest rate that is held with a p99 under a target.
    Capacity,
    /// All of it, as one document.
    Full,
}

impl Kind {
    /// Its name in the API.
    pub fn name(self) -> &'static str {
        match self {
            Self::Ingestion => "ingestion",
            Self::Queries => "queries",
            Self::Dashboard => "dashboard",
            Self::DailyReport => "daily_report",
            Self::Scaling => "scaling",
            Self::Connections => "connections",
            Self::Capacity => "capacity",
            Self::Full => "full",
        }
    }
}
