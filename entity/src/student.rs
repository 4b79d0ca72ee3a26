//! `students`

use sea_orm::entity::prelude::*;

/// A learner.
#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "students")]
pub struct Model {
    /// Our name for the learner.
    #[sea_orm(primary_key)]
    pub student_id: i64,
    /// The LMS's name for the learner.
    #[sea_orm(unique)]
    pub external_id: String,
    /// What people call the learner.
    pub name: Option<String>,
    /// The class that the learner is in today.
    pub classroom: String,
    /// When the learner was enrolled.
    pub created_at: DateTimeUtc,
}

impl ActiveModelBehavior for ActiveModel {}
