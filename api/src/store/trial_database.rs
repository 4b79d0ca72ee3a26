//! Databases for measurements: made beside the real one, held by a lease, swept away also after a kill.
//!
//! On PostgreSQL a lease is a connection to the database that lies under it, on SQLite a locked file: either ends with the
//! process that holds it, however that ends.

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::time::Duration;

use chrono::{DateTime, Utc};
use sea_orm::sqlx::postgres::{PgConnectOptions, PgConnection};
use sea_orm::sqlx::{self, ConnectOptions as _, Connection as _, Executor as _, Row as _};
use uuid::Uuid;

use super::{DatabaseSettings, Dialect};
use crate::error::StoreError;

/// Begins the name of every such database. What follows is when it was made, in seconds since 1970, and a random name.
const PREFIX: &str = "edtech_benchmark_";

/// What the connection that holds a lease calls itself.
const LEASE: &str = "edtech-benchmark";

/// Within a directory of its own.
const LOCK_FILE: &str = "lease.lock";

/// A database that is younger may be waiting for its lease.
const MADE_LONG_AGO: Duration = Duration::from_secs(20);

/// Why there is no database to measure on.
#[derive(Debug, thiserror::Error)]
pub enum TrialDatabaseError {
    /// The role has no right to make databases.
    #[error(
        "a measurement needs a database of its own, and the role {role:?} may not make one; let an administrator run: \
         ALTER ROLE \"{role}\" CREATEDB;"
    )]
    Denied {
        /// As whom we are connected.
        role: String,
    },
    /// The data directory cannot be used.
    #[error("the directory for the measurement cannot be used")]
    Directory(#[source] std::io::Error),
    /// The database could not be asked.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// Where databases for measurements are made.
#[derive(Clone)]
pub struct TrialDatabases {
    settings: DatabaseSettings,
    directory: PathBuf,
}

/// A database for one measurement, with a directory beside it.
pub struct TrialDatabase {
    databases: TrialDatabases,
    name: String,
    directory: PathBuf,
    url: String,
    lease: Option<PgConnection>,
    _lock: File,
}

impl TrialDatabases {
    /// Beside this database; what lies in files goes into a folder of `data_dir`.
    pub fn beside(settings: &DatabaseSettings, data_dir: &Path) -> Self {
        Self { settings: settings.clone(), directory: data_dir.join("benchmarks") }
    }

    /// Whether they may be made at all.
    pub async fn may_be_made(&self) -> Result<(), TrialDatabaseError> {
        if self.settings.dialect() == Dialect::Sqlite {
            return Ok(());
        }
        let mut server = self.connect().await?;
        let right =
            "SELECT rolcreatedb OR rolsuper, current_user::text FROM pg_roles WHERE rolname = current_user";
        let row = sqlx::query(right).fetch_one(&mut server).await.map_err(refused)?;
        server.close().await.map_err(refused)?;
        if row.get(0) { Ok(()) } else { Err(TrialDatabaseError::Denied { role: row.get(1) }) }
    }

    /// Makes another one.
    pub async fn make(&self, now: DateTime<Utc>, name: Uuid) -> Result<TrialDatabase, TrialDatabaseError> {
        let name = format!("{PREFIX}{}_{}", now.timestamp(), name.simple());
        let (directory, lock) = self.make_directory(&name).map_err(TrialDatabaseError::Directory)?;
        let (url, lease) = match self.settings.dialect() {
            Dialect::Sqlite => (format!("sqlite://{}", directory.join("edtech.db").display()), None),
            Dialect::Postgres => match self.make_on_server(&name).await {
                Ok((url, lease)) => (url, Some(lease)),
                Err(error) => {
                    let _ = fs::remove_dir_all(&directory);
                    return Err(error);
                }
            },
        };
        Ok(TrialDatabase { databases: self.clone(), name, directory, url, lease, _lock: lock })
    }

    fn make_directory(&self, name: &str) -> std::io::Result<(PathBuf, File)> {
        let directory = self.directory.join(name);
        fs::create_dir_all(&directory)?;
        let lock = File::create(directory.join(LOCK_FILE))?;
        lock.try_lock()?;
        Ok((fs::canonicalize(&directory)?, lock))
    }

    async fn make_on_server(&self, name: &str) -> Result<(String, PgConnection), TrialDatabaseError> {
        let mut server = self.connect().await?;
        match server.execute(sqlx::AssertSqlSafe(format!("CREATE DATABASE {name}"))).await {
            Ok(_) => {}
            Err(sqlx::Error::Database(refusal)) if refusal.code().as_deref() == Some("42501") => {
                return Err(TrialDatabaseError::Denied { role: role(&mut server).await? });
            }
            Err(error) => return Err(refused(error).into()),
        }
        let url = with_database(&self.settings.url, name);
        let lease = self.options()?.database(name).application_name(LEASE).connect().await;
        Ok((url, lease.map_err(refused)?))
    }

    /// Removes what those left behind who were killed; says how much that was.
    pub async fn sweep(&self, now: DateTime<Utc>) -> Result<usize, TrialDatabaseError> {
        let databases = match self.settings.dialect() {
            Dialect::Sqlite => 0,
            Dialect::Postgres => self.sweep_server(now).await?,
        };
        Ok(databases + self.sweep_directories().map_err(TrialDatabaseError::Directory)?)
    }

    async fn sweep_server(&self, now: DateTime<Utc>) -> Result<usize, StoreError> {
        let mut server = self.connect().await?;
        let orphans = sqlx::query(include_str!("sql/trial_databases_without_lease.postgres.sql")).bind(LEASE);
        let orphans = orphans.fetch_all(&mut server).await.map_err(refused)?;
        let names = orphans.iter().map(|row| row.get::<String, _>(0));
        let old: Vec<_> = names.filter(|name| is_old(name, now)).collect();
        for name in &old {
            drop_on_server(&mut server, name).await?;
        }
        server.close().await.map_err(refused)?;
        Ok(old.len())
    }

    fn sweep_directories(&self) -> std::io::Result<usize> {
        let Ok(entries) = fs::read_dir(&self.directory) else { return Ok(0) };
        let mut removed = 0;
        for entry in entries {
            let directory = entry?.path();
            // Whoever holds the lock is at work; whoever made the folder a moment ago has no lock file yet.
            if File::open(directory.join(LOCK_FILE)).is_ok_and(|lock| lock.try_lock().is_ok()) {
                fs::remove_dir_all(&directory)?;
                removed += 1;
            }
        }
        Ok(removed)
    }

    async fn connect(&self) -> Result<PgConnection, StoreError> {
        self.options()?.connect().await.map_err(refused)
    }

    fn options(&self) -> Result<PgConnectOptions, StoreError> {
        Ok(self.settings.writing_connection()?)
    }
}

impl TrialDatabase {
    /// Where it is.
    pub fn url(&self) -> &str {
        &self.url
    }

    /// Where files of the measurement may lie.
    pub fn directory(&self) -> &Path {
        &self.directory
    }

    /// How it is opened by those who measure it.
    pub fn settings(&self) -> DatabaseSettings {
        DatabaseSettings::new(self.url.clone(), 2)
    }

    /// Removes it.
    pub async fn remove(self) -> Result<(), TrialDatabaseError> {
        if let Some(lease) = self.lease {
            // Its end is no news.
            let _ = lease.close().await;
            let mut server = self.databases.connect().await?;
            drop_on_server(&mut server, &self.name).await?;
        }
        fs::remove_dir_all(&self.directory).map_err(TrialDatabaseError::Directory)
    }
}

async fn role(server: &mut PgConnection) -> Result<String, StoreError> {
    let row = sqlx::query("SELECT current_user::text").fetch_one(server).await.map_err(refused)?;
    Ok(row.get(0))
}

async fn drop_on_server(server: &mut PgConnection, name: &str) -> Result<(), StoreError> {
    // A name of ours holds letters, digits and underscores.
    let drop = format!("DROP DATABASE IF EXISTS {name} WITH (FORCE)");
    server.execute(sqlx::AssertSqlSafe(drop)).await.map_err(refused)?;
    Ok(())
}

fn refused(error: sqlx::Error) -> StoreError {
    sea_orm::DbErr::Query(sea_orm::RuntimeErr::SqlxError(error.into())).into()
}

/// Whether a database was made so long ago that its lease would be there.
fn is_old(name: &str, now: DateTime<Utc>) -> bool {
    let rest = name.strip_prefix(PREFIX).and_then(|rest| rest.split_once('_'));
    let is_ours =
        rest.is_some_and(|(_, name)| name.len() == 32 && name.bytes().all(|byte| byte.is_ascii_hexdigit()));
    let made = rest.and_then(|(seconds, _)| seconds.parse::<i64>().ok());
    is_ours && made.is_some_and(|made| now.timestamp() - made > MADE_LONG_AGO.as_secs() as i64)
}

/// The same server, another database; the parameters may name one as well.
fn with_database(url: &str, name: &str) -> String {
    let (address, parameters) =
        url.split_once('?').map_or((url, None), |(address, rest)| (address, Some(rest)));
    let host = address.find("://").map_or(0, |scheme| scheme + 3);
    let server = address[host..].find('/').map_or(address, |slash| &address[..host + slash]);
    let parameters = parameters.into_iter().flat_map(|parameters| parameters.split('&'));
    let kept: Vec<&str> = parameters.filter(|pair| !pair.starts_with("dbname=")).collect();
    if kept.is_empty() { format!("{server}/{name}") } else { format!("{server}/{name}?{}", kept.join("&")) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_database_of_a_url_changes() {
        for (url, other) in [
            ("postgres://edtech:p@ss@db:5432/edtech", "postgres://edtech:p@ss@db:5432/trial"),
            ("postgres://db", "postgres://db/trial"),
            (
                "postgresql:///edtech?host=/run/postgresql&user=edtech",
                "postgresql:///trial?host=/run/postgresql&user=edtech",
            ),
            ("postgres://db?dbname=edtech", "postgres://db/trial"),
            ("postgres://db?user=a&dbname=edtech&host=b", "postgres://db/trial?user=a&host=b"),
        ] {
            assert_eq!(with_database(url, "trial"), other);
        }
    }

    #[test]
    fn only_what_is_ours_and_old_is_swept() {
        let now = DateTime::from_timestamp(1_800_000_000, 0).unwrap();
        let name = "0123456789abcdef0123456789abcdef";
        assert!(is_old(&format!("{PREFIX}1799999000_{name}"), now));
        assert!(!is_old(&format!("{PREFIX}1799999990_{name}"), now));
        for other in ["edtech", "edtech_benchmark_", "edtech_benchmark_1_x", "edtech_benchmark_of_mine"] {
            assert!(!is_old(other, now), "{other}");
        }
    }

    #[tokio::test]
    async fn a_directory_whose_holder_is_gone_is_swept_and_one_that_is_held_is_not() {
        let data_dir = std::env::temp_dir().join(format!("edtech-trial-{}", std::process::id()));
        let settings = DatabaseSettings::new("sqlite://anywhere.db".to_owned(), 1);
        let databases = TrialDatabases::beside(&settings, &data_dir);
        let now = DateTime::from_timestamp(1_800_000_000, 0).unwrap();
        let held = databases.make(now, Uuid::from_u128(1)).await.unwrap();
        let left = databases.make(now, Uuid::from_u128(2)).await.unwrap();
        drop(left);
        assert_eq!(databases.sweep(now).await.unwrap(), 1);
        assert!(held.directory().is_dir());
        held.remove().await.unwrap();
        assert_eq!(fs::read_dir(data_dir.join("benchmarks")).unwrap().count(), 0);
        fs::remove_dir_all(data_dir).unwrap();
    }
}
