//! One posted log, parsed: what comes out is valid, what does not says where and why.

use chrono::{DateTime, Datelike, Utc};
use rand::Rng;
use serde_json::error::Category;
use serde_json::value::RawValue;
use uuid::Uuid;

use super::fields::Fields;
use super::learner_refs::{Named, learner_refs};
use crate::pointer::pointer_to;
use crate::store::{Reference, Rejection, StreamingLog};
use crate::whole_number;

/// The longest external id, in characters.
pub(super) const EXTERNAL_ID_LIMIT: usize = 255;

/// The years that a log may come from: both databases and every client can write them, and a clock that was never set
/// (1970) still passes.
const YEARS: std::ops::RangeInclusive<i32> = 1970..=2199;

/// Parses one log. Without an `event_timestamp` it happened at `arrived_at`; without a `log_id` as well it is new. Of one that
/// is refused it tells whom it names.
pub(super) fn parse(
    payload: &[u8],
    arrived_at: DateTime<Utc>,
    rng: &mut impl Rng,
) -> (Result<StreamingLog, Rejection>, Named) {
    let fields = serde_json::from_slice::<Fields<'_>>(payload);
    let (parsed, fields) = match fields {
        Ok(fields) => (streaming_log(&fields, arrived_at, rng), fields),
        Err(error) => (Err(unreadable(&error)), Fields::default()),
    };
    let named = if parsed.is_ok() { Named::nobody(payload) } else { learner_refs(payload, &fields) };
    (parsed, named)
}

fn streaming_log(
    fields: &Fields<'_>,
    arrived_at: DateTime<Utc>,
    rng: &mut impl Rng,
) -> Result<StreamingLog, Rejection> {
    if let Some(name) = &fields.unknown {
        return Err(Rejection::at(pointer_to(&[name]), "unknown_field", "no such field: see /openapi.json"));
    }
    if let Some(name) = fields.repeated {
        return Err(Rejection::at(format!("/{name}"), "repeated_field", "given twice"));
    }
    let log_id = given(fields.log_id).map(log_id).transpose()?;
    let event_timestamp = given(fields.event_timestamp).map(event_timestamp).transpose()?;
    Ok(StreamingLog {
        log_id: match (log_id, event_timestamp) {
            (None, None) => Some(new_log_id(rng)),
            (log_id, _) => log_id,
        },
        learner: reference("student", fields.student, "student_id", fields.student_id)?,
        lesson: reference("lesson", fields.lesson, "lesson_id", fields.lesson_id)?,
        event_type: event_type(given(fields.event_type))?,
        watch_time_seconds: figure("watch_time_seconds", fields.watch_time_seconds, i32::MAX)?,
        completion_percentage: figure("completion_percentage", fields.completion_percentage, 100)?,
        event_timestamp: event_timestamp.unwrap_or(arrived_at),
        event_timestamp_is_given: event_timestamp.is_some(),
    })
}

fn unreadable(error: &serde_json::Error) -> Rejection {
    match error.classify() {
        Category::Data => Rejection::at("", "invalid_type", "a log is an object"),
        Category::Syntax | Category::Eof | Category::Io => {
            Rejection::whole("invalid_json", format!("this is no JSON from column {} on", error.column()))
        }
    }
}

/// A field that is there and is not null.
fn given(field: Option<&RawValue>) -> Option<&RawValue> {
    field.filter(|raw| raw.get() != "null")
}

fn reference(
    name: &'static str,
    by_name: Option<&RawValue>,
    id_name: &'static str,
    by_id: Option<&RawValue>,
) -> Result<Reference, Rejection> {
    let external_id = given(by_name).map(|raw| external_id(name, raw)).transpose()?;
    let id = given(by_id).map(|raw| whole_number(id_name, raw, 1, i64::MAX)).transpose()?;
    if external_id.is_none() && id.is_none() {
        let reason = format!("{name} (its external id) or {id_name} is needed");
        return Err(Rejection::at(format!("/{name}"), "missing_field", reason));
    }
    Ok(Reference { id, external_id })
}

fn external_id(name: &'static str, raw: &RawValue) -> Result<String, Rejection> {
    let id = text(name, raw)?;
    let fault = if id.is_empty() {
        "must not be empty"
    } else if id.chars().count() > EXTERNAL_ID_LIMIT {
        "is longer than 255 characters"
    } else if id.chars().any(char::is_control) {
        "must not hold control characters"
    } else {
        return Ok(id);
    };
    Err(Rejection::at(format!("/{name}"), "invalid_text", fault))
}

fn event_type(raw: Option<&RawValue>) -> Result<String, Rejection> {
    let raw = raw
        .ok_or_else(|| Rejection::at("/event_type", "missing_field", "is needed, for example \"played\""))?;
    let name = text("event_type", raw)?;
    let is_valid =
        (1..=32).contains(&name.len()) && name.bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'_');
    if is_valid {
        return Ok(name);
    }
    Err(Rejection::at(
        "/event_type",
        "invalid_event_type",
        "must be 1 to 32 of a to z and _, for example \"played\"",
    ))
}

fn log_id(raw: &RawValue) -> Result<Uuid, Rejection> {
    let text = text("log_id", raw)?;
    Uuid::try_parse(&text).map_err(|_| Rejection::at("/log_id", "invalid_log_id", "must be a UUID"))
}

fn event_timestamp(raw: &RawValue) -> Result<DateTime<Utc>, Rejection> {
    let text = text("event_timestamp", raw)?;
    let parsed = DateTime::parse_from_rfc3339(&text).map_err(|_| {
        let reason = "must be an RFC 3339 time with an offset, for example 2026-01-31T09:30:00Z";
        Rejection::at("/event_timestamp", "invalid_timestamp", reason)
    })?;
    // Through microseconds: what both databases keep, and a leap second becomes the second after it.
    let moment = DateTime::from_timestamp_micros(parsed.timestamp_micros());
    moment.filter(|moment| YEARS.contains(&moment.year())).ok_or_else(|| {
        let reason = format!("must lie in the years {} to {}", YEARS.start(), YEARS.end());
        Rejection::at("/event_timestamp", "out_of_range", reason)
    })
}

fn figure(name: &'static str, raw: Option<&RawValue>, most: i32) -> Result<Option<i32>, Rejection> {
    let number = given(raw).map(|raw| whole_number(name, raw, 0, i64::from(most))).transpose()?;
    // The range check above makes the conversion exact.
    Ok(number.and_then(|number| i32::try_from(number).ok()))
}

fn whole_number(name: &'static str, raw: &RawValue, least: i64, most: i64) -> Result<i64, Rejection> {
    let at = |code, reason: String| Rejection::at(format!("/{name}"), code, reason);
    let number = whole_number::whole_number(raw.get());
    let number = number.ok_or_else(|| at("invalid_type", "must be a whole number".to_owned()))?;
    let within = i64::try_from(number).ok().filter(|number| (least..=most).contains(number));
    within.ok_or_else(|| at("out_of_range", format!("must lie between {least} and {most}")))
}

fn text(name: &'static str, raw: &RawValue) -> Result<String, Rejection> {
    let at = |code, reason| Rejection::at(format!("/{name}"), code, reason);
    if !raw.get().starts_with('"') {
        return Err(at("invalid_type", "must be text"));
    }
    let text: String =
        serde_json::from_str(raw.get()).map_err(|_| at("invalid_text", "is no valid Unicode text"))?;
    // PostgreSQL cannot store it.
    if text.contains('\0') {
        return Err(at("invalid_text", "must not hold the character U+0000"));
    }
    Ok(text)
}

fn new_log_id(rng: &mut impl Rng) -> Uuid {
    let mut bytes = [0; 16];
    rng.fill_bytes(&mut bytes);
    uuid::Builder::from_random_bytes(bytes).into_uuid()
}

#[cfg(test)]
#[path = "parse_tests.rs"]
mod tests;
