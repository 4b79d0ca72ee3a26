//! `DELETE /benchmarks/{id}`: cancel a run, or remove one that has ended.

use actix_web::web::{Data, Path};
use actix_web::{HttpResponse, delete};

use super::benchmark::{Benchmark, benchmark, id_in_path};
use crate::auth::{Operate, Require};
use crate::error::{Problem, ProblemBody};
use crate::store::Store;

/// Cancel a benchmark, or remove one that has ended
///
/// A running one ends within some seconds, with all that it made; its status says when.
#[utoipa::path(
    tag = "benchmarks",
    params(("id" = Uuid, Path, description = "The run")),
    responses(
        (status = 202, description = "It was running, and ends now", body = Benchmark),
        (status = 204, description = "It had ended, and is removed"),
        (status = 404, description = "There is no such run", body = ProblemBody, content_type = "application/problem+json"),
    ),
    security(("token" = ["operate"]))
)]
#[delete("/benchmarks/{id}")]
pub async fn delete_benchmark(
    _: Require<Operate>,
    id: Path<String>,
    store: Data<Store>,
) -> Result<HttpResponse, Problem> {
    let id = id_in_path(&id)?;
    if store.cancel_benchmark(id).await? {
        return Ok(HttpResponse::Accepted().json(Benchmark::try_from(benchmark(&store, id).await?)?));
    }
    if store.remove_benchmark(id).await? {
        return Ok(HttpResponse::NoContent().finish());
    }
    benchmark(&store, id).await.map(|_| HttpResponse::NoContent().finish())
}
