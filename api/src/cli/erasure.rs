//! `edtech-api erasure`: the tombstones of learners who were erased, kept by an operator.

use std::io::{Read, Write};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::Context;
use clap::{Args, Subcommand};
use uuid::Uuid;

use super::operators_database;
use crate::auth;
use crate::clock::Clock;
use crate::config::{Config, Settings};
use crate::store::{Actor, Store, Tombstone};

const NO_SCHEMA: &str =
    "the tombstones could not be read: is the schema there? `edtech-api migrate` makes it";

/// What to do with tombstones.
#[derive(Debug, Args)]
pub struct ErasureArgs {
    #[command(subcommand)]
    pub(super) action: Action,
}

/// What can be done with tombstones.
#[derive(Debug, Subcommand)]
pub enum Action {
    /// Print all tombstones, one JSON object a line: to be kept beside backups, and applied where the database was lost.
    ///
    /// They name nobody to whoever has not the key.
    List(#[command(flatten)] Settings),
    /// Take over the tombstones of a list, and erase the learners whom they tell; servers may go on.
    #[command(after_help = APPLY_EXAMPLES)]
    Apply(ApplyArgs),
    /// Let an erased learner come back. What was erased does not.
    Lift(LiftArgs),
}

/// Tombstones to be applied.
#[derive(Debug, Args)]
pub struct ApplyArgs {
    /// A list of `edtech-api erasure list`; - is standard input.
    #[arg(value_name = "FILE")]
    file: PathBuf,
    #[command(flatten)]
    settings: Settings,
}

/// A tombstone to be lifted.
#[derive(Debug, Args)]
pub struct LiftArgs {
    /// The receipt that the erasure was answered with.
    #[arg(long, value_name = "RECEIPT_ID")]
    receipt: Uuid,
    #[command(flatten)]
    settings: Settings,
}

const APPLY_EXAMPLES: &str = "\
Examples:
  edtech-api erasure list > erasures.ndjson           beside each backup
  edtech-api erasure apply erasures.ndjson            after a restore into an empty database";

impl Action {
    pub(super) fn settings(&self) -> &Settings {
        match self {
            Self::List(settings) => settings,
            Self::Apply(args) => &args.settings,
            Self::Lift(args) => &args.settings,
        }
    }
}

pub(super) async fn run(action: Action, config: &Config) -> anyhow::Result<ExitCode> {
    let store = Store::connect_patiently(&operators_database(config)).await?;
    let store = match action {
        Action::List(_) => list(store).await?,
        Action::Apply(args) => apply(store, config, &args.file).await?,
        Action::Lift(args) => lift(store, args.receipt).await?,
    };
    store.close().await?;
    Ok(ExitCode::SUCCESS)
}

async fn list(store: Store) -> anyhow::Result<Store> {
    let tombstones = store.erasures().await.context(NO_SCHEMA)?;
    let mut stdout = std::io::stdout().lock();
    for tombstone in tombstones {
        writeln!(stdout, "{}", serde_json::to_string(&tombstone)?)?;
    }
    Ok(store)
}

async fn apply(store: Store, config: &Config, file: &Path) -> anyhow::Result<Store> {
    let tombstones = read(file)?;
    let store = store.with_erasure_key(auth::erasure_key(config, None)?);
    anyhow::ensure!(
        tombstones.iter().all(|tombstone| store.makes(tombstone)),
        "{}",
        auth::another_erasure_key()
    );
    let (known, by, now) = (tombstones.len(), Actor::cli(), Clock.now());
    store.take_over_erasures(tombstones, by.clone(), now).await.context(NO_SCHEMA)?;
    // By the rules that the database was counted by, whatever this process is configured with.
    let calendar = store.counted_by().await?;
    let erased = store.apply_erasures(calendar, &by, now).await?;
    writeln!(std::io::stdout(), "{known} tombstones are taken over; {erased} learners are erased again")?;
    Ok(store)
}

fn read(file: &Path) -> anyhow::Result<Vec<Tombstone>> {
    let mut text = String::new();
    let name = file.display();
    let read = match file.to_str() {
        Some("-") => std::io::stdin().read_to_string(&mut text),
        _ => std::fs::File::open(file).and_then(|mut file| file.read_to_string(&mut text)),
    };
    read.with_context(|| format!("{name} cannot be read"))?;
    let lines = (1..).zip(text.lines()).filter(|(_, line)| !line.trim().is_empty());
    lines
        .map(|(number, line)| {
            serde_json::from_str(line).with_context(|| format!("line {number} of {name} is no tombstone"))
        })
        .collect()
}

async fn lift(store: Store, receipt: Uuid) -> anyhow::Result<Store> {
    if !store.lift_erasure(receipt, Actor::cli(), Clock.now()).await.context(NO_SCHEMA)? {
        anyhow::bail!("there is no tombstone of the receipt {receipt}; `edtech-api erasure list` shows them");
    }
    writeln!(std::io::stderr(), "{receipt} is lifted: the learner may be enrolled again")?;
    Ok(store)
}
