//! `GET /analytics/lessons`: what became of each lesson.

use actix_web::http::header::CACHE_CONTROL;
use actix_web::web::Data;
use actix_web::{HttpRequest, HttpResponse, get};

use super::range::{Analysis, RangeQuery};
use crate::auth::{Read, Require};
use crate::clock::Clock;
use crate::error::{Problem, ProblemBody};
use crate::figures::LessonFigures;
use crate::store::{Breakdown, Calendar, Store};

/// Compare lessons
///
/// Every lesson, by id, over a day, a range of days or all time. Lessons without a log are listed with zeros.
#[utoipa::path(
    tag = "analytics",
    operation_id = "get_analytics_lessons",
    params(RangeQuery),
    responses(
        (status = 200, description = "Figures by lesson", body = Analysis<LessonFigures>, example = json!({
            "from": "2021-11-01", "to": "2021-11-30", "time_zone": "Europe/Paris",
            "totals": {"students": 1452, "active_students": 2, "streaming_logs": 5, "watch_time_seconds": 840,
                "avg_watch_time_seconds": 168.0, "avg_completion_percentage": 62.5, "completed": 1},
            "items": [{"lesson_id": 1, "external_id": "introduction-a-docker", "title": "Introduction à Docker",
                "subject": "DevOps", "active_students": 2, "streaming_logs": 5, "watch_time_seconds": 840,
                "avg_watch_time_seconds": 168.0, "avg_completion_percentage": 62.5, "completed": 1}],
        })),
        (status = 422, description = "A parameter cannot be, or the range is too long", body = ProblemBody,
            content_type = "application/problem+json"),
    ),
    security(("token" = ["read"]))
)]
#[get("/analytics/lessons")]
pub async fn get_lessons(
    caller: Require<Read>,
    request: HttpRequest,
    store: Data<Store>,
    calendar: Data<Calendar>,
    clock: Data<Clock>,
) -> Result<HttpResponse, Problem> {
    let span = RangeQuery::of(&request)?.span(calendar.day_of(clock.now()))?;
    let report = store.figures(span, Breakdown::Lessons, caller.classes()).await?;
    let items: Vec<LessonFigures> = report.lessons.into_iter().map(Into::into).collect();
    let analysis = Analysis::new(span, &calendar, report.totals, items);
    Ok(HttpResponse::Ok().insert_header((CACHE_CONTROL, "no-store")).json(analysis))
}
