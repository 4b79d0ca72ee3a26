//! The three forms of a posted body, split into items.

use bytes::Bytes;
use serde_json::value::RawValue;

use crate::body::{no_json, unsupported};
use crate::elements::{self, NotSplit};
use crate::error::Problem;
use actix_web::http::StatusCode;

/// The most logs in one request; more would hold up everybody else's.
const ITEMS_LIMIT: usize = 10_000;

/// What a client posted.
#[derive(Debug)]
pub(super) enum Posted {
    /// One object: answered by a status.
    One(Bytes),
    /// An array or lines: answered by a list of verdicts.
    Many(Vec<Bytes>),
}

/// How the body is to be read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Form {
    /// One object or an array of them.
    Json,
    /// One object a line.
    Lines,
}

impl Form {
    /// What the `Content-Type` says.
    pub(super) fn of(content_type: &str) -> Result<Self, Problem> {
        let media_type = content_type.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
        match media_type.as_str() {
            "application/json" => Ok(Self::Json),
            "application/x-ndjson" | "application/ndjson" | "application/jsonl" => Ok(Self::Lines),
            _ => Err(unsupported(
                "Send `Content-Type: application/json` (one log or an array) or `application/x-ndjson` (one log a line).",
            )),
        }
    }
}

/// Splits a body into its items; each stays a slice of the body.
pub(super) fn split(form: Form, body: &Bytes) -> Result<Posted, Problem> {
    match form {
        Form::Lines => lines(body).map(Posted::Many),
        Form::Json if body.trim_ascii_start().first() == Some(&b'[') => elements(body).map(Posted::Many),
        Form::Json => only(body).map(Posted::One),
    }
}

fn lines(body: &Bytes) -> Result<Vec<Bytes>, Problem> {
    let lines = body.split(|&byte| byte == b'\n').map(<[u8]>::trim_ascii);
    let lines = lines.filter(|line| !line.is_empty()).take(ITEMS_LIMIT + 1);
    let lines: Vec<Bytes> = lines.map(|line| body.slice_ref(line)).collect();
    if lines.len() > ITEMS_LIMIT { Err(too_many()) } else { Ok(lines) }
}

fn elements(body: &Bytes) -> Result<Vec<Bytes>, Problem> {
    let elements = elements::elements(body, ITEMS_LIMIT).map_err(|fault| match fault {
        NotSplit::TooMany => too_many(),
        NotSplit::NoJson(error) => no_json(&error),
    })?;
    Ok(elements.into_iter().map(|element| body.slice_ref(element.get().as_bytes())).collect())
}

fn only(body: &Bytes) -> Result<Bytes, Problem> {
    let only: &RawValue = serde_json::from_slice(body).map_err(|error| no_json(&error))?;
    Ok(body.slice_ref(only.get().as_bytes()))
}

fn too_many() -> Problem {
    let detail = format!("Send at most {ITEMS_LIMIT} logs in one request.");
    Problem::new(StatusCode::PAYLOAD_TOO_LARGE, "too_many_items", detail)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn many(form: Form, body: &'static str) -> Vec<Bytes> {
        match split(form, &Bytes::from_static(body.as_bytes())).unwrap() {
            Posted::Many(items) => items,
            Posted::One(_) => panic!("one item"),
        }
    }

    #[test]
    fn blank_lines_are_no_items() {
        assert_eq!(many(Form::Lines, "\n{\"a\":1}\r\n \n{\"b\":2}"), ["{\"a\":1}", "{\"b\":2}"]);
    }

    #[test]
    fn an_element_of_the_wrong_type_is_still_an_item() {
        assert_eq!(many(Form::Json, " [1, {\"a\": [2]}, null]"), ["1", "{\"a\": [2]}", "null"]);
        assert!(many(Form::Json, "[]").is_empty());
    }

    #[test]
    fn a_body_that_is_no_json_is_refused_as_a_whole() {
        for body in ["", "[1,", "{\"a\": 1} x", "[NaN]"] {
            let problem = split(Form::Json, &Bytes::from_static(body.as_bytes())).unwrap_err();
            assert_eq!(problem.code(), "invalid_json", "{body}");
        }
    }

    #[test]
    fn depth_costs_nothing() {
        let body = format!("[{}{}]", "[".repeat(10_000), "]".repeat(10_000));
        let posted = split(Form::Json, &Bytes::from(body)).unwrap();
        assert!(matches!(posted, Posted::Many(items) if items.len() == 1));
    }

    #[test]
    fn only_the_documented_types_are_read() {
        assert_eq!(Form::of("application/json; charset=utf-8").unwrap(), Form::Json);
        assert_eq!(Form::of("Application/X-NDJSON").unwrap(), Form::Lines);
        assert_eq!(Form::of("text/plain").unwrap_err().code(), "unsupported_media_type");
    }

    #[test]
    fn too_many_are_refused_before_they_are_all_kept() {
        let numbers = |between: &str| ["1"; ITEMS_LIMIT].join(between);
        for (form, least, more) in
            [(Form::Lines, numbers("\n"), "\n1"), (Form::Json, format!("[{}", numbers(",")), ",1]")]
        {
            let end = if form == Form::Json { "]" } else { "\n \n" };
            let posted = split(form, &Bytes::from(format!("{least}{end}"))).unwrap();
            assert!(matches!(posted, Posted::Many(items) if items.len() == ITEMS_LIMIT));
            let problem = split(form, &Bytes::from(format!("{least}{more}"))).unwrap_err();
            assert_eq!(problem.code(), "too_many_items");
        }
    }

    proptest! {
        #[test]
        fn lines_are_what_stands_between_their_ends(bytes in prop::collection::vec(any::<u8>(), 0..300)) {
            let body = Bytes::from(bytes);
            let Posted::Many(items) = split(Form::Lines, &body).unwrap() else { panic!("one item") };
            let expected: Vec<&[u8]> =
                body.split(|byte| *byte == b'\n').map(<[u8]>::trim_ascii).filter(|line| !line.is_empty()).collect();
            prop_assert_eq!(items, expected);
        }

        #[test]
        fn no_body_makes_it_panic(bytes in prop::collection::vec(any::<u8>(), 0..300)) {
            if let Err(problem) = split(Form::Json, &Bytes::from(bytes)) {
                prop_assert_eq!(problem.code(), "invalid_json");
            }
        }
    }
}
