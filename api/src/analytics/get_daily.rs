//! `GET /analytics/daily`: a day in one answer.

use actix_web::http::header::CACHE_CONTROL;
use actix_web::web::Data;
use actix_web::{HttpRequest, HttpResponse, get};
use chrono::{DateTime, NaiveDate, Utc};
use serde::Serialize;
use utoipa::{IntoParams, ToSchema};

use crate::auth::{Read, Require};
use crate::clock::Clock;
use crate::error::{Problem, ProblemBody};
use crate::figures::{ClassroomFigures, EnrolledFigures, LessonFigures};
use crate::parameters::Parameters;
use crate::store::{Breakdown, Calendar, DaySpan, FiguresReport, Store};

/// Which day is asked for.
#[derive(Debug, IntoParams)]
#[into_params(parameter_in = Query)]
struct DailyQuery {
    /// A calendar day in the platform's time zone; today without it.
    #[param(example = "2021-11-29")]
    date: Option<NaiveDate>,
}

impl DailyQuery {
    fn of(request: &HttpRequest) -> Result<Self, Problem> {
        let mut parameters = Parameters::of(request);
        let query = Self { date: parameters.take("date") };
        parameters.finish().map(|()| query)
    }
}

/// The figures of a day.
#[derive(Debug, Serialize, ToSchema)]
pub struct Daily {
    /// The day.
    date: NaiveDate,
    /// It is a calendar day in this zone.
    #[schema(example = "Europe/Paris")]
    time_zone: &'static str,
    /// When the figures were read.
    generated_at: DateTime<Utc>,
    /// The platform as a whole; for those who are bound to classrooms, all of these.
    totals: EnrolledFigures,
    /// Every classroom, by name; for those who are bound to classrooms, these alone.
    classrooms: Vec<ClassroomFigures>,
    /// Every lesson, by id.
    lessons: Vec<LessonFigures>,
}

/// Read the figures of a day
///
/// Classrooms and lessons without a log are listed with zeros. `students` is today's enrolment, also for a past day.
#[utoipa::path(
    tag = "analytics",
    params(DailyQuery),
    responses(
        (status = 200, description = "The figures of the day", body = Daily, example = json!({
            "date": "2021-11-29", "time_zone": "Europe/Paris", "generated_at": "2021-11-30T06:00:00.000000Z",
            "totals": {"students": 1452, "active_students": 2, "streaming_logs": 5, "watch_time_seconds": 840,
                "avg_watch_time_seconds": 168.0, "avg_completion_percentage": 62.5, "completed": 1},
            "classrooms": [{"classroom": "Data_2025", "students": 181, "active_students": 2, "streaming_logs": 5,
                "watch_time_seconds": 840, "avg_watch_time_seconds": 168.0, "avg_completion_percentage": 62.5,
                "completed": 1}],
            "lessons": [{"lesson_id": 1, "external_id": "introduction-a-docker", "title": "Introduction à Docker",
                "subject": "DevOps", "active_students": 2, "streaming_logs": 5, "watch_time_seconds": 840,
                "avg_watch_time_seconds": 168.0, "avg_completion_percentage": 62.5, "completed": 1}],
        })),
        (status = 422, description = "A parameter cannot be", body = ProblemBody,
            content_type = "application/problem+json"),
    ),
    security(("token" = ["read"]))
)]
#[get("/analytics/daily")]
pub async fn get_daily(
    caller: Require<Read>,
    request: HttpRequest,
    store: Data<Store>,
    calendar: Data<Calendar>,
    clock: Data<Clock>,
) -> Result<HttpResponse, Problem> {
    let DailyQuery { date } = DailyQuery::of(&request)?;
    let generated_at = clock.now();
    let date = date.unwrap_or_else(|| calendar.day_of(generated_at));
    let report = store.figures(DaySpan::of(date), Breakdown::ClassroomsAndLessons, caller.classes()).await?;
    let FiguresReport { totals, classrooms, lessons, days: _ } = report;
    Ok(HttpResponse::Ok().insert_header((CACHE_CONTROL, "no-store")).json(Daily {
        date,
        time_zone: calendar.zone.name(),
        generated_at,
        totals: totals.into(),
        classrooms: classrooms.into_iter().map(Into::into).collect(),
        lessons: lessons.into_iter().map(Into::into).collect(),
    }))
}
