//! A database of one's own, gone at the end of the story.

use std::path::{Path, PathBuf};

use sea_orm::{
    ConnectOptions, ConnectionTrait, DatabaseConnection, DatabaseTransaction, DbErr, QueryResult,
    SqliteTransactionMode, Statement, TransactionOptions, TransactionTrait,
};
use tokio::sync::OnceCell;
use uuid::Uuid;

use crate::confidential::Confidential;
use crate::{Command, Finished};

/// The name of the API client that every platform of a test begins with.
pub(crate) const CLIENT_ID: &str = "story";

/// An empty database, and the secrets that every server on it shares.
#[derive(Debug)]
pub struct Database {
    url: String,
    directory: PathBuf,
    server: Option<Server>,
    signing_key: String,
    erasure_key: String,
    client_secret: String,
    confidential: Confidential,
    connection: OnceCell<DatabaseConnection>,
}

/// The PostgreSQL server that a database was made on.
#[derive(Debug)]
struct Server {
    url: String,
    database: String,
}

impl Database {
    /// A file of SQLite that the first server makes.
    pub fn sqlite() -> Self {
        Self::sqlite_in(&std::env::temp_dir())
    }

    /// The same, somewhere else.
    pub fn sqlite_in(place: &Path) -> Self {
        let directory = new_directory(place);
        let url = format!("sqlite://{}", directory.join("edtech.db").display());
        Self::new(url, directory, None)
    }

    /// A new database on the PostgreSQL server of `TEST_DATABASE_URL`.
    pub async fn postgres() -> Self {
        let server = std::env::var("TEST_DATABASE_URL").unwrap_or_else(|_| {
            panic!("TEST_DATABASE_URL is not set: run `make test`, or `scripts/with-postgres cargo test`")
        });
        Self::postgres_on(&server).await
    }

    /// A new database on this PostgreSQL server.
    pub async fn postgres_on(server: &str) -> Self {
        let database = format!("edtech_test_{}", Uuid::new_v4().simple());
        on_server(server, &format!("CREATE DATABASE {database}")).await.expect("a new database");
        let (server_alone, _) = server.rsplit_once('/').expect("a database in the server's URL");
        let url = format!("{server_alone}/{database}");
        Self::new(
            url,
            new_directory(&std::env::temp_dir()),
            Some(Server { url: server.to_owned(), database }),
        )
    }

    /// The same, made by its administrator for a platform that is no superuser, with a role for Grafana; and the URL by
    /// which Grafana reads it. The roles are the server's: one story at a time has them.
    pub async fn postgres_with_roles() -> (Self, String) {
        let mut database = Self::postgres().await;
        let password = || Uuid::new_v4().simple().to_string();
        let (platforms, grafanas) = (password(), password());
        for (role, password) in [("edtech", &platforms), ("grafana", &grafanas)] {
            std::fs::write(database.directory.join(role), password).expect("a file");
        }
        database.run_roles().await.expect(0);
        let (_, server) = database.url.split_once('@').expect("a user in TEST_DATABASE_URL");
        let grafanas_url = format!("postgres://grafana:{grafanas}@{server}");
        database.url = format!("postgres://edtech:{platforms}@{server}");
        (database, grafanas_url)
    }

    /// Another database of the same roles.
    pub async fn postgres_beside(with_roles: &Self) -> Self {
        let mut database = Self::postgres().await;
        for role in ["edtech", "grafana"] {
            std::fs::copy(with_roles.directory.join(role), database.directory.join(role)).expect("a file");
        }
        database.run_roles().await.expect(0);
        let (user, _) = with_roles.url.split_once('@').expect("a user");
        let (_, server) = database.url.split_once('@').expect("a user");
        database.url = format!("{user}@{server}");
        database
    }

    /// What an administrator does to make the roles, or to make them once more.
    pub async fn run_roles(&self) -> Finished {
        let roles: PathBuf =
            [env!("CARGO_MANIFEST_DIR"), "..", "k8s", "base", "database", "roles.sql"].iter().collect();
        let roles = roles.to_str().expect("a path in UTF-8");
        let file = |role: &str| self.directory.join(role).to_str().expect("a path in UTF-8").to_owned();
        let psql =
            Command::program("psql", ["--no-psqlrc", "--quiet", "--file", roles, &self.administrators()]);
        let psql = psql.env("EDTECH_PASSWORD_FILE", &file("edtech"));
        psql.env("GRAFANA_PASSWORD_FILE", &file("grafana")).run().await
    }

    /// Runs a statement as the administrator of PostgreSQL.
    pub async fn administer(&self, sql: &str) {
        on_server(&self.administrators(), sql).await.unwrap_or_else(|error| panic!("{sql}: {error}"));
    }

    fn administrators(&self) -> String {
        let Server { url, database } = self.server.as_ref().expect("PostgreSQL");
        let (server_alone, _) = url.rsplit_once('/').expect("a database in the server's URL");
        format!("{server_alone}/{database}")
    }

    fn new(url: String, directory: PathBuf, server: Option<Server>) -> Self {
        let secret = || format!("{}{}", Uuid::new_v4().simple(), Uuid::new_v4().simple());
        let connection = OnceCell::new();
        let (signing_key, erasure_key, client_secret) = (secret(), secret(), secret());
        let confidential = Confidential::default();
        [&signing_key, &erasure_key, &client_secret].into_iter().for_each(|secret| confidential.keep(secret));
        Self { url, directory, server, signing_key, erasure_key, client_secret, confidential, connection }
    }

    /// Where it is.
    pub fn url(&self) -> &str {
        &self.url
    }

    /// Whether this is PostgreSQL.
    pub fn is_postgres(&self) -> bool {
        self.server.is_some()
    }

    /// One of two texts, by the database.
    pub fn either<'t>(&self, sqlite: &'t str, postgres: &'t str) -> &'t str {
        if self.is_postgres() { postgres } else { sqlite }
    }

    /// What every server and command on this database is told.
    pub fn environment(&self) -> Vec<(String, String)> {
        let pairs = [
            ("DATABASE_URL", self.url.as_str()),
            ("EDTECH_DATA_DIR", self.directory.to_str().expect("a directory in UTF-8")),
            ("EDTECH_JWT_SIGNING_KEY", &self.signing_key),
            ("EDTECH_ERASURE_KEY", &self.erasure_key),
            ("EDTECH_BOOTSTRAP_CLIENT_ID", CLIENT_ID),
            ("EDTECH_BOOTSTRAP_CLIENT_SECRET", &self.client_secret),
        ];
        pairs.map(|(key, value)| (key.to_owned(), value.to_owned())).into()
    }

    pub(crate) fn client_secret(&self) -> &str {
        &self.client_secret
    }

    /// What no server on it may tell.
    pub(crate) fn confidential(&self) -> &Confidential {
        &self.confidential
    }

    /// Where files of the story may lie.
    pub fn directory(&self) -> &Path {
        &self.directory
    }

    /// Runs a statement directly, past the platform; returns how many rows it touched.
    pub async fn execute(&self, sql: &str) -> u64 {
        let done = self.connection().await.execute_raw(self.statement(sql)).await;
        done.unwrap_or_else(|error| panic!("{sql}: {error}")).rows_affected()
    }

    /// A transaction on a connection of its own, past the platform; on SQLite one that writes.
    pub async fn begin(&self) -> DatabaseTransaction {
        let options = TransactionOptions {
            sqlite_transaction_mode: Some(SqliteTransactionMode::Immediate),
            ..TransactionOptions::default()
        };
        let connection = connect(&self.url).await.expect("one more connection to the database");
        connection.begin_with_options(options).await.expect("a transaction")
    }

    /// Keeps everybody else from storing logs until it is committed, past the platform: on PostgreSQL by a lock on their
    /// table, on SQLite by the one that there is.
    pub async fn hold_logs(&self) -> DatabaseTransaction {
        let holder = self.begin().await;
        if self.is_postgres() {
            let lock = "LOCK TABLE streaming_logs IN ACCESS EXCLUSIVE MODE";
            holder.execute_unprepared(lock).await.expect("a lock");
        }
        holder
    }

    /// Waits until no server and no command has a connection here any more: PostgreSQL sees that they ended after they have.
    pub async fn left_alone(&self) {
        let sessions = "SELECT COUNT(*) FROM pg_stat_activity \
                        WHERE datname = current_database() AND application_name LIKE 'edtech-api%'";
        while self.is_postgres() && self.number(sessions).await > 0 {
            tokio::time::sleep(std::time::Duration::from_millis(20)).await;
        }
    }

    /// The same for a statement that the database may refuse.
    pub async fn try_execute(&self, sql: &str) -> Result<u64, DbErr> {
        Ok(self.connection().await.execute_raw(self.statement(sql)).await?.rows_affected())
    }

    /// Asks the database directly.
    pub async fn rows(&self, sql: &str) -> Vec<QueryResult> {
        let rows = self.connection().await.query_all_raw(self.statement(sql)).await;
        rows.unwrap_or_else(|error| panic!("{sql}: {error}"))
    }

    /// Asks the database directly for one whole number.
    pub async fn number(&self, sql: &str) -> i64 {
        let rows = self.rows(sql).await;
        assert_eq!(rows.len(), 1, "rows of {sql}");
        rows[0].try_get_by_index(0).unwrap_or_else(|error| panic!("{sql}: {error}"))
    }

    /// How many rows ingestion has appended that are not folded into the rollups yet.
    pub async fn appended(&self) -> i64 {
        self.number(self.either(
            "SELECT (SELECT COUNT(*) FROM viewing_changes) + (SELECT COUNT(*) FROM minute_changes)",
            "SELECT COUNT(*) FROM appended_groups",
        ))
        .await
    }

    /// The same as `number` where there may be no such table yet, or no database.
    pub async fn try_number(&self, sql: &str) -> Option<i64> {
        let connection = self.connection.get_or_try_init(|| connect(&self.url)).await.ok()?;
        let row = connection.query_one_raw(self.statement(sql)).await.ok()??;
        row.try_get_by_index(0).ok()
    }

    fn statement(&self, sql: &str) -> Statement {
        let backend =
            if self.is_postgres() { sea_orm::DbBackend::Postgres } else { sea_orm::DbBackend::Sqlite };
        Statement::from_string(backend, sql)
    }

    async fn connection(&self) -> &DatabaseConnection {
        let connect = || async { connect(&self.url).await.expect("a second connection to the database") };
        self.connection.get_or_init(connect).await
    }
}

impl Drop for Database {
    fn drop(&mut self) {
        if let Some(Server { url, database }) = self.server.take() {
            let drop = async move {
                let dropped = on_server(&url, &format!("DROP DATABASE {database} WITH (FORCE)")).await;
                dropped.unwrap_or_else(|error| eprintln!("{database} is left behind: {error}"));
            };
            // A runtime cannot be waited for from inside another one.
            let dropping = std::thread::spawn(|| {
                let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
                runtime.expect("a runtime").block_on(drop);
            });
            // A story that has failed already shall not be hidden by its cleaning up.
            let _ = dropping.join();
        }
        let _ = std::fs::remove_dir_all(&self.directory);
    }
}

fn new_directory(place: &Path) -> PathBuf {
    let directory = place.join(format!("edtech-test-{}", Uuid::new_v4().simple()));
    std::fs::create_dir_all(&directory).expect("a temporary directory");
    directory
}

async fn connect(url: &str) -> Result<DatabaseConnection, DbErr> {
    let mut options = ConnectOptions::new(url);
    options.max_connections(1).sqlx_logging(false);
    sea_orm::Database::connect(options).await
}

async fn on_server(url: &str, sql: &str) -> Result<(), DbErr> {
    let connection = connect(url).await?;
    connection.execute_unprepared(sql).await?;
    connection.close().await
}
