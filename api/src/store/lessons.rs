//! Lessons: read, upserted, changed, removed.

use std::collections::BTreeSet;
use std::sync::Arc;

use chrono::{DateTime, Utc};
use entity::lesson::{self, Model as Lesson};
use sea_orm::{
    ColumnTrait, Condition, DbErr, EntityTrait, FromQueryResult, QueryFilter, QueryOrder, QuerySelect,
};

use super::Store;
use super::gate::change_names;
use super::query::Rows;
use super::roster::{Deleted, Lock, Patched, Writing};
use super::upsert::{Change, Field, Upserted, upsert};
use crate::error::StoreError;

/// Which lessons are asked for.
#[derive(Debug, Clone, Default)]
pub struct LessonFilter {
    /// The one of this name.
    pub external_id: Option<String>,
}

/// What a lesson is, or shall become.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LessonChange {
    /// The LMS's name for the lesson.
    pub external_id: String,
    /// All else.
    pub fields: LessonFields,
}

/// A change to a lesson that is known by our id.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LessonPatch {
    /// Another name in the LMS.
    pub external_id: Option<String>,
    /// All else.
    pub fields: LessonFields,
}

/// What can change of a lesson, the external id aside.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LessonFields {
    /// What people call it.
    pub title: Option<String>,
    /// The field that it belongs to.
    pub subject: Field<String>,
    /// How long it runs.
    pub duration_seconds: Field<i32>,
}

impl LessonFields {
    fn apply(&self, row: Lesson) -> Lesson {
        let Lesson { lesson_id, external_id, title, subject, duration_seconds, created_at } = row;
        Lesson {
            lesson_id,
            external_id,
            title: self.title.clone().unwrap_or(title),
            subject: self.subject.over(subject),
            duration_seconds: self.duration_seconds.over(duration_seconds),
            created_at,
        }
    }
}

const BY_EXTERNAL_ID: Lock =
    Lock { table: "lessons", by: "external_id", order: "lesson_id", strength: Lock::TO_CHANGE };
const ALONE: Lock = Lock { by: "lesson_id", strength: Lock::ALONE, ..BY_EXTERNAL_ID };

impl Store {
    /// Lessons in the order of their id, at most `limit`, those after `after`.
    pub async fn lessons(
        &self,
        filter: &LessonFilter,
        after: Option<i64>,
        limit: u64,
    ) -> Result<Vec<Lesson>, StoreError> {
        use lesson::Column;
        let wanted = Condition::all()
            .add_option(filter.external_id.as_deref().map(|external_id| Column::ExternalId.eq(external_id)))
            .add_option(after.map(|after| Column::LessonId.gt(after)));
        let lessons = lesson::Entity::find().filter(wanted).order_by_asc(Column::LessonId).limit(limit);
        Ok(lessons.all(&self.reader).await?)
    }

    /// The lesson of this id, if there is one.
    pub async fn lesson(&self, lesson_id: i64) -> Result<Option<Lesson>, StoreError> {
        Ok(lesson::Entity::find_by_id(lesson_id).one(&self.reader).await?)
    }

    /// Makes or changes lessons by their external id, all in one transaction; answers one outcome for each change.
    pub async fn upsert_lessons(
        &self,
        changes: Vec<LessonChange>,
        now: DateTime<Utc>,
    ) -> Result<Vec<Upserted<Lesson>>, StoreError> {
        let (dialect, changes) = (self.dialect, Arc::new(changes));
        self.write(move |tx| {
            let changes = Arc::clone(&changes);
            Box::pin(async move { upsert(&Writing { tx, dialect }, &changes, now).await })
        })
        .await
    }

    /// Changes one lesson.
    pub async fn patch_lesson(
        &self,
        lesson_id: i64,
        patch: LessonPatch,
    ) -> Result<Patched<Lesson>, StoreError> {
        let (dialect, patch) = (self.dialect, Arc::new(patch));
        let outcome = self.write(move |tx| {
            let patch = Arc::clone(&patch);
            Box::pin(async move { Writing { tx, dialect }.patch_lesson(lesson_id, &patch).await })
        });
        Patched::from_outcome(outcome.await)
    }

    /// Removes a lesson of which nothing was ever streamed.
    pub async fn delete_lesson(&self, lesson_id: i64) -> Result<Deleted, StoreError> {
        let dialect = self.dialect;
        self.write(move |tx| Box::pin(async move { Writing { tx, dialect }.delete_lesson(lesson_id).await }))
            .await
    }
}

impl Change for LessonChange {
    type Row = Lesson;

    fn key(&self) -> &str {
        &self.external_id
    }

    fn key_of(row: &Lesson) -> &str {
        &row.external_id
    }

    fn create(&self, now: DateTime<Utc>) -> Result<Lesson, &'static str> {
        let Self { external_id, fields: LessonFields { title, subject, duration_seconds } } = self;
        Ok(Lesson {
            // The database gives the id.
            lesson_id: 0,
            external_id: external_id.clone(),
            title: title.clone().ok_or("title")?,
            subject: subject.over(None),
            duration_seconds: duration_seconds.over(None),
            created_at: now,
        })
    }

    fn apply(&self, row: Lesson) -> Lesson {
        self.fields.apply(row)
    }

    async fn lock(on: &Writing<'_>, keys: BTreeSet<&str>) -> Result<Vec<Lesson>, DbErr> {
        on.lock(BY_EXTERNAL_ID, Rows::new().text("wanted", keys)).await
    }

    async fn insert(on: &Writing<'_>, rows: Vec<&Lesson>) -> Result<Vec<Lesson>, DbErr> {
        let rows = set_of(&rows).time("created_at", rows.iter().map(|row| row.created_at));
        let inserted = on.query(include_str!("sql/insert_lessons.sql")).rows(rows).all(on.tx).await?;
        inserted.iter().map(|row| Lesson::from_query_result(row, "")).collect()
    }

    async fn update(on: &Writing<'_>, rows: Vec<(&Lesson, &Lesson)>) -> Result<(), DbErr> {
        on.write_lessons(rows.into_iter().map(|(_, after)| after).collect()).await
    }
}

impl Writing<'_> {
    async fn patch_lesson(&self, lesson_id: i64, patch: &LessonPatch) -> Result<Lesson, DbErr> {
        let LessonPatch { external_id, fields } = patch;
        let before: Lesson = self.lock_one(ALONE, Rows::new().bigint("wanted", [lesson_id])).await?;
        let mut after = fields.apply(before.clone());
        after.external_id = external_id.clone().unwrap_or(after.external_id);
        if after.external_id != before.external_id {
            change_names(self.tx, self.dialect).await?;
        }
        if after != before {
            self.write_lessons(vec![&after]).await?;
        }
        Ok(after)
    }

    /// Writes lessons, which are locked.
    async fn write_lessons(&self, lessons: Vec<&Lesson>) -> Result<(), DbErr> {
        if !lessons.is_empty() {
            let update = self.query(include_str!("sql/update_lessons.sql"));
            update.rows(set_of(&lessons)).execute(self.tx).await?;
        }
        Ok(())
    }

    /// The lock waits for every ingestion under way, and makes later ones wait: either we see what they counted, or they
    /// see that the lesson is gone.
    async fn delete_lesson(&self, lesson_id: i64) -> Result<Deleted, DbErr> {
        let rows: Vec<Lesson> = self.lock(ALONE, Rows::new().bigint("wanted", [lesson_id])).await?;
        if rows.is_empty() {
            return Ok(Deleted::Absent);
        }
        let uses = self.query(include_str!("sql/uses_of_lesson.sql")).bind("lesson_id", lesson_id);
        if uses.one(self.tx).await?.is_some() {
            return Ok(Deleted::InUse);
        }
        change_names(self.tx, self.dialect).await?;
        for delete in [
            "DELETE FROM lesson_days WHERE lesson_id = {lesson_id}",
            "DELETE FROM lessons WHERE lesson_id = {lesson_id}",
        ] {
            self.query(delete).bind("lesson_id", lesson_id).execute(self.tx).await?;
        }
        Ok(Deleted::Done)
    }
}

fn set_of(lessons: &[&Lesson]) -> Rows {
    Rows::new()
        .bigint("lesson_id", lessons.iter().map(|row| row.lesson_id))
        .text("external_id", lessons.iter().map(|row| &row.external_id))
        .text("title", lessons.iter().map(|row| &row.title))
        .text("subject", lessons.iter().map(|row| row.subject.as_deref().unwrap_or_default()))
        .bigint("duration_seconds", lessons.iter().map(|row| row.duration_seconds.map_or(-1, i64::from)))
}
