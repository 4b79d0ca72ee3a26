//! `GET /benchmarks/{id}/compare/{other}`: a run held against an earlier one.

use actix_web::web::{Data, Path};
use actix_web::{HttpRequest, HttpResponse, get};

use super::Comparison;
use super::benchmark::{id_in_path, report, wants_markdown};
use super::markdown::ComparisonPage;
use crate::auth::{Operate, Require};
use crate::error::{Problem, ProblemBody};
use crate::store::Store;

/// Hold a benchmark against an earlier one
///
/// Ratios of all figures of which one way is better, and which of them noise does not explain; noise is estimated from
/// repeats where the runs have some. JSON, or Markdown for those who `Accept` that first.
#[utoipa::path(
    tag = "benchmarks",
    params(("id" = Uuid, Path, description = "The run"), ("other" = Uuid, Path, description = "The baseline")),
    responses(
        (status = 200, description = "Both beside each other",
            content((Comparison = "application/json"), (String = "text/markdown"))),
        (status = 404, description = "There is no such run", body = ProblemBody, content_type = "application/problem+json"),
        (status = 409, description = "One has no report (`benchmark_not_finished`), or they measured different things \
            (`benchmarks_differ`)", body = ProblemBody, content_type = "application/problem+json"),
    ),
    security(("token" = ["operate"]))
)]
#[get("/benchmarks/{id}/compare/{other}")]
pub async fn get_benchmark_comparison(
    _: Require<Operate>,
    request: HttpRequest,
    ids: Path<(String, String)>,
    store: Data<Store>,
) -> Result<HttpResponse, Problem> {
    let (candidate, baseline) = ids.into_inner();
    let (candidate, baseline) = (id_in_path(&candidate)?, id_in_path(&baseline)?);
    let (candidate, baseline) = (report(&store, candidate).await?, report(&store, baseline).await?);
    let comparison = Comparison::of(&candidate, &baseline)
        .ok_or_else(|| Problem::conflict("benchmarks_differ", "These two measured different things."))?;
    Ok(if wants_markdown(&request) {
        let page = ComparisonPage(&comparison).to_string();
        HttpResponse::Ok().content_type("text/markdown; charset=utf-8").body(page)
    } else {
        HttpResponse::Ok().json(comparison)
    })
}
