//! Folding: what ingestion has appended is added to the rollups.
//!
//! A reader adds both up (the views `counted_*`), so that no answer depends on how far the folding has come; it keeps the
//! appended part short. On PostgreSQL a group appends a row of arrays to `appended_groups`; on SQLite, where a row costs no more
//! than a call, it appends rows to `viewing_changes` and `minute_changes`.

use std::time::Duration;

use rusqlite::Transaction;
use sea_orm::{ConnectionTrait, DatabaseTransaction, DbErr};
use tokio::time::{Instant, sleep};

use super::overwriting::without_overwriting;
use super::query::Query;
use super::{Dialect, Store, gate};
use crate::error::{StoreError, chain};

/// Names the turn; any number that nobody else uses.
const TURN: i64 = 0x0ED7_EC49;

/// Between two foldings. What is appended meanwhile is some milliseconds of every answer.
const PAUSE: Duration = Duration::from_millis(500);

/// There may be ten rows, or a million after an outage: each time wants its own plan, and takes the time that it takes.
const AS_MUCH_AS_THERE_IS: &str =
    "SET LOCAL plan_cache_mode = force_custom_plan; SET LOCAL statement_timeout = 0";

/// One after the other, by whoever is the only writer.
const FOLD_ON_SQLITE: &str = include_str!("sql/fold.sqlite.sql");

/// All at once. Whoever runs it is alone in that.
const FOLD_ON_POSTGRES: &str = include_str!("sql/fold.postgres.sql");

/// Another replica may have died before it folded what it appended.
const AT_LEAST_EACH: Duration = Duration::from_secs(10);

/// Between two times that the block ranges of the log are summarized: what arrives meanwhile is read by every question.
const SUMMARIZE_EACH: Duration = Duration::from_secs(2);

impl Store {
    /// Folds as long as the server runs, soon after each group.
    pub async fn keep_folding(&self) {
        let mut is_failing = false;
        let mut summarized = Instant::now();
        loop {
            let appended = self.appended.notified();
            let _either = tokio::time::timeout(AT_LEAST_EACH, appended).await;
            let mut kept_up = self.fold_in_turn().await;
            if summarized.elapsed() > SUMMARIZE_EACH {
                kept_up = kept_up.and(self.summarize_block_ranges().await);
                summarized = Instant::now();
            }
            let was_failing = std::mem::replace(&mut is_failing, kept_up.is_err());
            tell(kept_up, was_failing);
            sleep(PAUSE).await;
        }
    }

    /// Folds what there is, unless somebody else does. What is left is for whoever runs later.
    pub async fn fold_before_the_end(&self) {
        if let Err(error) = self.fold_in_turn().await {
            tracing::warn!(error = %chain(&error), "what ingestion has appended is left to be folded in");
        }
    }

    async fn fold_in_turn(&self) -> Result<(), StoreError> {
        match self.dialect {
            Dialect::Sqlite => self.in_turn(fold_beside_groups).await,
            Dialect::Postgres => self.fold_of_replicas().await,
        }
    }

    /// Of several replicas one at a time. The gate keeps the roster as it is meanwhile.
    async fn fold_of_replicas(&self) -> Result<(), StoreError> {
        let folded = self.write(|tx| {
            Box::pin(async move {
                if !takes_turn(tx).await? {
                    return Ok(0);
                }
                gate::pass(tx, Dialect::Postgres).await?;
                fold_on_postgres(tx).await
            })
        });
        if folded.await? > 0 {
            // The rows are gone, their room is not: without this the table would grow by every log that ever came.
            self.writer.execute_unprepared("VACUUM appended_groups").await?;
        }
        Ok(())
    }
}

/// SQLite's one writer keeps the roster as it is.
fn fold_beside_groups(tx: Transaction<'_>) -> Result<(), StoreError> {
    tx.execute_batch(FOLD_ON_SQLITE)?;
    Ok(tx.commit()?)
}

/// Whether no other replica folds, until the end of the transaction.
async fn takes_turn(tx: &DatabaseTransaction) -> Result<bool, DbErr> {
    let turn = Query::new(Dialect::Postgres, "SELECT pg_try_advisory_xact_lock({turn})").bind("turn", TURN);
    turn.one(tx).await?.map_or(Ok(false), |row| row.try_get_by_index(0))
}

/// Folds everything, for whoever has closed the gate.
pub(super) async fn fold(tx: &DatabaseTransaction, dialect: Dialect) -> Result<(), DbErr> {
    match dialect {
        Dialect::Sqlite => {
            let fold = Query::new(dialect, FOLD_ON_SQLITE).execute(tx);
            without_overwriting(tx, dialect, fold).await.map(drop)
        }
        Dialect::Postgres => fold_on_postgres(tx).await.map(drop),
    }
}

/// Returns how many groups that took in.
async fn fold_on_postgres(tx: &DatabaseTransaction) -> Result<i64, DbErr> {
    tx.execute_unprepared(AS_MUCH_AS_THERE_IS).await?;
    let folded = Query::new(Dialect::Postgres, FOLD_ON_POSTGRES).one(tx).await?;
    folded.map_or(Ok(0), |row| row.try_get_by_index(0))
}

/// Says when it begins to fail, and when that is over.
fn tell(kept_up: Result<(), StoreError>, was_failing: bool) {
    match kept_up {
        // Answers stay right, and become slower and slower.
        Err(error) if !was_failing => {
            tracing::warn!(error = %chain(&error), "what ingestion appends cannot be folded in");
        }
        Ok(()) if was_failing => tracing::info!("what ingestion appended is folded in again"),
        _ => {}
    }
}
