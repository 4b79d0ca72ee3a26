//! `GET /benchmarks/{id}`: one run, and how far it is.

use actix_web::get;
use actix_web::web::{Data, Json, Path};

use super::benchmark::{Benchmark, benchmark, id_in_path};
use crate::auth::{Operate, Require};
use crate::error::{Problem, ProblemBody};
use crate::store::Store;

/// One benchmark
#[utoipa::path(
    tag = "benchmarks",
    params(("id" = Uuid, Path, description = "The run")),
    responses(
        (status = 200, description = "The run", body = Benchmark),
        (status = 404, description = "There is no such run", body = ProblemBody, content_type = "application/problem+json"),
    ),
    security(("token" = ["operate"]))
)]
#[get("/benchmarks/{id}")]
pub async fn get_benchmark(
    _: Require<Operate>,
    id: Path<String>,
    store: Data<Store>,
) -> Result<Json<Benchmark>, Problem> {
    Ok(Json(Benchmark::try_from(benchmark(&store, id_in_path(&id)?).await?)?))
}
