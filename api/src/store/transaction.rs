//! Transactions that run to their end, whoever waits for them.

use std::pin::Pin;
use std::time::Duration;

use sea_orm::{
    AccessMode, ConnAcquireErr, DatabaseTransaction, DbErr, IsolationLevel, SqliteTransactionMode,
    TransactionOptions,
};

use tokio::time::timeout;

use super::connect::CONNECTED;
use super::error::attempts;
use super::held::held;
use super::{Dialect, Store};
use crate::error::StoreError;

/// What a piece of work in a transaction returns.
pub(super) type Work<'t, T> = Pin<Box<dyn Future<Output = Result<T, DbErr>> + Send + 't>>;

impl Store {
    /// Runs `work` in a transaction that changes the database, and again where it lost a race.
    ///
    /// It runs in a task of its own, which nobody cancels: a `BEGIN` that is dropped half-way can leave a pooled
    /// connection inside a transaction, and a client that hangs up must not undo what its neighbours wait for. Where the
    /// database is lost it ends, and the connection with it.
    pub(super) async fn write<T, F>(&self, work: F) -> Result<T, StoreError>
    where
        T: Send + 'static,
        F: for<'t> Fn(&'t DatabaseTransaction) -> Work<'t, T> + Send + Sync + 'static,
    {
        let store = self.clone();
        let task = self.runtime.spawn(async move { store.link.hold(store.attempts(work)).await });
        tokio::select! {
            biased;
            outcome = task => Ok(outcome.map_err(|failed| StoreError::Refused(failed.into()))??),
            // It goes on, and is perhaps done.
            () = self.held_for_long() => Err(held()),
        }
    }

    /// Takes the right to write, and gives it back.
    pub(super) async fn write_nothing(&self) -> Result<(), DbErr> {
        self.attempt(&|_: &DatabaseTransaction| -> Work<'_, ()> { Box::pin(async { Ok(()) }) }).await
    }

    async fn attempts<T, F>(&self, work: F) -> Result<T, DbErr>
    where
        F: for<'t> Fn(&'t DatabaseTransaction) -> Work<'t, T>,
    {
        let mut attempt = 1;
        loop {
            match self.attempt(&work).await {
                Err(error) if attempt < attempts(&error) => {
                    tracing::debug!(attempt, %error, "the database undid a transaction, running it again");
                    tokio::time::sleep(Duration::from_millis(5 << attempt)).await;
                    attempt += 1;
                }
                outcome => return outcome,
            }
        }
    }

    /// Runs `work` in a transaction that sees one state of the database: all that it reads is of one moment. In a task of
    /// its own, for the same reason.
    pub(super) async fn read<T, F>(&self, work: F) -> Result<T, StoreError>
    where
        T: Send + 'static,
        F: for<'t> FnOnce(&'t DatabaseTransaction) -> Work<'t, T> + Send + 'static,
    {
        let store = self.clone();
        let task = self.runtime.spawn(async move {
            let reading = async {
                let snapshot = store.snapshot().await?;
                let outcome = work(&snapshot).await;
                // Nothing was written: however it ends, nothing is lost.
                let _ = snapshot.rollback().await;
                outcome
            };
            store.link.hold(reading).await
        });
        Ok(task.await.unwrap_or_else(|failed| Err(DbErr::Custom(failed.to_string())))?)
    }

    /// A transaction that sees one state of the database; SQLite's always do.
    pub(super) async fn snapshot(&self) -> Result<DatabaseTransaction, DbErr> {
        let options = match self.dialect {
            Dialect::Sqlite => TransactionOptions::default(),
            Dialect::Postgres => TransactionOptions {
                isolation_level: Some(IsolationLevel::RepeatableRead),
                access_mode: Some(AccessMode::ReadOnly),
                ..TransactionOptions::default()
            },
        };
        self.reader.begin(options).await
    }

    async fn attempt<T, F>(&self, work: &F) -> Result<T, DbErr>
    where
        F: for<'t> Fn(&'t DatabaseTransaction) -> Work<'t, T>,
    {
        let options = TransactionOptions {
            // Taking SQLite's write lock at once: a reader cannot become a writer after somebody else wrote.
            sqlite_transaction_mode: Some(SqliteTransactionMode::Immediate),
            ..TransactionOptions::default()
        };
        // Whoever waits here is served in turn; SQLite itself would let them try again and again.
        let _turn = match self.dialect {
            Dialect::Sqlite => Some(timeout(CONNECTED, self.turns.wait()).await.map_err(|_| too_many())?),
            Dialect::Postgres => None,
        };
        let transaction = self.writer.begin(options).await?;
        let (outcome, ended) = match work(&transaction).await {
            Ok(value) => match transaction.commit().await {
                Ok(()) => (Ok(value), true),
                Err(error) => (Err(error), false),
            },
            // The connection may be gone, and with it the transaction: the first error is the one that matters.
            Err(error) => (Err(error), transaction.rollback().await.is_ok()),
        };
        if !ended && self.dialect == Dialect::Sqlite {
            // On a full disk SQLite undoes a transaction by itself. sqlx believes that it is still inside and would nest all
            // that follow; the first of them that is undone would then keep the lock for ever.
            self.writer.let_go().await;
        }
        outcome
    }
}

/// Others have had the database for as long as anybody may wait for it.
fn too_many() -> DbErr {
    DbErr::ConnectionAcquire(ConnAcquireErr::Timeout)
}

#[cfg(test)]
mod tests {
    use sea_orm::ConnectionTrait;

    use super::*;
    use crate::store::TemporaryStore;

    /// Changes something, and fails.
    async fn fail(store: &Store, undone_by_sqlite: bool) {
        let failed = store.write(move |tx| {
            Box::pin(async move {
                tx.execute_unprepared("UPDATE settings SET roster_generation = roster_generation + 1")
                    .await?;
                if undone_by_sqlite {
                    tx.execute_unprepared("ROLLBACK").await?;
                }
                Err::<(), _>(DbErr::Custom("as it were a full disk".to_owned()))
            })
        });
        failed.await.unwrap_err();
    }

    #[tokio::test]
    async fn what_sqlite_undoes_by_itself_leaves_nothing_locked() {
        let temporary = TemporaryStore::open().await;
        let store = &temporary.store;
        for undone_by_sqlite in [true, false, true, false] {
            fail(store, undone_by_sqlite).await;
        }
        // Somebody else may write, and so may we.
        let other = store.settings.sqlite_connection().unwrap();
        other.execute_batch("BEGIN IMMEDIATE; COMMIT").unwrap();
        store
            .write(|tx| {
                Box::pin(
                    async move { tx.execute_unprepared("UPDATE settings SET roster_generation = 7").await },
                )
            })
            .await
            .unwrap();
    }
}
