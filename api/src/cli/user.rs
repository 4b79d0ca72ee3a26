//! `edtech-api user`: the people who may sign in, kept by an operator at the machine.

use std::collections::BTreeSet;
use std::io::Write;
use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::Context;
use clap::{Args, Subcommand};

use super::accounts::{NO_SCHEMA, day, refused, say, secret_in};
use super::operators_database;
use crate::auth::{Password, Secrets, user_name};
use crate::clock::Clock;
use crate::config::{Config, Settings};
use crate::entropy;
use crate::store::{Actor, NewUser, Role, Store, User, UserOutcome, UserPatch};

/// Users that are read at a time.
const PAGE: u64 = 1000;

/// What to do with users.
#[derive(Debug, Args)]
pub struct UserArgs {
    #[command(subcommand)]
    pub(super) action: Action,
}

/// What can be done with users.
#[derive(Debug, Subcommand)]
pub enum Action {
    /// Make a user, or give one another role, other classrooms or another password.
    ///
    /// The password of a new user is drawn and printed, this once, unless a file has it: only its hash is kept. Whoever is
    /// there already keeps the password, unless it is asked for another. Role and classrooms are those that are named: they
    /// hold at once, also for those who are signed in. Another password ends every session.
    #[command(after_help = PUT_EXAMPLES)]
    Put(PutArgs),
    /// List the users, with what each is for.
    List(#[command(flatten)] Settings),
    /// Remove a user, whose sessions end at once.
    Remove(NamedArgs),
    /// End every session of a user.
    SignOut(NamedArgs),
}

/// A user to be made or changed.
#[derive(Debug, Args)]
pub struct PutArgs {
    /// The name to sign in with: 1 to 255 ASCII characters without space and colon.
    #[arg(long, value_name = "NAME", value_parser = user_name)]
    name: String,

    /// What the user is for: educator, analyst or operator.
    #[arg(long, value_name = "ROLE")]
    role: Role,

    /// A classroom of an educator; may be given several times.
    #[arg(long = "classroom", value_name = "CLASSROOM")]
    classrooms: Vec<String>,

    /// Reads the password from this file, and prints none.
    #[arg(long, value_name = "FILE")]
    password_file: Option<PathBuf>,

    /// Draws a password and prints it also where the user has one.
    #[arg(long, conflicts_with = "password_file")]
    new_password: bool,

    #[command(flatten)]
    settings: Settings,
}

/// A user by name.
#[derive(Debug, Args)]
pub struct NamedArgs {
    /// The name.
    #[arg(long, value_name = "NAME")]
    name: String,

    #[command(flatten)]
    settings: Settings,
}

const PUT_EXAMPLES: &str = "\
Examples:
  edtech-api user put --name head --role operator > head.password
  edtech-api user put --name ada --role educator --classroom IA_2025 --classroom Web_2025
  edtech-api user put --name ada --role educator --classroom IA_2025 --new-password";

impl Action {
    pub(super) fn settings(&self) -> &Settings {
        match self {
            Self::Put(args) => &args.settings,
            Self::List(settings) => settings,
            Self::Remove(args) | Self::SignOut(args) => &args.settings,
        }
    }
}

pub(super) async fn run(action: Action, config: &Config) -> anyhow::Result<ExitCode> {
    let store = Store::connect_patiently(&operators_database(config)).await?;
    match action {
        Action::Put(args) => put(&store, config, args).await?,
        Action::List(_) => list(&store).await?,
        Action::Remove(args) => remove(&store, &args.name).await?,
        Action::SignOut(args) => sign_out(&store, &args.name).await?,
    }
    store.close().await?;
    Ok(ExitCode::SUCCESS)
}

/// A password to be set, and whether it is ours to print.
struct Given {
    password: Password,
    is_drawn: bool,
}

async fn put(store: &Store, config: &Config, args: PutArgs) -> anyhow::Result<()> {
    let PutArgs { name, role, classrooms, password_file, new_password, settings: _ } = args;
    refuse_bootstrap_client(config, &name)?;
    let known = store.user(&name).await.context(NO_SCHEMA)?;
    let given = match (password_file, &known) {
        (Some(file), _) => Some(chosen(secret_in("--password-file", &file)?, &name)?),
        (None, Some(_)) if !new_password => None,
        (None, _) => Some(Given { password: Password::drawn(&mut entropy::rng()), is_drawn: true }),
    };
    let classrooms: BTreeSet<String> = classrooms.into_iter().collect();
    let (user, verb) = match (known, &given) {
        (Some(known), given) => (change(store, known, role, classrooms, given.as_ref()).await?, "changed"),
        (None, Some(given)) => (make(store, name, role, classrooms, given).await?, "made"),
        (None, None) => anyhow::bail!("a new user needs a password"),
    };
    if let Some(Given { password, is_drawn: true }) = given {
        writeln!(std::io::stdout(), "{}", password.expose())?;
    }
    say(&format!("{} is {verb}: {}", user.name, purpose(&user)))
}

fn chosen(text: String, name: &str) -> anyhow::Result<Given> {
    let password = Password::chosen(text, name).map_err(|fault| anyhow::anyhow!("{fault}"))?;
    Ok(Given { password, is_drawn: false })
}

async fn make(
    store: &Store,
    name: String,
    role: Role,
    classrooms: BTreeSet<String>,
    given: &Given,
) -> anyhow::Result<User> {
    let password_hash = hashed(given).await?;
    let new = NewUser { name: name.clone(), role, classrooms, password_hash };
    done(store.create_user(new, Actor::cli(), Clock.now()).await?, &name)
}

/// The password that the user has already ends nobody's session, so a job may repeat it.
async fn change(
    store: &Store,
    known: User,
    role: Role,
    classrooms: BTreeSet<String>,
    given: Option<&Given>,
) -> anyhow::Result<User> {
    let password_hash = match given {
        Some(given) if !is_password_of(&known, given).await? => Some(hashed(given).await?),
        _ => None,
    };
    let patch = UserPatch { role: Some(role), classrooms: Some(classrooms), password_hash };
    done(store.patch_user(&known.name, patch, Actor::cli(), Clock.now()).await?, &known.name)
}

async fn hashed(given: &Given) -> anyhow::Result<String> {
    Secrets::default().hash(given.password.expose().to_owned()).await.map_err(refused)
}

async fn is_password_of(known: &User, given: &Given) -> anyhow::Result<bool> {
    let password = given.password.expose().to_owned();
    Secrets::default().verify(password, Some(&known.password_hash)).await.map_err(refused)
}

fn done(outcome: UserOutcome, name: &str) -> anyhow::Result<User> {
    match outcome {
        UserOutcome::Done(user) => Ok(user),
        UserOutcome::Absent => Err(absent(name)),
        UserOutcome::Taken => anyhow::bail!("{name} is the name of a client: a user needs another one"),
        UserOutcome::NoEducator => anyhow::bail!("--classroom is for educators alone"),
        UserOutcome::UnknownClassrooms(unknown) => {
            let unknown = unknown.into_iter().collect::<Vec<_>>().join(", ");
            anyhow::bail!("there is no classroom {unknown}: nothing is done")
        }
    }
}

async fn list(store: &Store) -> anyhow::Result<()> {
    let mut page = store.users(None, PAGE).await.context(NO_SCHEMA)?;
    if page.is_empty() {
        return say("there is no user yet: see `edtech-api user put --help`");
    }
    let mut stdout = std::io::stdout().lock();
    while let Some(last) = page.last().map(|user| user.name.clone()) {
        let longest = page.iter().map(|user| user.name.len()).max().unwrap_or_default();
        for user in &page {
            let (made, changed) = (day(user.created_at), day(user.updated_at));
            writeln!(stdout, "{:longest$}  made {made}  changed {changed}  {}", user.name, purpose(user))?;
        }
        page = store.users(Some(&last), PAGE).await?;
    }
    Ok(())
}

async fn remove(store: &Store, name: &str) -> anyhow::Result<()> {
    if !store.remove_user(name, Actor::cli(), Clock.now()).await.context(NO_SCHEMA)? {
        return Err(absent(name));
    }
    say(&format!("{name} is removed"))
}

async fn sign_out(store: &Store, name: &str) -> anyhow::Result<()> {
    match store.end_sessions_of_user(name, Actor::cli(), Clock.now()).await.context(NO_SCHEMA)? {
        Some(sessions) => say(&format!("{name} is signed out; sessions that were open: {sessions}")),
        None => Err(absent(name)),
    }
}

/// The role and, of an educator, the classrooms.
fn purpose(user: &User) -> String {
    let role = user.role.name();
    match user.bound_to() {
        Some(classrooms) if classrooms.is_empty() => format!("{role} of no classroom"),
        Some(classrooms) => {
            format!("{role} of {}", classrooms.iter().cloned().collect::<Vec<_>>().join(", "))
        }
        None => role.to_owned(),
    }
}

/// It is made at the next start, and its name has to be free.
fn refuse_bootstrap_client(config: &Config, name: &str) -> anyhow::Result<()> {
    if config.bootstrap_client.as_ref().is_some_and(|client| client.client_id == name) {
        anyhow::bail!("{name} is the bootstrap client: a user needs another name");
    }
    Ok(())
}

fn absent(name: &str) -> anyhow::Error {
    anyhow::anyhow!("there is no user {name:?}; `edtech-api user list` shows those that there are")
}
