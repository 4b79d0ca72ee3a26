//! `sessions`

use sea_orm::entity::prelude::*;

/// Someone who is signed in to the dashboard: a client or a user.
#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "sessions")]
pub struct Model {
    /// SHA-256 of the cookie's value.
    #[sea_orm(primary_key, auto_increment = false)]
    pub cookie_hash: Vec<u8>,
    /// The API client whose credentials began it.
    pub client_id: Option<String>,
    /// The user whose password began it.
    pub user_name: Option<String>,
    /// When it began.
    pub created_at: DateTimeUtc,
    /// When it was last used, to the minute.
    pub last_seen_at: DateTimeUtc,
    /// When it ends, unless it is used before.
    pub expires_at: DateTimeUtc,
}

impl ActiveModelBehavior for ActiveModel {}
