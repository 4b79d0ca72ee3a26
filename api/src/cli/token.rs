//! `edtech-api token`: prints one token and nothing else, for an operator who holds the signing key; or takes tokens back.

use std::io::Write;

use anyhow::Context;
use chrono::TimeDelta;
use clap::{Args, Subcommand};

use super::operators_database;
use crate::auth::{self, Scopes};
use crate::clock::Clock;
use crate::config::{Config, Settings};
use crate::store::{Actor, Store};

/// A week. Longer-lived access is a client's, whose secret can be changed.
const MAX_MINUTES: i64 = auth::LONGEST_LIFETIME.num_minutes();

/// What the token says, or what to do instead.
#[derive(Debug, Args)]
#[command(args_conflicts_with_subcommands = true)]
pub struct TokenArgs {
    #[command(subcommand)]
    pub(super) action: Option<Action>,

    /// The scopes that it carries, between commas: read, learners, roster, ingest, report, operate, admin [default: all].
    #[arg(long, value_name = "SCOPES", value_parser = Scopes::parse)]
    scope: Option<Scopes>,

    /// Who it says is calling.
    #[arg(long, value_name = "NAME", default_value = "operator")]
    subject: String,

    /// How long it lives.
    #[arg(long, value_name = "MINUTES", default_value_t = auth::LIFETIME.num_minutes(),
        value_parser = clap::value_parser!(i64).range(1..=MAX_MINUTES))]
    minutes: i64,

    #[command(flatten)]
    settings: Settings,
}

/// What else can be done with tokens.
#[derive(Debug, Subcommand)]
pub enum Action {
    /// Take back every token of this name that there is; running servers refuse them within a minute.
    ///
    /// A client that is changed or removed takes its tokens back by itself.
    Revoke(RevokeArgs),
}

/// Whose tokens to take back.
#[derive(Debug, Args)]
pub struct RevokeArgs {
    /// Who they say is calling: a client's name, or what --subject said.
    #[arg(long, value_name = "NAME")]
    pub(super) sub: String,

    #[command(flatten)]
    settings: Settings,
}

impl TokenArgs {
    pub(super) fn settings(&self) -> &Settings {
        match &self.action {
            Some(Action::Revoke(args)) => &args.settings,
            None => &self.settings,
        }
    }
}

/// Prints a token. Needs no database.
pub(super) fn print(args: TokenArgs) -> anyhow::Result<()> {
    let TokenArgs { action: _, scope, subject, minutes, settings } = args;
    let config = Config::try_from(settings)?;
    let tokens = auth::tokens(&config, None)?;
    let scopes = scope.unwrap_or_else(Scopes::all);
    let token = tokens.sign(&subject, &scopes, Clock.now(), TimeDelta::minutes(minutes));
    writeln!(std::io::stdout(), "{}", token.context("the token could not be signed")?)?;
    Ok(())
}

/// Takes tokens back.
pub(super) async fn revoke(sub: &str, config: &Config) -> anyhow::Result<()> {
    let store = Store::connect_patiently(&operators_database(config)).await?;
    let revoked = store.revoke_tokens(sub, Actor::cli(), Clock.now()).await;
    revoked
        .context("the tokens could not be taken back: is the schema there? `edtech-api migrate` makes it")?;
    store.close().await?;
    writeln!(std::io::stderr(), "the tokens of {sub} are taken back: within a minute no server takes them")?;
    Ok(())
}
