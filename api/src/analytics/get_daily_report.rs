//! `GET /analytics/daily/{date}/report`: the report that was kept of a day.

use actix_web::web::{Data, Path};
use actix_web::{HttpRequest, HttpResponse, get};
use chrono::NaiveDate;

use super::report::{DailyReport, Facts, Representation, Staleness, day_in_path};
use super::whole_platform::whole_platform;
use crate::auth::{Read, Require};
use crate::clock::Clock;
use crate::error::Problem;
use crate::refusals::ReportRefusals;
use crate::store::{Calendar, Store};

/// Read the report of a day
///
/// As it was made last, with whether it has become stale since: a log came late, a learner moved or was erased. As JSON,
/// `text/csv` or `text/markdown` (a page to be read), by `Accept`.
#[utoipa::path(
    tag = "analytics",
    operation_id = "get_analytics_daily_report",
    params(
        ("date" = NaiveDate, Path, description = "A calendar day in the platform's time zone", example = "2021-11-29"),
        ("If-None-Match" = Option<String>, Header, description = "The `ETag` of the report that the client has"),
    ),
    responses(
        (status = 200, description = "The report", content(
            (DailyReport = "application/json"), (String = "text/csv"), (String = "text/markdown"),
        ), headers(("ETag" = String, description = "The revision of the day, and what else tells reports and their forms apart"))),
        (status = 304, description = "The client has this report in this form"),
        ReportRefusals,
    ),
    security(("token" = ["read"]))
)]
#[get("/analytics/daily/{date}/report")]
pub async fn get_daily_report(
    caller: Require<Read>,
    request: HttpRequest,
    date: Path<String>,
    store: Data<Store>,
    calendar: Data<Calendar>,
    clock: Data<Clock>,
) -> Result<HttpResponse, Problem> {
    whole_platform(&caller)?;
    let representation = Representation::of(&request)?;
    let day = day_in_path(&date)?;
    // Of another day there is no report, and not every database knows it.
    let kept = match calendar.days_so_far(clock.now()).contains(&day) {
        true => store.daily_report(day).await?,
        false => None,
    };
    let (row, now) = kept.ok_or_else(|| not_made(day))?;
    let facts = Facts::read(&row)?;
    let staleness = Staleness::of(&row, &facts, &now, &calendar);
    representation.answer_unless_known(&request, &DailyReport::new(&row, facts, staleness))
}

fn not_made(day: NaiveDate) -> Problem {
    Problem::not_found(format!(
        "No report was made of {day}: `PUT /analytics/daily/{day}/report` (scope `report`) makes one, or \
         EDTECH_DAILY_REPORT_AT each day."
    ))
}
