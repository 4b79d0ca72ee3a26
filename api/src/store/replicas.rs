//! How replicas on one PostgreSQL tell each other that something was committed, and everybody that they serve.
//!
//! A notification is empty and may get lost: it says no more than 'read again', and the live hub does that each
//! second anyway. SQLite has one process and none of this.

use std::convert::Infallible;
use std::io::ErrorKind;
use std::time::Duration;

use sea_orm::sqlx::postgres::{PgConnectOptions, PgConnection, PgListener, PgPoolOptions};
use sea_orm::sqlx::{self, ConnectOptions, Executor};
use tokio::sync::{Notify, mpsc};
use tokio::time::{sleep, timeout};

use super::{Calendar, Dialect, Store};
use crate::error::{StoreError, chain};

/// Names the lock that all serving replicas hold together; a rebuild wants it alone.
pub(super) const SERVING_LOCK: i64 = 0x0ED7_EC46;

const CHANNEL: &str = "edtech_committed";
const NOTIFY: &str = "NOTIFY edtech_committed";

/// Notifications queue behind a lock of the whole PostgreSQL cluster, and nobody reads faster than this.
const BETWEEN_NOTIFICATIONS: Duration = Duration::from_millis(100);

/// After a silence of this length the connection has to show that it is still there.
const SILENCE: Duration = Duration::from_secs(15);
const PATIENCE: Duration = Duration::from_secs(5);

const FIRST_PAUSE: Duration = Duration::from_millis(100);
const LONGEST_PAUSE: Duration = Duration::from_secs(5);

/// Why this process may not serve.
#[derive(Debug, thiserror::Error)]
pub enum ServingError {
    /// What it counted now would be lost.
    #[error("the figures of this database are being rebuilt: start again once `edtech-api rebuild` is done")]
    Rebuilding,
    /// It would add to figures what was not counted like them.
    #[error(
        "the figures of this database were counted anew by other rules than ours: start again with those"
    )]
    Rebuilt,
    /// The database could not be asked.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// What there is to hear from other replicas.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Heard {
    /// One of them committed something. Our own notifications come back too: one more read that finds nothing new.
    Committed,
    /// The connection was lost and is there again; what was said meanwhile is unknown.
    Resumed,
}

/// The mark of a serving process: as long as it is held, nobody rebuilds the figures.
pub struct Serving {
    replicas: Option<Replicas>,
}

struct Replicas {
    calendar: Calendar,
    options: PgConnectOptions,
    listener: PgListener,
}

impl Store {
    /// Says that this process serves, and counts by these rules; refuses while a rebuild is under way.
    pub async fn announce_serving(&self, calendar: Calendar) -> Result<Serving, ServingError> {
        let replicas = match self.dialect {
            Dialect::Sqlite => None,
            Dialect::Postgres => Some(Replicas::meet(&self.settings.url, calendar).await?),
        };
        Ok(Serving { replicas })
    }
}

impl Serving {
    /// Tells the others of each local commit, and `heard` of theirs. Ends where a rebuild began while the connection
    /// was lost, or was done with other rules: then this process must stop counting.
    pub async fn exchange(self, committed: &Notify, heard: &mpsc::Sender<Heard>) -> ServingError {
        let Some(replicas) = self.replicas else {
            return std::future::pending().await;
        };
        let options = replicas.options.clone();
        tokio::select! {
            refusal = replicas.listen(heard) => refusal,
            never = announce(&options, committed) => match never {},
        }
    }
}

impl Replicas {
    async fn meet(url: &str, calendar: Calendar) -> Result<Self, ServingError> {
        let options: PgConnectOptions = url.parse().map_err(unavailable)?;
        let options = options.application_name("edtech-api live");
        let listener = connect(&options).await?;
        Ok(Self { calendar, options, listener })
    }

    async fn listen(mut self, heard: &mpsc::Sender<Heard>) -> ServingError {
        loop {
            let lost = hear(&mut self.listener, heard).await;
            tracing::warn!(error = %lost, "lost the connection that listens to other replicas");
            self.listener = match reconnect(&self.options, &self.calendar).await {
                Ok(listener) => listener,
                Err(refusal) => return refusal,
            };
            tracing::info!("listening to other replicas again");
            // The hub may be gone; then nobody listens to us either.
            let _ = heard.send(Heard::Resumed).await;
        }
    }
}

/// A connection of its own, which listens and holds the lock: both belong to the session and end with it.
async fn connect(options: &PgConnectOptions) -> Result<PgListener, ServingError> {
    // A server may vanish between any two of the messages.
    let listening = timeout(PATIENCE, connect_and_listen(options)).await;
    listening.unwrap_or_else(|_silence| Err(unavailable(lost(ErrorKind::TimedOut)).into()))
}

async fn connect_and_listen(options: &PgConnectOptions) -> Result<PgListener, ServingError> {
    let alone = PgPoolOptions::new().max_connections(1).max_lifetime(None).idle_timeout(None);
    let alone = alone.acquire_timeout(PATIENCE).connect_with(options.clone()).await.map_err(unavailable)?;
    let mut listener = PgListener::connect_with(&alone).await.map_err(unavailable)?;
    // A listener that reconnected by itself would have lost the lock without a word.
    listener.eager_reconnect(false);
    listener.listen(CHANNEL).await.map_err(unavailable)?;
    let lock = sqlx::query_scalar("SELECT pg_try_advisory_lock_shared($1)").bind(SERVING_LOCK);
    let is_ours: bool = lock.fetch_one(&mut listener).await.map_err(unavailable)?;
    if is_ours { Ok(listener) } else { Err(ServingError::Rebuilding) }
}

async fn reconnect(options: &PgConnectOptions, calendar: &Calendar) -> Result<PgListener, ServingError> {
    let mut pause = FIRST_PAUSE;
    loop {
        match connect_as_before(options, calendar).await {
            Err(ServingError::Store(error)) => tracing::debug!(error = %chain(&error), "cannot listen yet"),
            outcome => return outcome,
        }
        sleep(pause).await;
        pause = LONGEST_PAUSE.min(pause * 2);
    }
}

/// Connects once more. From the lock on nobody rebuilds, but until then somebody may have.
async fn connect_as_before(
    options: &PgConnectOptions,
    calendar: &Calendar,
) -> Result<PgListener, ServingError> {
    let mut listener = connect(options).await?;
    let rules = "SELECT time_zone = $1 AND completion_threshold = $2 FROM settings";
    let rules = sqlx::query_scalar(rules).bind(calendar.zone.name()).bind(calendar.threshold);
    let are_ours = timeout(PATIENCE, rules.fetch_one(&mut listener)).await;
    let are_ours: bool = are_ours.unwrap_or(Err(lost(ErrorKind::TimedOut))).map_err(unavailable)?;
    if are_ours { Ok(listener) } else { Err(ServingError::Rebuilt) }
}

/// Passes on what is said until the connection is lost.
async fn hear(listener: &mut PgListener, heard: &mpsc::Sender<Heard>) -> sqlx::Error {
    loop {
        match timeout(SILENCE, listener.try_recv()).await {
            // Where the hub has not read the last one yet, that one stands for both.
            Ok(Ok(Some(_))) => drop(heard.try_send(Heard::Committed)),
            Ok(Ok(None)) => return lost(ErrorKind::ConnectionAborted),
            Ok(Err(error)) => return error,
            Err(_silence) => {
                let answer = timeout(PATIENCE, (&mut *listener).execute("SELECT 1")).await;
                if let Err(error) = answer.unwrap_or(Err(lost(ErrorKind::TimedOut))) {
                    return error;
                }
            }
        }
    }
}

fn lost(how: ErrorKind) -> sqlx::Error {
    sqlx::Error::Io(how.into())
}

/// Nothing that is committed by notifying has to outlive a crash.
async fn announce(options: &PgConnectOptions, committed: &Notify) -> Infallible {
    let options = options.clone().options([("synchronous_commit", "off"), ("statement_timeout", "5s")]);
    let mut idle = None;
    loop {
        committed.notified().await;
        match timeout(PATIENCE, notify(idle.take(), &options)).await {
            Ok(Ok(connection)) => idle = Some(connection),
            // Whatever breaks off leaves no connection behind.
            Ok(Err(error)) => {
                tracing::debug!(%error, "other replicas were not notified; they read each second anyway");
            }
            Err(_silence) => tracing::debug!("nobody answers who would notify other replicas"),
        }
        sleep(BETWEEN_NOTIFICATIONS).await;
    }
}

async fn notify(idle: Option<PgConnection>, options: &PgConnectOptions) -> Result<PgConnection, sqlx::Error> {
    let mut connection = match idle {
        Some(connection) => connection,
        None => options.connect().await?,
    };
    connection.execute(NOTIFY).await?;
    Ok(connection)
}

fn unavailable(error: sqlx::Error) -> StoreError {
    StoreError::Unavailable(error.into())
}
