//! The figures of a span of days, counted from the rollups.

use std::collections::BTreeSet;
use std::iter::Sum;
use std::ops::Add;

use chrono::NaiveDate;
use sea_orm::{ConnectionTrait, DbErr, QueryResult};
use serde::{Deserialize, Serialize};

use super::query::Query;
use super::record::EVER;
use super::{Classes, Dialect, FIRST_DAY, Store};
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

impl Sum for Enrolled {
    fn sum<I: Iterator<Item = Self>>(each: I) -> Self {
        each.fold(Self::default(), |Self { students, figures }, other| Self {
            students: students + other.students,
            figures: figures + other.figures,
        })
    }
}

/// Of learners who are not the same.
impl Add for Figures {
    type Output = Self;

    fn add(self, other: Self) -> Self {
        Self {
            active_students: self.active_students + other.active_students,
            streaming_logs: self.streaming_logs + other.streaming_logs,
            watch_time_logs: self.watch_time_logs + other.watch_time_logs,
            watch_time_seconds: self.watch_time_seconds + other.watch_time_seconds,
            completion_logs: self.completion_logs + other.completion_logs,
            completion_percentage_sum: self.completion_percentage_sum + other.completion_percentage_sum,
            completed: self.completed + other.completed,
        }
    }
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
    /// All of these classrooms together: the platform as a whole, where all count.
    pub totals: Enrolled,
    /// Every classroom that counts, by name.
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

/// What learners of some classrooms viewed and completed, for the statements that go on with it.
pub(super) const VIEWED_BY_CLASSES: &str = include_str!("sql/viewed_by_classes.sql");

/// No log is from a later day.
pub(super) const LAST_DAY: NaiveDate = NaiveDate::from_ymd_opt(9999, 12, 31).unwrap();

impl Breakdown {
    /// What follows the totals in the statement.
    fn parts(self, classes: &Classes) -> Vec<&'static str> {
        let classrooms = include_str!("sql/figures_classrooms.sql");
        let lessons = match classes {
            Classes::All => include_str!("sql/figures_lessons.sql"),
            Classes::Only(_) => include_str!("sql/figures_lessons_of_classes.sql"),
        };
        match self {
            Self::ClassroomsAndLessons => vec![classrooms, lessons],
            Self::Classrooms => vec![classrooms],
            Self::Lessons => vec![lessons],
            Self::Days => vec![include_str!("sql/figures_days.sql")],
        }
    }
}

impl DaySpan {
    /// The day whose active learners are kept as a number, where the span is one: sums of several days add up, but
    /// learners do not.
    pub(super) fn kept_day(self) -> Option<NaiveDate> {
        match (self.from, self.to) {
            (None, None) => Some(EVER),
            // Before it nobody was active, and of all time the number is kept elsewhere.
            (Some(from), Some(to)) if from == to && from >= FIRST_DAY => Some(from),
            _ => None,
        }
    }
}

impl Store {
    /// The figures of a span of days, of these classrooms. One statement, so that all of them are of the same moment.
    pub async fn figures(
        &self,
        span: DaySpan,
        breakdown: Breakdown,
        classes: &Classes,
    ) -> Result<FiguresReport, StoreError> {
        Ok(FiguresReport::read(&self.reader, self.dialect, span, breakdown, classes).await?)
    }
}

/// Who was active, which every statement begins with. Sums by day know classrooms and lessons, but not the lessons of a
/// classroom: these are counted learner by learner.
fn active(span: DaySpan, classes: &Classes) -> Vec<&'static str> {
    match (classes, span.kept_day()) {
        (Classes::All, Some(_)) => vec![include_str!("sql/figures_active_kept.sql")],
        (Classes::All, None) => vec![include_str!("sql/figures_active_counted.sql")],
        (Classes::Only(_), Some(_)) => {
            vec![VIEWED_BY_CLASSES, include_str!("sql/figures_active_kept_of_classes.sql")]
        }
        (Classes::Only(_), None) => {
            vec![VIEWED_BY_CLASSES, include_str!("sql/figures_active_counted_of_classes.sql")]
        }
    }
}

/// The statement for a span of days.
pub(super) fn figures_query(
    dialect: Dialect,
    span: DaySpan,
    breakdown: Breakdown,
    classes: &Classes,
) -> Query {
    let mut parts = active(span, classes);
    parts.extend([include_str!("sql/figures_span.sql"), include_str!("sql/figures_totals.sql")]);
    parts.extend(breakdown.parts(classes));
    let query = Query::new(dialect, &parts.concat())
        .of(classes)
        .bind_day("first_day", span.from.map_or(FIRST_DAY, |from| from.max(FIRST_DAY)))
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
        classes: &Classes,
    ) -> Result<Self, DbErr> {
        let mut report = Self::default();
        for row in &figures_query(dialect, span, breakdown, classes).all(on).await? {
            report.add(row)?;
        }
        Ok(report.sorted())
    }

    /// Of the figures by classroom, those of some classrooms, and their totals: every learner is in one classroom.
    pub fn of_classrooms(&self, classrooms: &BTreeSet<String>) -> Self {
        let known = |name: &String| {
            let place = self.classrooms.binary_search_by(|(known, _)| known.cmp(name)).ok()?;
            self.classrooms.get(place).cloned()
        };
        let classrooms: Vec<_> = classrooms.iter().filter_map(known).collect();
        let totals = classrooms.iter().map(|&(_, enrolled)| enrolled).sum();
        Self { totals, classrooms, ..Self::default() }
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
