//! What SQLite leaves of deleted rows in its file.
//!
//! SQLite leaves them where they were until their room is wanted, and copies of them where a page was split. The one writer
//! overwrites all of that (`PRAGMA secure_delete`), from the first learner on: an erasure alone would not find the copies.
//! What ingestion and retention delete by the million is numbers, which name nobody, and is not overwritten.

use std::time::Duration;

use sea_orm::{ConnectionTrait, DatabaseTransaction, DbErr};

use super::{Dialect, Store};

/// What the writer begins with.
pub(super) const OVERWRITE: (&str, &str) = ("secure_delete", "ON");

/// How long whoever writes waits for those who read, so that the log can be emptied; and how often that is tried.
const PATIENCE: Duration = Duration::from_millis(50);
const TRIES: u32 = 5;

/// Between two tries. Nobody waits for them but whoever erases.
const PAUSE: Duration = Duration::from_millis(200);

/// Deletes numbers.
pub(super) async fn without_overwriting<T>(
    tx: &DatabaseTransaction,
    dialect: Dialect,
    work: impl Future<Output = Result<T, DbErr>>,
) -> Result<T, DbErr> {
    if dialect == Dialect::Postgres {
        return work.await;
    }
    tx.execute_unprepared("PRAGMA secure_delete = OFF").await?;
    let outcome = work.await;
    tx.execute_unprepared("PRAGMA secure_delete = ON").await?;
    outcome
}

impl Store {
    /// Moves SQLite's write-ahead log into the file and empties it: pages as they were before are in it. Readers who do not end
    /// are not waited for; then the next one does it, or the end of the server. In a task of its own: whoever hangs up
    /// meanwhile must not leave the writer with a patience that is not its own.
    pub(super) async fn empty_write_ahead_log(&self) {
        if self.dialect == Dialect::Postgres {
            return;
        }
        let store = self.clone();
        let task = self.runtime.spawn(async move { store.try_often_to_empty_write_ahead_log().await });
        if let Err(failed) = task.await {
            tracing::warn!(error = %failed, "the write-ahead log could not be emptied");
        }
    }

    async fn try_often_to_empty_write_ahead_log(&self) {
        for _ in 0..TRIES {
            match self.try_to_empty_write_ahead_log().await {
                Ok(true) => return,
                Ok(false) => tokio::time::sleep(PAUSE).await,
                Err(error) => return tracing::warn!(%error, "the write-ahead log could not be emptied"),
            }
        }
        tracing::warn!(
            "the write-ahead log could not be emptied while others read: it will be by the next checkpoint"
        );
    }

    async fn try_to_empty_write_ahead_log(&self) -> Result<bool, DbErr> {
        let _turn = self.turns.wait().await;
        let wait = |patience: Duration| format!("PRAGMA busy_timeout = {}", patience.as_millis());
        self.writer.execute_unprepared(&wait(PATIENCE)).await?;
        let emptied =
            super::query::Query::new(self.dialect, "PRAGMA wal_checkpoint(TRUNCATE)").one(&self.writer).await;
        self.writer.execute_unprepared(&wait(self.settings.writes_for.busy())).await?;
        let is_busy = emptied?.map_or(Ok(1), |row| row.try_get_by_index::<i32>(0))?;
        Ok(is_busy == 0)
    }
}
