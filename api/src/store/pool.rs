//! Connections to the database, whoever uses them.

use std::future::poll_fn;
use std::pin::pin;
use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;

use futures_util::FutureExt;
use sea_orm::prelude::async_trait;
use sea_orm::{
    ConnectOptions, ConnectionTrait, Database, DatabaseConnection, DatabaseTransaction, DbBackend, DbErr,
    ExecResult, QueryResult, Statement, TransactionOptions, TransactionTrait,
};
use tokio::runtime::Handle;
use tokio::time::timeout;

use super::link::Link;

/// How long connections that are let go of may take to say goodbye.
const PARTING: Duration = Duration::from_secs(5);

/// Connections, all of which are let go of when the database is lost.
///
/// A connection ends with the runtime in which it was made, and each of the server's workers has one of its own, which ends
/// when that worker has nothing more to do. So all of them are made in the runtime of whoever opened the pool: at a stop a
/// worker that still answers is not handed one of a worker that is gone.
#[derive(Clone)]
pub(super) struct Pool(Arc<Shared>);

struct Shared {
    link: Link,
    connections: RwLock<DatabaseConnection>,
    options: ConnectOptions,
    runtime: Handle,
}

impl Pool {
    /// Opens the first of them.
    pub(super) async fn open(options: ConnectOptions, link: &Link) -> Result<Self, DbErr> {
        let connections = RwLock::new(Database::connect(options.clone()).await?);
        Ok(Self(Arc::new(Shared { link: link.clone(), connections, options, runtime: Handle::current() })))
    }

    /// Those that there are now.
    pub(super) fn connections(&self) -> DatabaseConnection {
        self.0.connections.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Begins a transaction. Whoever does that does it within [`Link::hold`], and holds all of it: a transaction that is
    /// broken off elsewhere would leave its connection to the next one.
    pub(super) async fn begin(&self, options: TransactionOptions) -> Result<DatabaseTransaction, DbErr> {
        self.at_home(self.connections().begin_with_options(options)).await
    }

    /// Lets go of all connections, also of those that are in use and come back later. Others take their place, and connect
    /// once they are asked for.
    pub(super) async fn let_go(&self) {
        let mut options = self.0.options.clone();
        match Database::connect(options.connect_lazy(true).clone()).await {
            Ok(fresh) => part_with(self.replace(fresh)),
            Err(error) => tracing::error!(%error, "a pool of connections could not be renewed"),
        }
    }

    fn replace(&self, fresh: DatabaseConnection) -> DatabaseConnection {
        let mut connections = self.0.connections.write().unwrap_or_else(PoisonError::into_inner);
        std::mem::replace(&mut connections, fresh)
    }

    /// Does it where it is asked for; what it makes belongs to the runtime in which the pool was opened.
    async fn at_home<T>(&self, work: impl Future<Output = T>) -> T {
        let mut work = pin!(work);
        poll_fn(|context| {
            let _entered = self.0.runtime.enter();
            work.as_mut().poll(context)
        })
        .await
    }
}

/// A statement waits for nobody who is away.
#[async_trait::async_trait]
impl ConnectionTrait for Pool {
    fn get_database_backend(&self) -> DbBackend {
        self.connections().get_database_backend()
    }

    async fn execute_raw(&self, statement: Statement) -> Result<ExecResult, DbErr> {
        self.0.link.hold(self.at_home(self.connections().execute_raw(statement))).await
    }

    async fn execute_unprepared(&self, sql: &str) -> Result<ExecResult, DbErr> {
        self.0.link.hold(self.at_home(self.connections().execute_unprepared(sql))).await
    }

    async fn query_one_raw(&self, statement: Statement) -> Result<Option<QueryResult>, DbErr> {
        self.0.link.hold(self.at_home(self.connections().query_one_raw(statement))).await
    }

    async fn query_all_raw(&self, statement: Statement) -> Result<Vec<QueryResult>, DbErr> {
        self.0.link.hold(self.at_home(self.connections().query_all_raw(statement))).await
    }
}

/// Closes it at once for whoever asks it, and the connections as they come back.
fn part_with(old: DatabaseConnection) {
    let mut closing = Box::pin(old.close());
    if closing.as_mut().now_or_never().is_none() {
        tokio::spawn(timeout(PARTING, closing));
    }
}

#[cfg(test)]
mod tests {
    use sea_orm::TransactionOptions;
    use tokio::runtime::Runtime;

    use super::*;
    use crate::store::{DatabaseSettings, Store, TemporaryStore};

    /// Asks on a connection that nobody has.
    async fn ask(pool: &Pool) -> Result<(), DbErr> {
        pool.execute_unprepared("SELECT 1").await.map(drop)
    }

    /// A worker: asks, and ends with its runtime once the connection is back.
    fn work(pool: &Pool) {
        Runtime::new().unwrap().block_on(async {
            ask(pool).await.unwrap();
            while pool.connections().get_postgres_connection_pool().num_idle() == 0 {
                tokio::task::yield_now().await;
            }
        });
    }

    #[tokio::test]
    async fn connections_outlive_the_worker_that_needed_them() {
        let temporary = TemporaryStore::open_on_postgres().await;
        let two = DatabaseSettings { connections: 2, ..(*temporary.store.settings).clone() };
        let store = Store::connect(&two).await.unwrap();
        let first = store.reader.begin(TransactionOptions::default()).await.unwrap();
        // With the first one in use, a second one is made for it.
        let pool = store.reader.clone();
        tokio::task::spawn_blocking(move || work(&pool)).await.unwrap();
        ask(&store.reader).await.unwrap();
        first.rollback().await.unwrap();
        store.close().await.unwrap();
        temporary.close().await;
    }
}
