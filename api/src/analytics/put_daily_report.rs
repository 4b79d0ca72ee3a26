//! `PUT /analytics/daily/{date}/report`: makes and keeps the report of a day.

use actix_web::http::StatusCode;
use actix_web::web::{Data, Path, Payload};
use actix_web::{HttpRequest, HttpResponse, put};
use chrono::NaiveDate;

use super::report::{DailyReport, Made, PostedReport, Representation, TASKS_BYTES, Tasks, day_in_path, make};
use super::whole_platform::whole_platform;
use crate::auth::{Report, Require};
use crate::body::read_body;
use crate::clock::Clock;
use crate::error::Problem;
use crate::refusals::PutReportRefusals;
use crate::store::{Calendar, Store};

/// Make the report of a day
///
/// Any day up to today, any number of times, also while logs come late: the report is kept with the revision of the day that
/// its figures are of, all read at one moment. Where it would say what the kept one says, that one stays. The body may tell
/// the work that led to it; it is kept with the report.
#[utoipa::path(
    tag = "analytics",
    operation_id = "put_analytics_daily_report",
    params(("date" = NaiveDate, Path, description = "A calendar day in the platform's time zone", example = "2021-11-29")),
    request_body(content = Option<PostedReport>, description = "The figures of each task; 64 KiB at most"),
    responses(
        (status = 200, description = "Made anew, or still what it was", body = DailyReport,
            headers(("ETag" = String, description = "The revision of the day, as far as nothing else tells reports apart"))),
        (status = 201, description = "Made for the first time", body = DailyReport,
            headers(("ETag" = String, description = "The revision of the day"))),
        PutReportRefusals,
    ),
    security(("token" = ["report"]))
)]
#[put("/analytics/daily/{date}/report")]
pub async fn put_daily_report(
    caller: Require<Report>,
    request: HttpRequest,
    date: Path<String>,
    payload: Payload,
    store: Data<Store>,
    calendar: Data<Calendar>,
    clock: Data<Clock>,
) -> Result<HttpResponse, Problem> {
    whole_platform(&caller)?;
    let day = day_so_far(&date, &calendar, **clock)?;
    let body = read_body(&request, payload, TASKS_BYTES).await?;
    let tasks = Tasks::read(&request, &body)?;
    let Made { report, is_first } = make(&store, &calendar, **clock, day, tasks).await?;
    let status = if is_first { StatusCode::CREATED } else { StatusCode::OK };
    Representation::Json.answer(status, &report)
}

/// A day of which there can be anything to tell.
fn day_so_far(date: &str, calendar: &Calendar, clock: Clock) -> Result<NaiveDate, Problem> {
    let day = day_in_path(date)?;
    let days = calendar.days_so_far(clock.now());
    if days.contains(&day) {
        return Ok(day);
    }
    let detail = if day > *days.end() {
        format!("{day} has not begun in {}: today is {}.", calendar.zone.name(), days.end())
    } else {
        format!("There are no logs of a day before {}.", days.start())
    };
    Err(Problem::unprocessable("out_of_range", detail, "date"))
}
