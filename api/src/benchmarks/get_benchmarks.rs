//! `GET /benchmarks`: what was measured, newest first.

use actix_web::web::Data;
use actix_web::{HttpRequest, HttpResponse, get};
use utoipa::IntoParams;

use super::benchmark::Benchmark;
use crate::auth::{Operate, Require};
use crate::error::Problem;
use crate::paging::{Page, PageRequest};
use crate::parameters::Parameters;
use crate::refusals::ListRefusals;
use crate::store::{BenchmarkPosition, Store};

/// Which page is asked for.
#[derive(Debug, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct BenchmarkQuery {
    /// How many on a page, 1 to 1000; 100 by default.
    #[param(minimum = 1, maximum = 1000)]
    limit: Option<u32>,
    /// The `next` of the page before.
    cursor: Option<String>,
}

/// List benchmarks
///
/// Newest first.
#[utoipa::path(
    tag = "benchmarks",
    params(BenchmarkQuery),
    responses((status = 200, description = "A page of runs", body = Page<Benchmark>), ListRefusals),
    security(("token" = ["operate"]))
)]
#[get("/benchmarks")]
pub async fn get_benchmarks(
    _: Require<Operate>,
    request: HttpRequest,
    store: Data<Store>,
) -> Result<HttpResponse, Problem> {
    let mut parameters = Parameters::of(&request);
    let query = BenchmarkQuery { limit: parameters.take("limit"), cursor: parameters.take("cursor") };
    parameters.finish()?;
    let page: PageRequest<BenchmarkPosition> = PageRequest::parse(query.limit, query.cursor.as_deref())?;
    let rows = store.benchmarks(page.after.as_ref(), page.rows()).await?;
    let runs = rows.into_iter().map(|row| {
        let position = BenchmarkPosition { created_at: row.created_at, id: row.id };
        Ok((position, Benchmark::try_from(row)?))
    });
    let runs: Vec<(BenchmarkPosition, Benchmark)> = runs.collect::<Result<_, Problem>>()?;
    Ok(page.page(runs, |(position, _)| position.clone()).map(|(_, run)| run).answer(&request))
}
