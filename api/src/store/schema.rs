//! The schema: brought up to date by one replica at a time, and never taken for an older one.

use migration::{Migrator, MigratorTrait};
use sea_orm::{ConnectionTrait, Database, DatabaseConnection};

use super::connect::Plans;
use super::{Dialect, Store};
use crate::error::StoreError;

/// Names the lock under which one replica migrates while the others wait; any number that nobody else uses.
const MIGRATION_LOCK: i64 = 0x0ED7_EC45;

/// The database has steps that this version does not know.
#[derive(Debug, thiserror::Error)]
#[error(
    "a newer version has been here, which made {step}: start that one, or put back a copy from before it"
)]
struct NewerSchema {
    step: String,
}

impl Store {
    /// Brings the schema up to date, one replica at a time.
    pub async fn migrate(&self) -> Result<(), StoreError> {
        match self.dialect {
            Dialect::Sqlite => bring_up(&self.writer.connections()).await,
            Dialect::Postgres => self.migrate_under_lock().await,
        }
    }

    /// The migrator takes no lock of its own. Ours belongs to the session, so lock and migrations share the only
    /// connection of a pool of their own, and a replica that is killed lets go of it.
    async fn migrate_under_lock(&self) -> Result<(), StoreError> {
        let mut options = self.settings.patient(Plans::ForEachSpan);
        // A step may take longer than connections live; the lock would go with it.
        options.max_connections(1).max_lifetime(None).idle_timeout(None);
        let alone: DatabaseConnection = Database::connect(options).await?;
        alone.execute_unprepared(&format!("SELECT pg_advisory_lock({MIGRATION_LOCK})")).await?;
        let outcome = bring_up(&alone).await;
        alone.close().await?;
        outcome
    }
}

async fn bring_up(database: &DatabaseConnection) -> Result<(), StoreError> {
    let made = Migrator::get_migration_models(database).await?;
    if let Some(step) = unknown_step(made.into_iter().map(|step| step.version)) {
        return Err(StoreError::Refused(Box::new(NewerSchema { step })));
    }
    Ok(Migrator::up(database, None).await?)
}

/// The first of these steps that this version does not know.
pub(super) fn unknown_step(steps: impl IntoIterator<Item = String>) -> Option<String> {
    let known: Vec<String> = Migrator::migrations().iter().map(|step| step.name().to_owned()).collect();
    steps.into_iter().find(|step| !known.contains(step))
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::store::error::attempts;
    use crate::store::query::Query;
    use crate::store::{Calendar, TemporaryStore};

    const IN_UTC: Calendar = Calendar { zone: chrono_tz::UTC, threshold: 90 };

    /// Before what is counted by day.
    const EARLY: u32 = 4;

    /// Before a group appended one row.
    const ROWS_APPENDED: u32 = 19;

    /// The same logs, counted on PostgreSQL and not folded yet: the first two by one group, which completed a lesson, and the third
    /// by another.
    const APPENDED: [&str; 3] = [
        "INSERT INTO completions (student_id, lesson_id, completed_at, day) VALUES \
         (1, 1, '2026-03-02T10:05:10Z', '2026-03-02')",
        "INSERT INTO viewing_changes (student_id, day, lesson_id, streaming_logs, watch_time_logs, watch_time_seconds, \
         completion_logs, completion_percentage_sum, furthest_percentage, completed) VALUES \
         (1, '2026-03-02', 1, 2, 2, 90, 2, 145, 95, 0), (1, '2026-03-02', 1, 0, 0, 0, 0, 0, NULL, 1), \
         (2, '2026-03-03', 2, 1, 0, 0, 0, 0, NULL, 0)",
        "INSERT INTO group_changes (minutes, streaming_logs, days, intake_days, accepted, late) VALUES \
         ('{2026-03-02T10:00:00Z,2026-03-02T10:05:00Z}', ARRAY[1, 1], '{2026-03-02}', '{2026-03-02}', ARRAY[2], ARRAY[0]), \
         ('{2026-03-03T09:00:00Z}', ARRAY[1], '{2026-03-03}', '{2026-03-03}', ARRAY[1], ARRAY[0])",
    ];

    /// Two learners with three logs, as they were counted then.
    const LOGS: [&str; 7] = [
        "INSERT INTO students (external_id, classroom, created_at) VALUES \
         ('ada', 'Data_2025', '2026-03-01T00:00:00.000000Z'), ('bob', 'IA_2025', '2026-03-01T00:00:00.000000Z')",
        "INSERT INTO streaming_logs (log_id, student_id, lesson_id, event_type, watch_time_seconds, completion_percentage, \
         event_timestamp, received_at) VALUES \
         ({1}, 1, 1, 'played', 60, 50, '2026-03-02T10:00:10.000000Z', '2026-03-02T10:00:11.000000Z'), \
         ({2}, 1, 1, 'completed', 30, 95, '2026-03-02T10:05:10.000000Z', '2026-03-02T10:05:11.000000Z'), \
         ({3}, 2, 2, 'played', NULL, NULL, '2026-03-03T09:00:10.000000Z', '2026-03-03T09:00:11.000000Z')",
        "INSERT INTO viewing_days (student_id, day, lesson_id, streaming_logs, watch_time_logs, watch_time_seconds, \
         completion_logs, completion_percentage_sum) VALUES \
         (1, '2026-03-02', 1, 2, 2, 90, 2, 145), (2, '2026-03-03', 2, 1, 0, 0, 0, 0)",
        "INSERT INTO completions (student_id, lesson_id, completed_at, day) VALUES \
         (1, 1, '2026-03-02T10:05:10.000000Z', '2026-03-02')",
        "INSERT INTO log_minutes (minute, streaming_logs) VALUES ('2026-03-02T10:00:00.000000Z', 1), \
         ('2026-03-02T10:05:00.000000Z', 1), ('2026-03-03T09:00:00.000000Z', 1)",
        "INSERT INTO intake_days (day, accepted, duplicate, rejected, late) VALUES ('2026-03-02', 2, 0, 0, 0), \
         ('2026-03-03', 1, 0, 0, 0)",
        "INSERT INTO day_revisions (day, revision) VALUES ('2026-03-02', 2), ('2026-03-03', 1)",
    ];

    async fn insert(store: &Store, rows: &[&str]) {
        for sql in rows {
            let sql = (1..=3).fold((*sql).to_owned(), |sql, number| {
                let id = match store.dialect {
                    Dialect::Sqlite => format!("X'{number:032x}'"),
                    Dialect::Postgres => format!("CAST('{number:032x}' AS uuid)"),
                };
                sql.replace(&format!("{{{number}}}"), &id)
            });
            store.writer.connections().execute_unprepared(&sql).await.unwrap();
        }
    }

    /// Later steps count by day what is there; how far learners came is said to want a rebuild (docs/OPERATIONS.md, Upgrade).
    async fn what_an_early_version_has_counted_stays_right(store: &Store) {
        let database = store.writer.connections();
        Migrator::up(&database, Some(EARLY)).await.unwrap();
        insert(store, &LOGS).await;
        store.migrate().await.unwrap();
        store.agree_on_settings(&IN_UTC).await.unwrap();

        let verification = store.verify(IN_UTC, &|_, _| {}).await.unwrap();
        let differences: Vec<String> = verification.differences.iter().map(ToString::to_string).collect();
        let is_known = |difference: &String| difference.starts_with("viewing_days of student 1, 2026-03-02");
        assert!(differences.len() == 1 && differences.iter().all(is_known), "{differences:#?}");
        assert_eq!(store.rebuild(IN_UTC, Arc::new(|_, _| {})).await.unwrap(), 3);
        let verification = store.verify(IN_UTC, &|_, _| {}).await.unwrap();
        assert_eq!((verification.logs, verification.differences), (3, Vec::new()));
    }

    #[tokio::test]
    async fn what_an_early_version_has_counted_stays_right_on_sqlite() {
        what_an_early_version_has_counted_stays_right(&TemporaryStore::empty().await.store).await;
    }

    #[tokio::test]
    async fn what_an_early_version_has_counted_stays_right_on_postgres() {
        let temporary = TemporaryStore::empty_on_postgres().await;
        what_an_early_version_has_counted_stays_right(&temporary.store).await;
        temporary.close().await;
    }

    #[tokio::test]
    async fn what_an_older_version_appends_counts_before_and_after_it_is_folded_on_postgres() {
        // A row for each group, one for all viewings, one for all completions.
        what_an_older_version_appends_counts(Appends::Before, 4).await;
        // A row for each group, viewing and completion.
        what_an_older_version_appends_counts(Appends::Meanwhile, 5).await;
    }

    #[derive(PartialEq)]
    enum Appends {
        Before,
        /// As a replica that has not been exchanged yet.
        Meanwhile,
    }

    async fn what_an_older_version_appends_counts(when: Appends, rows: i64) {
        let temporary = TemporaryStore::empty_on_postgres().await;
        let store = &temporary.store;
        let database = store.writer.connections();
        Migrator::up(&database, Some(ROWS_APPENDED)).await.unwrap();
        insert(store, &LOGS[..2]).await;
        if when == Appends::Before {
            insert(store, &APPENDED).await;
        }
        store.migrate().await.unwrap();
        store.agree_on_settings(&IN_UTC).await.unwrap();
        if when == Appends::Meanwhile {
            insert(store, &APPENDED).await;
        }
        assert_folding_is_left_to_newer_ones(&database).await;
        for pending in [rows, 0] {
            assert_eq!(number(&database, "SELECT COUNT(*) FROM appended_groups").await, pending);
            assert_eq!(number(&database, "SELECT COUNT(*) FROM viewing_changes").await, pending.min(3));
            let verification = store.verify(IN_UTC, &|_, _| {}).await.unwrap();
            assert_eq!((verification.logs, verification.differences), (3, Vec::new()));
            store.fold_before_the_end().await;
        }
        temporary.close().await;
    }

    async fn assert_folding_is_left_to_newer_ones(database: &DatabaseConnection) {
        for folding in ["DELETE FROM viewing_changes", "DELETE FROM group_changes"] {
            let refusal = database.execute_unprepared(folding).await.unwrap_err();
            assert_eq!(attempts(&refusal), 5, "{refusal}");
        }
    }

    async fn number(database: &DatabaseConnection, sql: &str) -> i64 {
        let row = Query::new(Dialect::Postgres, sql).one(database).await.unwrap().unwrap();
        row.try_get_by_index(0).unwrap()
    }
}
