//! What is different from another day.

use chrono::NaiveDate;
use serde::Serialize;
use utoipa::ToSchema;

use crate::figures::{EnrolledFigures, Figures};
use crate::store::Enrolled;

/// Another day, and what is different from it.
#[derive(Debug, PartialEq, Serialize, ToSchema)]
pub struct Comparison {
    /// The other day.
    pub date: NaiveDate,
    /// Its totals. `students` is the same enrolment as that of the report.
    pub totals: EnrolledFigures,
    /// The figures of the report's day less those of this one.
    pub differences: Differences,
}

/// The figures of one day less those of another.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, ToSchema)]
pub struct Differences {
    /// Learners with at least one log.
    pub active_students: i64,
    /// Logs.
    pub streaming_logs: i64,
    /// Seconds watched.
    pub watch_time_seconds: i64,
    /// Null where one of both days has none.
    #[schema(required)]
    pub avg_watch_time_seconds: Option<f64>,
    /// Null where one of both days has none.
    #[schema(required)]
    pub avg_completion_percentage: Option<f64>,
    /// Learner × lesson pairs that were completed.
    pub completed: i64,
}

impl Comparison {
    /// A day's totals against those of another one.
    pub(super) fn new(totals: Enrolled, date: NaiveDate, others: Enrolled) -> Self {
        let differences = Differences::between(totals.figures.into(), others.figures.into());
        Self { date, totals: others.into(), differences }
    }
}

impl Differences {
    fn between(figures: Figures, others: Figures) -> Self {
        let between = |one: Option<f64>, other: Option<f64>| Some(one? - other?);
        Self {
            active_students: figures.active_students - others.active_students,
            streaming_logs: figures.streaming_logs - others.streaming_logs,
            watch_time_seconds: figures.watch_time_seconds - others.watch_time_seconds,
            avg_watch_time_seconds: between(figures.avg_watch_time_seconds, others.avg_watch_time_seconds),
            avg_completion_percentage: between(
                figures.avg_completion_percentage,
                others.avg_completion_percentage,
            ),
            completed: figures.completed - others.completed,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store;

    fn totals(active_students: i64, completion_logs: i64, completion_percentage_sum: i64) -> Enrolled {
        let figures = store::Figures {
            active_students,
            completion_logs,
            completion_percentage_sum,
            ..store::Figures::default()
        };
        Enrolled { students: 9, figures }
    }

    #[test]
    fn a_difference_is_what_this_day_has_more() {
        let day = NaiveDate::from_ymd_opt(2021, 11, 28).unwrap();
        let differences = Comparison::new(totals(3, 2, 100), day, totals(5, 4, 100)).differences;
        assert_eq!(differences.active_students, -2);
        assert_eq!(differences.avg_completion_percentage, Some(25.0));
        let differences = Comparison::new(totals(3, 2, 100), day, totals(5, 0, 0)).differences;
        assert_eq!(differences.avg_completion_percentage, None);
    }
}
