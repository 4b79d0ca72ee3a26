//! `edtech-api rebuild`: counts everything anew from the raw log, by today's rules.

use std::io::Write;
use std::process::ExitCode;
use std::sync::Arc;

use super::operators_database;
use super::progress::Progress;
use crate::config::Config;
use crate::data_dir::DataDirLock;
use crate::store::{Calendar, Store};

pub(super) async fn run(config: &Config) -> anyhow::Result<ExitCode> {
    let _lock = DataDirLock::take(config)?;
    let calendar = Calendar { zone: config.time_zone, threshold: config.completion_threshold };
    let store = Store::connect(&operators_database(config)).await?;
    store.migrate().await?;
    let progress = Arc::new(Progress::of("learners"));
    let told = Arc::clone(&progress);
    let rebuilt = store.rebuild(calendar, Arc::new(move |done, total| told.tell(done, total))).await;
    progress.end();
    let logs = rebuilt?;
    let (zone, threshold) = (calendar.zone.name(), calendar.threshold);
    writeln!(
        std::io::stdout(),
        "counted {logs} logs anew, in days of {zone}, completed from {threshold} % on"
    )?;
    Ok(ExitCode::SUCCESS)
}
