//! Copies of an SQLite database: made beside a running server, put back while none runs. PostgreSQL brings its own tools.

use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};

use rusqlite::{Connection, OpenFlags};
use sea_orm::sqlx::sqlite::SqliteConnectOptions;

use super::schema::unknown_step;
use super::{AuditEntry, DatabaseSettings, Dialect, Store};
use crate::error::StoreError;

/// What is being written ends in this, so that what is there without it is whole.
const UNFINISHED: &str = "unfinished";

/// What SQLite writes first lies beside the database, under its name with this ending.
const WRITE_AHEAD_LOG: &str = "-wal";

/// Why there is no copy, or why it was not put back.
#[derive(Debug, thiserror::Error)]
pub enum BackupError {
    /// The database is PostgreSQL.
    #[error(
        "the database is PostgreSQL, which is backed up by pg_dump and put back by pg_restore: see Back up and restore in \
         docs/OPERATIONS.md"
    )]
    NotSqlite,
    /// Nothing is overwritten.
    #[error("{} is there already: name a new file", .0.display())]
    Exists(PathBuf),
    /// There is no database yet.
    #[error("there is no database at {}", .0.display())]
    NoDatabase(PathBuf),
    /// It is no database, or one with faults.
    #[error("{} is no whole backup of a platform: {reason}", .file.display())]
    Broken {
        /// The file that was named.
        file: PathBuf,
        /// What is wrong with it.
        reason: String,
    },
    /// It was made by a later version, whose schema we do not know.
    #[error("{} is from a later version of edtech-api ({step}): use that version", .file.display())]
    Newer {
        /// The file that was named.
        file: PathBuf,
        /// The first migration that is unknown here.
        step: String,
    },
    /// Somebody reads the database that is to be replaced.
    #[error("{} is open elsewhere: end whoever reads it, then restore again", .0.display())]
    Open(PathBuf),
    /// A file could not be written or read.
    #[error("{}: {error}", .file.display())]
    File {
        /// Which one.
        file: PathBuf,
        /// Why.
        #[source]
        error: io::Error,
    },
    /// SQLite could not do it.
    #[error("SQLite could not do it")]
    Sqlite(#[from] rusqlite::Error),
}

/// Why a backup was not put back.
#[derive(Debug, thiserror::Error)]
pub enum RestoreError {
    /// Because of a file.
    #[error(transparent)]
    Backup(#[from] BackupError),
    /// The copy of it could not be brought up to date.
    #[error("the backup could not be brought up to date")]
    Store(#[from] StoreError),
}

/// What a backup holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Backup {
    /// How many logs.
    pub logs: u64,
    /// How large the file is.
    pub bytes: u64,
}

/// Where the database lay that a backup has taken the place of.
#[derive(Debug)]
pub struct Restored {
    /// What there is now.
    pub backup: Backup,
    /// What there was, where there was anything.
    pub replaced: Option<PathBuf>,
}

impl DatabaseSettings {
    /// Copies the database as it is at this moment into a new file; servers go on meanwhile. The copy is whole and on disk
    /// when this returns, or not there.
    pub fn back_up_into(&self, file: &Path) -> Result<Backup, BackupError> {
        let database = self.sqlite_file()?;
        if file.exists() {
            return Err(BackupError::Exists(file.to_owned()));
        }
        if !database.exists() {
            return Err(BackupError::NoDatabase(database));
        }
        let unfinished = with_suffix(file, UNFINISHED);
        make_private(&unfinished)?;
        let source = Connection::open_with_flags(&database, OpenFlags::SQLITE_OPEN_READ_ONLY)?;
        let target = unfinished.to_str().ok_or_else(|| not_utf8(&unfinished))?;
        source.execute("VACUUM INTO ?1", [target])?;
        let backup = inspect(&unfinished)?;
        put_in_place(&unfinished, file)?;
        Ok(backup)
    }

    /// Puts a backup in the place of the database, which is kept beside it under the name of `moment`. What must outlive the
    /// database goes over into the backup first. The data directory's lock has to be held: no server may run.
    pub async fn restore_from(
        &self,
        file: &Path,
        moment: &str,
        entry: AuditEntry,
    ) -> Result<Restored, RestoreError> {
        let database = self.sqlite_file()?;
        let backup = inspect(file)?;
        let unfinished = with_suffix(&database, UNFINISHED);
        // One that was broken off has perhaps left its write-ahead log, which SQLite would take for that of this one.
        remove_what_lies_beside(&unfinished)?;
        make_private(&unfinished)?;
        fs::copy(file, &unfinished).map_err(|error| of_file(&unfinished, error))?;
        // A copy has no write-ahead log; who only reads could not give it one.
        Connection::open(&unfinished)
            .map_err(BackupError::from)?
            .pragma_update(None, "journal_mode", "WAL")
            .map_err(BackupError::from)?;
        let url = format!("sqlite://{}", unfinished.to_str().ok_or_else(|| not_utf8(&unfinished))?);
        let store = Store::connect(&Self { url, connections: 1, ..self.clone() }).await?;
        // It may be of a version that knew nothing of erasures.
        store.migrate().await?;
        store.note(vec![entry]).await?;
        store.close().await?;
        if database.exists() {
            carry_over(&database, &unfinished)?;
        }
        Ok(self.put_restored(&database, &unfinished, backup, moment)?)
    }

    /// In one step: whatever breaks off, there is one of the two databases, and it is whole.
    fn put_restored(
        &self,
        database: &Path,
        unfinished: &Path,
        backup: Backup,
        moment: &str,
    ) -> Result<Restored, BackupError> {
        let replaced = database.exists().then(|| free_name(&with_suffix(database, moment)));
        if let Some(replaced) = &replaced {
            keep_as(database, replaced)?;
        }
        put_in_place(unfinished, database)?;
        Ok(Restored { backup, replaced })
    }

    fn sqlite_file(&self) -> Result<PathBuf, BackupError> {
        if self.dialect() != Dialect::Sqlite {
            return Err(BackupError::NotSqlite);
        }
        let options: Result<SqliteConnectOptions, _> = self.url.parse();
        Ok(options.map_err(|_| BackupError::NotSqlite)?.get_filename().to_owned())
    }
}

/// What a backup holds, where it is a whole database of a version that we know.
fn inspect(file: &Path) -> Result<Backup, BackupError> {
    let bytes = fs::metadata(file).map_err(|error| of_file(file, error))?.len();
    let broken = |reason: String| BackupError::Broken { file: file.to_owned(), reason };
    // It may lie where nothing can be written, so that no file may be made beside it.
    let database = Connection::open_with_flags(file, OpenFlags::SQLITE_OPEN_READ_ONLY)?;
    let ask = |sql: &str| database.query_row(sql, [], |row| row.get::<_, String>(0));
    let verdict = ask("PRAGMA integrity_check(1)").map_err(|error| broken(error.to_string()))?;
    if verdict != "ok" {
        return Err(broken(verdict));
    }
    let steps = steps(&database).map_err(|error| broken(error.to_string()))?;
    if let Some(step) = unknown_step(steps) {
        return Err(BackupError::Newer { file: file.to_owned(), step });
    }
    let logs = ask("SELECT CAST(COUNT(*) AS text) FROM streaming_logs")
        .map_err(|error| broken(error.to_string()))?;
    Ok(Backup { logs: logs.parse().unwrap_or_default(), bytes })
}

fn steps(database: &Connection) -> Result<Vec<String>, rusqlite::Error> {
    let mut steps = database.prepare("SELECT version FROM seaql_migrations ORDER BY version")?;
    steps.query_map([], |row| row.get(0))?.collect()
}

/// Erasures and the audit log do not go back in time: those of the database that is replaced go over into the one that takes
/// its place. One of an older version has neither.
fn carry_over(replaced: &Path, restored: &Path) -> Result<(), BackupError> {
    let restored = Connection::open(restored)?;
    let replaced = replaced.to_str().ok_or_else(|| not_utf8(replaced))?;
    restored.execute("ATTACH DATABASE ?1 AS replaced", [replaced])?;
    let tables = "SELECT COUNT(*) FROM replaced.sqlite_schema WHERE name IN ('erasures', 'audit_log') AND type = 'table'";
    let tables: i64 = restored.query_row(tables, [], |row| row.get(0))?;
    if tables == 2 {
        restored.execute_batch(include_str!("sql/carry_over.sqlite.sql"))?;
    }
    restored.execute_batch("DETACH DATABASE replaced")?;
    Ok(())
}

/// Gives a database another name as well. Whoever closed it last has put its write-ahead log into it.
fn keep_as(database: &Path, other: &Path) -> Result<(), BackupError> {
    if fs::metadata(with_ending(database, WRITE_AHEAD_LOG)).is_ok_and(|log| log.len() > 0) {
        return Err(BackupError::Open(database.to_owned()));
    }
    remove_what_lies_beside(database)?;
    let kept = match fs::hard_link(database, other) {
        // Some file systems know no second name.
        Err(error) if error.kind() != io::ErrorKind::AlreadyExists => fs::copy(database, other).map(drop),
        linked => linked,
    };
    kept.and_then(|()| File::open(other)?.sync_all()).map_err(|error| of_file(other, error))
}

/// This name, or where it is taken, as by a restore in the same second, one that goes on from it.
fn free_name(file: &Path) -> PathBuf {
    let others = (2..).map(|number| with_ending(file, &format!("-{number}")));
    std::iter::once(file.to_owned())
        .chain(others)
        .find(|name| !name.exists())
        .unwrap_or_else(|| file.to_owned())
}

fn remove_what_lies_beside(database: &Path) -> Result<(), BackupError> {
    for part in [WRITE_AHEAD_LOG, "-shm"] {
        let file = with_ending(database, part);
        match fs::remove_file(&file) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(of_file(&file, error)),
            _ => {}
        }
    }
    Ok(())
}

/// Gives a file its name once it is on disk.
fn put_in_place(unfinished: &Path, file: &Path) -> Result<(), BackupError> {
    let done = File::open(unfinished)
        .and_then(|unfinished| unfinished.sync_all())
        .and_then(|()| fs::rename(unfinished, file))
        .and_then(|()| File::open(directory_of(file))?.sync_all());
    done.map_err(|error| of_file(file, error))
}

fn directory_of(file: &Path) -> &Path {
    file.parent().filter(|directory| !directory.as_os_str().is_empty()).unwrap_or(Path::new("."))
}

/// An empty file for nobody else's eyes: learners' names will be in it.
fn make_private(file: &Path) -> Result<(), BackupError> {
    let mut options = File::options();
    options.write(true).create(true).truncate(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(file).map_err(|error| of_file(file, error))?;
    Ok(())
}

fn with_suffix(file: &Path, suffix: &str) -> PathBuf {
    with_ending(file, &format!(".{suffix}"))
}

fn with_ending(file: &Path, ending: &str) -> PathBuf {
    let mut name = file.as_os_str().to_owned();
    name.push(ending);
    name.into()
}

fn of_file(file: &Path, error: io::Error) -> BackupError {
    BackupError::File { file: file.to_owned(), error }
}

fn not_utf8(file: &Path) -> BackupError {
    of_file(file, io::Error::new(io::ErrorKind::InvalidInput, "its name is not UTF-8"))
}
