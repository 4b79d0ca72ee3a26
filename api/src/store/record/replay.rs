//! Rejected logs that are tried again: stored and taken off the list in the same transaction.

use std::collections::HashSet;

use sea_orm::DbErr;

use super::Recording;
use super::admit::{Admission, Entry};
use super::erased::ERASED;
use super::rejected::key_rows;
use crate::store::query::Query;
use crate::store::{RejectedLogKey, Rejection, Verdict};

impl Recording<'_> {
    /// Locks the rejected logs that are tried again, and drops the tries whose rejected log is no longer there, or is tried
    /// twice: one that names no `log_id` would be another log each time.
    pub(super) async fn withdraw_vanished_replays(&self, admission: &mut Admission<'_>) -> Result<(), DbErr> {
        let keys: Vec<&RejectedLogKey> = admission.entries.iter().filter_map(replayed).collect();
        if keys.is_empty() {
            return Ok(());
        }
        let known = self.known(keys.into_iter()).await?;
        let mut tried = HashSet::new();
        for entry in &mut admission.entries {
            if replayed(entry).is_some_and(|key| !known.contains(key) || !tried.insert(key)) {
                entry.verdict = Some(Verdict::Gone);
            }
        }
        Ok(())
    }

    /// Takes what was stored off the list, and what is of somebody who was erased; gives what was refused once more its new reason.
    pub(super) async fn settle_replays(&self, admission: &Admission<'_>) -> Result<(), DbErr> {
        let replays =
            admission.entries.iter().filter_map(|entry| Some((replayed(entry)?, entry.verdict.as_ref()?)));
        let mut settled = Vec::new();
        let mut refused = Vec::new();
        for (key, verdict) in replays {
            match verdict {
                Verdict::Stored(_) | Verdict::Duplicate(_) => settled.push(key),
                Verdict::Rejected(rejection) if rejection.code == ERASED => settled.push(key),
                Verdict::Rejected(rejection) => refused.push((key, rejection)),
                Verdict::Gone => {}
            }
        }
        self.remove(&settled).await?;
        self.give_reasons(&refused).await
    }

    async fn remove(&self, keys: &[&RejectedLogKey]) -> Result<(), DbErr> {
        if !keys.is_empty() {
            let delete = Query::new(self.dialect, include_str!("../sql/delete_rejected_logs.sql"));
            delete.rows(key_rows(keys.iter().copied())).execute(self.tx).await?;
        }
        Ok(())
    }

    async fn give_reasons(&self, refused: &[(&RejectedLogKey, &Rejection)]) -> Result<(), DbErr> {
        if refused.is_empty() {
            return Ok(());
        }
        let reasons = || refused.iter().map(|(_, rejection)| rejection);
        let rows = key_rows(refused.iter().map(|&(key, _)| key))
            .text("code", reasons().map(|it| it.code))
            .text("reason", reasons().map(|it| it.reason.as_str()))
            .text("pointer", reasons().map(|it| it.pointer.as_deref().unwrap_or_default()));
        let update = Query::new(self.dialect, include_str!("../sql/update_rejected_logs.sql"));
        update.rows(rows).execute(self.tx).await?;
        Ok(())
    }
}

fn replayed<'g>(entry: &Entry<'g>) -> Option<&'g RejectedLogKey> {
    entry.item.replays.as_ref()
}
