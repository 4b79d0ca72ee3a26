//! `edtech-api benchmark`: measures without a server of one's own, as `POST /benchmarks` does with one.

use std::fs::{self, OpenOptions};
use std::io::{IsTerminal, Write};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::Context;
use clap::Args;
use indicatif::{ProgressBar, ProgressStyle};
use tokio::signal::ctrl_c;
use tokio::sync::watch;

use super::{could_not_run, operators_database};
use crate::benchmarks::{
    Asked, Comparison, ComparisonPage, Ground, Kind, Progress, Report, ReportPage, Run, Steps, Verdict,
};
use crate::config::{Config, Settings};

/// A figure is not what it has to be, or worse than it was.
const NOT_GOOD: u8 = 1;

/// What to measure, and what to hold it against.
#[derive(Debug, Args)]
pub struct BenchmarkArgs {
    #[command(flatten)]
    asked: Asked,
    /// Prints the report as JSON instead of Markdown.
    #[arg(long)]
    json: bool,
    /// Keeps the report as JSON in this file, for a later --baseline.
    #[arg(long, value_name = "FILE")]
    keep: Option<PathBuf>,
    /// Holds the figures against those of this file, and fails where one is worse than noise explains.
    #[arg(long, value_name = "FILE")]
    baseline: Option<PathBuf>,
    #[command(flatten)]
    pub(super) settings: Settings,
}

pub(super) struct Wanted {
    asked: Asked,
    json: bool,
    keep: Option<PathBuf>,
    baseline: Option<PathBuf>,
}

impl BenchmarkArgs {
    pub(super) fn into_parts(self) -> (Wanted, Settings) {
        let Self { asked, json, keep, baseline, settings } = self;
        (Wanted { asked, json, keep, baseline }, settings)
    }
}

pub(super) async fn run(wanted: Wanted, config: &Config) -> anyhow::Result<ExitCode> {
    let told = async {
        let (report, comparison) = measured(&wanted, config).await?;
        tell(&wanted, &report, comparison.as_ref())
    };
    Ok(told.await.unwrap_or_else(|error| could_not_run("the benchmark", &error)))
}

async fn measured(wanted: &Wanted, config: &Config) -> anyhow::Result<(Report, Option<Comparison>)> {
    let (kind, parameters) = wanted.asked.resolved().map_err(|faults| {
        let faults: Vec<String> = faults.into_iter().map(|fault| fault.detail).collect();
        anyhow::anyhow!(faults.join(" "))
    })?;
    // Better now than after ten minutes.
    let baseline = wanted.baseline.as_deref().map(|file| read(file, kind)).transpose()?;
    wanted.keep.as_deref().map(can_be_kept).transpose()?;
    let ground = Ground::beside(&operators_database(config), &config.data_dir);
    ground.sweep().await?;
    let run = Run::new(kind, parameters);
    let (mut steps, told) = Steps::new();
    let stop = async { drop::<Result<(), _>>(ctrl_c().await) };
    let report = tokio::select! {
        report = Box::pin(run.measure(&ground, &mut steps, stop)) => report?,
        () = follow(told) => anyhow::bail!("the steps ended before the run"),
    };
    let report = report.context("it was stopped; nothing is left behind")?;
    let comparison = baseline.and_then(|baseline| Comparison::of(&report, &baseline));
    Ok((report, comparison))
}

/// A baseline of this kind.
fn read(file: &Path, kind: Kind) -> anyhow::Result<Report> {
    let name = file.display();
    let text = fs::read_to_string(file).with_context(|| format!("the baseline {name}"))?;
    let baseline: Report =
        serde_json::from_str(&text).with_context(|| format!("{name} is no report of a benchmark"))?;
    let (was, is) = (baseline.kind.name(), kind.name());
    anyhow::ensure!(baseline.kind == kind, "the baseline {name} measured {was}, and this measures {is}");
    Ok(baseline)
}

/// Whether a report can be kept in this file; what is in there stays until there is one.
fn can_be_kept(file: &Path) -> anyhow::Result<()> {
    let opened = OpenOptions::new().append(true).create(true).open(file);
    opened.map(drop).with_context(|| no_place(file))
}

fn no_place(file: &Path) -> String {
    format!("the report cannot be kept in {}", file.display())
}

fn tell(wanted: &Wanted, report: &Report, comparison: Option<&Comparison>) -> anyhow::Result<ExitCode> {
    let mut stdout = std::io::stdout().lock();
    match wanted.json {
        true => writeln!(stdout, "{}", serde_json::to_string_pretty(report)?)?,
        false => write!(stdout, "{}", ReportPage(report))?,
    }
    if let Some(comparison) = comparison {
        // Where standard output is read by a program, people read the other one.
        match wanted.json {
            true => write!(std::io::stderr(), "{}", ComparisonPage(comparison))?,
            false => write!(stdout, "\n{}", ComparisonPage(comparison))?,
        }
    }
    // Last: where the disk has become full meanwhile, the report has been told.
    if let Some(file) = &wanted.keep {
        fs::write(file, serde_json::to_string_pretty(report)?).with_context(|| no_place(file))?;
    }
    let is_worse = comparison.is_some_and(|comparison| comparison.regressions > 0);
    let is_good = report.verdict == Verdict::Passed && !is_worse;
    Ok(if is_good { ExitCode::SUCCESS } else { ExitCode::from(NOT_GOOD) })
}

/// Tells each step: a bar on a terminal, a plain line elsewhere.
async fn follow(mut told: watch::Receiver<Option<Progress>>) {
    let style = ProgressStyle::with_template("{bar:30} {pos} of {len}  {msg} ({elapsed})");
    let bar = ProgressBar::new(0).with_style(style.unwrap_or_else(|_| ProgressStyle::default_bar()));
    while told.changed().await.is_ok() {
        let Some(Progress { step, done, total, .. }) = told.borrow_and_update().clone() else { continue };
        if std::io::stderr().is_terminal() {
            bar.set_length(total.into());
            bar.set_position(done.into());
            bar.set_message(step);
        } else {
            // Where standard error is closed there is nobody to tell.
            let _ = writeln!(std::io::stderr(), "{} of {total}: {step}", done + 1);
        }
    }
    std::future::pending().await
}
