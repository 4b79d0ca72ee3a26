//! Why a request has no answer that one could use.

use std::time::Duration;

use chrono::{DateTime, Utc};
use reqwest::header::{HeaderMap, RETRY_AFTER};
use reqwest::{Response, StatusCode};
use serde::Deserialize;

use crate::environment;

/// Why a request has no answer that one could use.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Failure {
    /// Nothing came back.
    #[error("the server cannot be reached: {}", innermost(.0))]
    Unreachable(reqwest::Error),
    /// Something came back that is not what was promised.
    #[error("the answer cannot be read: {}", innermost(.0))]
    Unreadable(reqwest::Error),
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
    retry_after: Option<Duration>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct ProblemBody {
    code: String,
    detail: String,
    request_id: String,
}

impl Failure {
    /// Tells a success from a refusal.
    pub(super) async fn check(answer: Result<Response, reqwest::Error>) -> Result<Response, Self> {
        let answer = answer.map_err(Self::Unreachable)?;
        if answer.status().is_success() {
            return Ok(answer);
        }
        let (status, retry_after) = (answer.status(), retry_after(answer.headers(), environment::now()));
        // A proxy in between answers in its own words.
        let body = answer.bytes().await.unwrap_or_default();
        let ProblemBody { code, detail, request_id } = serde_json::from_slice(&body).unwrap_or_default();
        Err(Self::Refused(Box::new(Problem { status, code, detail, request_id, retry_after })))
    }

    /// Whether sending it again may help.
    pub(super) fn passes_by_itself(&self) -> bool {
        match self {
            Self::Unreachable(_) => true,
            Self::Refused(problem) => matches!(problem.status.as_u16(), 408 | 429 | 502 | 503 | 504),
            Self::Unreadable(_) | Self::OutOfPatience(..) => false,
        }
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
        let Self { status, code, detail, request_id, retry_after: _ } = self;
        write!(f, "the server answers {status}")?;
        if !code.is_empty() {
            write!(f, " ({code}): {detail} [request_id {request_id}]")?;
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

    #[test]
    fn the_server_may_ask_for_time_in_two_ways() {
        let now = "2026-01-31T09:30:00Z".parse().unwrap();
        let asked = |text: &str| {
            let mut headers = HeaderMap::new();
            headers.insert(RETRY_AFTER, text.parse().unwrap());
            retry_after(&headers, now)
        };
        assert_eq!(asked("7"), Some(Duration::from_secs(7)));
        assert_eq!(asked("Sat, 31 Jan 2026 09:30:05 GMT"), Some(Duration::from_secs(5)));
        assert_eq!(asked("Sat, 31 Jan 2026 09:29:00 GMT"), None);
        assert_eq!(asked("soon"), None);
    }
}
