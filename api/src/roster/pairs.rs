//! A JSON object as it was written.

use std::fmt;

use serde::Deserialize;
use serde::de::{Deserializer, IgnoredAny, MapAccess, Visitor};
use serde_json::error::Category;
use serde_json::value::RawValue;

use crate::error::Fault;

/// The most fields of an object that are kept: no row of ours has so many, so among these there are faults enough.
const MOST_FIELDS: usize = 32;

/// A value, as far as a row has use for it. What is nested is not looked into, however deep it goes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Cell {
    /// `null`.
    Null,
    /// A text.
    Text(String),
    /// A text that is no Unicode: half of a surrogate pair.
    NoUnicode,
    /// A number, as it was written.
    Number(String),
    /// `true`, an object, an array.
    Other,
}

/// The fields of an object in their order, also those that come twice.
pub(super) struct Pairs(pub(super) Vec<(String, Cell)>);

impl Pairs {
    /// Reads one object.
    pub(super) fn of(text: &str) -> Result<Self, Fault> {
        serde_json::from_str(text).map_err(|error| unreadable(&error))
    }
}

impl From<&RawValue> for Cell {
    fn from(value: &RawValue) -> Self {
        let text = value.get();
        match text.as_bytes().first() {
            Some(b'n') => Self::Null,
            Some(b'"') => serde_json::from_str(text).map_or(Self::NoUnicode, Self::Text),
            Some(b'-' | b'0'..=b'9') => Self::Number(text.to_owned()),
            _ => Self::Other,
        }
    }
}

impl<'de> Deserialize<'de> for Pairs {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Object;
        impl<'de> Visitor<'de> for Object {
            type Value = Pairs;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Pairs, A::Error> {
                let mut pairs = Vec::new();
                while pairs.len() < MOST_FIELDS
                    && let Some((name, value)) = map.next_entry::<String, &RawValue>()?
                {
                    pairs.push((name, value.into()));
                }
                if pairs.len() == MOST_FIELDS {
                    while map.next_entry::<IgnoredAny, IgnoredAny>()?.is_some() {}
                }
                Ok(Pairs(pairs))
            }
        }
        deserializer.deserialize_map(Object)
    }
}

fn unreadable(error: &serde_json::Error) -> Fault {
    let (code, detail) = match error.classify() {
        Category::Data => ("invalid_type", "an item is an object".to_owned()),
        Category::Syntax | Category::Eof | Category::Io => {
            ("invalid_json", format!("this is no JSON from column {} on", error.column()))
        }
    };
    Fault { pointer: String::new(), code, detail }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn pairs(text: &str) -> Result<Vec<(String, Cell)>, &'static str> {
        Pairs::of(text).map(|Pairs(pairs)| pairs).map_err(|fault| fault.code)
    }

    #[test]
    fn values_are_told_apart_and_what_is_nested_costs_nothing() {
        let deep = format!("{}{}", "[".repeat(10_000), "]".repeat(10_000));
        let text =
            format!(r#"{{"a": null, "b": "\u00e9", "c": "\ud800", "d": -1e999, "e": true, "f": {deep}}}"#);
        let cells = pairs(&text).unwrap().into_iter().map(|(_, cell)| cell).collect::<Vec<_>>();
        let (text, number) = (Cell::Text("é".to_owned()), Cell::Number("-1e999".to_owned()));
        assert_eq!(cells, [Cell::Null, text, Cell::NoUnicode, number, Cell::Other, Cell::Other]);
    }

    #[test]
    fn of_very_many_fields_some_are_kept_and_all_are_read() {
        let many = |last: &str| format!("{{{}{last}}}", r#""a": 1, "#.repeat(100_000));
        assert_eq!(pairs(&many(r#""b": 1"#)).map(|pairs| pairs.len()), Ok(MOST_FIELDS));
        assert_eq!(pairs(&many(r#""b""#)), Err("invalid_json"));
    }

    proptest! {
        #[test]
        fn texts_come_out_as_they_went_in(fields in prop::collection::vec((".{0,8}", ".{0,20}"), 0..8)) {
            let written = fields.iter().map(|(name, text)| {
                format!("{}:{}", serde_json::Value::from(name.as_str()), serde_json::Value::from(text.as_str()))
            });
            let object = format!("{{{}}}", written.collect::<Vec<_>>().join(","));
            let expected: Vec<_> = fields.into_iter().map(|(name, text)| (name, Cell::Text(text))).collect();
            prop_assert_eq!(pairs(&object), Ok(expected));
        }

        #[test]
        fn no_text_makes_it_panic(text in r#"[{}\[\]":,\\ua-f0-9.eE+ \x00-]{0,60}"#) {
            if let Err(code) = pairs(&text) {
                prop_assert!(["invalid_json", "invalid_type"].contains(&code));
            }
        }
    }
}
