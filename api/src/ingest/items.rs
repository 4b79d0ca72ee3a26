//! The three forms of a posted body, split into items.

use bytes::Bytes;
use serde_json::value::RawValue;

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
            _ => Err(Problem::new(
                StatusCode::UNSUPPORTED_MEDIA_TYPE,
                "unsupported_media_type",
                "Send `Content-Type: application/json` (one log or an array) or `application/x-ndjson` (one log a line).",
            )),
        }
    }
}

/// Splits a body into its items; each stays a slice of the body.
pub(super) fn split(form: Form, body: &Bytes) -> Result<Posted, Problem> {
    let posted = match form {
        Form::Lines => Posted::Many(lines(body)),
        Form::Json if body.trim_ascii_start().first() == Some(&b'[') => Posted::Many(elements(body)?),
        Form::Json => Posted::One(only(body)?),
    };
    match &posted {
        Posted::Many(items) if items.len() > ITEMS_LIMIT => Err(Problem::new(
            StatusCode::PAYLOAD_TOO_LARGE,
            "too_many_items",
            format!("{} logs in one request; send at most {ITEMS_LIMIT}.", items.len()),
        )),
        _ => Ok(posted),
    }
}

fn lines(body: &Bytes) -> Vec<Bytes> {
    let lines = body.split(|&byte| byte == b'\n').map(<[u8]>::trim_ascii);
    lines.filter(|line| !line.is_empty()).map(|line| body.slice_ref(line)).collect()
}

fn elements(body: &Bytes) -> Result<Vec<Bytes>, Problem> {
    let elements: Vec<&RawValue> = serde_json::from_slice(body).map_err(|error| no_json(&error))?;
    Ok(elements.into_iter().map(|element| body.slice_ref(element.get().as_bytes())).collect())
}

fn only(body: &Bytes) -> Result<Bytes, Problem> {
    let only: &RawValue = serde_json::from_slice(body).map_err(|error| no_json(&error))?;
    Ok(body.slice_ref(only.get().as_bytes()))
}

fn no_json(error: &serde_json::Error) -> Problem {
    let (line, column) = (error.line(), error.column());
    Problem::bad_request("invalid_json", format!("The body is no JSON: see line {line}, column {column}."))
}

#[cfg(test)]
mod tests {
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
}
