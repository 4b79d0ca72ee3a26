//! `edtech-api verify`: recomputes every figure from the raw log and names each difference.

use std::io::Write;
use std::process::ExitCode;

use super::progress::Progress;
use super::{could_not_run, operators_database};
use crate::config::Config;
use crate::store::{Store, Verification};

/// There are differences.
const DIFFERENT: u8 = 1;

pub(super) async fn run(config: &Config) -> anyhow::Result<ExitCode> {
    let told = async { report(&verify(config).await?) };
    Ok(told.await.unwrap_or_else(|error| could_not_run("verify", &error)))
}

/// By the rules that the database was counted by, whatever this process is configured with.
async fn verify(config: &Config) -> anyhow::Result<Verification> {
    let store = Store::connect_read_only(&operators_database(config)).await?;
    let calendar = store.counted_by().await?;
    let progress = Progress::of("learners");
    let verification = store.verify(calendar, &|done, total| progress.tell(done, total)).await;
    progress.end();
    Ok(verification?)
}

fn report(verification: &Verification) -> anyhow::Result<ExitCode> {
    let Verification { logs, differences, closed_before } = verification;
    let mut stdout = std::io::stdout().lock();
    for difference in differences {
        writeln!(stdout, "{difference}")?;
    }
    let since =
        closed_before.map_or_else(String::new, |day| format!(" since {day} (earlier days are closed)"));
    match differences.len() {
        0 => writeln!(stdout, "clean: every figure equals what {logs} logs{since} give")?,
        count => {
            writeln!(stdout, "{count} differences in {logs} logs{since}: `edtech-api rebuild` mends them")?
        }
    }
    Ok(if differences.is_empty() { ExitCode::SUCCESS } else { ExitCode::from(DIFFERENT) })
}
