//! `POST /benchmarks`: begin to measure.

use actix_web::http::header::LOCATION;
use actix_web::web::{Data, Payload};
use actix_web::{HttpRequest, HttpResponse, post};

use super::benchmark::{Benchmark, benchmark};
use super::{Asked, Benchmarks, Run};
use crate::auth::{Operate, Require};
use crate::body::read_json;
use crate::error::{Problem, ProblemBody};
use crate::store::Store;

/// The largest body, in bytes: some numbers.
const BODY_LIMIT: usize = 16 * 1024;

/// Begin to measure
///
/// One run at a time, on a database of its own that is removed afterwards; no figure of this installation changes.
#[utoipa::path(
    tag = "benchmarks",
    request_body = Asked,
    responses(
        (status = 202, description = "It runs", body = Benchmark, headers(("Location" = String, description = "The run"))),
        (status = 400, description = "The body is no JSON", body = ProblemBody, content_type = "application/problem+json"),
        (status = 408, description = "The body came too slowly", body = ProblemBody, content_type = "application/problem+json"),
        (status = 409, description = "Another one runs (`benchmark_running`), or the database's role may make no database \
            (`create_database_denied`; the `detail` has the grant)", body = ProblemBody, content_type = "application/problem+json"),
        (status = 413, description = "The body is too large", body = ProblemBody, content_type = "application/problem+json"),
        (status = 415, description = "The body is of another type than JSON", body = ProblemBody,
            content_type = "application/problem+json"),
        (status = 422, description = "A parameter is not what it may be", body = ProblemBody,
            content_type = "application/problem+json"),
    ),
    security(("token" = ["operate"]))
)]
#[post("/benchmarks")]
pub async fn post_benchmarks(
    caller: Require<Operate>,
    request: HttpRequest,
    payload: Payload,
    store: Data<Store>,
    benchmarks: Data<Benchmarks>,
) -> Result<HttpResponse, Problem> {
    let body: Asked = read_json(&request, payload, BODY_LIMIT).await?;
    let (kind, parameters) = body.resolved().map_err(|faults| match faults.first() {
        Some(fault) => {
            Problem::unprocessable(fault.code, &fault.detail, &fault.pointer).with_errors(faults.clone())
        }
        None => Problem::internal("refused without a fault"),
    })?;
    let run = Run::new(kind, parameters);
    let id = run.id;
    benchmarks.begin(&store, run, caller.client()).await?;
    let begun = Benchmark::try_from(benchmark(&store, id).await?)?;
    Ok(HttpResponse::Accepted().insert_header((LOCATION, format!("/benchmarks/{id}"))).json(begun))
}
