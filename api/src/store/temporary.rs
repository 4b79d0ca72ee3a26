//! A store of a test's own: SQLite in a directory that is gone at its end.

use std::path::PathBuf;
use std::sync::atomic::{AtomicU32, Ordering};

use super::{DatabaseSettings, Store};

/// A store with its schema, and nothing in it.
pub(crate) struct TemporaryStore {
    /// The store.
    pub(crate) store: Store,
    directory: PathBuf,
}

impl TemporaryStore {
    /// Another one.
    pub(crate) async fn open() -> Self {
        static OPENED: AtomicU32 = AtomicU32::new(0);
        let number = OPENED.fetch_add(1, Ordering::Relaxed);
        let directory = std::env::temp_dir().join(format!("edtech-store-{}-{number}", std::process::id()));
        std::fs::create_dir_all(&directory).unwrap();
        let url = format!("sqlite://{}", directory.join("edtech.db").display());
        let store = Store::connect(&DatabaseSettings { url, connections: 1 }).await.unwrap();
        store.migrate().await.unwrap();
        Self { store, directory }
    }
}

impl Drop for TemporaryStore {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.directory);
    }
}
