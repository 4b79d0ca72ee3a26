//! What is kept of a day: the counts and sums that every representation of its report is made from.
//!
//! No average is kept, and nothing in words. Both are made when somebody reads, in the same way as `/analytics/daily` makes
//! them, so that the two say the same to the last digit.

use serde::{Deserialize, Serialize};

use super::losses::Funnel;
use super::{Staleness, Tasks};
use crate::error::{Problem, StoreError};
use crate::store::{
    Calendar, DailyReportRow, DayFacts, DayIntake, DayState, Enrolled, FiguresReport, LessonFigures,
};

/// What is kept of a day.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Facts {
    /// Which report of its revision it is, from 1: the tasks and the enrolment may differ.
    pub(super) edition: u32,
    pub(super) time_zone: String,
    /// The revisions of the seven days before, added up.
    pub(super) week_revision: i64,
    pub(super) totals: Enrolled,
    pub(super) classrooms: Vec<(String, Enrolled)>,
    pub(super) lessons: Vec<LessonFigures>,
    pub(super) day_before: Enrolled,
    pub(super) same_weekday: Enrolled,
    pub(super) funnels: Vec<Funnel>,
    pub(super) silent_students: i64,
    pub(super) intake: DayIntake,
    pub(super) tasks: Tasks,
}

impl Facts {
    /// Of a day as it is now, and of the row that it would replace.
    pub(super) fn new(
        now: DayFacts,
        calendar: &Calendar,
        tasks: Tasks,
    ) -> (Self, DayState, Option<DailyReportRow>) {
        let DayFacts { state, day, day_before, same_weekday, furthest, silent_students, kept } = now;
        let FiguresReport { totals, classrooms, lessons, days: _ } = day;
        let funnels = furthest.iter().map(|(id, furthest)| Funnel::new(*id, furthest, calendar.threshold));
        let facts = Self {
            edition: 1,
            time_zone: calendar.zone.name().to_owned(),
            week_revision: state.week_revision,
            totals,
            classrooms,
            lessons,
            day_before,
            same_weekday,
            funnels: funnels.collect(),
            silent_students,
            intake: state.intake,
            tasks,
        };
        (facts, state, kept)
    }

    /// Those of a row.
    pub(in crate::analytics) fn read(row: &DailyReportRow) -> Result<Self, Problem> {
        serde_json::from_str(&row.report).map_err(Problem::internal)
    }

    /// As they are kept.
    pub(super) fn text(&self) -> Result<String, StoreError> {
        serde_json::to_string(self).map_err(|error| StoreError::Refused(error.into()))
    }

    /// What no other report of the day has, nor this one when it has become stale.
    pub(super) fn tag(&self, revision: i64, staleness: Staleness) -> String {
        let edition = match self.edition {
            1 => String::new(),
            later => format!(".{later}"),
        };
        format!("{revision}{edition}{}", staleness.tag())
    }
}
