//! The work that led to a report, told by whoever asks for one: each task leaves its figures.

use std::collections::BTreeMap;

use actix_web::{HttpMessage, HttpRequest};
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use serde_json::{Map, Value};
use utoipa::ToSchema;

use crate::body::{no_json, unsupported};
use crate::error::Problem;
use crate::pointer::pointer_to;

/// The largest body, in bytes: figures of some tasks, no data.
pub(in crate::analytics) const TASKS_BYTES: usize = 64 * 1024;

/// The figures of each task, by its name; kept to the letter, so that no number changes on its way.
#[derive(Debug, Clone, Default, Serialize, Deserialize, ToSchema)]
#[serde(transparent)]
#[schema(value_type = BTreeMap<String, Object>, example = json!({
    "analyze_student_engagement": {"active_students": 907, "streaming_logs": 3057}
}))]
pub struct Tasks(Fields);

/// What may come with a request for a report.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[expect(dead_code, reason = "documents the body; it is read part by part, so that each fault has a place")]
pub struct PostedReport {
    /// The figures of each task, by its name.
    #[schema(value_type = Option<Tasks>)]
    tasks: Tasks,
}

type Fields = BTreeMap<String, Box<RawValue>>;

impl Tasks {
    /// Those of a body, which may be empty.
    pub(in crate::analytics) fn read(request: &HttpRequest, body: &[u8]) -> Result<Self, Problem> {
        if body.trim_ascii().is_empty() {
            return Ok(Self::default());
        }
        if !request.content_type().eq_ignore_ascii_case("application/json") {
            return Err(unsupported("Send `Content-Type: application/json`, or no body."));
        }
        let fields: Option<Fields> = serde_json::from_slice(body).map_err(|error| unreadable(&error, &[]))?;
        let mut fields = fields.unwrap_or_default();
        let tasks = fields.remove("tasks");
        if let Some(unknown) = fields.keys().next() {
            let detail = "There is one field, `tasks`.";
            return Err(Problem::unprocessable("unknown_field", detail, pointer_to(&[unknown])));
        }
        tasks.map_or_else(|| Ok(Self::default()), |tasks| Self::parse(&tasks))
    }

    fn parse(tasks: &RawValue) -> Result<Self, Problem> {
        let tasks: Option<Fields> =
            serde_json::from_str(tasks.get()).map_err(|error| unreadable(&error, &["tasks"]))?;
        let tasks = tasks.unwrap_or_default();
        tasks.iter().try_for_each(|(name, figures)| check(name, figures))?;
        Ok(Self(tasks))
    }

    /// Each task with its figures, by name.
    pub(super) fn figures(&self) -> impl Iterator<Item = (&str, BTreeMap<String, Value>)> {
        let figures = |figures: &RawValue| serde_json::from_str(figures.get()).unwrap_or_default();
        self.0.iter().map(move |(name, task)| (name.as_str(), figures(task)))
    }
}

/// Figures are an object, and PostgreSQL reads no text with U+0000 as JSON.
fn check(name: &str, figures: &RawValue) -> Result<(), Problem> {
    let figures = serde_json::from_str(figures.get());
    let figures: Map<String, Value> = figures.map_err(|error| unreadable(&error, &["tasks", name]))?;
    if name.contains('\0') || holds_nul(&Value::Object(figures)) {
        let detail = "U+0000 is in no text that is kept.";
        return Err(Problem::unprocessable("invalid_text", detail, pointer_to(&["tasks", name])));
    }
    Ok(())
}

fn holds_nul(value: &Value) -> bool {
    match value {
        Value::String(text) => text.contains('\0'),
        Value::Array(items) => items.iter().any(holds_nul),
        Value::Object(fields) => fields.iter().any(|(name, value)| name.contains('\0') || holds_nul(value)),
        Value::Null | Value::Bool(_) | Value::Number(_) => false,
    }
}

/// What is no object; or what no reader could read again: half a surrogate pair, 1e999, or more than 127 levels.
fn unreadable(error: &serde_json::Error, path: &[&str]) -> Problem {
    match error.is_data() {
        true => no_object(path),
        false if path.is_empty() => no_json(error),
        false => {
            let detail = "This holds half a character, a number that is too large, or more than 127 levels.";
            Problem::unprocessable("invalid_value", detail, pointer_to(path))
        }
    }
}

fn no_object(path: &[&str]) -> Problem {
    let detail = "This is no object: the body is `{\"tasks\": {name: {figure: value, …}, …}}`.";
    Problem::unprocessable("invalid_type", detail, pointer_to(path))
}

#[cfg(test)]
mod tests {
    use actix_web::test::TestRequest;

    use super::*;

    fn read(content_type: &str, body: &str) -> Result<String, &'static str> {
        let request = TestRequest::default().insert_header(("content-type", content_type)).to_http_request();
        let tasks = Tasks::read(&request, body.as_bytes()).map_err(|problem| problem.code())?;
        Ok(serde_json::to_string(&tasks).unwrap())
    }

    #[test]
    fn without_a_body_there_are_no_tasks() {
        assert_eq!(read("", "").as_deref(), Ok("{}"));
        assert_eq!(read("text/plain", " \n").as_deref(), Ok("{}"));
        for body in ["{}", "null", r#"{"tasks": null}"#, r#"{"tasks": {}}"#] {
            assert_eq!(read("application/json", body).as_deref(), Ok("{}"), "{body}");
        }
    }

    #[test]
    fn figures_are_kept_to_the_letter() {
        let body =
            r#"{"tasks": {"b": {"share": 0.30000000000000004, "large": 12345678901234567890123}, "a": {}}}"#;
        let kept = r#"{"a":{},"b":{"share": 0.30000000000000004, "large": 12345678901234567890123}}"#;
        assert_eq!(read("application/json; charset=utf-8", body).as_deref(), Ok(kept));
    }

    #[test]
    fn what_is_no_object_of_objects_is_refused() {
        for (body, code) in [
            ("{", "invalid_json"),
            ("[]", "invalid_type"),
            (r#"{"tasks": []}"#, "invalid_type"),
            (r#"{"tasks": {}, "task": {}}"#, "unknown_field"),
            (r#"{"tasks": {"a": 7}}"#, "invalid_type"),
            (r#"{"tasks": {"a": null}}"#, "invalid_type"),
            (r#"{"tasks": {"a": {"b": ["\u0000"]}}}"#, "invalid_text"),
            (r#"{"tasks": {"a\u0000": {}}}"#, "invalid_text"),
            (r#"{"tasks": {"a": {"b": "\ud800"}}}"#, "invalid_value"),
            (r#"{"tasks": {"a": {"b": 1e999}}}"#, "invalid_value"),
            (r#"{"tasks": {"\ud800": {}}}"#, "invalid_value"),
            (r#"{"\ud800": {}}"#, "invalid_json"),
        ] {
            assert_eq!(read("application/json", body), Err(code), "{body}");
        }
        let deep = format!(r#"{{"tasks": {{"a": {{"b": {}{}}}}}}}"#, "[".repeat(10_000), "]".repeat(10_000));
        assert_eq!(read("application/json", &deep), Err("invalid_value"));
        assert_eq!(read("text/plain", "{}"), Err("unsupported_media_type"));
    }
}
