//! The copy as one table for spreadsheets: a row for each record, whose kind stands in its first cell.

use std::io;

use bytes::Bytes;
use serde_json::Value;

use super::records::RecordPage;
use crate::spreadsheet;

/// The columns of all kinds; what a kind does not have is empty.
const HEADER: [&str; 31] = [
    "record",
    "student_id",
    "external_id",
    "name",
    "classroom",
    "created_at",
    "log_id",
    "lesson_id",
    "event_type",
    "watch_time_seconds",
    "completion_percentage",
    "event_timestamp",
    "received_at",
    "day",
    "streaming_logs",
    "completed_at",
    "title",
    "subject",
    "client",
    "code",
    "reason",
    "pointer",
    "payload",
    "truncated",
    "times",
    "first_seen",
    "last_seen",
    "at",
    "actor",
    "action",
    "outcome",
];

/// The header, and the learner's row of the roster.
pub(super) fn begin(student: &Value) -> io::Result<Bytes> {
    let header = HEADER.map(str::to_owned).into();
    lines([header, row("student", student)])
}

/// A row for each record of a page.
pub(super) fn page(page: &RecordPage) -> io::Result<Bytes> {
    lines(page.records.iter().map(|record| row(page.part.name(), record)))
}

fn lines(rows: impl IntoIterator<Item = Vec<String>>) -> io::Result<Bytes> {
    let mut lines = csv::WriterBuilder::new().terminator(csv::Terminator::CRLF).from_writer(Vec::new());
    for row in rows {
        lines.write_record(&row)?;
    }
    lines.into_inner().map(Bytes::from).map_err(|error| error.into_error())
}

fn row(kind: &str, record: &Value) -> Vec<String> {
    let cells = HEADER.iter().skip(1).map(|column| cell(record.get(column)));
    std::iter::once(kind.to_owned()).chain(cells).collect()
}

/// A number stays one; a text that a spreadsheet would run begins with an apostrophe.
fn cell(value: Option<&Value>) -> String {
    match value {
        None | Some(Value::Null) => String::new(),
        Some(Value::String(text)) => spreadsheet::text(text).into_owned(),
        Some(other) => other.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_name_is_never_run_as_a_formula_and_a_number_stays_one() {
        let told = [json!("=1+1"), json!("＝1"), json!("-7"), json!(-7), json!("Ada"), json!(null)];
        let told = told.map(|value| cell(Some(&value)));
        assert_eq!(told, ["'=1+1", "'＝1", "'-7", "-7", "Ada", ""]);
    }

    #[test]
    fn every_record_has_every_column() {
        let row = row("student", &json!({"student_id": 7, "name": "Ada, L."}));
        assert_eq!(row.len(), HEADER.len());
        assert_eq!(row[..4], ["student", "7", "", "Ada, L."]);
    }
}
