//! `edtech-api client`: the programs that may call the API, kept by an operator.

use std::io::Write;
use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::Context;
use clap::{Args, Subcommand};
use rand::CryptoRng;

use super::accounts::{NO_SCHEMA, day, refused, say, secret_in};
use super::operators_database;
use crate::auth::{Scopes, Secrets};
use crate::clock::Clock;
use crate::config::{Config, Settings, client_name};
use crate::entropy;
use crate::store::{Actor, ApiClient, ApiClientRow, Store};

/// A drawn secret, in bytes; written in hexadecimal.
const SECRET_BYTES: usize = 32;

/// What to do with clients.
#[derive(Debug, Args)]
pub struct ClientArgs {
    #[command(subcommand)]
    pub(super) action: Action,
}

/// What can be done with clients.
#[derive(Debug, Subcommand)]
pub enum Action {
    /// Make a client, or give it other scopes and another secret; its sessions end.
    ///
    /// Without --secret-file a new secret is drawn and printed, this once: only its hash is kept. With the secret and the
    /// scopes that the client has already nothing is changed.
    #[command(after_help = PUT_EXAMPLES)]
    Put(PutArgs),
    /// List the clients, with what each may do.
    List(#[command(flatten)] Settings),
    /// Remove a client. Its sessions end at once, its tokens within a minute.
    Remove(RemoveArgs),
}

/// A client to be made.
#[derive(Debug, Args)]
pub struct PutArgs {
    /// Its name: 1 to 255 ASCII characters without space and colon.
    #[arg(long, value_name = "NAME", value_parser = client_name)]
    id: String,

    /// What it may do, between commas: read, learners, roster, ingest, report, operate, admin.
    #[arg(long, value_name = "SCOPES", value_parser = some_scopes)]
    scope: Scopes,

    /// Reads its secret from this file, and prints none.
    #[arg(long, value_name = "FILE")]
    secret_file: Option<PathBuf>,

    #[command(flatten)]
    settings: Settings,
}

/// A client to be removed.
#[derive(Debug, Args)]
pub struct RemoveArgs {
    /// Its name.
    #[arg(long, value_name = "NAME")]
    id: String,

    #[command(flatten)]
    settings: Settings,
}

const PUT_EXAMPLES: &str = "\
Examples:
  edtech-api client put --id airflow --scope read,report > airflow.secret
  edtech-api client put --id lms --scope ingest,roster --secret-file /run/secrets/lms";

impl Action {
    pub(super) fn settings(&self) -> &Settings {
        match self {
            Self::Put(args) => &args.settings,
            Self::List(settings) => settings,
            Self::Remove(args) => &args.settings,
        }
    }
}

pub(super) async fn run(action: Action, config: &Config) -> anyhow::Result<ExitCode> {
    let store = Store::connect_patiently(&operators_database(config)).await?;
    match action {
        Action::Put(args) => put(&store, config, args).await?,
        Action::List(_) => list(&store).await?,
        Action::Remove(args) => remove(&store, config, &args.id).await?,
    }
    store.close().await?;
    Ok(ExitCode::SUCCESS)
}

async fn put(store: &Store, config: &Config, args: PutArgs) -> anyhow::Result<()> {
    let PutArgs { id, scope, secret_file, settings: _ } = args;
    refuse_bootstrap_client(config, &id)?;
    let (secret, is_drawn) = match secret_file {
        Some(file) => (secret_in("--secret-file", &file)?, false),
        None => (drawn(&mut entropy::rng()), true),
    };
    let known = store.api_client(&id).await.context(NO_SCHEMA)?;
    let secrets = Secrets::default();
    if let Some(known) = &known
        && Scopes::of_client(known) == scope
        && verified(&secrets, &secret, known).await?
    {
        return say(&format!("{id} is what it was: {scope}"));
    }
    let secret_hash = secrets.hash(secret.clone()).await.map_err(refused)?;
    let scopes = scope.names().map(Into::into).collect();
    let wanted = ApiClient { client_id: id.clone(), secret_hash, scopes };
    if !store.put_api_client(&wanted, Actor::cli(), Clock.now()).await? {
        anyhow::bail!("{id} is the name of a user: a client needs another one");
    }
    if is_drawn {
        writeln!(std::io::stdout(), "{secret}")?;
    }
    say(&format!("{id} is {}: {scope}", if known.is_none() { "made" } else { "changed" }))
}

async fn verified(secrets: &Secrets, secret: &str, known: &ApiClient) -> anyhow::Result<bool> {
    secrets.verify(secret.to_owned(), Some(&known.secret_hash)).await.map_err(refused)
}

async fn list(store: &Store) -> anyhow::Result<()> {
    let clients = store.api_clients().await.context(NO_SCHEMA)?;
    let longest = clients.iter().map(|client| client.client_id.len()).max().unwrap_or_default();
    let mut stdout = std::io::stdout().lock();
    if clients.is_empty() {
        return say("there is no client yet: see `edtech-api client put --help`");
    }
    for ApiClientRow { client_id, scopes, created_at, updated_at, secret_hash: _ } in clients {
        let (made, changed) = (day(created_at), day(updated_at));
        writeln!(stdout, "{client_id:longest$}  made {made}  changed {changed}  {scopes}")?;
    }
    Ok(())
}

async fn remove(store: &Store, config: &Config, id: &str) -> anyhow::Result<()> {
    refuse_bootstrap_client(config, id)?;
    if !store.remove_api_client(id, Actor::cli(), Clock.now()).await.context(NO_SCHEMA)? {
        anyhow::bail!("there is no client {id:?}; `edtech-api client list` shows those that there are");
    }
    say(&format!("{id} is removed; within a minute no server takes its tokens"))
}

/// The next start would undo it.
fn refuse_bootstrap_client(config: &Config, id: &str) -> anyhow::Result<()> {
    if config.bootstrap_client.as_ref().is_some_and(|client| client.client_id == id) {
        anyhow::bail!(
            "{id} is the bootstrap client, which each start gives every scope: change EDTECH_BOOTSTRAP_CLIENT_ID or \
             EDTECH_BOOTSTRAP_CLIENT_SECRET instead"
        );
    }
    Ok(())
}

fn drawn(rng: &mut (impl CryptoRng + ?Sized)) -> String {
    let mut secret = [0; SECRET_BYTES];
    rng.fill_bytes(&mut secret);
    secret.iter().map(|byte| format!("{byte:02x}")).collect()
}

fn some_scopes(text: &str) -> Result<Scopes, String> {
    let scopes = Scopes::parse(text).map_err(|error| error.to_string())?;
    if scopes == Scopes::none() { Err("it may do nothing: name a scope".to_owned()) } else { Ok(scopes) }
}
