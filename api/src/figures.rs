//! The figures as clients read them: one figure has one name, in every answer and in every live frame.

use chrono::NaiveDate;
use serde::Serialize;
use utoipa::ToSchema;

use crate::store;

/// What was counted of some logs. Averages are not rounded.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, ToSchema)]
pub struct Figures {
    /// Distinct learners with at least one log.
    pub active_students: i64,
    /// Logs.
    pub streaming_logs: i64,
    /// Seconds watched, summed.
    pub watch_time_seconds: i64,
    /// Over the logs that carry a `watch_time_seconds`; null where none does.
    #[schema(required)]
    pub avg_watch_time_seconds: Option<f64>,
    /// Over the logs that carry a `completion_percentage`; null where none does.
    #[schema(required)]
    pub avg_completion_percentage: Option<f64>,
    /// Learner × lesson pairs that were completed, each counted on the day of its completion.
    pub completed: i64,
}

impl From<store::Figures> for Figures {
    fn from(counted: store::Figures) -> Self {
        let store::Figures {
            active_students,
            streaming_logs,
            watch_time_logs,
            watch_time_seconds,
            completion_logs,
            completion_percentage_sum,
            completed,
        } = counted;
        Self {
            active_students,
            streaming_logs,
            watch_time_seconds,
            avg_watch_time_seconds: average(watch_time_seconds, watch_time_logs),
            avg_completion_percentage: average(completion_percentage_sum, completion_logs),
            completed,
        }
    }
}

fn average(sum: i64, count: i64) -> Option<f64> {
    (count > 0).then(|| sum as f64 / count as f64)
}

/// The figures of learners who are enrolled together.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, ToSchema)]
pub struct EnrolledFigures {
    /// Learners enrolled today, also where the figures are of a past day.
    pub students: i64,
    /// What they did.
    #[serde(flatten)]
    pub figures: Figures,
}

impl From<store::Enrolled> for EnrolledFigures {
    fn from(store::Enrolled { students, figures }: store::Enrolled) -> Self {
        Self { students, figures: figures.into() }
    }
}

/// The figures of a classroom.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct ClassroomFigures {
    /// Its name.
    #[schema(example = "Data_2025")]
    pub classroom: String,
    /// Its learners, and what they did.
    #[serde(flatten)]
    pub figures: EnrolledFigures,
}

impl From<(String, store::Enrolled)> for ClassroomFigures {
    fn from((classroom, figures): (String, store::Enrolled)) -> Self {
        Self { classroom, figures: figures.into() }
    }
}

/// The figures of a lesson. Nobody is enrolled in a lesson.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct LessonFigures {
    /// Our name for it.
    pub lesson_id: i64,
    /// The LMS's name for it.
    #[schema(example = "introduction-a-docker")]
    pub external_id: String,
    /// What people call it.
    #[schema(example = "Introduction à Docker")]
    pub title: String,
    /// The field that it belongs to.
    #[schema(required, example = "DevOps")]
    pub subject: Option<String>,
    /// What was done with it.
    #[serde(flatten)]
    pub figures: Figures,
}

impl From<store::LessonFigures> for LessonFigures {
    fn from(lesson: store::LessonFigures) -> Self {
        let store::LessonFigures { lesson_id, external_id, title, subject, figures } = lesson;
        Self { lesson_id, external_id, title, subject, figures: figures.into() }
    }
}

/// The figures of a day.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct DayFigures {
    /// A calendar day in the platform's time zone.
    pub date: NaiveDate,
    /// Who is enrolled today, and what was done on that day.
    #[serde(flatten)]
    pub figures: EnrolledFigures,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_average_is_over_the_logs_that_carry_the_figure() {
        let counted = store::Figures {
            active_students: 2,
            streaming_logs: 4,
            watch_time_logs: 3,
            watch_time_seconds: 100,
            completion_logs: 0,
            completion_percentage_sum: 0,
            completed: 0,
        };
        let figures = Figures::from(counted);
        assert_eq!(figures.avg_watch_time_seconds, Some(100.0 / 3.0));
        assert_eq!(figures.avg_completion_percentage, None);
    }

    #[test]
    fn an_empty_classroom_shows_every_figure() {
        let empty = ClassroomFigures::from(("IA_2025".to_owned(), store::Enrolled::default()));
        let expected = serde_json::json!({
            "classroom": "IA_2025", "students": 0, "active_students": 0, "streaming_logs": 0, "watch_time_seconds": 0,
            "avg_watch_time_seconds": null, "avg_completion_percentage": null, "completed": 0,
        });
        assert_eq!(serde_json::to_value(empty).unwrap(), expected);
    }
}
