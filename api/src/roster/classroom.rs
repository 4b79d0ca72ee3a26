//! A classroom: as posted, as told.

use chrono::{DateTime, Utc};
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::CLASSROOM;
use super::batch::Resource;
use super::posted_row::PostedRow;
use crate::error::Fault;
use crate::store::{ClassroomChange, CountedClassroom};

/// A class of learners.
#[derive(Debug, PartialEq, Eq, Serialize, ToSchema)]
#[schema(example = json!({"classroom": "IA_2025", "students": 31, "created_at": "2026-01-31T09:30:00.000000Z"}))]
pub struct Classroom {
    /// Its name, which is its identity.
    classroom: String,
    /// How many learners are in it.
    students: i64,
    /// When it was first named.
    created_at: DateTime<Utc>,
}

/// A classroom by its name.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[expect(
    dead_code,
    reason = "documents the body; it is parsed field by field, so that each fault has a place"
)]
#[schema(example = json!({"classroom": "IA_2025"}))]
pub struct NamedClassroom {
    /// Its name.
    #[schema(
        min_length = 1,
        max_length = 100,
        pattern = r"^(\.{3}|\.{0,2}[^\u0000-\u001f\u007f-\u009f.])[^\u0000-\u001f\u007f-\u009f]*$"
    )]
    classroom: String,
}

/// The columns of a CSV of classrooms.
pub(super) const CLASSROOM_COLUMNS: [&str; 1] = ["classroom"];

/// Parses a posted classroom, or the new name of one.
pub(super) fn classroom_change(mut row: PostedRow) -> Result<ClassroomChange, Vec<Fault>> {
    let classroom = row.required_text(CLASSROOM);
    row.finish(classroom.map(|classroom| ClassroomChange { classroom }))
}

impl From<CountedClassroom> for Classroom {
    fn from(row: CountedClassroom) -> Self {
        let CountedClassroom { classroom, students, created_at } = row;
        Self { classroom, students, created_at }
    }
}

/// What stands for itself in a path (RFC 3986, 2.3).
const ESCAPED: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');

impl Resource for Classroom {
    fn location(&self) -> String {
        format!("/classrooms/{}", utf8_percent_encode(&self.classroom, ESCAPED))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_location_escapes_what_a_path_cannot_hold() {
        let classroom =
            Classroom { classroom: "Été/2025 ?".to_owned(), students: 0, created_at: DateTime::UNIX_EPOCH };
        assert_eq!(classroom.location(), "/classrooms/%C3%89t%C3%A9%2F2025%20%3F");
    }

    #[test]
    fn a_classroom_needs_its_name() {
        let code = |json: &str| {
            classroom_change(PostedRow::from_json(json).unwrap()).map_err(|faults| faults[0].code)
        };
        assert_eq!(code("{}"), Err("missing_field"));
        assert_eq!(code(r#"{"classroom": null}"#), Err("missing_field"));
        let long = format!(r#"{{"classroom": "{}"}}"#, "é".repeat(101));
        assert_eq!(code(&long), Err("invalid_text"));
        assert!(code(&long.replacen('é', "", 1)).is_ok());
        // Clients shorten a path by these, so that nobody could ask for the class.
        for dots in [".", ".."] {
            assert_eq!(code(&format!(r#"{{"classroom": "{dots}"}}"#)), Err("invalid_text"));
        }
        assert!(code(r#"{"classroom": "..."}"#).is_ok());
    }
}
