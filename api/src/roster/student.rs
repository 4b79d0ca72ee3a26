//! A learner: as posted, as changed, as told.

use chrono::{DateTime, NaiveDate, Utc};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::batch::Resource;
use super::posted_row::{PostedRow, TextField};
use super::{CLASSROOM, EXTERNAL_ID};
use crate::error::Fault;
use crate::store::{Learner, StudentChange, StudentFields, StudentPatch, StudentRow};

/// A learner, with a name: keep it where names may be.
#[derive(Debug, PartialEq, Eq, Serialize, ToSchema)]
#[schema(example = json!({
    "student_id": 42, "external_id": "lms-1017", "name": "Ada Lovelace", "classroom": "IA_2025",
    "created_at": "2026-01-31T09:30:00.000000Z", "last_active_on": "2026-02-14"
}))]
pub struct Student {
    /// Our name for the learner.
    student_id: i64,
    /// The LMS's name for the learner.
    external_id: String,
    /// What people call the learner.
    #[schema(required)]
    name: Option<String>,
    /// The class that the learner is in today.
    classroom: String,
    /// When the learner was enrolled.
    created_at: DateTime<Utc>,
    /// The last day with a log, a calendar day in the platform's time zone; null where there is none.
    #[schema(required)]
    last_active_on: Option<NaiveDate>,
}

/// A learner as posted, by the LMS's name. What is left out stays as it is; what is null or empty is cleared.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[expect(
    dead_code,
    reason = "documents the body; it is parsed field by field, so that each fault has a place"
)]
#[schema(example = json!({"external_id": "lms-1017", "name": "Ada Lovelace", "classroom": "IA_2025"}))]
pub struct PostedStudent {
    /// The LMS's name for the learner.
    #[schema(min_length = 1, max_length = 255, pattern = r"^[^\u0000-\u001f\u007f-\u009f]*$")]
    external_id: String,
    /// What people call the learner.
    #[schema(max_length = 255, pattern = r"^[^\u0000-\u001f\u007f-\u009f]*$")]
    name: Option<String>,
    /// The class; made where there is none of that name. A new learner needs one.
    #[schema(
        min_length = 1,
        max_length = 100,
        nullable = false,
        pattern = r"^(\.{3}|\.{0,2}[^\u0000-\u001f\u007f-\u009f.])[^\u0000-\u001f\u007f-\u009f]*$"
    )]
    classroom: Option<String>,
}

/// A change to a learner. What is left out stays as it is; what is null or empty is cleared.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[expect(
    dead_code,
    reason = "documents the body; it is parsed field by field, so that each fault has a place"
)]
#[schema(example = json!({"classroom": "Cloud_2025"}))]
pub struct PatchedStudent {
    /// The LMS's name for the learner.
    #[schema(
        min_length = 1,
        max_length = 255,
        nullable = false,
        pattern = r"^[^\u0000-\u001f\u007f-\u009f]*$"
    )]
    external_id: Option<String>,
    /// What people call the learner.
    #[schema(max_length = 255, pattern = r"^[^\u0000-\u001f\u007f-\u009f]*$")]
    name: Option<String>,
    /// The class; made where there is none of that name.
    #[schema(
        min_length = 1,
        max_length = 100,
        nullable = false,
        pattern = r"^(\.{3}|\.{0,2}[^\u0000-\u001f\u007f-\u009f.])[^\u0000-\u001f\u007f-\u009f]*$"
    )]
    classroom: Option<String>,
}

/// The columns of a CSV of learners.
pub(super) const STUDENT_COLUMNS: [&str; 3] = ["external_id", "name", "classroom"];

const NAME: TextField = TextField::new("name", 255);

/// Parses a posted learner.
pub(super) fn student_change(mut row: PostedRow) -> Result<StudentChange, Vec<Fault>> {
    let external_id = row.required_text(EXTERNAL_ID);
    let fields = student_fields(&mut row);
    row.finish(external_id.map(|external_id| StudentChange { external_id, fields }))
}

/// Parses a change to a learner.
pub(super) fn student_patch(mut row: PostedRow) -> Result<StudentPatch, Vec<Fault>> {
    let patch = StudentPatch { external_id: row.text_to_keep(EXTERNAL_ID), fields: student_fields(&mut row) };
    row.finish(Some(patch))
}

fn student_fields(row: &mut PostedRow) -> StudentFields {
    StudentFields { name: row.text(NAME), classroom: row.text_to_keep(CLASSROOM) }
}

impl From<Learner> for Student {
    fn from(Learner { student, last_active_on }: Learner) -> Self {
        let StudentRow { student_id, external_id, name, classroom, created_at } = student;
        Self { student_id, external_id, name, classroom, created_at, last_active_on }
    }
}

impl Resource for Student {
    fn location(&self) -> String {
        format!("/students/{}", self.student_id)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::Field;

    fn change(json: &str) -> Result<StudentChange, Vec<(String, &'static str)>> {
        let parsed = student_change(PostedRow::from_json(json).unwrap());
        parsed.map_err(|faults| faults.into_iter().map(|fault| (fault.pointer, fault.code)).collect())
    }

    #[test]
    fn a_learner_needs_an_external_id_and_keeps_what_is_not_said() {
        let change = change(r#"{"external_id": "1", "name": null}"#).unwrap();
        let fields = StudentFields { name: Field::Empty, classroom: None };
        assert_eq!(change, StudentChange { external_id: "1".to_owned(), fields });
    }

    #[test]
    fn each_fault_has_its_place() {
        let faults = change(r#"{"name": "a\n", "classroom": "", "student_id": 1}"#).unwrap_err();
        let expected = [
            ("/external_id", "missing_field"),
            ("/name", "invalid_text"),
            ("/classroom", "missing_field"),
            ("/student_id", "unknown_field"),
        ];
        assert_eq!(faults, expected.map(|(pointer, code)| (pointer.to_owned(), code)));
    }

    #[test]
    fn a_csv_knows_the_columns_that_a_row_is_parsed_from() {
        let row = PostedRow::from_csv(STUDENT_COLUMNS.into_iter().map(|column| (column, "1")));
        assert!(student_change(row).is_ok());
    }
}
