//! The daily report: what is kept of a day, and the three ways in which it is told.

mod comparison;
mod csv_table;
mod facts;
mod losses;
mod make;
mod markdown_page;
mod ranking;
mod representation;
pub mod schedule;
mod staleness;
mod tasks;
mod wording;

use chrono::{DateTime, Days, NaiveDate, Utc};
use serde::Serialize;
use utoipa::ToSchema;

use crate::error::Problem;
use crate::figures::{ClassroomFigures, DayFigures, EnrolledFigures, LessonFigures};
use crate::parameters::Parameter;
use crate::store::{DailyReportRow, DayIntake};
pub(super) use comparison::Comparison;
pub(super) use facts::Facts;
use losses::LosingLesson;
pub(super) use make::{Made, make};
use ranking::RankedClassroom;
pub(super) use representation::Representation;
pub(super) use staleness::Staleness;
pub(super) use tasks::{PostedReport, TASKS_BYTES, Tasks};

/// The report of a day, as it was made last.
#[derive(Debug, Serialize, ToSchema)]
pub struct DailyReport {
    /// The day.
    pub date: NaiveDate,
    /// It is a calendar day in this zone.
    #[schema(example = "Europe/Paris")]
    pub time_zone: String,
    /// When the figures were read.
    pub generated_at: DateTime<Utc>,
    /// The revision of the day that they are of: a number that every change to the day's figures raises.
    pub revision: i64,
    /// Whether a report that is made now would say something else. Enrolment alone does not count: it is that of the
    /// moment when the report was made.
    pub stale: bool,
    /// Why it would; null where it would not.
    #[schema(required)]
    pub stale_reason: Option<String>,
    /// The platform as a whole.
    pub totals: EnrolledFigures,
    /// Every classroom, by name.
    pub classrooms: Vec<ClassroomFigures>,
    /// Every lesson, by id.
    pub lessons: Vec<LessonFigures>,
    /// The day's item of `/analytics/engagement`.
    pub engagement: DayFigures,
    /// The day before, and what is different.
    pub against_day_before: Comparison,
    /// The same weekday a week before, and what is different.
    pub against_same_weekday: Comparison,
    /// Classrooms with learners, those first of whose learners the largest share was active.
    pub ranked_classrooms: Vec<RankedClassroom>,
    /// Lessons that learners began on the day and left before their end, those first that lost the largest share; ten at
    /// most.
    pub lessons_that_lose_people: Vec<LosingLesson>,
    /// Learners without a log on the seven days up to this one.
    pub silent_students: i64,
    /// How logs came in.
    pub data_quality: DataQuality,
    /// The work that led to the report, with its figures, as whoever made it told.
    pub tasks: Tasks,
    /// Told apart from another report of the same revision.
    #[serde(skip)]
    tag: String,
}

/// What arrived on the day, whatever day it is of.
#[derive(Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct DataQuality {
    /// Logs that were new.
    pub accepted: i64,
    /// Logs that were stored before: somebody sent them again.
    pub duplicates: i64,
    /// Logs that were refused.
    pub rejected: i64,
    /// Of the new ones, those that happened more than 24 hours before.
    pub late: i64,
}

impl From<DayIntake> for DataQuality {
    fn from(DayIntake { accepted, duplicates, rejected, late }: DayIntake) -> Self {
        Self { accepted, duplicates, rejected, late }
    }
}

impl DailyReport {
    /// The report as it is told.
    pub(super) fn new(row: &DailyReportRow, facts: Facts, staleness: Staleness) -> Self {
        let &DailyReportRow { day, generated_at, revision, report: _ } = row;
        let tag = facts.tag(revision, staleness);
        let ranked_classrooms = ranking::ranked(&facts.classrooms);
        let lessons_that_lose_people = losses::worst(&facts.funnels, &facts.lessons);
        let against = |days, totals| Comparison::new(facts.totals, day - Days::new(days), totals);
        Self {
            date: day,
            time_zone: facts.time_zone,
            generated_at,
            revision,
            stale: staleness != Staleness::Fresh,
            stale_reason: staleness.reason(day),
            totals: facts.totals.into(),
            engagement: DayFigures { date: day, figures: facts.totals.into() },
            against_day_before: against(1, facts.day_before),
            against_same_weekday: against(7, facts.same_weekday),
            ranked_classrooms,
            lessons_that_lose_people,
            classrooms: facts.classrooms.into_iter().map(Into::into).collect(),
            lessons: facts.lessons.into_iter().map(Into::into).collect(),
            silent_students: facts.silent_students,
            data_quality: facts.intake.into(),
            tasks: facts.tasks,
            tag,
        }
    }
}

/// The day that stands in a path.
pub(super) fn day_in_path(text: &str) -> Result<NaiveDate, Problem> {
    NaiveDate::read(text).ok_or_else(|| {
        let detail = format!("`date` must be {}.", NaiveDate::LOOKS_LIKE);
        Problem::unprocessable("invalid_parameter", detail, "date")
    })
}

#[cfg(test)]
mod sample;
