//! How far the learners of a lesson came, counted from the viewings.

use std::collections::BTreeSet;

use super::figures::{DaySpan, LAST_DAY, LessonFigures, VIEWED_BY_CLASSES, lesson_of};
use super::query::Query;
use super::{Classes, FIRST_DAY, Store};
use crate::error::StoreError;

/// A lesson, and how far its learners came in a span of days.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LessonProgress {
    /// The lesson, and what was done with it.
    pub lesson: LessonFigures,
    /// How long it runs.
    pub duration_seconds: Option<i32>,
    /// How far they came.
    pub furthest: Furthest,
}

/// How many learners came how far: each counts once, by the largest percentage that any log carried.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Furthest {
    /// Percentages that are somebody's furthest, and how many learners came no further.
    pub percentages: Vec<(i32, i64)>,
    /// Learners none of whose logs carried one.
    pub without_percentage: i64,
}

/// Of one day, and of all time, the number of active learners is kept, as it is for the figures of all lessons: of a
/// closed day it still knows learners who were erased.
const ACTIVE_KEPT: &str = "(SELECT COALESCE(SUM(active_students), 0)
            FROM counted_lesson_days
            WHERE lesson_id = {lesson_id} AND day = {active_day})";

/// Of several days each is counted once.
const ACTIVE_COUNTED: &str = "(SELECT COUNT(*) FROM learners)";

/// How the statement ends, whoever counts.
const PROGRESS: &str = include_str!("sql/lesson_progress.sql");

impl Store {
    /// How far the learners of a lesson came in a span of days, those of these classrooms, if there is such a lesson.
    pub async fn lesson_progress(
        &self,
        lesson_id: i64,
        span: DaySpan,
        classes: &Classes,
    ) -> Result<Option<LessonProgress>, StoreError> {
        let query = match classes {
            Classes::All => self.progress_of_all(span),
            Classes::Only(classrooms) => self.progress_of_classes(classrooms),
        };
        let rows = query
            .bind("lesson_id", lesson_id)
            .bind_day("first_day", span.from.unwrap_or(FIRST_DAY))
            .bind_day("last_day", span.to.unwrap_or(LAST_DAY))
            .all(&self.reader)
            .await?;
        let Some(first) = rows.first() else { return Ok(None) };
        let mut furthest = Furthest::default();
        for row in &rows {
            furthest.add(row.try_get("", "furthest_percentage")?, row.try_get("", "students")?);
        }
        let duration_seconds = first.try_get("", "duration_seconds")?;
        Ok(Some(LessonProgress { lesson: lesson_of(first)?, duration_seconds, furthest }))
    }

    fn progress_of_all(&self, span: DaySpan) -> Query {
        let parts = [include_str!("sql/lesson_progress_of_all.sql"), PROGRESS];
        let query = Query::new(self.dialect, &parts.concat());
        match span.kept_day() {
            Some(day) => query.name("active_students", ACTIVE_KEPT).bind_day("active_day", day),
            None => query.name("active_students", ACTIVE_COUNTED),
        }
    }

    fn progress_of_classes(&self, classrooms: &BTreeSet<String>) -> Query {
        let parts = [VIEWED_BY_CLASSES, include_str!("sql/lesson_progress_of_classes.sql"), PROGRESS];
        Query::new(self.dialect, &parts.concat()).classes(classrooms)
    }
}

impl Furthest {
    /// So many learners came so far and no further.
    pub(super) fn add(&mut self, percentage: Option<i32>, students: i64) {
        match percentage {
            Some(percentage) => self.percentages.push((percentage, students)),
            None => self.without_percentage += students,
        }
    }

    /// Learners of whom anything was logged.
    pub fn started(&self) -> i64 {
        self.without_percentage + self.within(0, 100)
    }

    /// Learners who came so far, both ends included.
    pub fn within(&self, from: i32, to: i32) -> i64 {
        let within = self.percentages.iter().filter(|(percentage, _)| (from..=to).contains(percentage));
        within.map(|(_, students)| students).sum()
    }
}
