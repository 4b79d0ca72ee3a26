//! The tables that a streaming log lives in.

use sea_orm_migration::prelude::*;

#[derive(DeriveMigrationName)]
pub(crate) struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    /// All or nothing, also on SQLite: a start that is killed half-way is simply started again.
    fn use_transaction(&self) -> Option<bool> {
        Some(true)
    }

    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let sql = crate::for_backend(
            manager,
            include_str!("sql/spine.postgres.sql"),
            include_str!("sql/spine.sqlite.sql"),
        );
        manager.get_connection().execute_unprepared(sql).await?;
        Ok(())
    }
}
