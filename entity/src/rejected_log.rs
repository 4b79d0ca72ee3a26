//! `rejected_logs`

use sea_orm::entity::prelude::*;

/// A log that was refused, kept for its sender to see and for a replay.
#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "rejected_logs")]
pub struct Model {
    /// The API client that sent it.
    #[sea_orm(primary_key, auto_increment = false)]
    pub client: String,
    /// SHA-256 of the whole payload.
    #[sea_orm(primary_key, auto_increment = false)]
    pub payload_hash: Vec<u8>,
    /// Why, for programs.
    pub code: String,
    /// Why, for people.
    pub reason: String,
    /// JSON pointer to the fault.
    pub pointer: Option<String>,
    /// The learner that it names, so that an erasure finds it.
    pub learner_ref: Option<String>,
    /// What was sent, cut where it was too long.
    pub payload: Vec<u8>,
    /// Whether it was cut: then it cannot be replayed.
    pub truncated: bool,
    /// How often it was sent.
    pub times: i64,
    /// When it first came.
    pub first_seen: DateTimeUtc,
    /// When it last came.
    pub last_seen: DateTimeUtc,
}

impl ActiveModelBehavior for ActiveModel {}
