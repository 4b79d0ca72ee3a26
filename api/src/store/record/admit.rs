//! From items to verdicts: who is let in, and what became of them.

use std::collections::HashSet;

use chrono::{DateTime, Utc};
use uuid::Uuid;

use super::candidate::Candidate;
use super::logs::StoredLogs;
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
    pub(super) fn pending(&self) -> Vec<&'g StreamingLog> {
        self.entries
            .iter()
            .filter(|entry| entry.verdict.is_none())
            .filter_map(|entry| entry.item.parsed.as_ref().ok())
            .collect()
    }

    /// Lets in the logs whose learner and lesson are known and whose day is open; refuses the others.
    pub(super) fn admit(&mut self, roster: &Roster, calendar: &Calendar) -> Vec<Candidate<'g>> {
        let mut candidates = Vec::with_capacity(self.entries.len());
        for (position, entry) in self.entries.iter_mut().enumerate() {
            let (None, Ok(log)) = (&entry.verdict, &entry.item.parsed) else { continue };
            match admitted(log, roster, calendar) {
                Ok(ids) => candidates.push(Candidate::new(position, log, entry.received_at, ids)),
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

/// The learner and the lesson of a log that is let in.
pub(super) fn admitted(
    log: &StreamingLog,
    roster: &Roster,
    calendar: &Calendar,
) -> Result<(i64, i64), Rejection> {
    let student_id = roster.students.find(&log.learner)?;
    let lesson_id = roster.lessons.find(&log.lesson)?;
    let closed = roster.closed_before.filter(|&day| calendar.day_of(log.event_timestamp) < day);
    if let Some(day) = closed {
        let reason = format!("days before {day} are closed: their logs were removed by retention");
        return Err(Rejection::at("/event_timestamp", "before_retention", reason));
    }
    Ok((student_id, lesson_id))
}

fn conflict(log_id: Uuid) -> Rejection {
    let reason = format!("this learner already has another log with the id {log_id}; the first one stays");
    Rejection::at("/log_id", "log_id_conflict", reason)
}
