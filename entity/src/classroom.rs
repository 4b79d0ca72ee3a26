//! `classrooms`

use sea_orm::entity::prelude::*;

/// A class of learners.
#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "classrooms")]
pub struct Model {
    /// Its name, which is its identity.
    #[sea_orm(primary_key, auto_increment = false)]
    pub classroom: String,
    /// When it was first named.
    pub created_at: DateTimeUtc,
}

impl ActiveModelBehavior for ActiveModel {}
