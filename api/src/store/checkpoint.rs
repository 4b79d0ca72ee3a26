//! SQLite's write-ahead log, copied into the file beside ingestion and not by it.
//!
//! By itself SQLite copies within whichever commit fills the log: some thousand pages and a flush of the file, for which
//! everybody waits. Here most of it is copied while others write, and only what they add meanwhile in a turn of our own,
//! after which the log begins anew.

use std::sync::Arc;

use rusqlite::Connection;

use super::{Dialect, Store};
use crate::error::StoreError;

/// 32 MB: a page that many groups change is copied once for all of them.
const PAGES: i64 = 8_000;

impl Store {
    /// Copies what there is, where that is enough to be worth it. PostgreSQL does so by itself.
    pub(super) async fn checkpoint(&self) -> Result<(), StoreError> {
        if self.dialect == Dialect::Postgres {
            return Ok(());
        }
        let (settings, turn) = (self.settings.clone(), Arc::clone(&self.turn));
        let checkpoint = tokio::task::spawn_blocking(move || {
            let connection = settings.sqlite_connection()?;
            if left_after(&connection, "NOOP")? < PAGES {
                return Ok(());
            }
            left_after(&connection, "PASSIVE")?;
            let _turn = turn.blocking_lock();
            left_after(&connection, "PASSIVE")?;
            Ok(())
        });
        checkpoint.await.unwrap_or_else(|failed| Err(StoreError::Refused(failed.into())))
    }
}

/// Copies in this mode; returns how many pages of the log are left. Where somebody reads an old state, some are.
fn left_after(connection: &Connection, mode: &str) -> rusqlite::Result<i64> {
    connection.query_row(&format!("PRAGMA wal_checkpoint({mode})"), [], |row| {
        Ok(row.get::<_, i64>("log")? - row.get::<_, i64>("checkpointed")?)
    })
}
