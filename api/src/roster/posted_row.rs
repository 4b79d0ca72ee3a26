//! One posted row, field by field: what is absent, what is empty, what it says, and every fault that it has.

use super::pairs::{Cell, Pairs};
use crate::error::Fault;
use crate::pointer::pointer_to;
use crate::store::Field;
use crate::whole_number::whole_number;

/// A text, and how long it may be.
#[derive(Clone, Copy)]
pub(super) struct TextField {
    name: &'static str,
    /// The longest that it may be, in characters.
    max_chars: usize,
    /// Whether a resource is found by it: no URL can hold `.` or `..` (RFC 3986, 5.2.4).
    is_in_urls: bool,
}

impl TextField {
    /// A text of so many characters at most.
    pub(super) const fn new(name: &'static str, max_chars: usize) -> Self {
        Self { name, max_chars, is_in_urls: false }
    }

    /// By which a resource is found.
    pub(super) const fn in_urls(self) -> Self {
        Self { is_in_urls: true, ..self }
    }
}

/// A row whose fields are taken out one by one; what is left at the end is unknown.
#[derive(Debug)]
pub(super) struct PostedRow {
    fields: Vec<(String, Cell)>,
    /// Whether every value is text because the form knows nothing else.
    is_csv: bool,
    faults: Vec<Fault>,
}

impl PostedRow {
    /// Reads one JSON object.
    pub(super) fn from_json(text: &str) -> Result<Self, Fault> {
        let Pairs(fields) = Pairs::of(text)?;
        Ok(Self { fields, is_csv: false, faults: Vec::new() })
    }

    /// Takes one row of a CSV.
    pub(super) fn from_csv<'c>(cells: impl Iterator<Item = (&'c str, &'c str)>) -> Self {
        let fields = cells.map(|(column, cell)| (column.to_owned(), Cell::Text(cell.to_owned()))).collect();
        Self { fields, is_csv: true, faults: Vec::new() }
    }

    /// A text that may be empty.
    pub(super) fn text(&mut self, field: TextField) -> Field<String> {
        match self.take(field.name) {
            None => Field::Absent,
            Some(Cell::Null) => Field::Empty,
            Some(Cell::Text(text)) if text.is_empty() => Field::Empty,
            Some(Cell::Text(text)) if text.chars().count() > field.max_chars => {
                let limit = field.max_chars;
                self.fault(
                    field.name,
                    "invalid_text",
                    format!("{} has at most {limit} characters", field.name),
                )
            }
            Some(Cell::Text(text)) if text.contains(char::is_control) => {
                self.fault(field.name, "invalid_text", format!("{} holds a control character", field.name))
            }
            Some(Cell::Text(text)) if field.is_in_urls && matches!(text.as_str(), "." | "..") => {
                self.fault(field.name, "invalid_text", format!("no URL can hold the {} {text}", field.name))
            }
            Some(Cell::Text(text)) => Field::Given(text),
            Some(Cell::NoUnicode) => {
                self.fault(field.name, "invalid_text", format!("{} is no valid Unicode", field.name))
            }
            Some(Cell::Number(_) | Cell::Other) => {
                self.fault(field.name, "invalid_type", format!("{} is a text", field.name))
            }
        }
    }

    /// A text that may be absent, and may not be empty.
    pub(super) fn text_to_keep(&mut self, field: TextField) -> Option<String> {
        match self.text(field) {
            Field::Given(text) => Some(text),
            Field::Absent => None,
            Field::Empty => {
                self.note(field.name, "missing_field", format!("{} cannot be empty", field.name));
                None
            }
        }
    }

    /// A text that must be there.
    pub(super) fn required_text(&mut self, field: TextField) -> Option<String> {
        let is_there = self.fields.iter().any(|(name, _)| name == field.name);
        if !is_there {
            self.note(field.name, "missing_field", format!("{} is needed", field.name));
        }
        self.text_to_keep(field)
    }

    /// A whole number from 0 to 2^31 - 1 that may be empty.
    pub(super) fn count(&mut self, name: &'static str) -> Field<i32> {
        let number = match self.take(name) {
            None => return Field::Absent,
            Some(Cell::Null) => return Field::Empty,
            Some(Cell::Text(text)) if text.is_empty() => return Field::Empty,
            Some(Cell::Text(text)) if self.is_csv => whole_number(text.trim()),
            Some(Cell::Number(number)) => whole_number(&number),
            Some(Cell::Text(_) | Cell::NoUnicode | Cell::Other) => None,
        };
        match number.map(i32::try_from) {
            Some(Ok(number)) if number >= 0 => Field::Given(number),
            Some(_) => self.fault(name, "out_of_range", format!("{name} is a number from 0 to {}", i32::MAX)),
            None => self.fault(name, "invalid_type", format!("{name} is a whole number")),
        }
    }

    /// The value that was made of the row, or every fault that the row has.
    pub(super) fn finish<T>(mut self, value: Option<T>) -> Result<T, Vec<Fault>> {
        for (name, _) in std::mem::take(&mut self.fields) {
            self.faults.push(unknown_field(&name));
        }
        match value {
            Some(value) if self.faults.is_empty() => Ok(value),
            _ => Err(self.faults),
        }
    }

    fn take(&mut self, wanted: &'static str) -> Option<Cell> {
        let at = self.fields.iter().position(|(name, _)| name == wanted)?;
        let (_, value) = self.fields.remove(at);
        if self.fields.iter().any(|(name, _)| name == wanted) {
            self.fields.retain(|(name, _)| name != wanted);
            self.note(wanted, "repeated_field", format!("{wanted} is given twice"));
        }
        Some(value)
    }

    /// Notes a fault. The field then counts as absent: nothing is made of a row with faults.
    fn fault<T>(&mut self, name: &str, code: &'static str, detail: String) -> Field<T> {
        self.note(name, code, detail);
        Field::Absent
    }

    fn note(&mut self, name: &str, code: &'static str, detail: String) {
        self.faults.push(Fault { pointer: pointer_to(&[name]), code, detail });
    }
}

/// The fault of a name that is none of ours.
pub(super) fn unknown_field(name: &str) -> Fault {
    Fault {
        pointer: pointer_to(&[name]),
        code: "unknown_field",
        detail: "no such field: see /openapi.json".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NAME: TextField = TextField::new("name", 3);

    fn row(json: &str) -> PostedRow {
        PostedRow::from_json(json).unwrap()
    }

    fn faults(row: PostedRow) -> Vec<(String, &'static str)> {
        let faults = row.finish::<()>(None).unwrap_err();
        faults.into_iter().map(|fault| (fault.pointer, fault.code)).collect()
    }

    fn fault_of_name(json: &str) -> Vec<(String, &'static str)> {
        let mut row = row(json);
        row.text_to_keep(NAME);
        faults(row)
    }

    #[test]
    fn absent_is_told_from_empty() {
        assert_eq!(row("{}").text(NAME), Field::Absent);
        assert_eq!(row(r#"{"name": null}"#).text(NAME), Field::Empty);
        assert_eq!(row(r#"{"name": ""}"#).text(NAME), Field::Empty);
        assert_eq!(row(r#"{"name": "Éva"}"#).text(NAME), Field::Given("Éva".to_owned()));
        assert_eq!(row("{}").count("seconds"), Field::Absent);
        assert_eq!(row(r#"{"seconds": null}"#).count("seconds"), Field::Empty);
        assert_eq!(PostedRow::from_csv([("seconds", "")].into_iter()).count("seconds"), Field::Empty);
    }

    #[test]
    fn a_number_is_a_number_and_in_csv_also_its_digits() {
        assert_eq!(row(r#"{"seconds": 0}"#).count("seconds"), Field::Given(0));
        assert_eq!(row(r#"{"seconds": 90.0}"#).count("seconds"), Field::Given(90));
        assert_eq!(PostedRow::from_csv([("seconds", "90")].into_iter()).count("seconds"), Field::Given(90));
        for (json, code) in [
            (r#"{"seconds": "90"}"#, "invalid_type"),
            (r#"{"seconds": 1.5}"#, "invalid_type"),
            (r#"{"seconds": true}"#, "invalid_type"),
            (r#"{"seconds": -1}"#, "out_of_range"),
            (r#"{"seconds": 2147483648}"#, "out_of_range"),
            (r#"{"seconds": 9223372036854775808}"#, "out_of_range"),
            (r#"{"seconds": 1e999}"#, "out_of_range"),
        ] {
            let mut row = row(json);
            row.count("seconds");
            assert_eq!(faults(row), [("/seconds".to_owned(), code)], "{json}");
        }
    }

    #[test]
    fn a_text_has_a_length_and_no_control_characters() {
        let name = |code| vec![("/name".to_owned(), code)];
        assert_eq!(fault_of_name(r#"{"name": "four"}"#), name("invalid_text"));
        assert_eq!(fault_of_name(r#"{"name": "a\u0000"}"#), name("invalid_text"));
        assert_eq!(fault_of_name(r#"{"name": "\ud800"}"#), name("invalid_text"));
        assert_eq!(fault_of_name(r#"{"name": 7}"#), name("invalid_type"));
        assert_eq!(fault_of_name(r#"{"name": [[[{}]]]}"#), name("invalid_type"));
        assert_eq!(fault_of_name(r#"{"name": ""}"#), name("missing_field"));
        assert_eq!(fault_of_name(r#"{"name": "a", "name": "b"}"#), name("repeated_field"));
    }

    #[test]
    fn every_fault_is_named_and_unknown_fields_are_faults() {
        let mut row = row(r#"{"other/field": 1, "\u0000": 2}"#);
        assert_eq!(row.required_text(NAME), None);
        let expected =
            [("/name", "missing_field"), ("/other~1field", "unknown_field"), ("/\u{fffd}", "unknown_field")];
        assert_eq!(faults(row), expected.map(|(pointer, code)| (pointer.to_owned(), code)));
    }

    #[test]
    fn what_is_no_object_is_one_fault() {
        let code = |json| PostedRow::from_json(json).unwrap_err().code;
        assert_eq!(code("[]"), "invalid_type");
        assert_eq!(code("null"), "invalid_type");
        assert_eq!(code(r#"{"\ud800": "name"}"#), "invalid_json");
    }
}
