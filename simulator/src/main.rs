//! Learners that stream lessons: traffic and replays for EdTech Stream, over HTTP only.
//!
//! `run` invents: [`run::viewing`] says how a person watches a lesson, [`run::replica`] posts it. `replay` repeats: it
//! enrols a recorded roster and posts a recorded log. Both speak through [`client`], which never gives a log up and never
//! sends it differently the second time, so that the server counts it once.

mod client;
mod console;
mod environment;
mod replay;
mod run;

use std::io::IsTerminal;
use std::process::ExitCode;

use clap::{Parser, Subcommand};
use tracing_subscriber::EnvFilter;

/// Learners that stream lessons, for EdTech Stream.
#[derive(Debug, Parser)]
#[command(name = "edtech-simulator", version, arg_required_else_help = true, after_help = EXAMPLES)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

/// What can be done.
#[derive(Debug, Subcommand)]
enum Command {
    /// Enrol learners and stream lessons as people do, until it is told to stop.
    #[command(after_help = run::EXAMPLES)]
    Run(run::RunArgs),
    /// Post a recorded roster and a recorded log, and tell what became of each line.
    ///
    /// Ends with 0 where nothing was rejected, with 1 where something was, with 2 where it could not run.
    #[command(after_help = replay::EXAMPLES)]
    Replay(replay::ReplayArgs),
}

const EXAMPLES: &str = "\
Examples:
  edtech-simulator run --replicas 2
  edtech-simulator replay --students students.csv --lessons lessons.csv logs.ndjson.gz

Both want a client of the server: EDTECH_CLIENT_ID, and EDTECH_CLIENT_SECRET or EDTECH_CLIENT_SECRET_FILE.";

/// The exit code of work that could not be done.
const COULD_NOT_RUN: u8 = 2;

#[tokio::main]
async fn main() -> ExitCode {
    let filter = EnvFilter::try_from_default_env().unwrap_or_else(|_| EnvFilter::new("info"));
    let ansi = std::io::stderr().is_terminal();
    tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr).with_ansi(ansi).init();
    let outcome = match Cli::parse().command {
        Command::Run(args) => run::run(args).await,
        Command::Replay(args) => replay::replay(args).await,
    };
    outcome.unwrap_or_else(|error| {
        console::complain(&format!("edtech-simulator: {error:#}"));
        ExitCode::from(COULD_NOT_RUN)
    })
}
