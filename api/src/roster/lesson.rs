//! A lesson: as posted, as changed, as told.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::EXTERNAL_ID;
use super::batch::Resource;
use super::posted_row::{PostedRow, TextField};
use crate::error::Fault;
use crate::store::{LessonChange, LessonFields, LessonPatch, LessonRow};

/// A lesson that learners stream.
#[derive(Debug, PartialEq, Eq, Serialize, ToSchema)]
#[schema(example = json!({
    "lesson_id": 1, "external_id": "introduction-a-docker", "title": "Introduction à Docker", "subject": "DevOps",
    "duration_seconds": 1800, "created_at": "2026-01-31T09:30:00.000000Z"
}))]
pub struct Lesson {
    /// Our name for the lesson.
    lesson_id: i64,
    /// The LMS's name for the lesson.
    external_id: String,
    /// What people call it.
    title: String,
    /// The field that it belongs to.
    #[schema(required)]
    subject: Option<String>,
    /// How long it runs, in seconds.
    #[schema(required)]
    duration_seconds: Option<i32>,
    /// When it was made known.
    created_at: DateTime<Utc>,
}

/// A lesson as posted, by the LMS's name. What is left out stays as it is; what is null or empty is cleared.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[expect(
    dead_code,
    reason = "documents the body; it is parsed field by field, so that each fault has a place"
)]
#[schema(example = json!({
    "external_id": "introduction-a-docker", "title": "Introduction à Docker", "subject": "DevOps",
    "duration_seconds": 1800
}))]
pub struct PostedLesson {
    /// The LMS's name for the lesson.
    #[schema(min_length = 1, max_length = 255, pattern = r"^[^\u0000-\u001f\u007f-\u009f]*$")]
    external_id: String,
    /// What people call it. A new lesson needs one.
    #[schema(
        min_length = 1,
        max_length = 255,
        nullable = false,
        pattern = r"^[^\u0000-\u001f\u007f-\u009f]*$"
    )]
    title: Option<String>,
    /// The field that it belongs to.
    #[schema(max_length = 255, pattern = r"^[^\u0000-\u001f\u007f-\u009f]*$")]
    subject: Option<String>,
    /// How long it runs, in seconds.
    #[schema(minimum = 0, maximum = 2147483647)]
    duration_seconds: Option<i32>,
}

/// A change to a lesson. What is left out stays as it is; what is null or empty is cleared.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[expect(
    dead_code,
    reason = "documents the body; it is parsed field by field, so that each fault has a place"
)]
#[schema(example = json!({"duration_seconds": 2100}))]
pub struct PatchedLesson {
    /// The LMS's name for the lesson.
    #[schema(
        min_length = 1,
        max_length = 255,
        nullable = false,
        pattern = r"^[^\u0000-\u001f\u007f-\u009f]*$"
    )]
    external_id: Option<String>,
    /// What people call it.
    #[schema(
        min_length = 1,
        max_length = 255,
        nullable = false,
        pattern = r"^[^\u0000-\u001f\u007f-\u009f]*$"
    )]
    title: Option<String>,
    /// The field that it belongs to.
    #[schema(max_length = 255, pattern = r"^[^\u0000-\u001f\u007f-\u009f]*$")]
    subject: Option<String>,
    /// How long it runs, in seconds.
    #[schema(minimum = 0, maximum = 2147483647)]
    duration_seconds: Option<i32>,
}

/// The columns of a CSV of lessons.
pub(super) const LESSON_COLUMNS: [&str; 4] = ["external_id", "title", "subject", "duration_seconds"];

const TITLE: TextField = TextField::new("title", 255);
const SUBJECT: TextField = TextField::new("subject", 255);

/// Parses a posted lesson.
pub(super) fn lesson_change(mut row: PostedRow) -> Result<LessonChange, Vec<Fault>> {
    let external_id = row.required_text(EXTERNAL_ID);
    let fields = lesson_fields(&mut row);
    row.finish(external_id.map(|external_id| LessonChange { external_id, fields }))
}

/// Parses a change to a lesson.
pub(super) fn lesson_patch(mut row: PostedRow) -> Result<LessonPatch, Vec<Fault>> {
    let patch = LessonPatch { external_id: row.text_to_keep(EXTERNAL_ID), fields: lesson_fields(&mut row) };
    row.finish(Some(patch))
}

fn lesson_fields(row: &mut PostedRow) -> LessonFields {
    LessonFields {
        title: row.text_to_keep(TITLE),
        subject: row.text(SUBJECT),
        duration_seconds: row.count("duration_seconds"),
    }
}

impl From<LessonRow> for Lesson {
    fn from(row: LessonRow) -> Self {
        let LessonRow { lesson_id, external_id, title, subject, duration_seconds, created_at } = row;
        Self { lesson_id, external_id, title, subject, duration_seconds, created_at }
    }
}

impl Resource for Lesson {
    fn location(&self) -> String {
        format!("/lessons/{}", self.lesson_id)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::Field;

    #[test]
    fn a_patch_says_what_changes_and_nothing_else() {
        let row = PostedRow::from_json(r#"{"subject": "", "duration_seconds": 90}"#).unwrap();
        let fields = LessonFields { title: None, subject: Field::Empty, duration_seconds: Field::Given(90) };
        assert_eq!(lesson_patch(row), Ok(LessonPatch { external_id: None, fields }));
    }

    #[test]
    fn a_csv_knows_the_columns_that_a_row_is_parsed_from() {
        let row = PostedRow::from_csv(LESSON_COLUMNS.into_iter().map(|column| (column, "1")));
        assert!(lesson_change(row).is_ok());
    }
}
