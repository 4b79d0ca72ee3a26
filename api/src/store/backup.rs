//! Copies of an SQLite database, made beside a running server. PostgreSQL brings its own tools.

use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};

use rusqlite::{Connection, OpenFlags};
use sea_orm::sqlx::sqlite::SqliteConnectOptions;

use super::schema::unknown_step;
use super::{DatabaseSettings, Dialect};

/// What is being written ends in this, so that what is there without it is whole.
pub(super) const UNFINISHED: &str = "unfinished";

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
    /// What is to be replaced cannot be read.
    #[error(
        "{} is damaged ({reason}), so that its erasures and its audit log cannot be taken over: move it away together with \
         its -wal and -shm, restore again, then `edtech-api erasure apply` the list that is kept beside the backup",
        .file.display()
    )]
    Damaged {
        /// The database.
        file: PathBuf,
        /// What SQLite says.
        reason: String,
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

/// What a backup holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Backup {
    /// How many logs.
    pub logs: u64,
    /// How large the file is.
    pub bytes: u64,
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
        copy_into(&database, &unfinished)?;
        let backup = inspect(&unfinished)?;
        put_in_place(&unfinished, file)?;
        Ok(backup)
    }

    pub(super) fn sqlite_file(&self) -> Result<PathBuf, BackupError> {
        if self.dialect() != Dialect::Sqlite {
            return Err(BackupError::NotSqlite);
        }
        let options: Result<SqliteConnectOptions, _> = self.url.parse();
        Ok(options.map_err(|_| BackupError::NotSqlite)?.get_filename().to_owned())
    }
}

/// What a backup holds, where it is a whole database of a version that we know.
pub(super) fn inspect(file: &Path) -> Result<Backup, BackupError> {
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

/// Copies a database as it is at this moment into an empty file.
pub(super) fn copy_into(database: &Path, unfinished: &Path) -> Result<(), BackupError> {
    let source = Connection::open_with_flags(database, OpenFlags::SQLITE_OPEN_READ_ONLY)?;
    let target = unfinished.to_str().ok_or_else(|| not_utf8(unfinished))?;
    source.execute("VACUUM INTO ?1", [target])?;
    Ok(())
}

/// What was done to a file that need not be there.
pub(super) fn unless_absent(file: &Path, done: io::Result<()>) -> Result<(), BackupError> {
    match done {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(of_file(file, error)),
        _ => Ok(()),
    }
}

/// Gives a file its name once it is on disk.
pub(super) fn put_in_place(unfinished: &Path, file: &Path) -> Result<(), BackupError> {
    let done = File::open(unfinished)
        .and_then(|unfinished| unfinished.sync_all())
        .and_then(|()| fs::rename(unfinished, file))
        .and_then(|()| File::open(directory_of(file))?.sync_all());
    done.map_err(|error| of_file(file, error))
}

fn directory_of(file: &Path) -> &Path {
    file.parent().filter(|directory| !directory.as_os_str().is_empty()).unwrap_or(Path::new("."))
}

/// An empty file for nobody else's eyes, whatever was there under its name: learners' names will be in it.
pub(super) fn make_private(file: &Path) -> Result<(), BackupError> {
    unless_absent(file, fs::remove_file(file))?;
    let mut options = File::options();
    options.write(true).create(true).truncate(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(file).map_err(|error| of_file(file, error))?;
    Ok(())
}

pub(super) fn with_suffix(file: &Path, suffix: &str) -> PathBuf {
    with_ending(file, &format!(".{suffix}"))
}

pub(super) fn with_ending(file: &Path, ending: &str) -> PathBuf {
    let mut name = file.as_os_str().to_owned();
    name.push(ending);
    name.into()
}

pub(super) fn of_file(file: &Path, error: io::Error) -> BackupError {
    BackupError::File { file: file.to_owned(), error }
}

pub(super) fn not_utf8(file: &Path) -> BackupError {
    of_file(file, io::Error::new(io::ErrorKind::InvalidInput, "its name is not UTF-8"))
}
