//! The figures of a span of days, counted from the rollups.

use chrono::NaiveDate;
use sea_orm::{ConnectionTrait, DbErr, QueryResult};
use serde::{Deserialize, Serialize};

use super::query::Query;
use super::record::EVER;
use super::{Dialect, FIRST_DAY, Store};
use crate::error::StoreError;

/// What was counted of some logs, as sums: averages are for the reader to take.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Figures {
    /// Learners with at least one log.
    pub active_students: i64,
    /// Logs.
    pub streaming_logs: i64,
    /// Logs that carry a `watch_time_seconds`.
    pub watch_time_logs: i64,
    /// The sum of what they carry.
    pub watch_time_seconds: i64,
    /// Logs that carry a `completion_percentage`.
    pub completion_logs: i64,
    /// The sum of what they carry.
    pub completion_percentage_sum: i64,
    /// Learner × lesson pairs that were completed.
    pub completed: i64,
}

/// The figures of learners who are enrolled together.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Enrolled {
    /// Learners enrolled today.
    pub students: i64,
    /// What they did.
    pub figures: Figures,
}

/// The figures of a lesson.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct LessonFigures {
    /// Our name for the lesson.
    pub lesson_id: i64,
    /// The LMS's name for the lesson.
    pub external_id: String,
    /// What people call it.
    pub title: String,
    /// The field that it belongs to.
    pub subject: Option<String>,
    /// What was done with it.
    pub figures: Figures,
}

/// The figures of a span of days, broken down as it was asked for; the other lists are empty.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct FiguresReport {
    /// The platform as a whole.
    pub totals: Enrolled,
    /// Every classroom, by name.
    pub classrooms: Vec<(String, Enrolled)>,
    /// Every lesson, by id.
    pub lessons: Vec<LessonFigures>,
    /// Every day with a figure, in order.
    pub days: Vec<(NaiveDate, Figures)>,
}

/// How the figures of a span are broken down.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Breakdown {
    /// By classroom, and by lesson.
    ClassroomsAndLessons,
    /// By classroom.
    Classrooms,
    /// By lesson.
    Lessons,
    /// By day.
    Days,
}

/// Days, both included; an open end goes as far as there are figures.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct DaySpan {
    /// The first day.
    pub from: Option<NaiveDate>,
    /// The last day.
    pub to: Option<NaiveDate>,
}

impl DaySpan {
    /// One day.
    pub fn of(day: NaiveDate) -> Self {
        Self { from: Some(day), to: Some(day) }
    }
}

/// No log is from a later day.
pub(super) const LAST_DAY: NaiveDate = NaiveDate::from_ymd_opt(9999, 12, 31).unwrap();

macro_rules! parts {
    ($($part:literal),+) => {
        concat!(include_str!("sql/figures_span.sql"), $(include_str!(concat!("sql/figures_", $part, ".sql"))),+)
    };
}

impl Breakdown {
    fn sql(self) -> &'static str {
        match self {
            Self::ClassroomsAndLessons => parts!("totals", "classrooms", "lessons"),
            Self::Classrooms => parts!("totals", "classrooms"),
            Self::Lessons => parts!("totals", "lessons"),
            Self::Days => parts!("totals", "days"),
        }
    }
}

impl DaySpan {
    /// The day whose active learners are kept as a number, where the span is one: sums of several days add up, but
    /// learners do not.
    pub(super) fn kept_day(self) -> Option<NaiveDate> {
        match (self.from, self.to) {
            (None, None) => Some(EVER),
            (Some(from), Some(to)) if from == to => Some(from),
            _ => None,
        }
    }
}

impl Store {
    /// The figures of a span of days. One statement, so that all of them are of the same moment.
    pub async fn figures(&self, span: DaySpan, breakdown: Breakdown) -> Result<FiguresReport, StoreError> {
        Ok(FiguresReport::read(&self.reader, self.dialect, span, breakdown).await?)
    }
}

/// A statement made of [`parts`](Breakdown::sql), for a span of days.
fn figures_query(dialect: Dialect, sql: &str, span: DaySpan) -> Query {
    let active = match span.kept_day() {
        Some(_) => include_str!("sql/figures_active_kept.sql"),
        None => include_str!("sql/figures_active_counted.sql"),
    };
    let query = Query::new(dialect, &format!("{active}{sql}"))
        .bind_day("first_day", span.from.unwrap_or(FIRST_DAY))
        .bind_day("last_day", span.to.unwrap_or(LAST_DAY));
    match span.kept_day() {
        Some(day) => query.bind_day("active_day", day),
        None => query,
    }
}

impl FiguresReport {
    /// Reads the figures of a span of days, in one statement.
    pub(super) async fn read(
        on: &impl ConnectionTrait,
        dialect: Dialect,
        span: DaySpan,
        breakdown: Breakdown,
    ) -> Result<Self, DbErr> {
        let mut report = Self::default();
        for row in &figures_query(dialect, breakdown.sql(), span).all(on).await? {
            report.add(row)?;
        }
        Ok(report.sorted())
    }

    /// Takes one row to where it belongs.
    fn add(&mut self, row: &QueryResult) -> Result<(), DbErr> {
        let figures = figures_of(row)?;
        let enrolled = || Ok::<_, DbErr>(Enrolled { students: row.try_get("", "students")?, figures });
        match row.try_get::<String>("", "part")?.as_str() {
            "totals" => self.totals = enrolled()?,
            "classroom" => self.classrooms.push((row.try_get("", "classroom")?, enrolled()?)),
            "lesson" => self.lessons.push(lesson_of(row)?),
            "day" => self.days.push((row.try_get("", "day")?, figures)),
            unknown => return Err(DbErr::Type(format!("a part of the figures called {unknown}"))),
        }
        Ok(())
    }

    /// Names in the order of their bytes, on every machine: the order of text is a matter of a database's locale.
    fn sorted(mut self) -> Self {
        self.classrooms.sort_unstable_by(|one, other| one.0.cmp(&other.0));
        self.lessons.sort_unstable_by_key(|lesson| lesson.lesson_id);
        self.days.sort_unstable_by_key(|&(day, _)| day);
        self
    }
}

/// The figures in a row, whatever it is about.
fn figures_of(row: &QueryResult) -> Result<Figures, DbErr> {
    Ok(Figures {
        active_students: row.try_get("", "active_students")?,
        streaming_logs: row.try_get("", "streaming_logs")?,
        watch_time_logs: row.try_get("", "watch_time_logs")?,
        watch_time_seconds: row.try_get("", "watch_time_seconds")?,
        completion_logs: row.try_get("", "completion_logs")?,
        completion_percentage_sum: row.try_get("", "completion_percentage_sum")?,
        completed: row.try_get("", "completed")?,
    })
}

/// The lesson that a row is about, with its figures.
pub(super) fn lesson_of(row: &QueryResult) -> Result<LessonFigures, DbErr> {
    Ok(LessonFigures {
        lesson_id: row.try_get("", "lesson_id")?,
        external_id: row.try_get("", "external_id")?,
        title: row.try_get("", "title")?,
        subject: row.try_get("", "subject")?,
        figures: figures_of(row)?,
    })
}
