//! The fields of one posted log, found but not yet understood.

use serde::Deserialize;
use serde::de::{Deserializer, Error, MapAccess, Visitor};
use serde_json::value::RawValue;

/// One posted log, split into its fields; each is parsed on its own, so that a fault has a place.
#[derive(Debug, Default)]
pub(super) struct Fields<'a> {
    pub(super) log_id: Option<&'a RawValue>,
    pub(super) student_id: Option<&'a RawValue>,
    pub(super) student: Option<&'a RawValue>,
    pub(super) lesson_id: Option<&'a RawValue>,
    pub(super) lesson: Option<&'a RawValue>,
    pub(super) event_type: Option<&'a RawValue>,
    pub(super) watch_time_seconds: Option<&'a RawValue>,
    pub(super) completion_percentage: Option<&'a RawValue>,
    pub(super) event_timestamp: Option<&'a RawValue>,
    /// The first name that is none of ours.
    pub(super) unknown: Option<String>,
    /// The first name that came twice.
    pub(super) repeated: Option<&'static str>,
}

/// A name in the object, borrowed from nobody: known names cost no allocation.
enum Name {
    Known(&'static str),
    Unknown(String),
}

const NAMES: [&str; 9] = [
    "log_id",
    "student_id",
    "student",
    "lesson_id",
    "lesson",
    "event_type",
    "watch_time_seconds",
    "completion_percentage",
    "event_timestamp",
];

impl<'a> Fields<'a> {
    fn slot(&mut self, name: &str) -> Option<&mut Option<&'a RawValue>> {
        Some(match name {
            "log_id" => &mut self.log_id,
            "student_id" => &mut self.student_id,
            "student" => &mut self.student,
            "lesson_id" => &mut self.lesson_id,
            "lesson" => &mut self.lesson,
            "event_type" => &mut self.event_type,
            "watch_time_seconds" => &mut self.watch_time_seconds,
            "completion_percentage" => &mut self.completion_percentage,
            "event_timestamp" => &mut self.event_timestamp,
            _ => return None,
        })
    }

    fn fill(&mut self, name: &'static str, value: &'a RawValue) {
        let taken = self.slot(name).and_then(|slot| slot.replace(value)).is_some();
        if taken {
            self.repeated.get_or_insert(name);
        }
    }
}

impl<'de> Deserialize<'de> for Fields<'de> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Object;
        impl<'de> Visitor<'de> for Object {
            type Value = Fields<'de>;

            fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str("an object")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
                let mut fields = Fields::default();
                while let Some(name) = map.next_key::<Name>()? {
                    let value: &RawValue = map.next_value()?;
                    match name {
                        Name::Known(name) => fields.fill(name, value),
                        Name::Unknown(name) => {
                            fields.unknown.get_or_insert(name);
                        }
                    }
                }
                Ok(fields)
            }
        }
        deserializer.deserialize_map(Object)
    }
}

impl<'de> Deserialize<'de> for Name {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Text;
        impl Visitor<'_> for Text {
            type Value = Name;

            fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str("a field name")
            }

            fn visit_str<E: Error>(self, name: &str) -> Result<Name, E> {
                let known = NAMES.iter().copied().find(|known| *known == name);
                Ok(known.map_or_else(|| Name::Unknown(name.to_owned()), Name::Known))
            }
        }
        deserializer.deserialize_str(Text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_name_has_a_slot() {
        let mut fields = Fields::default();
        assert!(NAMES.iter().all(|name| fields.slot(name).is_some()));
    }
}
