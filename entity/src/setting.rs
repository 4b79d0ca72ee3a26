//! `settings`

use sea_orm::entity::prelude::*;

/// What every replica must agree on; one row.
#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "settings")]
pub struct Model {
    /// Always 1.
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: i16,
    /// IANA name of the zone that days are counted in.
    pub time_zone: String,
    /// The percentage that completes a lesson.
    pub completion_threshold: i32,
    /// Days before this one are closed: nothing recounts them.
    pub closed_before: Option<Date>,
    /// Logs of days before this one are removed.
    pub logs_removed_before: Option<Date>,
    /// Raised whenever a learner or a lesson is removed or gets another external id.
    pub roster_generation: i64,
}

impl ActiveModelBehavior for ActiveModel {}
