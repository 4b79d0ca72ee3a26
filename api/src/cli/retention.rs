//! `edtech-api retention`: removes old logs, keeps what was counted of them.

use std::io::Write;
use std::process::ExitCode;

use chrono::NaiveDate;
use clap::Args;

use super::progress::Progress;
use crate::app::database_settings;
use crate::clock::Clock;
use crate::config::{Config, KEEP_DAYS, Settings};
use crate::store::{Calendar, Retained, Store};

/// Whether to do it. How many days to keep is a setting like the others.
#[derive(Debug, Args)]
pub struct RetentionArgs {
    /// Only tells what would be removed.
    #[arg(long)]
    pub(super) dry_run: bool,
    #[command(flatten)]
    pub(super) settings: Settings,
}

pub(super) async fn run(dry_run: bool, config: &Config) -> anyhow::Result<ExitCode> {
    let keep_days = config.keep_days.ok_or_else(|| KEEP_DAYS.fault("is needed"))?;
    // By the rules that the database was counted by, whatever this process is configured with.
    let store = Store::connect(&database_settings(config)).await?;
    let calendar = store.counted_by().await?;
    let before = calendar.first_day_kept(Clock.now(), keep_days);
    let said = if dry_run {
        tell(&store, calendar, before).await?
    } else {
        remove(&store, calendar, before).await?
    };
    writeln!(std::io::stdout(), "{said}")?;
    store.close().await?;
    Ok(ExitCode::SUCCESS)
}

async fn tell(store: &Store, calendar: Calendar, before: NaiveDate) -> anyhow::Result<String> {
    let logs = store.count_logs_before(calendar, before).await?;
    Ok(format!(
        "would remove {logs} logs of the days before {before}, and close these days; nothing is changed"
    ))
}

async fn remove(store: &Store, calendar: Calendar, before: NaiveDate) -> anyhow::Result<String> {
    let progress = Progress::of("logs");
    let removed = store.remove_logs_before(calendar, before, &|done, total| progress.tell(done, total)).await;
    progress.end();
    let Some(Retained { closed_before, removed }) = removed? else {
        anyhow::bail!("another run of retention is under way on this database: it does the same");
    };
    Ok(format!("removed {removed} logs; the days before {closed_before} are closed, their counts stay"))
}
