//! What a set of logs adds to the sums by day of classrooms and lessons.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use chrono::NaiveDate;
use sea_orm::{DbErr, QueryResult};

use super::Recording;
use super::roster::Roster;
use super::tally::{Tally, ViewingDay};
use crate::store::query::{Query, Rows};

/// Stands for all time where a rollup has a day: there learners are counted once, on whatever days they were active.
pub(in crate::store) const EVER: NaiveDate = NaiveDate::from_ymd_opt(1, 1, 1).unwrap();

/// A row of `classroom_days` or `lesson_days` without its key; what is taken away is negative.
#[derive(Default)]
struct DayCounts {
    sums: ViewingDay,
    active_students: i64,
    completed: i64,
}

/// What changes, by the keys of the two rollups and in their order.
pub(super) struct Changes<'r> {
    roster: &'r Roster,
    classrooms: BTreeMap<(Arc<str>, NaiveDate), DayCounts>,
    lessons: BTreeMap<(i64, NaiveDate), DayCounts>,
}

/// A completion that a day won or lost.
pub(super) struct Completion {
    pub(super) student_id: i64,
    pub(super) lesson_id: i64,
    pub(super) day: NaiveDate,
}

impl<'r> Changes<'r> {
    /// The sums of a tally; whom they count is added as it comes to light.
    pub(super) fn of(tally: &Tally, roster: &'r Roster) -> Self {
        let mut changes = Self { roster, classrooms: BTreeMap::new(), lessons: BTreeMap::new() };
        for (&(student_id, day, lesson_id), counts) in &tally.viewing_days {
            changes.change(student_id, lesson_id, day, |it| it.sums.add_all(counts));
        }
        changes
    }

    fn change(&mut self, student_id: i64, lesson_id: i64, day: NaiveDate, change: impl Fn(&mut DayCounts)) {
        change(self.lessons.entry((lesson_id, day)).or_default());
        change_classroom(&mut self.classrooms, self.roster, student_id, day, change);
    }

    pub(super) fn complete(&mut self, completion: &Completion, times: i64) {
        let Completion { student_id, lesson_id, day } = *completion;
        self.change(student_id, lesson_id, day, |it| it.completed += times);
    }

    fn activate_learner(&mut self, student_id: i64, day: NaiveDate) {
        change_classroom(&mut self.classrooms, self.roster, student_id, day, |it| it.active_students += 1);
    }

    fn activate_lesson(&mut self, lesson_id: i64, day: NaiveDate) {
        self.lessons.entry((lesson_id, day)).or_default().active_students += 1;
    }
}

fn change_classroom(
    classrooms: &mut BTreeMap<(Arc<str>, NaiveDate), DayCounts>,
    roster: &Roster,
    student_id: i64,
    day: NaiveDate,
    change: impl Fn(&mut DayCounts),
) {
    // Every learner of a tally is in the roster that let the log in.
    if let Some(classroom) = roster.students.classroom_of(student_id) {
        change(classrooms.entry((Arc::clone(classroom), day)).or_default());
    }
}

impl Recording<'_> {
    /// Counts learners on their first log of a day, of a lesson, and of all.
    pub(super) async fn activate(
        &self,
        begun: &[(i64, NaiveDate, i64)],
        changes: &mut Changes<'_>,
    ) -> Result<(), DbErr> {
        if begun.is_empty() {
            return Ok(());
        }
        let days: BTreeSet<_> = begun.iter().map(|&(student_id, day, _)| (student_id, day)).collect();
        let active = self.activate_days(days, changes).await?;
        // Who was active on a day before has been active at all.
        let ever = active.into_iter().map(|(student_id, _)| (student_id, EVER)).collect();
        self.activate_days(ever, changes).await?;
        let lessons: BTreeSet<_> =
            begun.iter().map(|&(student_id, _, lesson_id)| (student_id, lesson_id)).collect();
        let rows = Rows::new()
            .bigint("student_id", lessons.iter().map(|it| it.0))
            .bigint("lesson_id", lessons.iter().map(|it| it.1));
        for row in self.returning(include_str!("../sql/add_learner_lessons.sql"), rows).await? {
            changes.activate_lesson(row.try_get("", "lesson_id")?, EVER);
        }
        for &(_, day, lesson_id) in begun {
            changes.activate_lesson(lesson_id, day);
        }
        Ok(())
    }

    /// Returns the days on which a learner is active from now on.
    async fn activate_days(
        &self,
        days: BTreeSet<(i64, NaiveDate)>,
        changes: &mut Changes<'_>,
    ) -> Result<BTreeSet<(i64, NaiveDate)>, DbErr> {
        if days.is_empty() {
            return Ok(days);
        }
        let rows = Rows::new()
            .bigint("student_id", days.iter().map(|it| it.0))
            .day("day", days.iter().map(|it| it.1));
        let mut active = BTreeSet::new();
        for row in self.returning(include_str!("../sql/add_learner_days.sql"), rows).await? {
            active.insert((row.try_get("", "student_id")?, row.try_get("", "day")?));
        }
        for &(student_id, day) in &active {
            changes.activate_learner(student_id, day);
        }
        Ok(active)
    }

    /// Writes the sums: rows that everybody shares, so last.
    pub(super) async fn write_changes(&self, changes: &Changes<'_>) -> Result<(), DbErr> {
        let keys = || changes.classrooms.keys();
        let rows =
            Rows::new().text("classroom", keys().map(|key| &*key.0)).day("day", keys().map(|key| key.1));
        let rows = counts(rows, || changes.classrooms.values());
        self.execute(include_str!("../sql/add_classroom_days.sql"), rows).await?;
        let keys = || changes.lessons.keys();
        let rows =
            Rows::new().bigint("lesson_id", keys().map(|key| key.0)).day("day", keys().map(|key| key.1));
        let rows = counts(rows, || changes.lessons.values());
        self.execute(include_str!("../sql/add_lesson_days.sql"), rows).await?;
        Ok(())
    }

    pub(super) async fn returning(&self, sql: &str, rows: Rows) -> Result<Vec<QueryResult>, DbErr> {
        Query::new(self.dialect, sql).rows(rows).all(self.tx).await
    }
}

fn counts<'c, I: Iterator<Item = &'c DayCounts>>(rows: Rows, counts: impl Fn() -> I) -> Rows {
    rows.bigint("streaming_logs", counts().map(|it| it.sums.streaming_logs))
        .bigint("watch_time_logs", counts().map(|it| it.sums.watch_time_logs))
        .bigint("watch_time_seconds", counts().map(|it| it.sums.watch_time_seconds))
        .bigint("completion_logs", counts().map(|it| it.sums.completion_logs))
        .bigint("completion_percentage_sum", counts().map(|it| it.sums.completion_percentage_sum))
        .bigint("active_students", counts().map(|it| it.active_students))
        .bigint("completed", counts().map(|it| it.completed))
}
