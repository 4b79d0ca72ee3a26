//! A JSON object as it was written.

use std::fmt;

use serde::Deserialize;
use serde::de::{Deserializer, MapAccess, Visitor};
use serde_json::Value;
use serde_json::error::Category;

use crate::error::Fault;

/// The fields of an object in their order, also those that come twice.
pub(super) struct Pairs(pub(super) Vec<(String, Value)>);

impl Pairs {
    /// Reads one object.
    pub(super) fn of(text: &str) -> Result<Self, Fault> {
        serde_json::from_str(text).map_err(|error| unreadable(&error))
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
                while let Some(pair) = map.next_entry()? {
                    pairs.push(pair);
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
