//! Tombstones: who was erased, told by hashes that only the holder of a key can make.
//!
//! A tombstone keeps a learner out: logs that name the learner are refused, and so are rows of the nightly roster. It names
//! nobody to whoever reads the table.

use std::sync::Arc;

use chrono::{DateTime, Utc};
use entity::erasure::{self, Column};
use hmac::{Hmac, KeyInit, Mac};
use sea_orm::{ColumnTrait, DbErr, EntityTrait, QueryFilter, QueryOrder};
use serde::{Deserialize, Serialize};
use sha2::Sha256;
use uuid::Uuid;

use super::audit::{Actor, AuditEntry, AuditTarget, note};
use super::patch_student::{ref_by_id, ref_by_name};
use super::query::Query;
use super::roster::Writing;
use super::{Dialect, Store, StudentRow};
use crate::error::StoreError;

/// How many bytes tell one key from another.
const KEY_ID_BYTES: usize = 8;

/// What tombstones are made with. It is in no database, and it cannot change: nobody knows the names to hash anew.
#[derive(Clone)]
pub struct ErasureKey {
    mac: Hmac<Sha256>,
    id: Vec<u8>,
}

impl ErasureKey {
    /// This key. HMAC takes one of any length.
    pub fn new(key: &[u8]) -> Option<Self> {
        let mac = Hmac::<Sha256>::new_from_slice(key).ok()?;
        let mut key = Self { mac, id: Vec::new() };
        key.id = key.hash("key").into_iter().take(KEY_ID_BYTES).collect();
        Some(key)
    }

    /// What tells it from another one.
    pub(super) fn id(&self) -> Vec<u8> {
        self.id.clone()
    }

    /// The hash of a learner, as a rejected log names one: `ref:` and the external id, or `id:` and our id.
    pub(super) fn hash(&self, learner_ref: &str) -> Vec<u8> {
        self.mac.clone().chain_update(learner_ref).finalize().into_bytes().to_vec()
    }
}

/// How much of what an erasure took.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Erased {
    /// Logs.
    pub streaming_logs: u64,
    /// Days on which a lesson was viewed.
    pub viewing_days: u64,
    /// Completed lessons.
    pub completions: u64,
    /// Refused logs that named the learner.
    pub rejected_logs: u64,
}

/// What is handed out for an erasure.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Receipt {
    /// What it is called.
    pub receipt_id: Uuid,
    /// When it was done.
    pub erased_at: DateTime<Utc>,
    /// Whom it was done to.
    pub student_id: i64,
    /// What went.
    pub erased: Erased,
}

/// A tombstone, as it is carried from one database to another.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Tombstone {
    /// What the erasure is called.
    pub receipt_id: Uuid,
    /// When it was done.
    pub erased_at: DateTime<Utc>,
    /// Keyed hash of the external id, in hexadecimal.
    pub name_hash: String,
    /// Keyed hash of our id.
    pub id_hash: String,
    /// Keyed hash of our id and of the moment of the enrolment.
    pub row_hash: String,
    /// Which key that was.
    pub key_id: String,
    /// How much of what went.
    pub erased: Erased,
    /// Since when the learner may come back.
    pub lifted_at: Option<DateTime<Utc>>,
}

impl Writing<'_> {
    /// Puts up a tombstone.
    pub(super) async fn entomb(
        &self,
        key: &ErasureKey,
        student: &StudentRow,
        receipt: &Receipt,
    ) -> Result<(), DbErr> {
        let erased =
            serde_json::to_string(&receipt.erased).map_err(|error| DbErr::Custom(error.to_string()))?;
        let insert = self.query(include_str!("sql/insert_erasure.sql"));
        let insert = insert.bind("receipt_id", receipt.receipt_id).bind_time("erased_at", receipt.erased_at);
        let insert = insert.bind("name_hash", key.hash(&ref_by_name(student)));
        let insert = insert.bind("id_hash", key.hash(&ref_by_id(student)));
        let insert = insert.bind("row_hash", key.hash(&ref_by_row(student)));
        insert.bind("key_id", key.id()).bind("erased", erased).execute(self.tx).await?;
        Ok(())
    }
}

/// How a learner is told from everybody who has had the same number, here or in another database.
pub(super) fn ref_by_row(student: &StudentRow) -> String {
    format!("row:{} {}", student.student_id, student.created_at.timestamp_micros())
}

impl Store {
    /// The same database, for a server that can tell who was erased.
    pub fn with_erasure_key(self, key: ErasureKey) -> Self {
        Self { erasure_key: Some(Arc::new(key)), ..self }
    }

    /// Whether a tombstone was made with our key.
    pub fn makes(&self, tombstone: &Tombstone) -> bool {
        let ours = self.erasure_key.as_ref().map(|key| super::query::hex(&key.id));
        ours.as_ref() == Some(&tombstone.key_id)
    }

    /// Whether the tombstones of this database were made with our key: with another one they would keep nobody out.
    pub async fn agrees_on_erasure_key(&self) -> Result<bool, StoreError> {
        let Some(key) = &self.erasure_key else { return Ok(true) };
        let others = erasure::Entity::find()
            .filter(Column::LiftedAt.is_null())
            .filter(Column::KeyId.ne(key.id()))
            .one(&self.reader);
        Ok(others.await?.is_none())
    }

    /// The tombstone of this receipt, if there is one.
    pub async fn erasure(&self, receipt_id: Uuid) -> Result<Option<Tombstone>, StoreError> {
        let row = erasure::Entity::find_by_id(receipt_id).one(&self.reader).await?;
        row.map(Tombstone::try_from).transpose()
    }

    /// All tombstones, oldest first.
    pub async fn erasures(&self) -> Result<Vec<Tombstone>, StoreError> {
        let rows = erasure::Entity::find().order_by_asc(Column::ErasedAt).order_by_asc(Column::ReceiptId);
        rows.all(&self.reader).await?.into_iter().map(Tombstone::try_from).collect()
    }

    /// Takes over tombstones of another database. Who is told by them is still to be erased here.
    pub async fn take_over_erasures(
        &self,
        tombstones: Vec<Tombstone>,
        by: Actor,
        now: DateTime<Utc>,
    ) -> Result<(), StoreError> {
        let (dialect, tombstones) = (self.dialect, Arc::new(tombstones));
        self.write(move |tx| {
            let tombstones = Arc::clone(&tombstones);
            let entry = AuditEntry::done(now, by.clone(), "take_over_erasures", AuditTarget::None);
            let entry = entry.with_detail(format!("{} tombstones", tombstones.len()));
            Box::pin(async move {
                for tombstone in tombstones.iter() {
                    insert(tombstone, dialect)?.execute(tx).await?;
                }
                note(tx, dialect, &[entry]).await
            })
        })
        .await
    }

    /// Lets an erased learner come back; false where there is no such tombstone.
    pub async fn lift_erasure(
        &self,
        receipt_id: Uuid,
        by: Actor,
        now: DateTime<Utc>,
    ) -> Result<bool, StoreError> {
        let dialect = self.dialect;
        let lift =
            "UPDATE erasures SET lifted_at = {now} WHERE receipt_id = {receipt_id} AND lifted_at IS NULL";
        let lift = Query::new(dialect, lift).bind_time("now", now).bind("receipt_id", receipt_id);
        let target = AuditTarget::Other(format!("erasure:{receipt_id}"));
        let entry = AuditEntry::done(now, by, "lift_erasure", target);
        self.write(move |tx| {
            let (lift, entry) = (lift.clone(), entry.clone());
            Box::pin(async move {
                let is_lifted = lift.execute(tx).await? > 0;
                if is_lifted {
                    note(tx, dialect, &[entry]).await?;
                }
                Ok(is_lifted)
            })
        })
        .await
    }
}

fn insert(tombstone: &Tombstone, dialect: Dialect) -> Result<Query, DbErr> {
    let Tombstone { receipt_id, erased_at, name_hash, id_hash, row_hash, key_id, erased, lifted_at } =
        tombstone;
    let bytes =
        |text: &str| super::query::from_hex(text).ok_or_else(|| DbErr::Custom("no hexadecimal".to_owned()));
    let erased = serde_json::to_string(erased).map_err(|error| DbErr::Custom(error.to_string()))?;
    let insert = Query::new(dialect, include_str!("sql/take_over_erasure.sql"));
    let insert = insert.bind("receipt_id", *receipt_id).bind_time("erased_at", *erased_at);
    let insert = insert.bind("name_hash", bytes(name_hash)?).bind("id_hash", bytes(id_hash)?);
    let insert = insert.bind("row_hash", bytes(row_hash)?);
    let insert = insert.bind("key_id", bytes(key_id)?).bind("erased", erased);
    let is_lifted = i64::from(lifted_at.is_some());
    Ok(insert.bind("is_lifted", is_lifted).bind_time("lifted_at", lifted_at.unwrap_or(*erased_at)))
}

impl TryFrom<erasure::Model> for Tombstone {
    type Error = StoreError;

    fn try_from(row: erasure::Model) -> Result<Self, StoreError> {
        use super::query::hex;
        let erasure::Model {
            receipt_id,
            erased_at,
            name_hash,
            id_hash,
            row_hash,
            key_id,
            erased,
            lifted_at,
            applied: _,
        } = row;
        let erased = serde_json::from_str(&erased).map_err(|error| StoreError::Refused(error.into()))?;
        let [name_hash, id_hash, row_hash, key_id] =
            [name_hash, id_hash, row_hash, key_id].map(|hash| hex(&hash));
        Ok(Self { receipt_id, erased_at, name_hash, id_hash, row_hash, key_id, erased, lifted_at })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_hash_depends_on_the_key_and_on_who_is_meant() {
        let (one, other) = (ErasureKey::new(&[1; 32]).unwrap(), ErasureKey::new(&[2; 32]).unwrap());
        assert_eq!(one.hash("ref:42"), one.hash("ref:42"));
        assert_ne!(one.hash("ref:42"), one.hash("id:42"));
        assert_ne!(one.hash("ref:42"), other.hash("ref:42"));
        assert_ne!(one.id, other.id);
        assert_eq!((one.hash("ref:42").len(), one.id.len()), (32, KEY_ID_BYTES));
    }
}
