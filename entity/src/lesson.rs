//! `lessons`

use sea_orm::entity::prelude::*;

/// A lesson that learners stream.
#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "lessons")]
pub struct Model {
    /// Our name for the lesson.
    #[sea_orm(primary_key)]
    pub lesson_id: i64,
    /// The LMS's name for the lesson.
    #[sea_orm(unique)]
    pub external_id: String,
    /// What people call it.
    pub title: String,
    /// The field that it belongs to.
    pub subject: Option<String>,
    /// How long it runs, in seconds.
    pub duration_seconds: Option<i32>,
    /// When it was made known.
    pub created_at: DateTimeUtc,
}

impl ActiveModelBehavior for ActiveModel {}
