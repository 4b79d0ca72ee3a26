//! What the store takes and what it answers, in its own terms.

use bytes::Bytes;
use chrono::{DateTime, Utc};
use uuid::Uuid;

/// A streaming log that is valid in itself; whether its learner and lesson exist is for the database to say.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StreamingLog {
    /// The client's name for it; without one the store derives it from the content.
    pub log_id: Option<Uuid>,
    /// Whose it is.
    pub learner: Reference,
    /// What was streamed.
    pub lesson: Reference,
    /// `[a-z_]{1,32}`.
    pub event_type: String,
    /// Seconds watched since the previous log of the same viewing.
    pub watch_time_seconds: Option<i32>,
    /// 0 to 100.
    pub completion_percentage: Option<i32>,
    /// When it happened, to the microsecond.
    pub event_timestamp: DateTime<Utc>,
    /// Whether the client said when, or the server took its own time: then a resend may differ in it.
    pub event_timestamp_is_given: bool,
}

/// How a client names a learner or a lesson: by our id, by its own, or by both. Never by neither.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Reference {
    /// Our id.
    pub id: Option<i64>,
    /// The id of the system that the learner or lesson comes from.
    pub external_id: Option<String>,
}

/// Why a log is not stored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rejection {
    /// Stable, for programs.
    pub code: &'static str,
    /// For people.
    pub reason: String,
    /// JSON pointer to the fault, where it has a place.
    pub pointer: Option<String>,
}

impl Rejection {
    /// A rejection at one place of the log.
    pub fn at(pointer: impl Into<String>, code: &'static str, reason: impl Into<String>) -> Self {
        Self { code, reason: reason.into(), pointer: Some(pointer.into()) }
    }

    /// A rejection of the log as a whole.
    pub fn whole(code: &'static str, reason: impl Into<String>) -> Self {
        Self { code, reason: reason.into(), pointer: None }
    }
}

/// What became of one item.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Verdict {
    /// New, stored and counted.
    Stored(Uuid),
    /// The same log was stored before, or earlier in the same group.
    Duplicate(Uuid),
    /// Not stored; kept as a rejected log.
    Rejected(Rejection),
    /// A replay whose rejected log is no longer there: replayed or erased by somebody else meanwhile.
    Gone,
}

/// One request's logs, in the order in which the client sent them.
#[derive(Debug, Clone)]
pub struct Submission {
    /// The API client that sent it.
    pub client: String,
    /// When it reached us.
    pub received_at: DateTime<Utc>,
    /// Its items.
    pub items: Vec<Item>,
}

/// One item of a submission.
#[derive(Debug, Clone)]
pub struct Item {
    /// What was sent, byte for byte, as far as it is known whom it names.
    pub payload: Bytes,
    /// What it says, or why it cannot be stored.
    pub parsed: Result<StreamingLog, Rejection>,
    /// Whom it names where it is not valid, as `ref:<external id>` or `id:<student id>`, so that an erasure finds it among the
    /// rejected logs.
    pub named: Vec<String>,
    /// The rejected log that this is another try of.
    pub replays: Option<RejectedLogKey>,
}

/// Names a rejected log.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct RejectedLogKey {
    /// The API client that sent it.
    pub client: String,
    /// SHA-256 of the whole payload.
    pub payload_hash: Vec<u8>,
}
