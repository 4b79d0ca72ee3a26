//! `GET /analytics/classrooms`: how each classroom is doing.

use actix_web::http::header::CACHE_CONTROL;
use actix_web::web::Data;
use actix_web::{HttpRequest, HttpResponse, get};

use super::range::{Analysis, RangeQuery};
use crate::auth::{Read, Require};
use crate::clock::Clock;
use crate::error::{Problem, ProblemBody};
use crate::figures::ClassroomFigures;
use crate::store::{Breakdown, Calendar, Store};

/// Compare classrooms
///
/// Every classroom, by name, over a day, a range of days or all time. Classrooms without a log are listed with zeros.
#[utoipa::path(
    tag = "analytics",
    operation_id = "get_analytics_classrooms",
    params(RangeQuery),
    responses(
        (status = 200, description = "Figures by classroom", body = Analysis<ClassroomFigures>, example = json!({
            "from": "2021-11-01", "to": "2021-11-30", "time_zone": "Europe/Paris",
            "totals": {"students": 1452, "active_students": 2, "streaming_logs": 5, "watch_time_seconds": 840,
                "avg_watch_time_seconds": 168.0, "avg_completion_percentage": 62.5, "completed": 1},
            "items": [{"classroom": "Data_2025", "students": 181, "active_students": 2, "streaming_logs": 5,
                "watch_time_seconds": 840, "avg_watch_time_seconds": 168.0, "avg_completion_percentage": 62.5,
                "completed": 1}],
        })),
        (status = 422, description = "A parameter cannot be, or the range is too long", body = ProblemBody,
            content_type = "application/problem+json"),
    ),
    security(("token" = ["read"]))
)]
#[get("/analytics/classrooms")]
pub async fn get_classrooms(
    caller: Require<Read>,
    request: HttpRequest,
    store: Data<Store>,
    calendar: Data<Calendar>,
    clock: Data<Clock>,
) -> Result<HttpResponse, Problem> {
    let span = RangeQuery::of(&request)?.span(calendar.day_of(clock.now()))?;
    let report = store.figures(span, Breakdown::Classrooms, caller.classes()).await?;
    let items: Vec<ClassroomFigures> = report.classrooms.into_iter().map(Into::into).collect();
    let analysis = Analysis::new(span, &calendar, report.totals, items);
    Ok(HttpResponse::Ok().insert_header((CACHE_CONTROL, "no-store")).json(analysis))
}
