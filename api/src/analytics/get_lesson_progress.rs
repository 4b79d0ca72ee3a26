//! `GET /analytics/lessons/{lesson_id}/progress`: how far the learners of a lesson came.

use actix_web::http::header::CACHE_CONTROL;
use actix_web::web::{Data, Path};
use actix_web::{HttpRequest, HttpResponse, get};
use chrono::NaiveDate;
use serde::Serialize;
use utoipa::ToSchema;

use super::range::RangeQuery;
use crate::auth::{Read, Require};
use crate::clock::Clock;
use crate::error::{Problem, ProblemBody};
use crate::figures::Figures;
use crate::id::Id;
use crate::store::{self, Calendar, DaySpan, Furthest, Store};

/// Where a lesson loses people is looked for at its quarters, and at what completes it.
const QUARTERS: [i32; 4] = [0, 25, 50, 75];

/// A lesson, and how far its learners came.
#[derive(Debug, Serialize, ToSchema)]
pub struct LessonProgress {
    /// Our name for it.
    lesson_id: i64,
    /// The LMS's name for it.
    external_id: String,
    /// What people call it.
    title: String,
    /// The field that it belongs to.
    #[schema(required)]
    subject: Option<String>,
    /// How long it runs.
    #[schema(required)]
    duration_seconds: Option<i32>,
    /// The first day; null where the range has no beginning.
    #[schema(required)]
    from: Option<NaiveDate>,
    /// The last day, included; null where the range has no end.
    #[schema(required)]
    to: Option<NaiveDate>,
    /// Days are calendar days in this zone.
    time_zone: &'static str,
    /// What was done with it.
    figures: Figures,
    /// The funnel, by percentage: all who started, the quarters, and the percentage that completes a lesson.
    reached: Vec<Reached>,
    /// The same learners by tenths of the lesson, in order.
    histogram: Vec<Tenth>,
    /// Learners none of whose logs carried a percentage: they started, and are in no tenth.
    without_percentage: i64,
}

/// Learners who came at least so far.
#[derive(Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct Reached {
    /// How far; 0 is everybody who started.
    percentage: i32,
    /// How many.
    students: i64,
}

/// Learners whose furthest percentage lies between two, both included.
#[derive(Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct Tenth {
    /// The smallest.
    from: i32,
    /// The largest.
    to: i32,
    /// How many.
    students: i64,
}

impl LessonProgress {
    fn new(progress: store::LessonProgress, span: DaySpan, calendar: &Calendar) -> Self {
        let store::LessonProgress { lesson, duration_seconds, furthest } = progress;
        let store::LessonFigures { lesson_id, external_id, title, subject, figures } = lesson;
        Self {
            lesson_id,
            external_id,
            title,
            subject,
            duration_seconds,
            from: span.from,
            to: span.to,
            time_zone: calendar.zone.name(),
            figures: figures.into(),
            reached: reached(&furthest, calendar.threshold),
            histogram: histogram(&furthest),
            without_percentage: furthest.without_percentage,
        }
    }
}

/// The percentages of a funnel, in their order.
pub(super) fn steps(threshold: i32) -> Vec<i32> {
    let mut percentages = [&QUARTERS[..], &[threshold]].concat();
    percentages.sort_unstable();
    percentages.dedup();
    percentages
}

fn reached(furthest: &Furthest, threshold: i32) -> Vec<Reached> {
    let students = |percentage| match percentage {
        0 => furthest.started(),
        percentage => furthest.within(percentage, 100),
    };
    let step = |percentage| Reached { percentage, students: students(percentage) };
    steps(threshold).into_iter().map(step).collect()
}

/// The whole lesson is of the last tenth.
fn histogram(furthest: &Furthest) -> Vec<Tenth> {
    let tenth = |from: i32| {
        let to = if from == 90 { 100 } else { from + 9 };
        Tenth { from, to, students: furthest.within(from, to) }
    };
    (0..100).step_by(10).map(tenth).collect()
}

/// See how far learners came in a lesson
///
/// Over a day, a range of days or all time. A learner counts once, by the furthest percentage that any log of the range
/// carried. Learners who were erased are gone from `reached` and `histogram`; the `figures` of days that retention has
/// closed still count them.
#[utoipa::path(
    tag = "analytics",
    operation_id = "get_analytics_lesson_progress",
    params(("lesson_id" = i64, Path, description = "Our id of the lesson", example = 1), RangeQuery),
    responses(
        (status = 200, description = "The lesson's figures and funnel", body = LessonProgress, example = json!({
            "lesson_id": 1, "external_id": "introduction-a-docker", "title": "Introduction à Docker",
            "subject": "DevOps", "duration_seconds": 1800,
            "from": "2021-11-01", "to": "2021-11-30", "time_zone": "Europe/Paris",
            "figures": {"active_students": 3, "streaming_logs": 5, "watch_time_seconds": 840,
                "avg_watch_time_seconds": 168.0, "avg_completion_percentage": 62.5, "completed": 1},
            "reached": [{"percentage": 0, "students": 3}, {"percentage": 25, "students": 2},
                {"percentage": 50, "students": 1}, {"percentage": 75, "students": 1},
                {"percentage": 90, "students": 1}],
            "histogram": [{"from": 0, "to": 9, "students": 0}, {"from": 10, "to": 19, "students": 0},
                {"from": 20, "to": 29, "students": 0}, {"from": 30, "to": 39, "students": 0},
                {"from": 40, "to": 49, "students": 1}, {"from": 50, "to": 59, "students": 0},
                {"from": 60, "to": 69, "students": 0}, {"from": 70, "to": 79, "students": 0},
                {"from": 80, "to": 89, "students": 0}, {"from": 90, "to": 100, "students": 1}],
            "without_percentage": 1,
        })),
        (status = 404, description = "There is no such lesson", body = ProblemBody,
            content_type = "application/problem+json"),
        (status = 422, description = "A parameter cannot be, or the range is too long", body = ProblemBody,
            content_type = "application/problem+json"),
    ),
    security(("token" = ["read"]))
)]
#[get("/analytics/lessons/{lesson_id}/progress")]
pub async fn get_lesson_progress(
    caller: Require<Read>,
    request: HttpRequest,
    lesson_id: Path<Id>,
    store: Data<Store>,
    calendar: Data<Calendar>,
    clock: Data<Clock>,
) -> Result<HttpResponse, Problem> {
    let span = RangeQuery::of(&request)?.span(calendar.day_of(clock.now()))?;
    let progress = store.lesson_progress(lesson_id.number(), span, caller.classes()).await?;
    let progress = progress.ok_or_else(|| Problem::not_found("There is no lesson of this id."))?;
    let progress = LessonProgress::new(progress, span, &calendar);
    Ok(HttpResponse::Ok().insert_header((CACHE_CONTROL, "no-store")).json(progress))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Seven learners, one of whom has no percentage.
    fn furthest() -> Furthest {
        let percentages = vec![(0, 1), (9, 1), (89, 1), (90, 1), (100, 2)];
        Furthest { percentages, without_percentage: 1 }
    }

    fn funnel(threshold: i32) -> Vec<(i32, i64)> {
        reached(&furthest(), threshold).iter().map(|it| (it.percentage, it.students)).collect()
    }

    #[test]
    fn a_funnel_begins_with_all_who_started_and_knows_what_completes() {
        assert_eq!(funnel(90), [(0, 7), (25, 4), (50, 4), (75, 4), (90, 3)]);
        assert_eq!(funnel(50), [(0, 7), (25, 4), (50, 4), (75, 4)], "no percentage comes twice");
        assert_eq!(funnel(5), [(0, 7), (5, 5), (25, 4), (50, 4), (75, 4)], "in their order");
    }

    #[test]
    fn tenths_hold_each_learner_with_a_percentage_once() {
        let tenths: Vec<_> = histogram(&furthest()).iter().map(|it| (it.from, it.to, it.students)).collect();
        assert_eq!(tenths.len(), 10);
        assert_eq!((tenths[0], tenths[1]), ((0, 9, 2), (10, 19, 0)));
        assert_eq!((tenths[8], tenths[9]), ((80, 89, 1), (90, 100, 3)));
        assert_eq!(tenths.iter().map(|tenth| tenth.2).sum::<i64>(), 6);
    }
}
