//! The link to PostgreSQL: somebody asks all the time whether it is there, so that everybody else need not wait to find out.
//!
//! A connection whose other end has vanished says nothing: a statement on it would wait until the kernel gives up, after a
//! quarter of an hour, and hold what it holds. Nor is a limit for each statement of use: some may take seconds, and a
//! client shall know within one that nobody answers. So an empty message goes to the server and back some times a second, on
//! a connection of its own. Where it does not come back the link is lost: whoever waits is told so, whoever comes is told so
//! at once, and every connection is let go of. As soon as the server answers again there are new ones.
//!
//! SQLite lives in this process and is always there; so is PostgreSQL for commands, which nobody waits for.

use std::convert::Infallible;
use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;

use futures_util::FutureExt;
use sea_orm::prelude::async_trait;
use sea_orm::sqlx::{self, ConnectOptions as _, Connection};
use sea_orm::{
    ConnectOptions, ConnectionTrait, Database, DatabaseConnection, DatabaseTransaction, DbBackend, DbErr,
    ExecResult, QueryResult, RuntimeErr, Statement, TransactionOptions, TransactionTrait,
};
use tokio::sync::watch;
use tokio::time::{sleep, timeout};

use super::{Dialect, Store};

/// Between two questions. With [`PATIENCE`] it makes less than the second within which a client is to know.
const BETWEEN_BEATS: Duration = Duration::from_millis(50);

/// A server that takes longer than this for nothing is away. One that takes half a second is slow, and is waited for.
const PATIENCE: Duration = Duration::from_millis(750);

/// A connection takes several messages each way.
const CONNECTING: Duration = Duration::from_secs(3);

/// How long connections that are let go of may take to say goodbye.
const PARTING: Duration = Duration::from_secs(5);

/// Whether the database is there. Cheap to clone.
#[derive(Clone)]
pub(super) struct Link(Arc<watch::Sender<bool>>);

impl Default for Link {
    /// There, until somebody finds out otherwise.
    fn default() -> Self {
        Self(Arc::new(watch::Sender::new(true)))
    }
}

impl Link {
    /// Whether it is there, as far as anybody knows.
    pub(super) fn is_there(&self) -> bool {
        *self.0.borrow()
    }

    /// Works on the database, unless it is away. Where it is lost meanwhile the work is dropped with its connection, and
    /// perhaps done.
    pub(super) async fn hold<T>(&self, work: impl Future<Output = Result<T, DbErr>>) -> Result<T, DbErr> {
        let mut there = self.0.subscribe();
        if !*there.borrow_and_update() {
            return Err(lost());
        }
        tokio::select! {
            biased;
            done = work => done,
            _ = there.wait_for(|there| !there) => Err(lost()),
        }
    }
}

/// Connections, all of which are let go of when the database is lost.
#[derive(Clone)]
pub(super) struct Pool {
    link: Link,
    connections: Arc<RwLock<DatabaseConnection>>,
    options: ConnectOptions,
}

impl Pool {
    /// Opens the first of them.
    pub(super) async fn open(options: ConnectOptions, link: &Link) -> Result<Self, DbErr> {
        let connections = Arc::new(RwLock::new(Database::connect(options.clone()).await?));
        Ok(Self { link: link.clone(), connections, options })
    }

    /// Those that there are now.
    pub(super) fn connections(&self) -> DatabaseConnection {
        self.connections.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Begins a transaction. Whoever does that does it within [`Link::hold`], and holds all of it: a transaction that is
    /// broken off elsewhere would leave its connection to the next one.
    pub(super) async fn begin(&self, options: TransactionOptions) -> Result<DatabaseTransaction, DbErr> {
        self.connections().begin_with_options(options).await
    }

    /// Lets go of all connections, also of those that are in use and come back later. Others take their place, and connect
    /// once they are asked for.
    pub(super) async fn let_go(&self) {
        let mut options = self.options.clone();
        match Database::connect(options.connect_lazy(true).clone()).await {
            Ok(fresh) => part_with(self.replace(fresh)),
            Err(error) => tracing::error!(%error, "a pool of connections could not be renewed"),
        }
    }

    fn replace(&self, fresh: DatabaseConnection) -> DatabaseConnection {
        let mut connections = self.connections.write().unwrap_or_else(PoisonError::into_inner);
        std::mem::replace(&mut connections, fresh)
    }
}

/// A statement waits for nobody who is away.
#[async_trait::async_trait]
impl ConnectionTrait for Pool {
    fn get_database_backend(&self) -> DbBackend {
        self.connections().get_database_backend()
    }

    async fn execute_raw(&self, statement: Statement) -> Result<ExecResult, DbErr> {
        self.link.hold(self.connections().execute_raw(statement)).await
    }

    async fn execute_unprepared(&self, sql: &str) -> Result<ExecResult, DbErr> {
        self.link.hold(self.connections().execute_unprepared(sql)).await
    }

    async fn query_one_raw(&self, statement: Statement) -> Result<Option<QueryResult>, DbErr> {
        self.link.hold(self.connections().query_one_raw(statement)).await
    }

    async fn query_all_raw(&self, statement: Statement) -> Result<Vec<QueryResult>, DbErr> {
        self.link.hold(self.connections().query_all_raw(statement)).await
    }
}

impl Store {
    /// Asks PostgreSQL all the time whether it is there, as long as the server runs.
    pub async fn keep_link(&self) {
        if self.dialect == Dialect::Sqlite {
            return;
        }
        loop {
            let Err(error) = self.follow_pulse().await;
            if self.link.is_there() {
                tracing::warn!(%error, "the database does not answer: clients are told to come again");
                self.let_go().await;
            }
            sleep(BETWEEN_BEATS).await;
        }
    }

    /// Ends where the server does not answer.
    async fn follow_pulse(&self) -> Result<Infallible, sqlx::Error> {
        let options = self.settings.pulse()?;
        let mut connection = timeout(CONNECTING, options.connect()).await.map_err(|_| silence())??;
        loop {
            timeout(PATIENCE, connection.ping()).await.map_err(|_| silence())??;
            if !self.link.0.send_replace(true) {
                tracing::info!("the database answers again");
            }
            sleep(BETWEEN_BEATS).await;
        }
    }

    /// The pools are closed before anybody is told: what comes back to them then is closed and not kept.
    async fn let_go(&self) {
        self.writer.let_go().await;
        self.reader.let_go().await;
        self.link.0.send_replace(false);
        self.express.let_go().await;
    }
}

/// Closes it at once for whoever asks it, and the connections as they come back.
fn part_with(old: DatabaseConnection) {
    let mut closing = Box::pin(old.close());
    if closing.as_mut().now_or_never().is_none() {
        tokio::spawn(timeout(PARTING, closing));
    }
}

fn silence() -> sqlx::Error {
    sqlx::Error::Io(std::io::ErrorKind::TimedOut.into())
}

/// What everybody is told meanwhile.
fn lost() -> DbErr {
    let away = std::io::Error::new(std::io::ErrorKind::NotConnected, "it does not answer");
    DbErr::Conn(RuntimeErr::SqlxError(sqlx::Error::Io(away).into()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn whoever_waits_is_told_and_whoever_comes_is_told_at_once() {
        let link = Link::default();
        assert_eq!(link.hold(async { Ok(1) }).await.unwrap(), 1);
        let waiting = link.hold(std::future::pending::<Result<(), _>>());
        let (waited, _) = tokio::join!(waiting, async { link.0.send_replace(false) });
        assert!(matches!(waited, Err(DbErr::Conn(_))));
        assert!(matches!(link.hold(async { Ok(1) }).await, Err(DbErr::Conn(_))));
        link.0.send_replace(true);
        assert_eq!(link.hold(async { Ok(1) }).await.unwrap(), 1);
    }
}
