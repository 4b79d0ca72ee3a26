//! From items to verdicts: who is let in, and what became of them.

use std::collections::HashSet;

use chrono::{DateTime, Utc};
use uuid::Uuid;

use super::LoggedViewing;
use super::logs::{Content, Key, StoredLogs};
use super::roster::Roster;
use crate::store::{Calendar, Item, Rejection, StreamingLog, Submission, Verdict};

/// The items of a group, numbered through, and the verdicts so far.
pub(super) struct Admission<'g> {
    pub(super) entries: Vec<Entry<'g>>,
    lengths: Vec<usize>,
}

/// One item and what became of it.
pub(super) struct Entry<'g> {
    pub(super) item: &'g Item,
    pub(super) client: &'g str,
    pub(super) received_at: DateTime<Utc>,
    pub(super) verdict: Option<Verdict>,
}

/// A log whose learner and lesson exist and are locked.
pub(super) struct Candidate<'g> {
    position: usize,
    pub(super) key: Key,
    pub(super) content: Content<'g>,
    pub(super) received_at: DateTime<Utc>,
    event_timestamp_is_given: bool,
}

/// The namespace of the ids that we derive: fixed for ever, or resends of old logs would count twice.
const DERIVED_LOG_IDS: Uuid = Uuid::from_u128(0x6f0f_5c1e_3a55_4f7c_9d57_2f4c_1b0a_ed7e);

impl<'g> Admission<'g> {
    pub(super) fn open(group: &'g [Submission]) -> Self {
        let entries = group.iter().flat_map(|submission| {
            submission.items.iter().map(|item| Entry {
                item,
                client: &submission.client,
                received_at: submission.received_at,
                verdict: item.parsed.clone().err().map(Verdict::Rejected),
            })
        });
        Self { entries: entries.collect(), lengths: group.iter().map(|it| it.items.len()).collect() }
    }

    /// The logs that nobody has refused yet.
    pub(super) fn pending(&self) -> impl Iterator<Item = &'g StreamingLog> {
        self.entries
            .iter()
            .filter(|entry| entry.verdict.is_none())
            .filter_map(|entry| entry.item.parsed.as_ref().ok())
    }

    /// Lets in the logs whose learner and lesson are known and whose day is open; refuses the others.
    pub(super) fn admit(&mut self, roster: &Roster, calendar: &Calendar) -> Vec<Candidate<'g>> {
        let mut candidates = Vec::with_capacity(self.entries.len());
        for (position, entry) in self.entries.iter_mut().enumerate() {
            let (None, Ok(log)) = (&entry.verdict, &entry.item.parsed) else { continue };
            match admitted(log, roster, calendar) {
                Ok((student_id, content)) => candidates.push(Candidate {
                    position,
                    key: (student_id, log.log_id.unwrap_or_else(|| derived_log_id(student_id, &content))),
                    content,
                    received_at: entry.received_at,
                    event_timestamp_is_given: log.event_timestamp_is_given,
                }),
                Err(rejection) => entry.verdict = Some(Verdict::Rejected(rejection)),
            }
        }
        candidates
    }

    /// Gives each candidate its verdict and returns the ones that are new, each once.
    pub(super) fn settle<'c>(
        &mut self,
        candidates: &'c [Candidate<'g>],
        stored: &StoredLogs,
    ) -> Vec<&'c Candidate<'g>> {
        let mut new_logs = Vec::new();
        let mut seen = HashSet::new();
        for candidate in candidates {
            let is_first = seen.insert(candidate.key);
            let verdict = if is_first && stored.is_new(candidate.key) {
                new_logs.push(candidate);
                Verdict::Stored(candidate.key.1)
            } else if stored.holds(candidate) {
                Verdict::Duplicate(candidate.key.1)
            } else {
                Verdict::Rejected(conflict(candidate.key.1))
            };
            if let Some(entry) = self.entries.get_mut(candidate.position) {
                entry.verdict = Some(verdict);
            }
        }
        new_logs
    }

    /// The verdicts, in the shape of the group.
    pub(super) fn into_verdicts(self) -> Vec<Vec<Verdict>> {
        let mut verdicts = self.entries.into_iter().map(|entry| entry.verdict.unwrap_or(Verdict::Gone));
        self.lengths.iter().map(|&length| verdicts.by_ref().take(length).collect()).collect()
    }
}

impl Candidate<'_> {
    /// Whether a log of the same key says the same. A time that was the server's own may differ.
    pub(super) fn says_the_same_as(&self, other: &Content<'_>) -> bool {
        let other = Content {
            event_timestamp: if self.event_timestamp_is_given {
                other.event_timestamp
            } else {
                self.content.event_timestamp
            },
            ..other.clone()
        };
        self.content == other
    }
}

fn admitted<'g>(
    log: &'g StreamingLog,
    roster: &Roster,
    calendar: &Calendar,
) -> Result<(i64, Content<'g>), Rejection> {
    let student_id = roster.students.find(&log.learner)?;
    let lesson_id = roster.lessons.find(&log.lesson)?;
    let closed = roster.closed_before.filter(|&day| calendar.day_of(log.event_timestamp) < day);
    if let Some(day) = closed {
        let reason = format!("days before {day} are closed: their logs were removed by retention");
        return Err(Rejection::at("/event_timestamp", "before_retention", reason));
    }
    let content = Content {
        lesson_id,
        event_type: log.event_type.as_str().into(),
        watch_time_seconds: log.watch_time_seconds,
        completion_percentage: log.completion_percentage,
        event_timestamp: log.event_timestamp,
    };
    Ok((student_id, content))
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

fn conflict(log_id: Uuid) -> Rejection {
    let reason = format!("this learner already has another log with the id {log_id}; the first one stays");
    Rejection::at("/log_id", "log_id_conflict", reason)
}

impl Candidate<'_> {
    /// What counts of it.
    pub(super) fn viewing(&self) -> LoggedViewing {
        LoggedViewing {
            student_id: self.key.0,
            lesson_id: self.content.lesson_id,
            watch_time_seconds: self.content.watch_time_seconds,
            completion_percentage: self.content.completion_percentage,
            event_timestamp: self.content.event_timestamp,
        }
    }
}
