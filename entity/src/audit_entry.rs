//! `audit_log`

use sea_orm::entity::prelude::*;

/// What somebody did, or was kept from doing.
#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "audit_log")]
pub struct Model {
    /// In the order in which entries were written.
    #[sea_orm(primary_key)]
    pub id: i64,
    /// When it happened.
    pub at: DateTimeUtc,
    /// Who did it: the name of a user or a client, where there is one.
    pub actor: String,
    /// `user`, `client`, `anonymous`, `cli` or `platform`.
    pub actor_kind: String,
    /// What was done.
    pub action: String,
    /// To what; a learner is named by our id alone.
    pub target: Option<String>,
    /// `done`, or the code of the refusal.
    pub outcome: String,
    /// How often, within a minute.
    pub times: i64,
    /// The network address that it came from.
    pub address: Option<String>,
    /// The request that it came with.
    pub request_id: Option<String>,
    /// What more there is to say.
    pub detail: Option<String>,
}

impl ActiveModelBehavior for ActiveModel {}
