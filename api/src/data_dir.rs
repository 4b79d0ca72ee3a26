//! The data directory belongs to one process that writes.

use std::fs::{self, File, TryLockError};
use std::path::Path;

use crate::config::{Config, ConfigError, DATA_DIR};

/// Held as long as it lives; the operating system lets go of it when the process ends, however it ends.
#[derive(Debug)]
pub struct DataDirLock {
    _file: Option<File>,
}

impl DataDirLock {
    /// Makes the directory where there is none and locks it. A second `serve` or `rebuild` is refused. With PostgreSQL
    /// there is nothing to lock: replicas share the database, and the directory stays empty.
    pub fn take(config: &Config) -> Result<Self, ConfigError> {
        if !config.database_url.is_sqlite() {
            return Ok(Self { _file: None });
        }
        lock(&config.data_dir).map(|file| Self { _file: Some(file) })
    }
}

fn lock(data_dir: &Path) -> Result<File, ConfigError> {
    let refused = |fault: String| DATA_DIR.fault(format!("is {}, {fault}", data_dir.display()));
    let opened = fs::create_dir_all(data_dir).and_then(|()| File::create(data_dir.join("edtech.lock")));
    let file = opened.map_err(|error| refused(format!("which cannot be written: {error}")))?;
    match file.try_lock() {
        Ok(()) => Ok(file),
        Err(TryLockError::WouldBlock) => Err(refused(
            "where another edtech-api is at work: stop it first or use another directory".to_owned(),
        )),
        Err(TryLockError::Error(error)) => Err(refused(format!("which cannot be locked: {error}"))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_second_one_is_refused_with_one_line() {
        let directory = std::env::temp_dir().join(format!("edtech-data-dir-{}", std::process::id()));
        let held = lock(&directory).unwrap();
        let refusal = lock(&directory).unwrap_err().to_string();
        assert!(refusal.contains("another edtech-api") && !refusal.contains('\n'), "{refusal}");
        drop(held);
        assert!(lock(&directory).is_ok());
        fs::remove_dir_all(&directory).unwrap();
    }
}
