//! Why a request has no answer that one could use.

use std::time::Duration;

use chrono::{DateTime, Utc};
use reqwest::StatusCode;
use reqwest::header::{HeaderMap, LOCATION, RETRY_AFTER};
use serde::Deserialize;

/// Why a request has no answer that one could use.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Failure {
    /// Nothing came back.
    #[error("the server cannot be reached: {}", innermost(.0))]
    Unreachable(reqwest::Error),
    /// An answer began and never ended: perhaps done, safe to send again.
    #[error("the answer was cut off: {}", innermost(.0))]
    CutOff(reqwest::Error),
    /// Something came back that is not what was promised.
    #[error("the answer cannot be read: {0}")]
    Unreadable(serde_json::Error),
    /// The server is elsewhere. Going there would turn a `POST` into a `GET`.
    #[error("the server sends us on to {0}: give its new address as --url")]
    Moved(String),
    /// The server said no.
    #[error("{0}")]
    Refused(Box<Problem>),
    /// It went on for too long.
    #[error("no success within {waited:.0?}; the last try: {last}", waited = .0, last = .1)]
    OutOfPatience(Duration, Box<Failure>),
}

/// A refusal, in the server's words (RFC 9457).
#[derive(Debug)]
pub(crate) struct Problem {
    pub(crate) status: StatusCode,
    pub(crate) code: String,
    detail: String,
    request_id: String,
    errors: Vec<Fault>,
    retry_after: Option<Duration>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct ProblemBody {
    title: String,
    code: String,
    detail: String,
    request_id: String,
    errors: Vec<Fault>,
}

/// One fault of the request, and where it is.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Fault {
    pointer: String,
    detail: String,
}

/// Faults that are told; more of them would hide the first.
const FAULTS_TOLD: usize = 3;

impl Failure {
    /// What an answer that is no success says.
    pub(crate) fn of(status: StatusCode, headers: &HeaderMap, body: &[u8], now: DateTime<Utc>) -> Self {
        let location = headers.get(LOCATION).and_then(|location| location.to_str().ok());
        if let Some(location) = location.filter(|_| status.is_redirection()) {
            return Self::Moved(location.to_owned());
        }
        // A proxy in between answers in its own words.
        let ProblemBody { title, code, detail, request_id, errors } =
            serde_json::from_slice(body).unwrap_or_default();
        let detail = if detail.is_empty() { title } else { detail };
        let retry_after = retry_after(headers, now);
        Self::Refused(Box::new(Problem { status, code, detail, request_id, errors, retry_after }))
    }

    /// Whether sending it again may help. A 500 is a fault that the same request would meet again.
    pub(super) fn passes_by_itself(&self) -> bool {
        match self {
            Self::Unreachable(error) => !error.is_builder(),
            Self::CutOff(_) => true,
            Self::Refused(problem) => matches!(problem.status.as_u16(), 408 | 429 | 502 | 503 | 504),
            Self::Unreadable(_) | Self::Moved(_) | Self::OutOfPatience(..) => false,
        }
    }

    /// Whether the server does not take the token.
    pub(super) fn is_unauthorized(&self) -> bool {
        matches!(self, Self::Refused(problem) if problem.status == StatusCode::UNAUTHORIZED)
    }

    /// How long the server asks to wait.
    pub(super) fn retry_after(&self) -> Option<Duration> {
        match self {
            Self::Refused(problem) => problem.retry_after,
            _ => None,
        }
    }
}

impl std::fmt::Display for Problem {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self { status, code, detail, request_id, errors, retry_after: _ } = self;
        write!(f, "the server answers {status}")?;
        if !code.is_empty() {
            write!(f, " ({code})")?;
        }
        if !detail.is_empty() {
            write!(f, ": {detail}")?;
        }
        for fault in errors.iter().filter(|fault| fault.detail != *detail).take(FAULTS_TOLD) {
            write!(f, " {}: {}", fault.pointer, fault.detail)?;
        }
        if !request_id.is_empty() {
            write!(f, " [request_id {request_id}]")?;
        }
        Ok(())
    }
}

/// `Retry-After` in seconds or as a date.
fn retry_after(headers: &HeaderMap, now: DateTime<Utc>) -> Option<Duration> {
    let text = headers.get(RETRY_AFTER)?.to_str().ok()?;
    let seconds = text.parse().ok().map(Duration::from_secs);
    seconds.or_else(|| (DateTime::parse_from_rfc2822(text).ok()?.to_utc() - now).to_std().ok())
}

/// The cause under all others is the one that says something.
fn innermost(error: &reqwest::Error) -> String {
    let causes = std::iter::successors(Some(error as &dyn std::error::Error), |error| error.source());
    causes.last().map(ToString::to_string).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn now() -> DateTime<Utc> {
        "2026-01-31T09:30:00Z".parse().unwrap()
    }

    fn failure(status: u16, headers: &HeaderMap, body: &str) -> Failure {
        Failure::of(StatusCode::from_u16(status).unwrap(), headers, body.as_bytes(), now())
    }

    #[test]
    fn the_server_may_ask_for_time_in_two_ways() {
        let asked = |text: &str| {
            let headers = HeaderMap::from_iter([(RETRY_AFTER, text.parse().unwrap())]);
            failure(503, &headers, "").retry_after()
        };
        assert_eq!(asked("7"), Some(Duration::from_secs(7)));
        assert_eq!(asked("Sat, 31 Jan 2026 09:30:05 GMT"), Some(Duration::from_secs(5)));
        assert_eq!(asked("Sat, 31 Jan 2026 09:29:00 GMT"), None);
        assert_eq!(asked("soon"), None);
    }

    #[test]
    fn a_problem_is_told_with_its_faults_and_a_proxy_with_its_status() {
        let none = HeaderMap::new();
        let problem = r#"{"title": "Unprocessable Entity", "code": "unknown_field", "detail": "A header row.",
            "request_id": "r1", "errors": [{"pointer": "/nom", "code": "unknown_field", "detail": "is unknown"}]}"#;
        assert_eq!(
            failure(422, &none, problem).to_string(),
            "the server answers 422 Unprocessable Entity (unknown_field): A header row. /nom: is unknown [request_id r1]"
        );
        assert_eq!(failure(502, &none, "<html>").to_string(), "the server answers 502 Bad Gateway");
        assert!(failure(403, &none, r#"{"title": "No"}"#).to_string().ends_with(": No"));
    }

    #[test]
    fn only_what_passes_by_itself_is_sent_again() {
        let passes = |status| failure(status, &HeaderMap::new(), "").passes_by_itself();
        assert!([408, 429, 502, 503, 504].into_iter().all(passes));
        assert!(![301, 400, 401, 403, 404, 409, 413, 422, 500].into_iter().any(passes));
    }
}
