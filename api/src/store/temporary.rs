//! A store of a test's own, gone at its end: SQLite in a directory, or a database on the PostgreSQL of the tests.

use std::path::PathBuf;
use std::sync::atomic::{AtomicU32, Ordering};

use bytes::Bytes;
use chrono::{DateTime, Utc};
use rand::RngExt;
use uuid::Uuid;

use super::{
    DatabaseSettings, ErasureKey, Field, Item, Reference, Store, StreamingLog, StudentChange, StudentFields,
    TrialDatabase, TrialDatabases, Upserted,
};
use crate::clock::Clock;
use crate::entropy;

/// A store with its schema, and nothing in it.
pub(crate) struct TemporaryStore {
    /// The store.
    pub(crate) store: Store,
    directory: PathBuf,
    database: Option<TrialDatabase>,
}

impl TemporaryStore {
    /// Another one, on SQLite.
    pub(crate) async fn open() -> Self {
        Self::empty().await.migrated().await
    }

    /// Another one, on the server that `TEST_DATABASE_URL` names; to be ended by [`close`](Self::close).
    pub(crate) async fn open_on_postgres() -> Self {
        Self::empty_on_postgres().await.migrated().await
    }

    async fn migrated(self) -> Self {
        self.store.migrate().await.unwrap();
        self
    }

    /// One without its schema, on SQLite.
    pub(crate) async fn empty() -> Self {
        let directory = new_directory();
        let url = format!("sqlite://{}", directory.join("edtech.db").display());
        let store = Store::connect(&DatabaseSettings::new(url, 1)).await.unwrap();
        Self { store: with_key(store), directory, database: None }
    }

    /// One without its schema, on PostgreSQL.
    pub(crate) async fn empty_on_postgres() -> Self {
        let url = std::env::var("TEST_DATABASE_URL")
            .expect("TEST_DATABASE_URL: run `make test`, or `scripts/with-postgres cargo test`");
        let directory = new_directory();
        let databases = TrialDatabases::beside(&DatabaseSettings::new(url, 1), &directory);
        let name = Uuid::from_u128(entropy::rng().random());
        let database = databases.make(Clock.now(), name).await.unwrap();
        let store = Store::connect(&database.settings()).await.unwrap();
        Self { store: with_key(store), directory, database: Some(database) }
    }

    /// Ends it.
    pub(crate) async fn close(mut self) {
        if let Some(database) = self.database.take() {
            database.remove().await.unwrap();
        }
    }
}

/// A log of this learner's; another one for each number.
pub(crate) fn log_of(learner: &str, lesson: &str, number: u128, at: DateTime<Utc>) -> Item {
    let named = |name: &str| Reference { id: None, external_id: Some(name.to_owned()) };
    let log = StreamingLog {
        log_id: Some(Uuid::from_u128(number)),
        learner: named(learner),
        lesson: named(lesson),
        event_type: "progress".to_owned(),
        watch_time_seconds: Some(60),
        completion_percentage: Some(95),
        event_timestamp: at,
        event_timestamp_is_given: true,
    };
    Item { payload: Bytes::from_static(b"{}"), parsed: Ok(log), named: Vec::new(), replays: None }
}

/// Tells a story on both databases.
macro_rules! on_both_databases {
    ($($story:ident),+ $(,)?) => {
        mod sqlite {
            $(#[tokio::test]
            async fn $story() {
                super::$story(&crate::store::TemporaryStore::open().await.store).await;
            })+
        }
        mod postgres {
            $(#[tokio::test]
            async fn $story() {
                let temporary = crate::store::TemporaryStore::open_on_postgres().await;
                super::$story(&temporary.store).await;
                temporary.close().await;
            })+
        }
    };
}
pub(crate) use on_both_databases;

impl Store {
    /// Enrols a learner; returns the id.
    pub(crate) async fn enrol(&self, learner: &str, classroom: &str, now: DateTime<Utc>) -> i64 {
        let fields = StudentFields { name: Field::Absent, classroom: Some(classroom.to_owned()) };
        let change = StudentChange { external_id: learner.to_owned(), fields };
        let mut outcomes = self.upsert_students(vec![change], now).await.unwrap();
        match outcomes.pop().unwrap() {
            Upserted::Created(row) | Upserted::Updated(row) | Upserted::Unchanged(row) => row.student_id,
            other => panic!("{other:?}"),
        }
    }
}

fn with_key(store: Store) -> Store {
    store.with_erasure_key(ErasureKey::new(&[7; 32]).unwrap())
}

fn new_directory() -> PathBuf {
    static OPENED: AtomicU32 = AtomicU32::new(0);
    let number = OPENED.fetch_add(1, Ordering::Relaxed);
    let directory = std::env::temp_dir().join(format!("edtech-store-{}-{number}", std::process::id()));
    std::fs::create_dir_all(&directory).unwrap();
    directory
}

impl Drop for TemporaryStore {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.directory);
    }
}
