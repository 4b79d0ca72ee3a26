//! Learners: upserted by the LMS's names.

use std::collections::BTreeSet;
use std::sync::Arc;

use chrono::{DateTime, Utc};
use entity::student::Model as Student;
use sea_orm::{DbErr, FromQueryResult};

use super::derived::Affected;
use super::gate::change_names;
use super::query::Rows;
use super::roster::{Lock, Writing};
use super::upsert::{Change, Field, Upserted, upsert};
use super::{FIRST_DAY, Store};
use crate::error::StoreError;

/// What a learner is, or shall become.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StudentChange {
    /// The LMS's name for the learner.
    pub external_id: String,
    /// All else.
    pub fields: StudentFields,
}

/// What can change of a learner, the external id aside.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StudentFields {
    /// What people call the learner.
    pub name: Field<String>,
    /// The class that the learner is in; made where there is none of that name.
    pub classroom: Option<String>,
}

impl StudentFields {
    pub(super) fn apply(&self, row: Student) -> Student {
        let Student { student_id, external_id, name, classroom, created_at } = row;
        let classroom = self.classroom.clone().unwrap_or(classroom);
        Student { student_id, external_id, name: self.name.over(name), classroom, created_at }
    }
}

const BY_EXTERNAL_ID: Lock =
    Lock { table: "students", by: "external_id", order: "student_id", strength: Lock::TO_CHANGE };

/// A learner who moves to another class or gets another name changes figures or references that a running ingestion
/// is about to add to.
pub(super) const STUDENTS_ALONE: Lock = Lock { by: "student_id", strength: Lock::ALONE, ..BY_EXTERNAL_ID };

impl Store {
    /// Makes or changes learners by their external id, all in one transaction; answers one outcome for each change. Whoever
    /// was erased is left out.
    pub async fn upsert_students(
        &self,
        changes: Vec<StudentChange>,
        now: DateTime<Utc>,
    ) -> Result<Vec<Upserted<Student>>, StoreError> {
        let erased = self.erased_names(changes.iter().map(|change| change.external_id.as_str())).await?;
        let is_erased: Vec<bool> = changes.iter().map(|it| erased.contains(&it.external_id)).collect();
        let let_in = changes.into_iter().filter(|change| !erased.contains(&change.external_id)).collect();
        let mut outcomes = self.upsert_those_let_in(let_in, now).await?.into_iter();
        let mut outcome = |is_erased| if is_erased { Some(Upserted::Erased) } else { outcomes.next() };
        Ok(is_erased.into_iter().filter_map(&mut outcome).collect())
    }

    pub(super) async fn upsert_those_let_in(
        &self,
        changes: Vec<StudentChange>,
        now: DateTime<Utc>,
    ) -> Result<Vec<Upserted<Student>>, StoreError> {
        let (dialect, changes, key) = (self.dialect, Arc::new(changes), self.erasure_key.clone());
        self.write(move |tx| {
            let (changes, key) = (Arc::clone(&changes), key.clone());
            Box::pin(async move {
                let writing = Writing { tx, dialect };
                let classrooms =
                    changes.iter().filter_map(|change| change.fields.classroom.as_deref()).collect();
                writing.hold_classrooms(classrooms, now).await?;
                let outcomes = upsert(&writing, &changes, now).await?;
                writing.keep_out_the_erased(key.as_deref(), outcomes).await
            })
        })
        .await
    }
}

impl Change for StudentChange {
    type Row = Student;

    fn key(&self) -> &str {
        &self.external_id
    }

    fn key_of(row: &Student) -> &str {
        &row.external_id
    }

    fn create(&self, now: DateTime<Utc>) -> Result<Student, &'static str> {
        let Self { external_id, fields: StudentFields { name, classroom } } = self;
        Ok(Student {
            // The database gives the id.
            student_id: 0,
            external_id: external_id.clone(),
            name: name.over(None),
            classroom: classroom.clone().ok_or("classroom")?,
            created_at: now,
        })
    }

    fn apply(&self, row: Student) -> Student {
        self.fields.apply(row)
    }

    async fn lock(on: &Writing<'_>, keys: BTreeSet<&str>) -> Result<Vec<Student>, DbErr> {
        on.lock(BY_EXTERNAL_ID, Rows::new().text("wanted", keys)).await
    }

    async fn insert(on: &Writing<'_>, rows: Vec<&Student>) -> Result<Vec<Student>, DbErr> {
        let rows = Rows::new()
            .text("external_id", rows.iter().map(|row| &row.external_id))
            .text("name", rows.iter().map(|row| row.name.as_deref().unwrap_or_default()))
            .text("classroom", rows.iter().map(|row| &row.classroom))
            .time("created_at", rows.iter().map(|row| row.created_at));
        let inserted = on.query(include_str!("sql/insert_students.sql")).rows(rows).all(on.tx).await?;
        inserted.iter().map(|row| Student::from_query_result(row, "")).collect()
    }

    async fn update(on: &Writing<'_>, rows: Vec<(&Student, &Student)>) -> Result<(), DbErr> {
        let moving = rows.iter().filter(|(before, after)| before.classroom != after.classroom);
        let moving: BTreeSet<i64> = moving.map(|(before, _)| before.student_id).collect();
        if !moving.is_empty() {
            on.lock::<Student>(STUDENTS_ALONE, Rows::new().bigint("wanted", moving.iter().copied())).await?;
        }
        let after = rows.into_iter().map(|(_, after)| after).collect();
        on.write_moving_students(after, &moving.into_iter().collect::<Vec<_>>()).await
    }
}

impl Writing<'_> {
    /// Writes learners, some of whom move to another classroom: what they did moves along.
    pub(super) async fn write_moving_students(
        &self,
        students: Vec<&Student>,
        moving: &[i64],
    ) -> Result<(), DbErr> {
        if moving.is_empty() {
            return self.write_students(students).await;
        }
        change_names(self.tx, self.dialect).await?;
        self.change_day_sums(moving, Affected::Classrooms, FIRST_DAY, -1).await?;
        self.write_students(students).await?;
        self.change_day_sums(moving, Affected::Classrooms, FIRST_DAY, 1).await?;
        self.raise_days_of(moving.iter().copied()).await
    }

    /// Writes learners, who are locked.
    async fn write_students(&self, students: Vec<&Student>) -> Result<(), DbErr> {
        if students.is_empty() {
            return Ok(());
        }
        let rows = Rows::new()
            .bigint("student_id", students.iter().map(|row| row.student_id))
            .text("external_id", students.iter().map(|row| &row.external_id))
            .text("name", students.iter().map(|row| row.name.as_deref().unwrap_or_default()))
            .text("classroom", students.iter().map(|row| &row.classroom));
        self.query(include_str!("sql/update_students.sql")).rows(rows).execute(self.tx).await?;
        Ok(())
    }

    /// Raises the revision of every day that counts anything of these learners.
    pub(super) async fn raise_days_of(&self, students: impl IntoIterator<Item = i64>) -> Result<(), DbErr> {
        let days = self.days_of(students).await?;
        self.raise_revisions(days).await
    }
}
