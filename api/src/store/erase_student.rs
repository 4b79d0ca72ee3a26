//! The erasure of a learner: gone from every table and from every figure, in one transaction.

use chrono::{DateTime, NaiveDate, Utc};
use entity::setting;
use entity::student::Model as Student;
use sea_orm::{DbErr, EntityTrait};

use super::derived::Affected;
use super::gate::change_names;
use super::patch_student::{ref_by_id, ref_by_name};
use super::query::Rows;
use super::roster::Writing;
use super::students::STUDENTS_ALONE;
use super::{Calendar, FIRST_DAY, Store};
use crate::error::StoreError;

impl Store {
    /// Erases a learner with all that was stored and counted. Days that are closed keep their anonymous counts. False
    /// where there is no such learner.
    pub async fn erase_student(&self, calendar: Calendar, student_id: i64) -> Result<bool, StoreError> {
        let dialect = self.dialect;
        self.write(move |tx| {
            Box::pin(async move { Writing { tx, dialect }.erase_student(calendar, student_id).await })
        })
        .await
    }
}

/// What a learner's rows are deleted from, in the order in which everybody writes these tables.
const DELETIONS: [&str; 6] = [
    "DELETE FROM streaming_logs WHERE student_id = {student_id}",
    "DELETE FROM viewing_days WHERE student_id = {student_id}",
    "DELETE FROM completions WHERE student_id = {student_id}",
    "DELETE FROM learner_days WHERE student_id = {student_id}",
    "DELETE FROM learner_lessons WHERE student_id = {student_id}",
    "DELETE FROM students WHERE student_id = {student_id}",
];

impl Writing<'_> {
    /// The lock waits for every ingestion under way, and makes later ones wait until there is nobody left to refer to.
    async fn erase_student(&self, calendar: Calendar, student_id: i64) -> Result<bool, DbErr> {
        let student: Vec<Student> =
            self.lock(STUDENTS_ALONE, Rows::new().bigint("wanted", [student_id])).await?;
        let Some(student) = student.first() else {
            return Ok(false);
        };
        change_names(self.tx, self.dialect).await?;
        let days = self.days_of([student_id]).await?;
        let open_from = self.open_from().await?;
        let minutes = self.open_minutes_of(calendar.start_of(open_from), student_id).await?;
        self.change_day_sums(&[student_id], Affected::ClassroomsAndLessons, open_from, -1).await?;
        for deletion in DELETIONS {
            self.query(deletion).bind("student_id", student_id).execute(self.tx).await?;
        }
        self.subtract_minutes(&minutes).await?;
        self.forget_rejected_logs(student).await?;
        self.raise_revisions(days).await?;
        Ok(true)
    }

    /// The first day that is not closed.
    async fn open_from(&self) -> Result<NaiveDate, DbErr> {
        let settings = setting::Entity::find().one(self.tx).await?;
        Ok(settings.and_then(|settings| settings.closed_before).unwrap_or(FIRST_DAY))
    }

    /// The learner's logs in each minute that is not closed, in order.
    async fn open_minutes_of(
        &self,
        open_from: DateTime<Utc>,
        student_id: i64,
    ) -> Result<Vec<(DateTime<Utc>, i64)>, DbErr> {
        let count = self.query(include_str!("sql/minutes_of_student.sql")).bind("student_id", student_id);
        let rows = count.bind_time("open_from", open_from).all(self.tx).await?;
        rows.iter().map(|row| Ok((row.try_get("", "minute")?, row.try_get("", "streaming_logs")?))).collect()
    }

    async fn subtract_minutes(&self, minutes: &[(DateTime<Utc>, i64)]) -> Result<(), DbErr> {
        for statement in [
            include_str!("sql/lock_log_minutes.sql"),
            include_str!("sql/subtract_log_minutes.sql"),
            include_str!("sql/delete_empty_log_minutes.sql"),
        ] {
            let rows = Rows::new()
                .time("minute", minutes.iter().map(|(minute, _)| *minute))
                .bigint("streaming_logs", minutes.iter().map(|(_, logs)| *logs));
            self.query(statement).rows(rows).execute(self.tx).await?;
        }
        Ok(())
    }

    async fn forget_rejected_logs(&self, student: &Student) -> Result<(), DbErr> {
        let delete = self.query("DELETE FROM rejected_logs WHERE learner_ref IN ({by_id}, {by_name})");
        let delete = delete.bind("by_id", ref_by_id(student)).bind("by_name", ref_by_name(student));
        delete.execute(self.tx).await?;
        Ok(())
    }
}
