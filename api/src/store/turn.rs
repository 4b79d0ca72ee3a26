//! SQLite's one writer: who works on the database, in turn.
//!
//! Groups of logs and their folding have a connection to themselves: a statement there is a call and no way to somebody else
//! and back, and what the one has read of the file the next one still has, since nobody else has written. A small group is
//! written on the thread of whoever has gathered it, for with two busy cores to wake somebody takes as long as the flush to
//! disk. A large one, and folding, have a thread that goes from one to the next, while the group after that is prepared. Others
//! who write have the pool's connection, and wait for the same turn.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, PoisonError, mpsc};
use std::{io, thread};

use rusqlite::{Connection, Transaction, TransactionBehavior};
use tokio::sync::{Mutex, MutexGuard, oneshot};

use super::{DatabaseSettings, Store};
use crate::error::StoreError;

/// Whoever holds the connection is the writer.
#[derive(Default)]
pub(super) struct Turns {
    connection: Mutex<Option<Connection>>,
    /// Begun with the first work.
    thread: std::sync::Mutex<Option<mpsc::Sender<Work>>>,
}

type Work = Box<dyn FnOnce() + Send>;

/// Logs of a group that takes so long that a way to another thread and back is little: some milliseconds.
const LARGE: usize = 512;

impl Store {
    /// Works in a transaction, in turn; it is undone unless the work commits it. Nobody cancels it: it runs to its end.
    pub(super) async fn in_turn<T: Send + 'static>(
        &self,
        work: impl FnOnce(Transaction<'_>) -> Result<T, StoreError> + Send + 'static,
    ) -> Result<T, StoreError> {
        let (turns, settings) = (Arc::clone(&self.turns), Arc::clone(&self.settings));
        let (reply, done) = oneshot::channel();
        let queued = self.turns.queue(Box::new(move || {
            // Whoever waited may be gone.
            let _ = reply.send(take(turns.connection.blocking_lock(), &settings, work));
        }));
        queued.map_err(|error| StoreError::Unavailable(error.into()))?;
        done.await.unwrap_or_else(|_| Err(StoreError::Refused("SQLite's writer panicked".into())))
    }

    /// The same for a group of so many logs; a small one blocks the thread of whoever asks.
    pub(super) async fn in_turn_of_group<T: Send + 'static>(
        &self,
        logs: usize,
        work: impl FnOnce(Transaction<'_>) -> Result<T, StoreError> + Send + 'static,
    ) -> Result<T, StoreError> {
        if logs < LARGE {
            return take(self.turns.wait().await, &self.settings, work);
        }
        self.in_turn(work).await
    }
}

impl Turns {
    /// Waits to be the writer, with another connection.
    pub(super) async fn wait(&self) -> MutexGuard<'_, Option<Connection>> {
        self.connection.lock().await
    }

    /// Fails where the system gives no thread.
    fn queue(&self, work: Work) -> io::Result<()> {
        let mut thread = self.thread.lock().unwrap_or_else(PoisonError::into_inner);
        let working = match thread.take() {
            Some(working) => working,
            None => start()?,
        };
        // It goes on for as long as somebody could send it something.
        let _ = thread.insert(working).send(work);
        Ok(())
    }
}

/// Works on the connection, which is opened where there is none.
fn take<T>(
    mut turn: MutexGuard<'_, Option<Connection>>,
    settings: &DatabaseSettings,
    work: impl FnOnce(Transaction<'_>) -> Result<T, StoreError>,
) -> Result<T, StoreError> {
    let mut connection = match turn.take() {
        Some(connection) => connection,
        None => writing(settings.sqlite_connection()?),
    };
    let done = work(connection.transaction()?)?;
    // Whatever breaks off leaves no connection behind.
    *turn = Some(connection);
    Ok(done)
}

/// A thread that works until nobody is left who could ask for more.
fn start() -> io::Result<mpsc::Sender<Work>> {
    let (sender, works) = mpsc::channel::<Work>();
    let working = move || {
        for work in works {
            // Told to whoever waits, by a reply that never comes.
            let _ = catch_unwind(AssertUnwindSafe(work));
        }
    };
    thread::Builder::new().name("sqlite-writer".to_owned()).spawn(working)?;
    Ok(sender)
}

/// Its transactions take the lock at once: a reader cannot become a writer after somebody else wrote.
fn writing(mut connection: Connection) -> Connection {
    connection.set_transaction_behavior(TransactionBehavior::Immediate);
    connection
}

#[cfg(test)]
mod tests {
    use futures_util::FutureExt;

    use super::*;
    use crate::store::TemporaryStore;

    /// Adds a classroom, and returns how many have its name.
    fn add(tx: &Transaction<'_>) -> Result<i64, StoreError> {
        tx.execute(
            "INSERT INTO classrooms (classroom, created_at) VALUES ('3b', '2026-01-05T08:00:00.000000Z')",
            [],
        )?;
        Ok(tx.query_row("SELECT COUNT(*) FROM classrooms WHERE classroom = '3b'", [], |row| row.get(0))?)
    }

    #[tokio::test]
    async fn what_panics_or_fails_is_told_and_undone_and_others_go_on() {
        let temporary = TemporaryStore::open().await;
        let store = &temporary.store;
        let panicked = store.in_turn(|tx| -> Result<(), _> {
            add(&tx)?;
            panic!("as it were a fault of ours")
        });
        assert!(matches!(panicked.await, Err(StoreError::Refused(_))));
        for logs in [1, LARGE] {
            let failed = store.in_turn_of_group(logs, |tx| {
                add(&tx)?;
                Ok(tx.execute_batch("SELECT * FROM nothing")?)
            });
            assert!(matches!(failed.await, Err(StoreError::Refused(_))));
        }
        let added = store.in_turn(|tx| {
            let added = add(&tx)?;
            tx.commit()?;
            Ok(added)
        });
        assert_eq!(added.await.unwrap(), 1);
    }

    #[tokio::test]
    async fn a_small_group_is_written_where_it_was_gathered_and_a_large_one_is_not() {
        let temporary = TemporaryStore::open().await;
        for (logs, here) in [(LARGE - 1, true), (LARGE, false)] {
            let working = temporary.store.in_turn_of_group(logs, |_| Ok(thread::current().id()));
            assert_eq!(working.await.unwrap() == thread::current().id(), here, "{logs} logs");
        }
    }

    #[tokio::test]
    async fn a_small_group_that_panics_leaves_nothing_and_nobody_behind() {
        let temporary = TemporaryStore::open().await;
        let panicking = temporary.store.in_turn_of_group(1, |tx| -> Result<(), _> {
            add(&tx)?;
            panic!("as it were a fault of ours")
        });
        assert!(AssertUnwindSafe(panicking).catch_unwind().await.is_err());
        let added = temporary.store.in_turn_of_group(1, |tx| add(&tx));
        assert_eq!(added.await.unwrap(), 1);
    }
}
