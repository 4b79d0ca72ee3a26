//! `edtech-api token`: prints one token and nothing else, for an operator who holds the signing key.

use std::io::Write;

use anyhow::Context;
use chrono::TimeDelta;
use clap::Args;

use crate::auth::{self, Scopes, Tokens};
use crate::clock::Clock;
use crate::config::{Config, Settings};
use crate::entropy;

/// A week. Longer-lived access is a client's, whose secret can be changed.
const MAX_MINUTES: i64 = 7 * 24 * 60;

/// What the token says.
#[derive(Debug, Args)]
pub struct TokenArgs {
    /// The scopes that it carries, between commas: read, roster, ingest, report, operate [default: all].
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
    pub(super) settings: Settings,
}

pub(super) fn run(args: TokenArgs) -> anyhow::Result<()> {
    let TokenArgs { scope, subject, minutes, settings } = args;
    let config = Config::try_from(settings)?;
    let tokens = Tokens::new(&auth::signing_key(&config, &mut entropy::rng())?);
    let scopes = scope.unwrap_or_else(Scopes::all);
    let token = tokens.sign(&subject, &scopes, Clock.now(), TimeDelta::minutes(minutes));
    writeln!(std::io::stdout(), "{}", token.context("the token could not be signed")?)?;
    Ok(())
}
