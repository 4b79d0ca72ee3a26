//! `daily_reports`

use sea_orm::entity::prelude::*;

/// The report of a day, as it was made last.
#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "daily_reports")]
pub struct Model {
    /// A calendar day in the platform's time zone.
    #[sea_orm(primary_key, auto_increment = false)]
    pub day: Date,
    /// All that its representations are made from, as JSON: counts and sums, no averages.
    pub report: String,
    /// When the figures were read.
    pub generated_at: DateTimeUtc,
    /// The revision of the day that they are of.
    pub revision: i64,
}

impl ActiveModelBehavior for ActiveModel {}
