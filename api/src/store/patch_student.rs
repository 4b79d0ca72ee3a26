//! A change to one learner.

use std::sync::Arc;

use chrono::{DateTime, Utc};
use entity::student::Model as Student;
use sea_orm::DbErr;

use super::Store;
use super::gate::change_names;
use super::kept_out::erased_names;
use super::query::Rows;
use super::roster::{Patched, Writing};
use super::students::{STUDENTS_ALONE, StudentFields};
use crate::error::StoreError;

/// A change to a learner who is known by our id.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StudentPatch {
    /// Another name in the LMS.
    pub external_id: Option<String>,
    /// All else.
    pub fields: StudentFields,
}

impl Store {
    /// Changes one learner.
    pub async fn patch_student(
        &self,
        student_id: i64,
        patch: StudentPatch,
        now: DateTime<Utc>,
    ) -> Result<Patched<Student>, StoreError> {
        let (dialect, patch, key) = (self.dialect, Arc::new(patch), self.erasure_key.clone());
        let outcome = self.write(move |tx| {
            let (patch, key) = (Arc::clone(&patch), key.clone());
            Box::pin(async move {
                let writing = Writing { tx, dialect };
                let row = writing.patch_student(student_id, &patch, now).await?;
                // While somebody was erased the gate was closed to us: the tombstone is there by now.
                let erased = erased_names(tx, dialect, key.as_deref(), patch.external_id.as_deref()).await?;
                if erased.is_empty() { Ok(row) } else { Err(DbErr::RecordNotUpdated) }
            })
        });
        Patched::from_outcome(outcome.await)
    }
}

impl Writing<'_> {
    async fn patch_student(
        &self,
        student_id: i64,
        patch: &StudentPatch,
        now: DateTime<Utc>,
    ) -> Result<Student, DbErr> {
        let StudentPatch { external_id, fields } = patch;
        self.hold_classrooms(fields.classroom.as_deref().into_iter().collect(), now).await?;
        let before: Student =
            self.lock_one(STUDENTS_ALONE, Rows::new().bigint("wanted", [student_id])).await?;
        let mut after = fields.apply(before.clone());
        after.external_id = external_id.clone().unwrap_or(after.external_id);
        if after == before {
            return Ok(after);
        }
        if after.external_id != before.external_id {
            self.must_be_free(&after.external_id).await?;
        }
        let moving = if after.classroom == before.classroom { &[][..] } else { &[student_id] };
        self.write_moving_students(vec![&after], moving).await?;
        if after.external_id != before.external_id {
            change_names(self.tx, self.dialect).await?;
            self.keep_rejected_logs_findable(&before).await?;
        }
        Ok(after)
    }

    /// Asked beforehand: a database that finds out by itself writes the name into its log.
    async fn must_be_free(&self, external_id: &str) -> Result<(), DbErr> {
        let taken = self.query("SELECT 1 FROM students WHERE external_id = {external_id}");
        let taken = taken.bind("external_id", external_id.to_owned()).all(self.tx).await?;
        if taken.is_empty() { Ok(()) } else { Err(DbErr::RecordNotUpdated) }
    }

    /// Rejected logs name their learner as the client did. When that name changes, they are kept under our id, so that
    /// an erasure still finds them, and does not find them for whoever gets the old name.
    async fn keep_rejected_logs_findable(&self, before: &Student) -> Result<(), DbErr> {
        let update = self.query(include_str!("sql/keep_rejected_logs_findable.sql"));
        let update =
            update.bind("by_id", line(&ref_by_id(before))).bind("by_name", line(&ref_by_name(before)));
        update.execute(self.tx).await?;
        Ok(())
    }
}

/// Whom a rejected log names, among others.
pub(super) fn line(learner_ref: &str) -> String {
    format!("\n{learner_ref}\n")
}

/// How a rejected log names a learner by our id.
pub(super) fn ref_by_id(student: &Student) -> String {
    format!("id:{}", student.student_id)
}

/// How a rejected log names a learner as the LMS does.
pub(super) fn ref_by_name(student: &Student) -> String {
    format!("ref:{}", student.external_id)
}
