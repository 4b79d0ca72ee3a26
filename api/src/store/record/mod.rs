//! One group of submissions, stored and counted in one transaction.
//!
//! There are two ways. The short one ([`assumed`]) is for what nearly every log is: new, and of a learner and a lesson
//! that are remembered. What is left, or turns out to be none of that, takes the careful way: everything is asked for,
//! compared and judged.
//!
//! Every statement works on the whole group, and every set is sorted before it is written: logs, then rollups, then the
//! rows that everybody shares. Two replicas that meet wait, they do not deadlock.

mod admit;
mod assumed;
mod at_once;
mod candidate;
mod day_counts;
mod intake;
mod logs;
mod memory;
mod rejected;
mod replay;
mod resent;
mod roster;
mod row_by_row;
mod tally;

use std::sync::Arc;

use sea_orm::{DatabaseTransaction, DbErr};

pub(super) use at_once::Express;
pub(super) use day_counts::EVER;
pub(super) use memory::Memory;
pub(super) use tally::{LoggedViewing, Tally, ViewingDay, minute_of};

use super::{Calendar, Dialect, Store, Submission, Verdict, gate};
use crate::error::StoreError;
use admit::Admission;
use assumed::{Assumed, Outcome};

/// The transaction that a group is recorded in, and the rules it is counted by.
#[derive(Clone, Copy)]
pub(super) struct Recording<'t> {
    pub(super) tx: &'t DatabaseTransaction,
    pub(super) dialect: Dialect,
    pub(super) calendar: Calendar,
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
    /// Stores and counts a group of submissions; answers a verdict for each item of each. After an error some may be
    /// stored: sending them again is safe.
    pub async fn record(
        &self,
        calendar: Calendar,
        group: Arc<Vec<Submission>>,
    ) -> Result<Vec<Vec<Verdict>>, StoreError> {
        if self.memory.expects_duplicates() {
            return self.record_resent(calendar, group).await;
        }
        let assumed = self.recall(&group, |known| Assumed::among(&group, known, &calendar)).await?;
        let assumed = Arc::new(assumed);
        if assumed.is_empty() {
            return self.record_carefully(calendar, group, Expected::NewLogs).await;
        }
        match self.store_assumed(calendar, &assumed).await? {
            Outcome::Stored => {
                metrics::counter!("ingest_groups_total", "way" => "short").increment(1);
                self.record_rest(calendar, &assumed).await
            }
            Outcome::NotNew => self.record_resent(calendar, group).await,
            Outcome::Outdated => {
                self.memory.forget().await;
                self.record_carefully(calendar, group, Expected::NewLogs).await
            }
        }
    }

    /// A group of which everything was probably stored before.
    async fn record_resent(
        &self,
        calendar: Calendar,
        group: Arc<Vec<Submission>>,
    ) -> Result<Vec<Vec<Verdict>>, StoreError> {
        // On PostgreSQL the careful way asks no more than this, and in one statement.
        if self.dialect == Dialect::Sqlite {
            let assumed = self.recall(&group, |known| Assumed::among(&group, known, &calendar)).await?;
            let assumed = Arc::new(assumed);
            let all = assumed.verdicts(Verdict::Duplicate);
            if let Some(all) = all
                && self.are_resent(assumed).await?
            {
                metrics::counter!("ingest_groups_total", "way" => "resent").increment(1);
                self.memory.note_duplicates(true);
                return Ok(all);
            }
        }
        self.record_carefully(calendar, group, Expected::Duplicates).await
    }

    async fn record_rest(
        &self,
        calendar: Calendar,
        assumed: &Assumed,
    ) -> Result<Vec<Vec<Verdict>>, StoreError> {
        let (verdicts, rest) = assumed.split();
        let judged = match rest.is_empty() {
            true => Vec::new(),
            false => self.record_carefully(calendar, Arc::new(rest), Expected::NewLogs).await?,
        };
        let mut judged = judged.into_iter().flatten();
        let mut verdict = |known: Option<Verdict>| known.or_else(|| judged.next()).unwrap_or(Verdict::Gone);
        Ok(verdicts.into_iter().map(|known| known.into_iter().map(&mut verdict).collect()).collect())
    }

    async fn record_carefully(
        &self,
        calendar: Calendar,
        group: Arc<Vec<Submission>>,
        expected: Expected,
    ) -> Result<Vec<Vec<Verdict>>, StoreError> {
        let dialect = self.dialect;
        let verdicts = self
            .write(move |tx| {
                let group = Arc::clone(&group);
                Box::pin(async move { Recording { tx, dialect, calendar }.record(&group, expected).await })
            })
            .await?;
        metrics::counter!("ingest_groups_total", "way" => "careful").increment(1);
        self.memory.note_duplicates(verdicts.iter().flatten().any(|it| matches!(it, Verdict::Duplicate(_))));
        Ok(verdicts)
    }
}

impl Recording<'_> {
    async fn record(&self, group: &[Submission], expected: Expected) -> Result<Vec<Vec<Verdict>>, DbErr> {
        gate::pass(self.tx, self.dialect).await?;
        let mut admission = Admission::open(group);
        self.withdraw_vanished_replays(&mut admission).await?;
        let roster = self.roster_of(&admission.pending()).await?;
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
