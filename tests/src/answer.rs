//! What a client was answered.

use reqwest::header::HeaderMap;
use serde_json::Value;

/// The answer to one request.
#[derive(Debug)]
pub struct Answer {
    /// The HTTP status.
    pub status: u16,
    /// The headers.
    pub headers: HeaderMap,
    /// The body: JSON where it is that, else its text, or null where it is empty.
    pub body: Value,
}

impl Answer {
    /// The body, of an answer that must have this status.
    #[track_caller]
    pub fn expect(self, status: u16) -> Value {
        assert_eq!(self.status, status, "{}", self.body);
        self.body
    }

    /// The `code` of a problem, of an answer that must have this status.
    #[track_caller]
    pub fn code(&self, status: u16) -> &str {
        assert_eq!(self.status, status, "{}", self.body);
        self.body["code"].as_str().unwrap_or_else(|| panic!("no code in {}", self.body))
    }

    /// A header's text, empty where there is none.
    pub fn header(&self, name: &str) -> &str {
        self.headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default()
    }
}

/// The one item of a list that has this value under this key.
#[track_caller]
pub fn item<'v>(items: &'v Value, key: &str, value: &str) -> &'v Value {
    let all = items.as_array().unwrap_or_else(|| panic!("no list: {items}"));
    let found: Vec<_> = all.iter().filter(|item| item[key] == value).collect();
    assert_eq!(found.len(), 1, "items with {key} {value} in {items}");
    found[0]
}

/// Compares each expected figure with the actual one of the same name; numbers may differ by a millionth.
#[track_caller]
pub fn assert_same_figures(actual: &Value, expected: &Value, place: &str) {
    let expected = expected.as_object().unwrap_or_else(|| panic!("no figures expected of {place}"));
    assert!(!expected.is_empty(), "no figures expected of {place}");
    for (name, expected) in expected {
        let actual = actual.get(name).unwrap_or_else(|| panic!("{place} has no {name}: {actual}"));
        let same = match (actual.as_f64(), expected.as_f64()) {
            (Some(actual), Some(expected)) => (actual - expected).abs() <= 1e-6,
            _ => actual == expected,
        };
        assert!(same, "{name} of {place} is {actual} and should be {expected}");
    }
}
