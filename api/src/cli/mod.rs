//! The command line: one file a command.

mod accounts;
mod backup;
mod benchmark;
mod client;
mod erasure;
mod migrate;
mod openapi;
mod progress;
mod rebuild;
mod retention;
mod serve;
mod token;
mod user;
mod verify;

use std::ffi::OsString;
use std::io::Write;
use std::process::ExitCode;

use clap::{CommandFactory, FromArgMatches, Parser, Subcommand};

use crate::app::database_settings;
use crate::config::{Config, ConfigError, Settings, with_each_arg, with_file_as_defaults};
use crate::error::chain;
use crate::store::{DatabaseSettings, SettingsError, WritesFor};
use crate::telemetry;

/// EdTech Stream: learning activity, stored and counted as it happens.
#[derive(Debug, Parser)]
#[command(
    name = "edtech-api",
    version,
    subcommand_required = true,
    arg_required_else_help = true,
    after_help = EXAMPLES
)]
pub struct Cli {
    #[command(subcommand)]
    command: Command,
}

/// What can be done.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Serve the API, on SQLite in ./data where nothing else is said.
    #[command(after_help = SERVE_EXAMPLES)]
    Serve(serve::ServeArgs),
    /// Bring the database's schema up to date, and end. `serve` does it too.
    Migrate(#[command(flatten)] Settings),
    /// Print a token for the API, signed with this installation's key; or take tokens back.
    #[command(after_help = TOKEN_EXAMPLES)]
    Token(Box<token::TokenArgs>),
    /// Keep the programs that may call the API.
    Client(client::ClientArgs),
    /// Keep the tombstones of learners who were erased.
    Erasure(erasure::ErasureArgs),
    /// Keep the people who may sign in.
    User(user::UserArgs),
    /// Recompute every figure from the raw log and name each difference.
    ///
    /// Ends with 0 where there is none, with 1 where there is one, with 2 where it could not run. Changes nothing.
    Verify(#[command(flatten)] Settings),
    /// Count everything anew from the raw log, also by a new time zone or threshold. Stop every server first.
    Rebuild(#[command(flatten)] Settings),
    /// Remove what has become too old, and keep what was counted of it; servers may go on, and do it each hour.
    ///
    /// Days whose logs are removed are closed: later logs of theirs are refused, and nothing recounts them.
    #[command(after_help = RETENTION_EXAMPLES)]
    Retention(retention::RetentionArgs),
    /// Copy an SQLite database into a file; servers may go on. PostgreSQL has pg_dump for that.
    #[command(after_help = BACKUP_EXAMPLES)]
    Backup(backup::BackupArgs),
    /// Put a backup in the place of the SQLite database, which is kept beside it. Stop the server first.
    Restore(backup::BackupArgs),
    /// Measure this installation's machine and database server, on a database of its own that is removed afterwards.
    ///
    /// Ends with 0 where every figure is what it has to be, with 1 where one is not or is worse than the baseline's, with 2
    /// where it could not run.
    #[command(after_help = BENCHMARK_EXAMPLES)]
    Benchmark(benchmark::BenchmarkArgs),
    /// Print the API's specification. Needs no database.
    Openapi,
}

const EXAMPLES: &str = "\
Examples:
  edtech-api serve                                    on SQLite, at http://127.0.0.1:8000
  edtech-api serve --help                             every setting
  edtech-api token --scope ingest                     a token for a quarter of an hour
  edtech-api verify                                   are all figures right?

Settings come as flags, over the environment, over the file of --config.";

const SERVE_EXAMPLES: &str = "\
Examples:
  edtech-api serve
  edtech-api serve --time-zone Europe/Paris --data-dir /var/lib/edtech
  DATABASE_URL=postgres://edtech:secret@db/edtech HOST=0.0.0.0 \\
    EDTECH_JWT_SIGNING_KEY_FILE=/run/secrets/signing-key \\
    EDTECH_ERASURE_KEY_FILE=/run/secrets/erasure-key \\
    edtech-api serve
  edtech-api serve --config /etc/edtech.toml          flat TOML, say: PORT = 8000";

const TOKEN_EXAMPLES: &str = "\
Examples:
  edtech-api token
  edtech-api token --scope ingest,roster --subject simulator --minutes 60
  edtech-api token revoke --sub simulator
  curl -H \"Authorization: Bearer $(edtech-api token --scope roster)\" \\
    http://127.0.0.1:8000/students";

const RETENTION_EXAMPLES: &str = "\
Examples:
  edtech-api retention --dry-run                      how much of what would go?
  edtech-api retention --class logs --keep-days 400
  EDTECH_KEEP_DAYS=400 edtech-api serve               the server does it by itself, each hour";

const BACKUP_EXAMPLES: &str = "\
Examples:
  edtech-api backup /backups/edtech-$(date +%F).db
  edtech-api restore /backups/edtech-2026-11-26.db    once no server runs";

const BENCHMARK_EXAMPLES: &str = "\
Examples:
  edtech-api benchmark ingestion                      two replicas, one log each 5 s, for a minute
  edtech-api benchmark ingestion --max --duration-seconds 30
  edtech-api benchmark full > BENCHMARKS.md           all of it, as one document
  edtech-api benchmark queries --logs 1000000 --repeats 3 --keep before.json
  edtech-api benchmark queries --logs 1000000 --repeats 3 --baseline before.json";

/// The exit code of a start that was refused for its settings.
const REFUSED: u8 = 2;

/// The exit code of a command that could not run to its end, where 1 says what it found.
const COULD_NOT_RUN: u8 = 2;

/// Does what the command line says; an error is one line on standard error.
pub async fn run(args: impl IntoIterator<Item = OsString>) -> ExitCode {
    let args: Vec<OsString> = args.into_iter().collect();
    let outcome = match parse(&args) {
        Ok(cli) => Box::pin(cli.command.run()).await,
        Err(ParseError::Usage(error)) => error.exit(),
        Err(ParseError::File(fault)) => return refuse(&fault, REFUSED),
    };
    outcome.unwrap_or_else(|error| {
        let refused =
            error.is::<ConfigError>() || matches!(error.downcast_ref(), Some(SettingsError::Differ { .. }));
        refuse(&chain(error.as_ref()), if refused { REFUSED } else { 1 })
    })
}

/// Where an exit code of 1 says what was found: nothing was, or it could not be told.
fn could_not_run(what: &str, error: &anyhow::Error) -> ExitCode {
    refuse(&format!("{what} could not run: {}", chain(error.as_ref())), COULD_NOT_RUN)
}

fn refuse(fault: &str, code: u8) -> ExitCode {
    let line = fault.split_whitespace().collect::<Vec<_>>().join(" ");
    // Where standard error is closed there is nobody to tell.
    let _ = writeln!(std::io::stderr(), "edtech-api: {line}");
    ExitCode::from(code)
}

impl Command {
    async fn run(self) -> anyhow::Result<ExitCode> {
        match self {
            Self::Serve(args) => {
                let end = args.end();
                serve::run(end, configured(args.settings)?).await?;
            }
            Self::Benchmark(args) => {
                let (wanted, settings) = args.into_parts();
                return benchmark::run(wanted, &configured(settings)?).await;
            }
            Self::Migrate(settings) => migrate::run(&configured(settings)?).await?,
            Self::Token(args) => match args.action {
                None => token::print(*args)?,
                Some(token::Action::Revoke(ref revoke)) => {
                    let config = configured(args.settings().clone())?;
                    token::revoke(&revoke.sub, &config).await?;
                }
            },
            Self::Client(client::ClientArgs { action }) => {
                let config = configured(action.settings().clone())?;
                return client::run(action, &config).await;
            }
            Self::Erasure(erasure::ErasureArgs { action }) => {
                let config = configured(action.settings().clone())?;
                return erasure::run(action, &config).await;
            }
            Self::User(user::UserArgs { action }) => {
                let config = configured(action.settings().clone())?;
                return user::run(action, &config).await;
            }
            Self::Verify(settings) => return verify::run(&configured(settings)?).await,
            Self::Rebuild(settings) => return rebuild::run(&configured(settings)?).await,
            Self::Retention(args) => {
                let retention::RetentionArgs { dry_run, classes, settings } = args;
                return retention::run(dry_run, &classes, &configured(settings)?).await;
            }
            Self::Backup(backup::BackupArgs { file, settings }) => {
                backup::back_up(file, &configured(settings)?).await?;
            }
            Self::Restore(backup::BackupArgs { file, settings }) => {
                backup::restore(file, &configured(settings)?).await?;
            }
            Self::Openapi => openapi::run()?,
        }
        Ok(ExitCode::SUCCESS)
    }

    fn settings(&self) -> Option<&Settings> {
        match self {
            Self::Migrate(settings) | Self::Verify(settings) | Self::Rebuild(settings) => Some(settings),
            Self::Serve(args) => Some(&args.settings),
            Self::Benchmark(args) => Some(&args.settings),
            Self::Token(args) => Some(args.settings()),
            Self::Client(args) => Some(args.action.settings()),
            Self::Erasure(args) => Some(args.action.settings()),
            Self::User(args) => Some(args.action.settings()),
            Self::Retention(args) => Some(&args.settings),
            Self::Backup(args) | Self::Restore(args) => Some(&args.settings),
            Self::Openapi => None,
        }
    }
}

fn configured(settings: Settings) -> anyhow::Result<Config> {
    let config = Config::try_from(settings)?;
    telemetry::start_log(&config)?;
    Ok(config)
}

/// The database, for an operator: a command waits where a client would be told to come again.
fn operators_database(config: &Config) -> DatabaseSettings {
    DatabaseSettings { writes_for: WritesFor::Operator, ..database_settings(config) }
}

/// Why a command line cannot be followed.
#[derive(Debug)]
pub enum ParseError {
    /// It asks for help, or for what there is not.
    Usage(clap::Error),
    /// The configuration file cannot be used.
    File(String),
}

/// Reads the command line twice where it names a file: only then is known whose values are the defaults.
pub fn parse(args: &[OsString]) -> Result<Cli, ParseError> {
    let cli = parse_by(command(), args)?;
    match cli.command.settings().and_then(|settings| settings.config.as_deref()) {
        Some(file) => parse_by(with_file_as_defaults(command(), file).map_err(ParseError::File)?, args),
        None => Ok(cli),
    }
}

fn parse_by(command: clap::Command, args: &[OsString]) -> Result<Cli, ParseError> {
    let matches = command.try_get_matches_from(args).map_err(ParseError::Usage)?;
    Cli::from_arg_matches(&matches).map_err(ParseError::Usage)
}

/// Help names the environment's keys and never shows their values: some are secrets.
fn command() -> clap::Command {
    with_each_arg(Cli::command(), &|arg| arg.hide_env_values(true))
}

#[cfg(test)]
mod tests;
