//! The short way: logs that are assumed to be new, of learners and lessons that are remembered.
//!
//! Nearly every log is. They are stored and counted without a question, on PostgreSQL by one statement, and the database
//! refuses all of them where the assumption is wrong: the primary key where one was stored before, the generation of the
//! roster where somebody was renamed or deleted. Then the group takes the careful way, which finds out what is what.

use std::collections::BTreeMap;
use std::sync::Arc;

use uuid::Uuid;

use super::admit::admitted;
use super::candidate::Candidate;
use super::intake::IntakeDays;
use super::memory::Remembered;
use super::roster::Roster;
use super::tally::Tally;
use crate::error::StoreError;
use crate::store::{Calendar, Dialect, Item, Store, StreamingLog, Submission, Verdict};

/// The logs of a group that are assumed to be new, and how they are counted.
pub(super) struct Assumed {
    group: Arc<Vec<Submission>>,
    /// In the order of their key.
    logs: Vec<Placed>,
    pub(super) generation: i64,
    pub(super) tally: Tally,
    /// The learners of these logs, with their classrooms.
    pub(super) roster: Roster,
    pub(super) intake: IntakeDays,
}

/// A log, and its place in the group.
struct Placed {
    submission: usize,
    item: usize,
    ids: (i64, i64),
    key: super::candidate::Key,
}

/// Why the database took none of the logs that were assumed to be new.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Refuted {
    /// One of them was stored before.
    NotNew,
    /// The roster is not what we remember.
    Outdated,
}

impl Assumed {
    /// Picks the logs that may take the short way: valid, no replay, known, and each the only one of its key.
    pub(super) fn among(group: &Arc<Vec<Submission>>, known: &Remembered, calendar: &Calendar) -> Self {
        let mut by_key = BTreeMap::new();
        for (submission, from) in group.iter().enumerate() {
            for (item, posted) in from.items.iter().enumerate() {
                let Some((log, ids)) = assumable(posted, known, calendar) else { continue };
                let key = Candidate::new(0, log, from.received_at, ids).key;
                let placed = Placed { submission, item, ids, key };
                by_key.entry(key).and_modify(|known| *known = None).or_insert(Some(placed));
            }
        }
        let mut assumed = Self {
            group: Arc::clone(group),
            logs: by_key.into_values().flatten().collect(),
            generation: known.generation,
            tally: Tally::default(),
            roster: Roster::empty(known.roster.closed_before),
            intake: IntakeDays::default(),
        };
        assumed.count(calendar);
        let learners = assumed.logs.iter().map(|log| log.key.0);
        assumed.roster.students.copy(&known.roster.students, learners);
        assumed
    }

    fn count(&mut self, calendar: &Calendar) {
        let mut tally = Tally::default();
        let mut intake = IntakeDays::default();
        for log in self.candidates() {
            tally.add(calendar, &log.viewing());
            intake.accept(calendar, log.received_at, log.content.event_timestamp);
        }
        (self.tally, self.intake) = (tally, intake);
    }

    /// The logs, in the order of their key.
    pub(super) fn candidates(&self) -> impl Iterator<Item = Candidate<'_>> {
        self.logs.iter().enumerate().filter_map(|(position, placed)| {
            let from = self.group.get(placed.submission)?;
            let log = from.items.get(placed.item)?.parsed.as_ref().ok()?;
            Some(Candidate::new(position, log, from.received_at, placed.ids))
        })
    }

    /// Whether there is none.
    pub(super) fn is_empty(&self) -> bool {
        self.logs.is_empty()
    }

    /// The verdicts that are known, by the place of a log among these, submission by submission; and what is left of the
    /// group, which is nothing where all of it is judged.
    pub(super) fn split(
        &self,
        verdict: impl Fn(usize, Uuid) -> Option<Verdict>,
    ) -> (Vec<Vec<Option<Verdict>>>, Vec<Submission>) {
        let mut verdicts: Vec<Vec<Option<Verdict>>> =
            self.group.iter().map(|submission| vec![None; submission.items.len()]).collect();
        for (position, placed) in self.logs.iter().enumerate() {
            if let Some(known) = verdicts.get_mut(placed.submission).and_then(|it| it.get_mut(placed.item)) {
                *known = verdict(position, placed.key.1);
            }
        }
        if verdicts.iter().flatten().all(Option::is_some) {
            return (verdicts, Vec::new());
        }
        let rest = self.group.iter().zip(&verdicts).map(|(submission, verdicts)| {
            let left = submission.items.iter().zip(verdicts).filter(|(_, verdict)| verdict.is_none());
            let items = left.map(|(item, _)| item.clone()).collect();
            Submission { client: submission.client.clone(), received_at: submission.received_at, items }
        });
        let rest = rest.collect();
        (verdicts, rest)
    }
}

/// A log that may take the short way, with its learner and its lesson.
fn assumable<'i>(
    item: &'i Item,
    known: &Remembered,
    calendar: &Calendar,
) -> Option<(&'i StreamingLog, (i64, i64))> {
    let log = item.parsed.as_ref().ok().filter(|_| item.replays.is_none())?;
    Some((log, admitted(log, &known.roster, calendar).ok()?))
}

impl Store {
    /// Stores and counts all of them, or none and says why.
    pub(super) async fn store_assumed(
        &self,
        calendar: Calendar,
        assumed: &Arc<Assumed>,
    ) -> Result<Result<(), Refuted>, StoreError> {
        match self.dialect {
            Dialect::Postgres => self.store_at_once(&calendar, assumed).await,
            Dialect::Sqlite => self.store_row_by_row(calendar, Arc::clone(assumed)).await,
        }
    }
}
