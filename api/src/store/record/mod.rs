//! One group of submissions: stored and counted, nearly always in one transaction.
//!
//! There are two ways. The short one ([`assumed`]) is for what nearly every log is: new, and of a learner and a lesson
//! that are remembered. Where one of them is not new, those that were sent before are sorted out ([`resent`]), and the rest
//! tries again. What is left, or turns out to be none of that, takes the careful way: everything is asked for, compared and
//! judged.
//!
//! Every statement works on the whole group, and every set is sorted before it is written: logs, then rollups, then the
//! rows that everybody shares. Two replicas that meet wait, they do not deadlock.

mod admit;
mod assumed;
mod at_once;
mod candidate;
mod day_counts;
mod erased;
mod intake;
mod logs;
mod memory;
mod rejected;
mod replay;
mod resent;
mod roster;
mod row_by_row;
mod tally;
#[cfg(test)]
mod tests;
mod unfinished;

use std::sync::Arc;

use sea_orm::{DatabaseTransaction, DbErr};

pub(super) use at_once::Express;
pub(super) use day_counts::EVER;
pub(super) use memory::Memory;
pub use rejected::KEPT_PAYLOAD;
pub(super) use tally::{LoggedViewing, Tally, ViewingDay, minute_of};
pub use unfinished::Unfinished;

use super::{Calendar, Dialect, ErasureKey, Store, Submission, Verdict, gate};
use crate::error::StoreError;
use admit::Admission;
use assumed::{Assumed, Refuted};
use unfinished::completed;

/// The transaction that a group is recorded in, and the rules it is counted by.
#[derive(Clone, Copy)]
pub(super) struct Recording<'t> {
    pub(super) tx: &'t DatabaseTransaction,
    pub(super) dialect: Dialect,
    pub(super) calendar: Calendar,
    /// Tells who was erased, where logs are taken in.
    pub(super) erasure_key: Option<&'t ErasureKey>,
}

/// What the logs of a group probably are: it decides which question comes first, and no answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Expected {
    /// Not stored before.
    NewLogs,
    /// Stored before, as when somebody sends everything again.
    Duplicates,
}

impl Store {
    /// Stores and counts a group of submissions; answers a verdict for each item of each. After an error also others than
    /// those that it has verdicts of may be stored: sending them again is safe.
    pub async fn record(
        &self,
        calendar: Calendar,
        group: Arc<Vec<Submission>>,
    ) -> Result<Vec<Vec<Verdict>>, Unfinished> {
        let recorded = self.record_as_expected(calendar, group).await;
        if let Err(unfinished) = &recorded {
            self.note_busy(&unfinished.error);
        }
        recorded
    }

    async fn record_as_expected(
        &self,
        calendar: Calendar,
        group: Arc<Vec<Submission>>,
    ) -> Result<Vec<Vec<Verdict>>, Unfinished> {
        if self.memory.expects_duplicates() {
            return self.record_resent(calendar, group).await;
        }
        match self.record_assumed(calendar, &group).await? {
            Ok(verdicts) => Ok(verdicts),
            Err(Refuted::NotNew) => self.record_resent(calendar, group).await,
            Err(Refuted::Outdated) => Ok(self.record_carefully(calendar, group, Expected::NewLogs).await?),
        }
    }

    /// By the short way what may take it, and the rest carefully; or why nothing was stored.
    async fn record_assumed(
        &self,
        calendar: Calendar,
        group: &Arc<Vec<Submission>>,
    ) -> Result<Result<Vec<Vec<Verdict>>, Refuted>, Unfinished> {
        let assumed = self.recall(group, &calendar, |known| Assumed::among(group, known, &calendar)).await?;
        let assumed = Arc::new(assumed);
        if assumed.is_empty() {
            let group = Arc::clone(group);
            return Ok(Ok(self.record_carefully(calendar, group, Expected::NewLogs).await?));
        }
        if let Err(refuted) = self.store_assumed(calendar, &assumed).await? {
            if refuted == Refuted::Outdated {
                self.memory.forget().await;
            }
            return Ok(Err(refuted));
        }
        metrics::counter!("ingest_groups_total", "way" => "short").increment(1);
        let (known, rest) = assumed.split(|_, log_id| Some(Verdict::Stored(log_id)));
        if rest.is_empty() {
            return Ok(Ok(with_what_is_left(known, Ok(Vec::new()))?));
        }
        let rest = self.record_carefully(calendar, Arc::new(rest), Expected::NewLogs).await;
        Ok(Ok(with_what_is_left(known, rest.map_err(Unfinished::from))?))
    }

    /// A group of which something was probably stored before: that is sorted out, and the rest is new.
    async fn record_resent(
        &self,
        calendar: Calendar,
        group: Arc<Vec<Submission>>,
    ) -> Result<Vec<Vec<Verdict>>, Unfinished> {
        let assumed =
            self.recall(&group, &calendar, |known| Assumed::among(&group, known, &calendar)).await?;
        let assumed = Arc::new(assumed);
        let resent = self.resent_among(calendar, &assumed).await?;
        if !resent.is_empty() {
            metrics::counter!("ingest_groups_total", "way" => "resent").increment(1);
        }
        let (known, rest) = assumed
            .split(|position, log_id| resent.contains(&position).then_some(Verdict::Duplicate(log_id)));
        let judged = self.record_what_is_left(calendar, Arc::new(rest)).await;
        self.memory.note_duplicates(!resent.is_empty());
        with_what_is_left(known, judged)
    }

    /// What is left once everything is sorted out that was sent before.
    async fn record_what_is_left(
        &self,
        calendar: Calendar,
        rest: Arc<Vec<Submission>>,
    ) -> Result<Vec<Vec<Verdict>>, Unfinished> {
        if rest.is_empty() {
            return Ok(Vec::new());
        }
        match self.record_assumed(calendar, &rest).await? {
            Ok(verdicts) => Ok(verdicts),
            Err(_) => Ok(self.record_carefully(calendar, rest, Expected::Duplicates).await?),
        }
    }

    async fn record_carefully(
        &self,
        calendar: Calendar,
        group: Arc<Vec<Submission>>,
        expected: Expected,
    ) -> Result<Vec<Vec<Verdict>>, StoreError> {
        let (dialect, key) = (self.dialect, self.erasure_key.clone());
        let verdicts = self
            .write(move |tx| {
                let (group, key) = (Arc::clone(&group), key.clone());
                Box::pin(async move {
                    let recording = Recording { tx, dialect, calendar, erasure_key: key.as_deref() };
                    recording.record(&group, expected).await
                })
            })
            .await?;
        metrics::counter!("ingest_groups_total", "way" => "careful").increment(1);
        self.memory.note_duplicates(verdicts.iter().flatten().any(|it| matches!(it, Verdict::Duplicate(_))));
        Ok(verdicts)
    }
}

/// The verdicts that were known, submission by submission, with those of the rest in their places; where there are none of the
/// rest, what is known all the same.
fn with_what_is_left(
    known: Vec<Vec<Option<Verdict>>>,
    rest: Result<Vec<Vec<Verdict>>, Unfinished>,
) -> Result<Vec<Vec<Verdict>>, Unfinished> {
    match rest {
        Ok(rest) => {
            let mut rest = rest.into_iter();
            Ok(known.into_iter().map(|known| completed(known, rest.next().unwrap_or_default())).collect())
        }
        Err(unfinished) => Err(unfinished.of_what_is_left(known)),
    }
}

impl Recording<'_> {
    async fn record(&self, group: &[Submission], expected: Expected) -> Result<Vec<Vec<Verdict>>, DbErr> {
        gate::pass(self.tx, self.dialect).await?;
        let mut admission = Admission::open(group);
        self.withdraw_vanished_replays(&mut admission).await?;
        let pending = admission.pending();
        let mut roster = self.roster_of(&pending).await?;
        self.tell_erased(&mut roster, &pending).await?;
        let candidates = admission.admit(&roster, &self.calendar);
        let stored = self.store_logs(&candidates, expected).await?;
        let new_logs = admission.settle(&candidates, &stored);
        self.count(&new_logs, &roster).await?;
        self.keep_rejected(&admission).await?;
        self.settle_replays(&admission).await?;
        self.count_intake(&admission, &new_logs).await?;
        Ok(admission.into_verdicts())
    }
}
