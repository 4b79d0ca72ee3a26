//! The copy as one JSON object, written as its pages come.

use bytes::Bytes;
use serde_json::Value;

use super::records::{Part, RecordPage};

/// Writes the object.
pub(super) struct JsonDocument {
    part: Option<Part>,
    is_first: bool,
}

impl JsonDocument {
    /// What stands before the records.
    pub(super) fn begin(exported_at: &Value, student: &Value) -> (Self, Bytes) {
        let text = format!("{{\"exported_at\":{exported_at},\"student\":{student}");
        (Self { part: None, is_first: true }, text.into())
    }

    /// The records of a page, and what stands around them.
    pub(super) fn page(&mut self, page: &RecordPage) -> Bytes {
        let mut text = String::new();
        if self.part != Some(page.part) {
            (self.part, self.is_first) = (Some(page.part), true);
            text = format!(",\"{}\":[", page.part.name());
        }
        for record in &page.records {
            if !std::mem::take(&mut self.is_first) {
                text.push(',');
            }
            text.push_str(&record.to_string());
        }
        if page.is_last {
            text.push(']');
        }
        text.into()
    }

    /// What stands after the records.
    pub(super) fn end() -> Bytes {
        Bytes::from_static(b"}")
    }
}
