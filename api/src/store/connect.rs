//! Opening the database.

use std::sync::Arc;
use std::time::Duration;

use sea_orm::sqlx::ConnectOptions as _;
use sea_orm::sqlx::postgres::PgConnectOptions;
use sea_orm::sqlx::sqlite::{SqliteConnectOptions, SqliteJournalMode, SqliteSynchronous};
use sea_orm::{ConnectOptions, DbErr, RuntimeErr, sqlx};
use tokio::runtime::Handle;

use super::link::Link;
use super::overwriting::OVERWRITE;
use super::pool::Pool;
use super::{Dialect, Store};
use crate::error::{StoreError, chain};

/// Where the database is, how many connections it may cost, and for whom it is opened.
#[derive(Clone)]
pub struct DatabaseSettings {
    /// `sqlite:///path/to/file` or `postgres://user:password@host/database`.
    pub url: String,
    /// The most connections that this process opens for its statements.
    pub connections: u32,
    /// Who waits for what is written.
    pub writes_for: WritesFor,
}

/// Who waits for what is written, and so how long it may wait for what others hold.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum WritesFor {
    /// Clients of a server, who shall know within a second, and send again.
    Clients,
    /// An operator, who would have to give the command again. SQLite serves nobody in turn: beside a server under load its
    /// lock is free now and then, and found free by who tries often enough.
    Operator,
}

impl WritesFor {
    /// How long SQLite waits for another process that writes.
    pub(super) fn busy(self) -> Duration {
        match self {
            Self::Clients => BUSY,
            Self::Operator => PATIENCE,
        }
    }

    /// How long a statement of PostgreSQL waits for a lock.
    fn locked(self, plans: Plans) -> Duration {
        match (self, plans) {
            (Self::Clients, Plans::Once) => LOCKED,
            (Self::Clients, Plans::ForEachSpan) => LOCKED_FOR_READERS,
            (Self::Operator, _) => PATIENCE,
        }
    }
}

/// How long a statement of PostgreSQL waits for a lock. Less than a disk may take for a checkpoint would be too little: groups
/// wait for one another's rows, and the first of them for the disk.
const LOCKED: Duration = Duration::from_millis(2_400);

/// The same for a statement that only reads: it waits for nobody but those who hold a whole table.
const LOCKED_FOR_READERS: Duration = Duration::from_millis(700);

/// How long SQLite waits for another process that writes.
const BUSY: Duration = Duration::from_millis(800);

/// How long an operator's command waits for what others hold.
const PATIENCE: Duration = Duration::from_secs(30);

/// How long a statement waits for one of the connections, or for a new one.
pub(super) const CONNECTED: Duration = Duration::from_millis(2_400);

/// Pauses shorter than this are no reason to ask a connection whether it still works: somebody asks the server all the time.
const UNUSED: Duration = Duration::from_secs(10);

/// Between two tries to reach a database that is away: the first one after it is there shall not be long in coming.
const BETWEEN_TRIES: Duration = Duration::from_millis(250);

/// 32 MB between checkpoints: a page that many groups change is copied into the file once for all of them.
const CHECKPOINT_PAGES: &str = "8000";

/// What SQLite's writer keeps of the file, in KB, negative as SQLite wants it: the leaves that a group of batches changes.
/// With less it would write some of them twice.
const WRITER_CACHE: i64 = -8_000;

/// How PostgreSQL plans prepared statements.
#[derive(Clone, Copy)]
pub(super) enum Plans {
    /// Once: those that write look up by key, whatever is in their arrays, and planning costs more than running.
    Once,
    /// Where it pays: a day and a year want different plans.
    ForEachSpan,
}

impl Plans {
    fn mode(self) -> &'static str {
        match self {
            Self::Once => "force_generic_plan",
            Self::ForEachSpan => "auto",
        }
    }
}

impl DatabaseSettings {
    /// Of a database that a server writes to.
    pub fn new(url: String, connections: u32) -> Self {
        Self { url, connections, writes_for: WritesFor::Clients }
    }

    /// Which database the URL names.
    pub fn dialect(&self) -> Dialect {
        if self.url.starts_with("postgres") { Dialect::Postgres } else { Dialect::Sqlite }
    }

    fn options(&self) -> ConnectOptions {
        let mut options = ConnectOptions::new(&self.url);
        options.sqlx_logging(false).acquire_timeout(CONNECTED).max_connections(self.connections);
        options.test_before_acquire_if_idle_for(UNUSED);
        options
    }

    fn postgres(&self, plans: Plans) -> ConnectOptions {
        let mut options = self.options();
        let locked = self.writes_for.locked(plans);
        options.map_sqlx_postgres_opts(move |options| with_limits(options, plans, locked));
        options
    }

    /// For work that takes the time that it takes, and that nobody waits for.
    pub(super) fn patient(&self, plans: Plans) -> ConnectOptions {
        let mut options = self.options();
        let locked = self.writes_for.locked(plans);
        options.map_sqlx_postgres_opts(move |options| with_limits(options, plans, locked).options(UNLIMITED));
        options
    }

    /// A connection outside of the pool, for statements that write.
    pub(super) fn writing_connection(&self) -> Result<PgConnectOptions, DbErr> {
        let options: PgConnectOptions = self
            .url
            .parse()
            .map_err(|error: sqlx::Error| DbErr::Conn(RuntimeErr::SqlxError(error.into())))?;
        let plans = Plans::Once;
        Ok(with_limits(options, plans, self.writes_for.locked(plans)).disable_statement_logging())
    }

    /// The connection on which PostgreSQL is asked whether it is there.
    pub(super) fn pulse(&self) -> Result<PgConnectOptions, sqlx::Error> {
        let options: PgConnectOptions = self.url.parse()?;
        Ok(options.application_name("edtech-api pulse").options(FOR_DEAD_CLIENTS).disable_statement_logging())
    }

    fn sqlite(&self, read_only: bool) -> ConnectOptions {
        let mut options = self.options();
        let busy = self.writes_for.busy();
        options.max_connections(if read_only { self.connections } else { 1 });
        // A file does not go elsewhere: another connection would cost its memory once more, and know nothing better.
        options.max_lifetime(None);
        options.map_sqlx_sqlite_opts(move |options| {
            options
                .create_if_missing(!read_only)
                .read_only(read_only)
                .journal_mode(SqliteJournalMode::Wal)
                // A 2xx means flushed to disk.
                .synchronous(SqliteSynchronous::Full)
                .busy_timeout(busy)
                .foreign_keys(true)
                .pragma("wal_autocheckpoint", CHECKPOINT_PAGES)
                .pragma(OVERWRITE.0, OVERWRITE.1)
        });
        options
    }

    /// A connection outside of the pool, for SQLite's short way.
    pub(super) fn sqlite_connection(&self) -> Result<rusqlite::Connection, StoreError> {
        let options: SqliteConnectOptions =
            self.url.parse().map_err(|error: sqlx::Error| StoreError::Refused(error.into()))?;
        let connection = rusqlite::Connection::open(options.get_filename())?;
        connection.busy_timeout(self.writes_for.busy())?;
        connection.pragma_update(None, "synchronous", "FULL")?;
        connection.pragma_update(None, "cache_size", WRITER_CACHE)?;
        connection.pragma_update(None, "wal_autocheckpoint", CHECKPOINT_PAGES)?;
        Ok(connection)
    }
}

/// What a connection of a process that vanished without a word costs the server: about half a minute.
const FOR_DEAD_CLIENTS: [(&str, &str); 4] = [
    ("tcp_keepalives_idle", "15"),
    ("tcp_keepalives_interval", "5"),
    ("tcp_keepalives_count", "3"),
    ("tcp_user_timeout", "30s"),
];

/// For whoever is asked to take the time that it takes.
const UNLIMITED: [(&str, &str); 3] =
    [("statement_timeout", "0"), ("lock_timeout", "0"), ("idle_in_transaction_session_timeout", "30s")];

fn with_limits(options: PgConnectOptions, plans: Plans, locked: Duration) -> PgConnectOptions {
    let locked = format!("{}ms", locked.as_millis());
    options.application_name("edtech-api").options(FOR_DEAD_CLIENTS).options([
        ("plan_cache_mode", plans.mode()),
        // Compiling a plan takes longer than any of ours runs.
        ("jit", "off"),
        // Others need the cores; and where a DISTINCT outgrows its memory, in parallel it may take for ever.
        ("max_parallel_workers_per_gather", "0"),
        // A statement that hangs must not hold the writer for ever.
        ("statement_timeout", "30s"),
        ("lock_timeout", locked.as_str()),
        // A link that was lost in the middle must not keep others from their locks.
        ("idle_in_transaction_session_timeout", "5s"),
    ])
}

impl Store {
    /// Opens the database; a new SQLite file is made where there is none.
    pub async fn connect(settings: &DatabaseSettings) -> Result<Self, StoreError> {
        let (writing, reading) = match settings.dialect() {
            Dialect::Postgres => (settings.postgres(Plans::Once), settings.postgres(Plans::ForEachSpan)),
            // One writer, as SQLite has it; readers see the last commit and never wait.
            Dialect::Sqlite => (settings.sqlite(false), settings.sqlite(true)),
        };
        let link = Link::default();
        Ok(Self {
            dialect: settings.dialect(),
            writer: Pool::open(writing, &link).await?,
            reader: Pool::open(reading, &link).await?,
            link,
            settings: Arc::new(settings.clone()),
            memory: Arc::default(),
            express: Arc::default(),
            erasure_key: None,
            turns: Arc::default(),
            appended: Arc::default(),
            runtime: Handle::current(),
        })
    }

    /// The same, and waits for a PostgreSQL that is away or still starting: a server that is there before its database
    /// is ready as soon as that is. One that refuses us is not waited for.
    pub async fn connect_patiently(settings: &DatabaseSettings) -> Result<Self, StoreError> {
        loop {
            match Self::connect(settings).await {
                Err(StoreError::Unavailable(why)) if settings.dialect() == Dialect::Postgres => {
                    tracing::warn!(error = %chain(why.as_ref()), "waiting for the database");
                }
                outcome => return outcome,
            }
            tokio::time::sleep(BETWEEN_TRIES).await;
        }
    }

    /// Opens the database for reading alone, however long that takes.
    pub async fn connect_read_only(settings: &DatabaseSettings) -> Result<Self, StoreError> {
        let options = match settings.dialect() {
            Dialect::Postgres => settings.patient(Plans::ForEachSpan),
            Dialect::Sqlite => settings.sqlite(true),
        };
        let link = Link::default();
        let pool = Pool::open(options, &link).await?;
        Ok(Self {
            dialect: settings.dialect(),
            link,
            writer: pool.clone(),
            reader: pool,
            settings: Arc::new(settings.clone()),
            memory: Arc::default(),
            express: Arc::default(),
            erasure_key: None,
            turns: Arc::default(),
            appended: Arc::default(),
            runtime: Handle::current(),
        })
    }
}
