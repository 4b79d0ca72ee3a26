//! `streaming_logs`

use sea_orm::entity::prelude::*;

/// What happened in a viewing: the raw log that every figure can be recomputed from.
#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "streaming_logs")]
pub struct Model {
    /// Whose log it is.
    #[sea_orm(primary_key, auto_increment = false)]
    pub student_id: i64,
    /// Unique for each learner.
    #[sea_orm(primary_key, auto_increment = false)]
    pub log_id: Uuid,
    /// What was streamed.
    pub lesson_id: i64,
    /// `[a-z_]{1,32}`.
    pub event_type: String,
    /// Seconds watched since the previous log of the same viewing.
    pub watch_time_seconds: Option<i32>,
    /// How far the learner was, 0 to 100.
    pub completion_percentage: Option<i32>,
    /// When it happened.
    pub event_timestamp: DateTimeUtc,
    /// When it reached us.
    pub received_at: DateTimeUtc,
}

impl ActiveModelBehavior for ActiveModel {}
