//! Erasures that are applied again: tombstones that came from elsewhere, to learners whom a backup has brought back.

use std::collections::BTreeMap;
use std::sync::Arc;

use chrono::{DateTime, Utc};
use entity::{erasure, student};
use sea_orm::{ColumnTrait, EntityTrait, QueryFilter, QueryOrder, QuerySelect};
use uuid::Uuid;

use super::audit::Actor;
use super::erasures::{ErasureKey, ref_by_row};
use super::patch_student::ref_by_name;
use super::query::{Query, Rows};
use super::{Calendar, Store};
use crate::error::StoreError;

/// Learners that are looked at in one go.
const PAGE: u64 = 10_000;

/// The tombstones that are still to be applied, by each of their hashes. One that was lifted lets the name in again, and not what
/// was erased: it tells rows alone.
struct Pending {
    receipts: Vec<Uuid>,
    by_name: BTreeMap<Vec<u8>, Uuid>,
    by_row: BTreeMap<Vec<u8>, Uuid>,
}

impl Store {
    /// Erases every learner who is told by a tombstone from elsewhere; says how many those were. Replicas may do it at once.
    pub async fn apply_erasures(
        &self,
        calendar: Calendar,
        by: &Actor,
        now: DateTime<Utc>,
    ) -> Result<u64, StoreError> {
        let Some(key) = self.erasure_key.clone() else { return Ok(0) };
        let pending = Pending::of(self.unapplied(&key).await?);
        if pending.receipts.is_empty() {
            return Ok(0);
        }
        let mut erased = 0;
        for (student_id, receipt_id) in self.still_here(&key, &pending).await? {
            erased += u64::from(self.erase_again(calendar, student_id, receipt_id, by.clone(), now).await?);
        }
        self.forget_refused(&key, &pending).await?;
        self.note_applied(pending.receipts).await?;
        self.empty_write_ahead_log().await;
        Ok(erased)
    }

    async fn unapplied(&self, key: &ErasureKey) -> Result<Vec<erasure::Model>, StoreError> {
        let pending = erasure::Entity::find()
            .filter(erasure::Column::Applied.eq(false))
            .filter(erasure::Column::KeyId.eq(key.id()));
        Ok(pending.all(&self.reader).await?)
    }

    /// Learners who should not be here, each with the receipt of the erasure.
    async fn still_here(&self, key: &ErasureKey, pending: &Pending) -> Result<Vec<(i64, Uuid)>, StoreError> {
        let mut found = Vec::new();
        let mut after = i64::MIN;
        loop {
            let page = student::Entity::find()
                .filter(student::Column::StudentId.gt(after))
                .order_by_asc(student::Column::StudentId)
                .limit(PAGE);
            let page = page.all(&self.reader).await?;
            let Some(last) = page.last() else { return Ok(found) };
            after = last.student_id;
            found.extend(
                page.iter().filter_map(|learner| Some((learner.student_id, pending.tells(key, learner)?))),
            );
        }
    }

    /// Refused logs may name somebody whom the roster did not know yet.
    async fn forget_refused(&self, key: &ErasureKey, pending: &Pending) -> Result<(), StoreError> {
        let named = "SELECT DISTINCT learner_ref FROM rejected_logs WHERE learner_ref LIKE '%ref:%'";
        let rows = Query::new(self.dialect, named).all(&self.reader).await?;
        let refs = rows.iter().map(|row| row.try_get_by_index::<String>(0));
        let mut refs: Vec<String> = refs.collect::<Result<_, _>>()?;
        refs.retain(|lines| lines.lines().any(|it| pending.by_name.contains_key(&key.hash(it))));
        let (dialect, refs) = (self.dialect, Arc::new(refs));
        self.write(move |tx| {
            let refs = Arc::clone(&refs);
            Box::pin(async move {
                let forget =
                    "DELETE FROM rejected_logs WHERE learner_ref IN (SELECT item.learner_ref FROM {rows})";
                let rows = Rows::new().text("learner_ref", refs.iter().map(String::as_str));
                Query::new(dialect, forget).rows(rows).execute(tx).await
            })
        })
        .await?;
        Ok(())
    }

    async fn note_applied(&self, receipts: Vec<Uuid>) -> Result<(), StoreError> {
        let dialect = self.dialect;
        self.write(move |tx| {
            let receipts = receipts.clone();
            Box::pin(async move {
                let applied = "UPDATE erasures SET applied = true WHERE receipt_id = {receipt_id}";
                for receipt_id in receipts {
                    Query::new(dialect, applied).bind("receipt_id", receipt_id).execute(tx).await?;
                }
                Ok(())
            })
        })
        .await
    }
}

impl Pending {
    fn of(rows: Vec<erasure::Model>) -> Self {
        let receipts = rows.iter().map(|row| row.receipt_id).collect();
        let by_name = rows.iter().filter(|row| row.lifted_at.is_none());
        let by_name = by_name.map(|row| (row.name_hash.clone(), row.receipt_id)).collect();
        let by_row = rows.into_iter().map(|row| (row.row_hash, row.receipt_id)).collect();
        Self { receipts, by_name, by_row }
    }

    /// The erasure that a learner is told by: by the external id, or as the row that it was under another external id. Our id
    /// alone tells nobody: a database that was set back gives the same numbers again, and so does any other one.
    fn tells(&self, key: &ErasureKey, learner: &student::Model) -> Option<Uuid> {
        let by_name = self.by_name.get(&key.hash(&ref_by_name(learner)));
        by_name.or_else(|| self.by_row.get(&key.hash(&ref_by_row(learner)))).copied()
    }
}
