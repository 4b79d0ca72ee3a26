//! The history of the schema, on SQLite and on PostgreSQL.
//!
//! A migration is never changed once it has landed and never imports `entity`: entities change, history must not. The
//! SQL is written out for each database, since it is the contract that other people's queries are written against.

pub use sea_orm_migration::MigratorTrait;
use sea_orm_migration::prelude::*;
use sea_orm_migration::sea_orm::DbBackend;

mod m20261123_000001_spine;
mod m20261123_000002_seed;
mod m20261123_000003_fast_ingestion;
mod m20261123_000004_retention;
mod m20261123_000005_day_rollups;

/// All migrations, oldest first.
pub struct Migrator;

#[async_trait::async_trait]
impl MigratorTrait for Migrator {
    fn migrations() -> Vec<Box<dyn MigrationTrait>> {
        vec![
            Box::new(m20261123_000001_spine::Migration),
            Box::new(m20261123_000002_seed::Migration),
            Box::new(m20261123_000003_fast_ingestion::Migration),
            Box::new(m20261123_000004_retention::Migration),
            Box::new(m20261123_000005_day_rollups::Migration),
        ]
    }
}

/// The text for the database at hand.
fn for_backend<'a>(manager: &SchemaManager<'_>, postgres: &'a str, sqlite: &'a str) -> &'a str {
    match manager.get_database_backend() {
        DbBackend::Sqlite => sqlite,
        _ => postgres,
    }
}
