//! `token_revocations`

use sea_orm::entity::prelude::*;

/// Tokens of a name that were taken back.
#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "token_revocations")]
pub struct Model {
    /// Whom they say is calling.
    #[sea_orm(primary_key, auto_increment = false)]
    pub subject: String,
    /// Those that were issued before this moment.
    pub before: DateTimeUtc,
}

impl ActiveModelBehavior for ActiveModel {}
