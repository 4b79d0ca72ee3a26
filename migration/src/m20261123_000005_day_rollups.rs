//! Sums by day for classrooms and lessons, so that an answer costs the same however long the log is.

use sea_orm_migration::prelude::*;

#[derive(DeriveMigrationName)]
pub(crate) struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    fn use_transaction(&self) -> Option<bool> {
        Some(true)
    }

    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let sql = crate::for_backend(
            manager,
            include_str!("sql/day_rollups.postgres.sql"),
            include_str!("sql/day_rollups.sqlite.sql"),
        );
        manager.get_connection().execute_unprepared(sql).await?;
        Ok(())
    }
}
