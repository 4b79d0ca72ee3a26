//! `erasures`

use sea_orm::entity::prelude::*;

/// The tombstone of a learner who was erased.
#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "erasures")]
pub struct Model {
    /// What the erasure is called.
    #[sea_orm(primary_key, auto_increment = false)]
    pub receipt_id: Uuid,
    /// When it was done.
    pub erased_at: DateTimeUtc,
    /// Keyed hash of the external id.
    pub name_hash: Vec<u8>,
    /// Keyed hash of our id.
    pub id_hash: Vec<u8>,
    /// Keyed hash of our id and of the moment of the enrolment.
    pub row_hash: Vec<u8>,
    /// Which key that was.
    pub key_id: Vec<u8>,
    /// JSON: how much of what went.
    pub erased: String,
    /// Since when the learner may come back.
    pub lifted_at: Option<DateTimeUtc>,
    /// Whether the learner is known to be gone from this database.
    pub applied: bool,
}

impl ActiveModelBehavior for ActiveModel {}
