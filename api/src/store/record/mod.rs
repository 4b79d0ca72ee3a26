//! One group of submissions, stored and counted in one transaction.
//!
//! Every statement works on the whole group, and every set is sorted before it is locked or written: learners and
//! lessons, then logs, then rollups, then the rows that everybody shares. Two replicas that meet wait, they do not
//! deadlock.

mod admit;
mod candidate;
mod intake;
mod logs;
mod rejected;
mod replay;
mod roster;
mod tally;

use std::sync::Arc;

use sea_orm::{DatabaseTransaction, DbErr};

pub(super) use tally::{LoggedViewing, Tally, ViewingDay, minute_of};

use super::{Calendar, Dialect, Store, Submission, Verdict};
use crate::error::StoreError;
use admit::Admission;

/// The transaction that a group is recorded in, and the rules it is counted by.
#[derive(Clone, Copy)]
pub(super) struct Recording<'t> {
    pub(super) tx: &'t DatabaseTransaction,
    pub(super) dialect: Dialect,
    pub(super) calendar: Calendar,
}

impl Store {
    /// Stores and counts a group of submissions, all or nothing; answers a verdict for each item of each.
    pub async fn record(
        &self,
        calendar: Calendar,
        group: Arc<Vec<Submission>>,
    ) -> Result<Vec<Vec<Verdict>>, StoreError> {
        let dialect = self.dialect;
        self.write(move |tx| {
            let group = Arc::clone(&group);
            Box::pin(async move { Recording { tx, dialect, calendar }.record(&group).await })
        })
        .await
    }
}

impl Recording<'_> {
    async fn record(&self, group: &[Submission]) -> Result<Vec<Vec<Verdict>>, DbErr> {
        let mut admission = Admission::open(group);
        self.withdraw_vanished_replays(&mut admission).await?;
        let roster = self.lock_roster(&admission.pending()).await?;
        let candidates = admission.admit(&roster, &self.calendar);
        let stored = self.store_logs(&candidates).await?;
        let new_logs = admission.settle(&candidates, &stored);
        self.count(&new_logs).await?;
        self.keep_rejected(&admission).await?;
        self.settle_replays(&admission).await?;
        self.count_intake(&admission, &new_logs).await?;
        Ok(admission.into_verdicts())
    }
}
