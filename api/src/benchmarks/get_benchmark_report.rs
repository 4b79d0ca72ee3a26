//! `GET /benchmarks/{id}/report`: what a run measured.

use actix_web::web::{Data, Path};
use actix_web::{HttpRequest, HttpResponse, get};

use super::Report;
use super::benchmark::{id_in_path, report, wants_markdown};
use super::markdown::ReportPage;
use crate::auth::{Operate, Require};
use crate::error::{Problem, ProblemBody};
use crate::store::Store;

/// What a benchmark measured
///
/// JSON, or Markdown for those who `Accept` that first.
#[utoipa::path(
    tag = "benchmarks",
    params(("id" = Uuid, Path, description = "The run")),
    responses(
        (status = 200, description = "The report", content((Report = "application/json"), (String = "text/markdown"))),
        (status = 404, description = "There is no such run", body = ProblemBody, content_type = "application/problem+json"),
        (status = 409, description = "`benchmark_not_finished`: it has no report", body = ProblemBody,
            content_type = "application/problem+json"),
    ),
    security(("token" = ["operate"]))
)]
#[get("/benchmarks/{id}/report")]
pub async fn get_benchmark_report(
    _: Require<Operate>,
    request: HttpRequest,
    id: Path<String>,
    store: Data<Store>,
) -> Result<HttpResponse, Problem> {
    let report = report(&store, id_in_path(&id)?).await?;
    Ok(if wants_markdown(&request) {
        HttpResponse::Ok().content_type("text/markdown; charset=utf-8").body(ReportPage(&report).to_string())
    } else {
        HttpResponse::Ok().json(report)
    })
}
