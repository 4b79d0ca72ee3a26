//! Learners that stream lessons: traffic and replays for EdTech Stream, over HTTP only.
//!
//! `run` invents: [`viewing`] says how a person watches a lesson, [`run::replica`] posts it. `replay` repeats: it
//! enrols a recorded roster and posts a recorded log. Both speak through [`client`], which never gives a log up and never
//! sends it differently the second time, so that the server counts it once.
//!
//! `load`, `ask` and `watch` measure: how much the server takes, how soon it answers, and how soon a dashboard shows what
//! was stored. They speak through [`connection`], which costs little and hides nothing.

mod ask;
mod client;
mod connection;
mod console;
mod duration;
mod enrolment;
mod environment;
mod latency;
mod load;
mod progress;
mod replay;
mod run;
mod stop;
mod telemetry;
mod usage;
mod viewing;
mod watch;

use std::process::ExitCode;

use clap::{Parser, Subcommand};

/// Learners that stream lessons, for EdTech Stream.
#[derive(Parser)]
#[command(name = "edtech-simulator", version, arg_required_else_help = true, after_help = EXAMPLES)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

/// What can be done.
#[derive(Subcommand)]
enum Command {
    /// Enrol learners and stream lessons as people do, until it is told to stop.
    #[command(after_help = run::EXAMPLES)]
    Run(run::RunArgs),
    /// Post a recorded roster and a recorded log, and tell what became of each line.
    ///
    /// Ends with 0 where nothing was rejected, with 1 where something was, with 2 where it could not run.
    #[command(after_help = replay::EXAMPLES)]
    Replay(replay::ReplayArgs),
    /// Post from many connections as fast as the server answers, or at a rate, and tell what that took.
    ///
    /// Ends with 0 where every log was taken and everything is as expected, with 1 where not, with 2 where it could not
    /// run.
    #[command(after_help = load::EXAMPLES)]
    Load(Box<load::LoadArgs>),
    /// Send requests again and again, and tell how long each takes.
    ///
    /// Ends with 0, or with 2 where an answer is neither a 2xx nor a 503, or is a 503 for half a minute: whoever is told
    /// to come again does.
    #[command(after_help = ask::EXAMPLES)]
    Ask(ask::AskArgs),
    /// Open dashboards as browsers do, and tell how soon they are there and how soon they show what was stored.
    ///
    /// Ends with 0 where each of them showed each log, with 1 where one did not, with 2 where it could not run.
    #[command(after_help = watch::EXAMPLES)]
    Watch(watch::WatchArgs),
}

const EXAMPLES: &str = "\
Examples:
  edtech-simulator run --replicas 2
  edtech-simulator replay --students students.csv --lessons lessons.csv logs.ndjson.gz
  edtech-simulator load --duration 30s
  edtech-simulator ask /analytics/daily
  edtech-simulator watch

All want a client of the server: EDTECH_CLIENT_ID, and EDTECH_CLIENT_SECRET or EDTECH_CLIENT_SECRET_FILE.
RUST_LOG says which log lines are written: RUST_LOG=warn, RUST_LOG=edtech_simulator=debug.";

/// The exit code of work that could not be done.
const COULD_NOT_RUN: u8 = 2;

#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    let command = match Cli::try_parse() {
        Ok(Cli { command }) => command,
        Err(error) if usage::is_a_fault(&error) => return refuse(&usage::in_one_line(&error)),
        Err(help) => help.exit(),
    };
    let outcome = Box::pin(execute(command)).await;
    outcome.unwrap_or_else(|error| refuse(&format!("{error:#}")))
}

async fn execute(command: Command) -> anyhow::Result<ExitCode> {
    telemetry::start_log()?;
    match command {
        Command::Run(args) => run::run(args).await,
        Command::Replay(args) => replay::replay(args).await,
        Command::Load(args) => load::load(*args).await,
        Command::Ask(args) => ask::ask(args).await,
        Command::Watch(args) => watch::watch(args).await,
    }
}

/// One line, whatever the cause has to say.
fn refuse(fault: &str) -> ExitCode {
    let line = fault.split_whitespace().collect::<Vec<_>>().join(" ");
    console::complain(&format!("edtech-simulator: {line}"));
    ExitCode::from(COULD_NOT_RUN)
}
