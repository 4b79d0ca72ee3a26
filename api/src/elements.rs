//! The elements of a JSON array, split before anybody looks at one, and no more of them than may be: eight megabytes of `[1,1,…`
//! would be four million.

use std::fmt;

use serde::de::{DeserializeSeed, Deserializer, Error, SeqAccess, Visitor};
use serde_json::value::RawValue;

/// Why an array was not split.
#[derive(Debug)]
pub enum NotSplit {
    /// It has more elements than may be.
    TooMany,
    /// It is no JSON.
    NoJson(serde_json::Error),
}

/// The elements of an array, at most so many. The array ends where the text does.
pub fn elements(array: &[u8], most: usize) -> Result<Vec<&RawValue>, NotSplit> {
    let mut json = serde_json::Deserializer::from_slice(array);
    let split = AtMost(most).deserialize(&mut json).and_then(|elements| json.end().map(|()| elements));
    // What begins like an array is one or is no JSON: no other type is expected within it.
    split.map_err(|error| if error.is_data() { NotSplit::TooMany } else { NotSplit::NoJson(error) })
}

struct AtMost(usize);

impl<'de> DeserializeSeed<'de> for AtMost {
    type Value = Vec<&'de RawValue>;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Self::Value, D::Error> {
        deserializer.deserialize_seq(self)
    }
}

impl<'de> Visitor<'de> for AtMost {
    type Value = Vec<&'de RawValue>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an array")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut array: A) -> Result<Self::Value, A::Error> {
        let mut elements = Vec::new();
        while let Some(element) = array.next_element()? {
            if elements.len() == self.0 {
                return Err(A::Error::custom("too many elements"));
            }
            elements.push(element);
        }
        Ok(elements)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn split(array: &str, most: usize) -> Result<Vec<&str>, &'static str> {
        match elements(array.as_bytes(), most) {
            Ok(elements) => Ok(elements.into_iter().map(RawValue::get).collect()),
            Err(NotSplit::TooMany) => Err("too many"),
            Err(NotSplit::NoJson(_)) => Err("no JSON"),
        }
    }

    #[test]
    fn an_array_has_an_end_and_a_number_of_elements() {
        assert_eq!(split("[]", 0), Ok(vec![]));
        assert_eq!(split(r#" [1, {"a": [2]} ,null] "#, 3), Ok(vec!["1", r#"{"a": [2]}"#, "null"]));
        assert_eq!(split("[1,2,3]", 2), Err("too many"));
        for array in ["[", "[1,", "[1,]", "[] x", "[NaN]", "[1e]", "[\"\u{1}\"]"] {
            assert_eq!(split(array, 3), Err("no JSON"), "{array}");
        }
    }

    #[test]
    fn what_is_no_unicode_is_no_json() {
        assert!(matches!(elements(b"[\"\xff\"]", 1), Err(NotSplit::NoJson(_))));
        assert!(matches!(elements(b"[\"a\"\xff]", 1), Err(NotSplit::NoJson(_))));
    }

    proptest! {
        #[test]
        fn any_elements_come_out_as_they_went_in(
            elements in prop::collection::vec(r#"-?[1-9][0-9]{0,30}|"[a-z\\/"]?"|\[\]|null|\{"a":1e999\}"#, 0..20),
        ) {
            let array = format!("[{}]", elements.join(","));
            if let Ok(split) = split(&array, elements.len()) {
                prop_assert_eq!(split, elements);
            }
        }

        #[test]
        fn no_bytes_make_it_panic(bytes in prop::collection::vec(any::<u8>(), 0..200), most in 0_usize..10) {
            let array = [&b"["[..], &bytes].concat();
            if let Ok(split) = elements(&array, most) {
                prop_assert!(split.len() <= most);
            }
        }
    }
}
