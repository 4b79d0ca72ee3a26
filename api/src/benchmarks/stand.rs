//! Where something is measured: a database of its own, a server on it, simulators that post to it.

use std::collections::BTreeMap;
use std::path::PathBuf;

use anyhow::Context;
use rand::{CryptoRng, Rng};
use serde::de::DeserializeOwned;
use uuid::Uuid;

use super::program::{Program, Programs, UNTIL_STDIN_ENDS};
use super::readings::LoadReading;
use super::resources::{Part, Watched};
use super::run::Ground;
use crate::clock::Clock;
use crate::entropy;
use crate::store::{Store, TrialDatabase};

/// The client by which simulators come in.
const CLIENT: &str = "benchmark";

/// Learners of a measurement that posts more than a school class.
const MOST_LEARNERS: u32 = 20_000;

/// Of so many logs about one is a learner's.
const LOGS_OF_A_LEARNER: u32 = 50;

/// The days that many logs are spread over.
const DAYS: &str = "30";

/// So many logs are no longer those of one morning.
const MANY_LOGS: u32 = 100_000;

/// A database with a server on it.
pub(super) struct Stand {
    programs: Programs,
    database: TrialDatabase,
    secret: String,
    signing_key: String,
    server: Option<Program>,
    url: String,
    store: Store,
    started: u32,
    pub(super) filled: bool,
}

impl Stand {
    /// Makes a database and starts a server on it.
    pub(super) async fn build(ground: &Ground) -> anyhow::Result<Self> {
        let programs = Programs::of_this_installation()?;
        let (secret, signing_key) = (drawn(&mut entropy::rng()), drawn(&mut entropy::rng()));
        let name = uuid::Builder::from_random_bytes(random(&mut entropy::rng())).into_uuid();
        let database = ground.databases.make(Clock.now(), name).await?;
        let started = serve(&programs, &database, (&secret, &signing_key), &[]).await;
        let (server, url) = match started {
            Ok(started) => started,
            Err(error) => {
                database.remove().await?;
                return Err(error);
            }
        };
        let settings = crate::store::DatabaseSettings { connections: 1, ..database.settings() };
        let store = Store::connect_read_only(&settings).await?;
        let server = Some(server);
        Ok(Self { programs, database, secret, signing_key, server, url, store, started: 0, filled: false })
    }

    /// Stops everything and removes the database.
    pub(super) async fn take_down(self) -> anyhow::Result<()> {
        let Self { server, store, database, .. } = self;
        let ended = match server {
            Some(server) => server.end().await,
            None => Ok(()),
        };
        let closed = store.close().await;
        // Whatever went wrong before, it goes.
        database.remove().await?;
        closed?;
        ended
    }

    /// The database, for what is asked of itself.
    pub(super) fn store(&self) -> &Store {
        &self.store
    }

    /// Restarts the server with other settings.
    pub(super) async fn serve_with(&mut self, settings: &[(&str, String)]) -> anyhow::Result<()> {
        // A file of SQLite belongs to one server at a time.
        if let Some(server) = self.server.take() {
            server.end().await?;
        }
        let secrets = (self.secret.as_str(), self.signing_key.as_str());
        let (server, url) = serve(&self.programs, &self.database, secrets, settings).await?;
        (self.server, self.url) = (Some(server), url);
        Ok(())
    }

    /// Starts a simulator.
    pub(super) fn simulator<A: ToString>(
        &mut self,
        arguments: impl IntoIterator<Item = A>,
    ) -> anyhow::Result<Program> {
        let mut arguments: Vec<String> = arguments.into_iter().map(|argument| argument.to_string()).collect();
        arguments.extend(["--json".to_owned(), UNTIL_STDIN_ENDS.to_owned()]);
        let environment = [
            ("EDTECH_URL", self.url.clone()),
            ("EDTECH_CLIENT_ID", CLIENT.to_owned()),
            ("EDTECH_CLIENT_SECRET", self.secret.clone()),
        ];
        self.started += 1;
        let said = self.database.directory().join(format!("simulator-{}.log", self.started));
        Program::start("the simulator", &self.programs.simulator, &arguments, &environment, said)
    }

    /// Lets a simulator do its work and tell of it.
    pub(super) async fn ask<T: DeserializeOwned, A: ToString>(
        &mut self,
        arguments: impl IntoIterator<Item = A>,
    ) -> anyhow::Result<T> {
        self.simulator(arguments)?.reading().await
    }

    /// Who is watched beside the simulators.
    pub(super) fn watched(&self) -> Watched<'_> {
        Watched::new(&self.store).with(Part::Api, self.server.as_ref().and_then(Program::process))
    }

    /// Stores so many logs, unless it has been done.
    pub(super) async fn fill(&mut self, logs: u32) -> anyhow::Result<()> {
        if self.filled {
            return Ok(());
        }
        let learners = (logs / LOGS_OF_A_LEARNER).clamp(16, MOST_LEARNERS);
        let (batch, days) = if logs >= MANY_LOGS { ("1000", DAYS) } else { ("20", "1") };
        let load =
            ["load", "--logs", &logs.to_string(), "--batch", batch, "--connections", "8", "--days", days];
        let load = load.into_iter().map(str::to_owned).chain(["--learners".to_owned(), learners.to_string()]);
        let load: LoadReading = self.ask(load.chain(["--lessons".to_owned(), "200".to_owned()])).await?;
        anyhow::ensure!(
            load.errors.is_empty() && load.rejected == 0,
            "logs were not taken: {:?}",
            causes(&load)
        );
        self.store.settle().await?;
        self.filled = true;
        Ok(())
    }
}

fn causes(load: &LoadReading) -> &BTreeMap<String, u64> {
    &load.errors
}

async fn serve(
    programs: &Programs,
    database: &TrialDatabase,
    (secret, signing_key): (&str, &str),
    settings: &[(&str, String)],
) -> anyhow::Result<(Program, String)> {
    let directory = database.directory().to_string_lossy().into_owned();
    let mut environment = vec![
        ("DATABASE_URL", database.url().to_owned()),
        ("EDTECH_DATA_DIR", directory),
        ("EDTECH_JWT_SIGNING_KEY", signing_key.to_owned()),
        // Nobody else may know a trial's learners either.
        ("EDTECH_ERASURE_KEY", signing_key.to_owned()),
        ("EDTECH_BOOTSTRAP_CLIENT_ID", CLIENT.to_owned()),
        ("EDTECH_BOOTSTRAP_CLIENT_SECRET", secret.to_owned()),
        ("EDTECH_BENCHMARKS", "off".to_owned()),
        ("RUST_LOG", "warn".to_owned()),
    ];
    environment.extend(settings.iter().cloned());
    let arguments = ["serve", "--port", "0", UNTIL_STDIN_ENDS].map(str::to_owned);
    let said: PathBuf = database.directory().join("server.log");
    let mut server = Program::start("the server", &programs.api, &arguments, &environment, said)?;
    let url = server.address().await.context("the server to be measured")?;
    Ok((server, url))
}

/// A secret that lives as long as the measurement.
fn drawn(rng: &mut (impl CryptoRng + ?Sized)) -> String {
    random(rng).into_iter().chain(random(rng)).map(|byte| format!("{byte:02x}")).collect()
}

fn random(rng: &mut (impl Rng + ?Sized)) -> [u8; 16] {
    let mut bytes = [0; 16];
    rng.fill_bytes(&mut bytes);
    bytes
}

/// A name that nobody else has.
pub(super) fn new_id() -> Uuid {
    uuid::Builder::from_random_bytes(random(&mut entropy::rng())).into_uuid()
}
