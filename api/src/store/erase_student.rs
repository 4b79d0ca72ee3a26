//! The erasure of a learner: gone from every table and from every figure, in one transaction.

use std::sync::Arc;

use chrono::{DateTime, NaiveDate, Utc};
use entity::student::Model as Student;
use sea_orm::DbErr;
use uuid::Uuid;

use super::audit::{Actor, AuditEntry, AuditTarget, note};
use super::derived::Affected;
use super::erasures::{Erased, ErasureKey, Receipt};
use super::gate::change_names;
use super::patch_student::{line, ref_by_id, ref_by_name};
use super::query::Rows;
use super::roster::Writing;
use super::settings::closed_before;
use super::students::STUDENTS_ALONE;
use super::{Calendar, FIRST_DAY, Store};
use crate::error::StoreError;

/// An erasure that is asked for.
#[derive(Debug, Clone)]
pub struct Erasure {
    /// Whom it is of.
    pub student_id: i64,
    /// What it will be called.
    pub receipt_id: Uuid,
    /// Who does it.
    pub by: Actor,
    /// When.
    pub at: DateTime<Utc>,
}

impl Store {
    /// Erases a learner with all that was stored and counted, and puts up a tombstone. Days that are closed keep their
    /// anonymous counts. None where there is no such learner.
    pub async fn erase_student(
        &self,
        calendar: Calendar,
        erasure: Erasure,
    ) -> Result<Option<Receipt>, StoreError> {
        let key = self.erasure_key.clone();
        let key = key.ok_or_else(|| StoreError::Refused("there is no key for tombstones".into()))?;
        let receipt = self.erase(calendar, erasure, Some(key)).await?;
        self.empty_write_ahead_log().await;
        Ok(receipt)
    }

    /// Erases a learner whom a tombstone tells already; false where there is no such learner.
    pub(super) async fn erase_again(
        &self,
        calendar: Calendar,
        student_id: i64,
        receipt_id: Uuid,
        by: Actor,
        at: DateTime<Utc>,
    ) -> Result<bool, StoreError> {
        let erasure = Erasure { student_id, receipt_id, by, at };
        Ok(self.erase(calendar, erasure, None).await?.is_some())
    }

    async fn erase(
        &self,
        calendar: Calendar,
        erasure: Erasure,
        key: Option<Arc<ErasureKey>>,
    ) -> Result<Option<Receipt>, StoreError> {
        let (dialect, erasure) = (self.dialect, Arc::new(erasure));
        self.write(move |tx| {
            let (key, erasure) = (key.clone(), Arc::clone(&erasure));
            Box::pin(async move {
                Writing { tx, dialect }.erase_student(calendar, &erasure, key.as_deref()).await
            })
        })
        .await
    }
}

/// What a learner's rows are deleted from, in the order in which everybody writes these tables.
const DELETIONS: [&str; 6] =
    ["streaming_logs", "viewing_days", "completions", "learner_days", "learner_lessons", "students"];

impl Writing<'_> {
    /// The lock waits for every ingestion under way, and makes later ones wait until there is nobody left to refer to.
    async fn erase_student(
        &self,
        calendar: Calendar,
        erasure: &Erasure,
        key: Option<&ErasureKey>,
    ) -> Result<Option<Receipt>, DbErr> {
        let Erasure { student_id, receipt_id, ref by, at } = *erasure;
        let student: Vec<Student> =
            self.lock(STUDENTS_ALONE, Rows::new().bigint("wanted", [student_id])).await?;
        let Some(student) = student.first() else {
            return Ok(None);
        };
        change_names(self.tx, self.dialect).await?;
        let days = self.days_of([student_id]).await?;
        let open_from = self.open_from().await?;
        let minutes = self.open_minutes_of(calendar.start_of(open_from), student_id).await?;
        self.change_day_sums(&[student_id], Affected::ClassroomsAndLessons, open_from, -1).await?;
        let mut erased = self.delete_all_of(student_id).await?;
        self.subtract_minutes(&minutes).await?;
        erased.rejected_logs = self.forget_rejected_logs(student).await?;
        self.raise_revisions(days).await?;
        let receipt = Receipt { receipt_id, erased_at: at, student_id, erased };
        if let Some(key) = key {
            self.entomb(key, student, &receipt).await?;
        }
        let entry = AuditEntry::done(at, by.clone(), "erase_student", AuditTarget::Learner(student_id));
        note(self.tx, self.dialect, &[entry.with_detail(format!("receipt {receipt_id}"))]).await?;
        Ok(Some(receipt))
    }

    async fn delete_all_of(&self, student_id: i64) -> Result<Erased, DbErr> {
        let mut erased = Erased::default();
        for table in DELETIONS {
            let delete =
                self.query("DELETE FROM {table} WHERE student_id = {student_id}").name("table", table);
            let rows = delete.bind("student_id", student_id).execute(self.tx).await?;
            match table {
                "streaming_logs" => erased.streaming_logs = rows,
                "viewing_days" => erased.viewing_days = rows,
                "completions" => erased.completions = rows,
                _ => {}
            }
        }
        Ok(erased)
    }

    /// The first day that is not closed.
    async fn open_from(&self) -> Result<NaiveDate, DbErr> {
        Ok(closed_before(self.tx).await?.unwrap_or(FIRST_DAY))
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

    async fn forget_rejected_logs(&self, student: &Student) -> Result<u64, DbErr> {
        let forget = self.query(include_str!("sql/forget_rejected_logs.sql"));
        let forget =
            forget.bind("by_id", line(&ref_by_id(student))).bind("by_name", line(&ref_by_name(student)));
        forget.bind("external_id", student.external_id.clone().into_bytes()).execute(self.tx).await
    }
}
