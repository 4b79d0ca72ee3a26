//! `edtech-api retention`: removes what has become too old, and keeps what was counted of it.

use std::io::Write;
use std::process::ExitCode;

use anyhow::Context;
use chrono::{DateTime, NaiveDate, Utc};
use clap::{Args, ValueEnum};

use super::operators_database;
use super::progress::Progress;
use crate::clock::Clock;
use crate::config::{Config, Settings};
use crate::retention::outdated;
use crate::store::{Actor, Calendar, Outdated, Retained, Store};

const NO_SCHEMA: &str = "nothing is there to be removed: is the schema there? `edtech-api migrate` makes it";

/// Of what, and whether to do it. How many days to keep is a setting like the others.
#[derive(Debug, Args)]
pub struct RetentionArgs {
    /// Only tells what would be removed.
    #[arg(long)]
    pub(super) dry_run: bool,

    /// Of this class alone; may be given several times [default: of all].
    #[arg(long = "class", value_name = "CLASS")]
    pub(super) classes: Vec<Class>,

    #[command(flatten)]
    pub(super) settings: Settings,
}

/// A class of data that becomes too old.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Class {
    /// Streaming logs (EDTECH_KEEP_DAYS).
    Logs,
    /// Refused logs (EDTECH_KEEP_REJECTED_DAYS).
    Rejected,
    /// The audit log (EDTECH_KEEP_AUDIT_DAYS).
    Audit,
    /// Daily reports (EDTECH_KEEP_REPORTS_DAYS).
    Reports,
}

impl Class {
    fn of(what: Outdated) -> Self {
        match what {
            Outdated::RejectedLogs => Self::Rejected,
            Outdated::AuditLog => Self::Audit,
            Outdated::Reports => Self::Reports,
        }
    }
}

pub(super) async fn run(dry_run: bool, classes: &[Class], config: &Config) -> anyhow::Result<ExitCode> {
    // By the rules that the database was counted by, whatever this process is configured with.
    let store = Store::connect(&operators_database(config)).await?;
    let calendar = store.counted_by().await.context(NO_SCHEMA)?;
    let now = Clock.now();
    let is_wanted = |class| classes.is_empty() || classes.contains(&class);
    let mut is_elsewhere = false;
    if is_wanted(Class::Logs) {
        let before = calendar.first_day_kept(now, config.keep.logs);
        let said = if dry_run {
            Some(tell(&store, calendar, before).await?)
        } else {
            remove(&store, calendar, before, now).await?
        };
        match said {
            Some(said) => writeln!(std::io::stdout(), "{said}")?,
            None => is_elsewhere = true,
        }
    }
    for (what, before) in outdated(config.keep, now) {
        if is_wanted(Class::of(what)) {
            writeln!(std::io::stdout(), "{}", outdate(&store, what, before, now, dry_run).await?)?;
        }
    }
    store.close().await?;
    // What of the other classes was to go is gone all the same.
    anyhow::ensure!(
        !is_elsewhere,
        "another run of retention is removing logs on this database, by its own EDTECH_KEEP_DAYS: run this again for yours"
    );
    Ok(ExitCode::SUCCESS)
}

async fn tell(store: &Store, calendar: Calendar, before: NaiveDate) -> anyhow::Result<String> {
    let logs = store.count_logs_before(calendar, before).await?;
    Ok(format!(
        "would remove {logs} logs of the days before {before}, and close these days; nothing is changed"
    ))
}

/// Says what was removed; nothing where somebody else is at it.
async fn remove(
    store: &Store,
    calendar: Calendar,
    before: NaiveDate,
    now: DateTime<Utc>,
) -> anyhow::Result<Option<String>> {
    let progress = Progress::of("logs");
    let by = Actor::cli();
    let told = |done, total| progress.tell(done, total);
    let removed = store.remove_logs_before(calendar, before, (&by, now), &told).await;
    progress.end();
    let told = |Retained { closed_before, removed }| {
        format!("removed {removed} logs; the days before {closed_before} are closed, their counts stay")
    };
    Ok(removed?.map(told))
}

async fn outdate(
    store: &Store,
    what: Outdated,
    before: DateTime<Utc>,
    now: DateTime<Utc>,
    dry_run: bool,
) -> anyhow::Result<String> {
    let (name, day) = (what.name(), before.date_naive());
    Ok(if dry_run {
        format!("would remove {} {name} of before {day}", store.count_outdated(what, before).await?)
    } else {
        let removed = store.remove_outdated(what, before, &Actor::cli(), now).await?;
        format!("removed {removed} {name} of before {day}")
    })
}
