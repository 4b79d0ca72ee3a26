//! The eight classrooms and two lessons of a fresh installation.

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
        let now = crate::for_backend(manager, "now()", "strftime('%Y-%m-%dT%H:%M:%f000Z', 'now')");
        let sql = include_str!("sql/seed.sql").replace(":now", now);
        manager.get_connection().execute_unprepared(&sql).await?;
        Ok(())
    }
}
