//! `edtech-api backup` and `edtech-api restore`: a copy of the database of a school, and the way back.

use std::io::Write;
use std::path::PathBuf;

use clap::Args;

use super::operators_database;
use crate::clock::Clock;
use crate::config::{Config, Settings};
use crate::data_dir::DataDirLock;
use crate::store::{Actor, AuditEntry, AuditTarget, Backup, Restored};

/// Which file the copy is.
#[derive(Debug, Args)]
pub struct BackupArgs {
    /// The copy. A new file for `backup`: nothing is overwritten.
    #[arg(value_name = "FILE")]
    pub(super) file: PathBuf,
    #[command(flatten)]
    pub(super) settings: Settings,
}

pub(super) async fn back_up(file: PathBuf, config: &Config) -> anyhow::Result<()> {
    let database = operators_database(config);
    let name = file.display().to_string();
    let backup = tokio::task::spawn_blocking(move || database.back_up_into(&file)).await??;
    writeln!(std::io::stdout(), "{name}: {}", held_in(&backup))?;
    Ok(())
}

pub(super) async fn restore(file: PathBuf, config: &Config) -> anyhow::Result<()> {
    let _lock = DataDirLock::take(config)?;
    let database = operators_database(config);
    let now = Clock.now();
    let moment = format!("before-{}", now.format("%Y%m%dT%H%M%SZ"));
    let entry = AuditEntry::done(now, Actor::cli(), "restore", AuditTarget::None);
    let restored = database.restore_from(&file, &moment, entry).await?;
    let Restored { backup, replaced } = restored;
    writeln!(std::io::stdout(), "restored {}", held_in(&backup))?;
    if let Some(replaced) = replaced {
        writeln!(
            std::io::stdout(),
            "the database of before is kept as {}; remove it when it is not missed",
            replaced.display()
        )?;
    }
    Ok(())
}

fn held_in(backup: &Backup) -> String {
    let Backup { logs, bytes } = *backup;
    format!("{logs} logs, {:.1} MB", bytes as f64 / 1e6)
}
