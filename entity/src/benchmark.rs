//! `benchmarks`

use sea_orm::entity::prelude::*;

/// A measurement of the platform by itself.
#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "benchmarks")]
pub struct Model {
    /// Its name.
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: Uuid,
    /// What it measures.
    pub kind: String,
    /// JSON: how it measures.
    pub parameters: String,
    /// `running`, `finished`, `failed` or `cancelled`.
    pub status: String,
    /// The API client that asked for it.
    pub requested_by: String,
    /// When it was asked for.
    pub created_at: DateTimeUtc,
    /// When it ended.
    pub finished_at: Option<DateTimeUtc>,
    /// Until when the server that runs it is taken to be alive.
    pub lease_until: DateTimeUtc,
    /// Whether it was asked to end early.
    pub cancel_requested: bool,
    /// JSON: how far it is.
    pub progress: Option<String>,
    /// Why it failed, in one line.
    pub error: Option<String>,
    /// `passed` or `failed`.
    pub verdict: Option<String>,
    /// JSON: what came out.
    pub report: Option<String>,
}

impl ActiveModelBehavior for ActiveModel {}
