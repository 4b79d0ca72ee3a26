//! `DELETE /benchmarks/{id}`: cancel a run, or remove one that has ended.

use actix_web::web::{Data, Path};
use actix_web::{HttpRequest, HttpResponse, delete};
use utoipa::IntoParams;

use super::benchmark::{Benchmark, benchmark, id_in_path};
use crate::auth::{Operate, Require};
use crate::error::{Problem, ProblemBody};
use crate::parameters::Parameters;
use crate::store::Store;

/// Which runs may be removed.
#[derive(Debug, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct Removal {
    /// Only one that still runs.
    running: Option<bool>,
}

impl Removal {
    fn of(request: &HttpRequest) -> Result<Self, Problem> {
        let mut parameters = Parameters::of(request);
        let running = parameters.take("running");
        parameters.finish().map(|()| Self { running })
    }
}

/// Cancel a benchmark, or remove one that has ended
///
/// A running one ends within some seconds, with all that it made; its status says when. Whoever means to cancel it, and not
/// to lose its report where it has just ended, says `running=true`.
#[utoipa::path(
    tag = "benchmarks",
    params(("id" = Uuid, Path, description = "The run"), Removal),
    responses(
        (status = 202, description = "It was running, and ends now", body = Benchmark),
        (status = 204, description = "It had ended, and is removed"),
        (status = 404, description = "There is no such run", body = ProblemBody, content_type = "application/problem+json"),
        (status = 409, description = "`benchmark_ended`: it runs no more, and `running=true` asks to cancel it",
            body = ProblemBody, content_type = "application/problem+json"),
        (status = 422, description = "The query is no such query", body = ProblemBody,
            content_type = "application/problem+json"),
    ),
    security(("token" = ["operate"]))
)]
#[delete("/benchmarks/{id}")]
pub async fn delete_benchmark(
    _: Require<Operate>,
    id: Path<String>,
    request: HttpRequest,
    store: Data<Store>,
) -> Result<HttpResponse, Problem> {
    let id = id_in_path(&id)?;
    let Removal { running } = Removal::of(&request)?;
    if store.cancel_benchmark(id).await? {
        return Ok(HttpResponse::Accepted().json(Benchmark::try_from(benchmark(&store, id).await?)?));
    }
    // Whichever it is: a run that there is not is told before what would be done with it.
    benchmark(&store, id).await?;
    if running == Some(true) {
        let detail = "It has ended: nothing is cancelled, and its report stays.";
        return Err(Problem::conflict("benchmark_ended", detail));
    }
    store.remove_benchmark(id).await?;
    Ok(HttpResponse::NoContent().finish())
}
