//! Putting a copy of an SQLite database in the place of the database, while no server runs.

use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};

use rusqlite::{Connection, ErrorCode};

use super::backup::{
    UNFINISHED, copy_into, inspect, make_private, not_utf8, of_file, put_in_place, unless_absent,
    with_ending, with_suffix,
};
use super::{AuditEntry, Backup, BackupError, DatabaseSettings, Store};
use crate::error::StoreError;

/// What SQLite writes first lies beside the database, under its name with this ending.
const WRITE_AHEAD_LOG: &str = "-wal";

/// All that may lie beside a database: SQLite takes it for that of whatever database has the name.
const BESIDE: [&str; 3] = [WRITE_AHEAD_LOG, "-shm", "-journal"];

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

/// Where the database lay that a backup has taken the place of.
#[derive(Debug)]
pub struct Restored {
    /// What there is now.
    pub backup: Backup,
    /// What there was, where there was anything.
    pub replaced: Option<PathBuf>,
}

impl DatabaseSettings {
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
        // With what is still in its write-ahead log, where it has one beside it.
        copy_into(file, &unfinished)?;
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
            carry_over(&database, &unfinished).map_err(|error| damaged(&database, error))?;
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
        match &replaced {
            Some(replaced) => keep_as(database, replaced)?,
            None => set_aside_what_lies_beside(database, &with_suffix(database, moment))?,
        }
        put_in_place(unfinished, database)?;
        Ok(Restored { backup, replaced })
    }
}

/// Erasures, the audit log and what tokens were taken back do not go back in time: those of the database that is replaced go
/// over into the one that takes its place. One of an older version has none of it.
fn carry_over(replaced: &Path, restored: &Path) -> Result<(), BackupError> {
    let restored = Connection::open(restored)?;
    let replaced = replaced.to_str().ok_or_else(|| not_utf8(replaced))?;
    restored.execute("ATTACH DATABASE ?1 AS replaced", [replaced])?;
    let has = |table: &str| {
        let tables = "SELECT COUNT(*) FROM replaced.sqlite_schema WHERE name = ?1 AND type = 'table'";
        restored.query_row(tables, [table], |row| row.get::<_, i64>(0)).map(|count| count == 1)
    };
    if has("erasures")? && has("audit_log")? {
        restored.execute_batch(include_str!("sql/carry_over.sqlite.sql"))?;
    }
    if has("token_revocations")? {
        restored.execute_batch(include_str!("sql/carry_over_revocations.sqlite.sql"))?;
    }
    restored.execute_batch("DETACH DATABASE replaced")?;
    Ok(())
}

/// The copy is whole: what is damaged is what it takes the place of.
fn damaged(database: &Path, error: BackupError) -> BackupError {
    match error {
        BackupError::Sqlite(error)
            if [Some(ErrorCode::DatabaseCorrupt), Some(ErrorCode::NotADatabase)]
                .contains(&error.sqlite_error_code()) =>
        {
            BackupError::Damaged { file: database.to_owned(), reason: error.to_string() }
        }
        other => other,
    }
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
    for part in BESIDE {
        let file = with_ending(database, part);
        unless_absent(&file, fs::remove_file(&file))?;
    }
    Ok(())
}

/// It belongs to a database that somebody has moved away, and is kept under the name that the next one would be kept under.
fn set_aside_what_lies_beside(database: &Path, other: &Path) -> Result<(), BackupError> {
    for part in BESIDE {
        let file = with_ending(database, part);
        unless_absent(&file, fs::rename(&file, with_ending(other, part)))?;
    }
    Ok(())
}
