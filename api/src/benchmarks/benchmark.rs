//! A run, as the API tells of it.

use actix_web::HttpRequest;
use chrono::{DateTime, Utc};
use serde::Serialize;
use serde::de::DeserializeOwned;
use utoipa::ToSchema;
use uuid::Uuid;

use super::parameters::Parameters;
use super::report::Report;
use super::steps::Progress;
use crate::accept;
use crate::error::Problem;
use crate::store::{BenchmarkRow, Store};

const MARKDOWN: &str = "text/markdown";

/// A run.
#[derive(Debug, Serialize, ToSchema)]
pub struct Benchmark {
    /// Its name.
    id: Uuid,
    /// What it measures.
    #[schema(value_type = super::kind::Kind)]
    kind: String,
    /// How.
    parameters: Parameters,
    /// `running`, `finished`, `failed` or `cancelled`.
    #[schema(example = "finished")]
    status: String,
    /// The API client that asked for it.
    requested_by: String,
    /// When it was asked for.
    created_at: DateTime<Utc>,
    /// When it ended.
    #[schema(required)]
    finished_at: Option<DateTime<Utc>>,
    /// How far it is, while it runs.
    #[schema(required)]
    progress: Option<Progress>,
    /// `passed` or `failed`, once there is a report.
    #[schema(required)]
    verdict: Option<String>,
    /// Why it failed to measure, in one line.
    #[schema(required)]
    error: Option<String>,
}

impl TryFrom<BenchmarkRow> for Benchmark {
    type Error = Problem;

    fn try_from(row: BenchmarkRow) -> Result<Self, Problem> {
        let BenchmarkRow {
            id,
            kind,
            parameters,
            status,
            requested_by,
            created_at,
            finished_at,
            lease_until: _,
            cancel_requested: _,
            progress,
            error,
            verdict,
            report: _,
        } = row;
        let parameters = kept(&parameters)?;
        let progress = progress.as_deref().map(kept).transpose()?;
        Ok(Self {
            id,
            kind,
            parameters,
            status,
            requested_by,
            created_at,
            finished_at,
            progress,
            verdict,
            error,
        })
    }
}

/// Reads what we wrote.
pub(super) fn kept<T: DeserializeOwned>(json: &str) -> Result<T, Problem> {
    serde_json::from_str(json).map_err(Problem::internal)
}

/// The name of a run. It is read after the caller is known: what is no name is nothing that strangers are told of.
pub(super) fn id_in_path(text: &str) -> Result<Uuid, Problem> {
    text.parse().map_err(|_| unknown())
}

fn unknown() -> Problem {
    Problem::not_found("There is no benchmark of this id. GET /benchmarks lists those that there are.")
}

/// The run of this name.
pub(super) async fn benchmark(store: &Store, id: Uuid) -> Result<BenchmarkRow, Problem> {
    let row = store.benchmark(id).await?;
    row.ok_or_else(unknown)
}

/// What it measured.
pub(super) async fn report(store: &Store, id: Uuid) -> Result<Report, Problem> {
    let row = benchmark(store, id).await?;
    match row.report {
        Some(report) => kept(&report),
        None => {
            let detail = format!("This benchmark has no report: it is {}.", row.status);
            Err(Problem::conflict("benchmark_not_finished", detail))
        }
    }
}

/// Whether a client would rather read Markdown than JSON.
pub(super) fn wants_markdown(request: &HttpRequest) -> bool {
    accept::preferred(request, &["application/json", MARKDOWN]) == Some(MARKDOWN)
}
