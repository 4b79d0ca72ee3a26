//! What a fault happens to: a database of its own, on a server of its own where it needs one.

use std::fmt::Display;
use std::path::Path;
use std::time::Duration;

use edtech_tests::{Client, Database, Platform, Start};

use crate::postgres::PrivatePostgres;

/// Which database.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// A file.
    Sqlite,
    /// A server.
    Postgres,
}

impl Display for Kind {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Sqlite => "SQLite",
            Self::Postgres => "PostgreSQL",
        })
    }
}

/// An empty database. On PostgreSQL its server is nobody else's, so that it may be killed.
pub struct Ground {
    /// The database; it is gone before its server is.
    pub database: Database,
    server: Option<PrivatePostgres>,
}

impl Ground {
    /// A new one.
    pub async fn new(kind: Kind) -> Self {
        Self::on(kind, &std::env::temp_dir()).await
    }

    /// A new one whose files are in this directory.
    pub async fn on(kind: Kind, place: &Path) -> Self {
        match kind {
            Kind::Sqlite => Self { database: Database::sqlite_in(place), server: None },
            Kind::Postgres => {
                let server = PrivatePostgres::start_in(place).await;
                let database = Database::postgres_on(&server.url("postgres")).await;
                Self { database, server: Some(server) }
            }
        }
    }

    /// Which database it is.
    pub fn kind(&self) -> Kind {
        if self.server.is_some() { Kind::Postgres } else { Kind::Sqlite }
    }

    /// The server, where this is PostgreSQL.
    pub fn server(&self) -> &PrivatePostgres {
        self.server.as_ref().expect("a fault of PostgreSQL alone")
    }

    /// The server, where there is one.
    pub fn any_server(&self) -> Option<&PrivatePostgres> {
        self.server.as_ref()
    }

    /// An empty database beside it, on the same server.
    pub async fn another_database(&self) -> Database {
        match &self.server {
            Some(server) => Database::postgres_on(&server.url("postgres")).await,
            None => Database::sqlite(),
        }
    }

    /// A server of the platform that says little, about to start.
    pub fn start(&self) -> Start<'_> {
        self.start_on(&self.database)
    }

    /// The same on another database.
    pub fn start_on<'d>(&self, database: &'d Database) -> Start<'d> {
        Platform::start(database).env("RUST_LOG", "warn").env("EDTECH_BENCHMARKS", "off")
    }

    /// How many connections of ours are inside a transaction that nobody works on; between two statements of one that
    /// somebody works on there is less time. On SQLite it would keep everybody else from writing.
    pub async fn left_in_transaction(&self) -> i64 {
        match self.kind() {
            Kind::Sqlite => {
                let free = tokio::time::timeout(WRITABLE, self.database.hold_logs()).await;
                let Ok(held) = free else { return 1 };
                held.commit().await.expect("a lock that is given back");
                0
            }
            Kind::Postgres => {
                let left = "SELECT COUNT(*) FROM pg_stat_activity
                    WHERE application_name LIKE 'edtech-api%' AND state LIKE 'idle in transaction%'
                        AND state_change < CLOCK_TIMESTAMP() - INTERVAL '0.5 seconds'";
                self.database.number(left).await
            }
        }
    }
}

/// How soon whoever wants to write to SQLite may, where nobody is in a transaction for long.
const WRITABLE: Duration = Duration::from_secs(4);

/// How many learners a load is about.
pub const LEARNERS: usize = 50;

/// The external id of one of them.
pub fn learner(number: usize) -> String {
    format!("learner-{}", number % LEARNERS)
}

/// Enrols them.
pub async fn enrol_learners(client: &Client) {
    let rows: String = (0..LEARNERS)
        .map(|number| format!("{},Name {number},Class {}\n", learner(number), number % 5))
        .collect();
    client.post_csv("/students", &format!("external_id,name,classroom\n{rows}")).await.expect(200);
}
