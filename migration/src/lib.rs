//! The history of the schema, on SQLite and on PostgreSQL.
//!
//! A step is never changed once it has landed and never imports `entity`: entities change, history must not. The SQL is
//! written out for each database, since it is the contract that other people's queries are written against.

pub use sea_orm_migration::MigratorTrait;
use sea_orm_migration::prelude::*;
use sea_orm_migration::sea_orm::DbBackend;

/// All steps, oldest first.
pub struct Migrator;

/// One step of the history, and its text for each database.
struct Step {
    name: &'static str,
    postgres: &'static str,
    sqlite: &'static str,
}

/// A step whose texts are `sql/TEXT.postgres.sql` and `sql/TEXT.sqlite.sql`.
macro_rules! step {
    ($number:literal, $text:literal) => {
        Box::new(Step {
            name: concat!("m", $number, "_", $text),
            postgres: include_str!(concat!("sql/", $text, ".postgres.sql")),
            sqlite: include_str!(concat!("sql/", $text, ".sqlite.sql")),
        })
    };
}

#[async_trait::async_trait]
impl MigratorTrait for Migrator {
    fn migrations() -> Vec<Box<dyn MigrationTrait>> {
        vec![
            step!("20261123_000001", "spine"),
            step!("20261123_000002", "seed"),
            step!("20261123_000003", "fast_ingestion"),
            step!("20261123_000004", "retention"),
            step!("20261123_000005", "day_rollups"),
            step!("20261123_000006", "late_logs"),
            step!("20261123_000007", "appended_changes"),
            step!("20261125_000008", "sessions"),
            step!("20261125_000009", "furthest_percentage"),
            step!("20261125_000010", "viewing_days_lesson"),
            step!("20261126_000011", "daily_reports"),
            step!("20261126_000012", "benchmarks"),
            step!("20261126_000013", "viewing_days_lesson_learner"),
            step!("20261126_000014", "analytics_views"),
            step!("20261126_000015", "people"),
            step!("20261126_000016", "records"),
            step!("20261126_000017", "revocations"),
            step!("20261127_000018", "covering_indexes"),
            step!("20261127_000019", "analytics_days"),
            step!("20261128_000020", "appended_groups"),
        ]
    }
}

impl MigrationName for Step {
    fn name(&self) -> &str {
        self.name
    }
}

#[async_trait::async_trait]
impl MigrationTrait for Step {
    /// All or nothing, also on SQLite: a start that is killed half-way is simply started again.
    fn use_transaction(&self) -> Option<bool> {
        Some(true)
    }

    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let sql = match manager.get_database_backend() {
            DbBackend::Sqlite => self.sqlite,
            _ => self.postgres,
        };
        manager.get_connection().execute_unprepared(sql).await?;
        Ok(())
    }
}
