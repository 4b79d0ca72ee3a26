//! A log that is let in: its learner and lesson exist, and stay until it is stored.

use std::borrow::Cow;

use chrono::{DateTime, Utc};
use uuid::Uuid;

use super::LoggedViewing;
use crate::store::StreamingLog;

/// What makes a log unique: its learner and its id.
pub(super) type Key = (i64, Uuid);

/// What a log says; two logs of one key are duplicates where they say the same.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Content<'g> {
    pub(super) lesson_id: i64,
    pub(super) event_type: Cow<'g, str>,
    pub(super) watch_time_seconds: Option<i32>,
    pub(super) completion_percentage: Option<i32>,
    pub(super) event_timestamp: DateTime<Utc>,
}

/// A log that is let in.
pub(super) struct Candidate<'g> {
    /// Its place among all items of the group.
    pub(super) position: usize,
    pub(super) key: Key,
    pub(super) content: Content<'g>,
    pub(super) received_at: DateTime<Utc>,
    event_timestamp_is_given: bool,
}

/// The namespace of the ids that we derive: fixed for ever, or resends of old logs would count twice.
const DERIVED_LOG_IDS: Uuid = Uuid::from_u128(0x6f0f_5c1e_3a55_4f7c_9d57_2f4c_1b0a_ed7e);

impl<'g> Candidate<'g> {
    /// A log of this learner in this lesson.
    pub(super) fn new(
        position: usize,
        log: &'g StreamingLog,
        received_at: DateTime<Utc>,
        (student_id, lesson_id): (i64, i64),
    ) -> Self {
        let content = Content {
            lesson_id,
            event_type: log.event_type.as_str().into(),
            watch_time_seconds: log.watch_time_seconds,
            completion_percentage: log.completion_percentage,
            event_timestamp: log.event_timestamp,
        };
        let log_id = log.log_id.unwrap_or_else(|| derived_log_id(student_id, &content));
        let event_timestamp_is_given = log.event_timestamp_is_given;
        Self { position, key: (student_id, log_id), content, received_at, event_timestamp_is_given }
    }

    /// Whether a log of the same key says the same. A time that was the server's own may differ.
    pub(super) fn says_the_same_as(&self, other: &Content<'_>) -> bool {
        let event_timestamp =
            if self.event_timestamp_is_given { other.event_timestamp } else { self.content.event_timestamp };
        self.content == Content { event_timestamp, ..other.clone() }
    }

    /// Whether its time is its own, and not the server's.
    pub(super) fn says_when(&self) -> bool {
        self.event_timestamp_is_given
    }

    /// What counts of it.
    pub(super) fn viewing(&self) -> LoggedViewing {
        let Content { lesson_id, watch_time_seconds, completion_percentage, event_timestamp, .. } =
            self.content;
        let student_id = self.key.0;
        LoggedViewing { student_id, lesson_id, watch_time_seconds, completion_percentage, event_timestamp }
    }
}

/// The same content of the same learner always has the same id, so that a resend is a duplicate.
fn derived_log_id(student_id: i64, content: &Content<'_>) -> Uuid {
    let Content { lesson_id, event_type, watch_time_seconds, completion_percentage, event_timestamp } =
        content;
    let figure = |figure: &Option<i32>| figure.map_or_else(String::new, |value| value.to_string());
    let name = format!(
        "{student_id}|{lesson_id}|{event_type}|{}|{}|{}",
        event_timestamp.timestamp_micros(),
        figure(watch_time_seconds),
        figure(completion_percentage),
    );
    Uuid::new_v5(&DERIVED_LOG_IDS, name.as_bytes())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Resends arrive for as long as clients keep their logs: this id is part of the contract.
    #[test]
    fn a_derived_id_never_changes() {
        let content = Content {
            lesson_id: 2,
            event_type: "played".into(),
            watch_time_seconds: Some(30),
            completion_percentage: None,
            event_timestamp: "2026-01-31T09:30:00.5Z".parse().unwrap(),
        };
        assert_eq!(derived_log_id(1, &content).to_string(), "aaf96c42-b856-5048-98c1-7131223d01b6");
        let other = Content { completion_percentage: Some(0), ..content.clone() };
        assert_ne!(derived_log_id(1, &content), derived_log_id(1, &other));
    }
}
