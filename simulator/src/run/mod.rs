//! `run`: replicas that enrol learners and stream lessons as people do, until they are told to stop.

mod replica;
mod status;
mod tally;

use std::net::SocketAddr;
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

use clap::Args;
use rand::rngs::StdRng;
use rand::{Rng, SeedableRng};
use tokio::task::JoinSet;

use crate::client::{Client, ClientArgs};
use crate::duration::duration;
use crate::stop::Stop;
use crate::{console, environment};
use replica::Replica;
use tally::Tally;

pub(crate) const EXAMPLES: &str = "\
Examples:
  edtech-simulator run                                one replica, one log each 5 s: 12 a minute
  edtech-simulator run --replicas 4 --interval 500ms  480 a minute
  edtech-simulator run --seed 7                       the same story again, with new logs";

/// How many learners, how fast, and which story.
#[derive(Args)]
pub(crate) struct RunArgs {
    #[command(flatten)]
    client: ClientArgs,
    /// How many replicas post side by side.
    #[arg(long, env = "EDTECH_SIMULATOR_REPLICAS", default_value_t = 1, value_parser = clap::value_parser!(u32).range(1..=1000))]
    replicas: u32,
    /// Between two logs of a replica: 5s, 500ms, 1m.
    #[arg(long, env = "EDTECH_SIMULATOR_INTERVAL", default_value = "5s", value_parser = duration)]
    interval: Duration,
    /// How many learners a replica enrols.
    #[arg(long, default_value_t = 40, value_parser = clap::value_parser!(u32).range(1..=100_000))]
    learners: u32,
    /// Which story to tell; drawn, and printed, without it.
    #[arg(long)]
    seed: Option<u64>,
    /// Begins the external ids of the learners: two simulators of different names have different learners.
    #[arg(long, env = "EDTECH_SIMULATOR_NAME", default_value = "sim")]
    name: String,
    /// Where to serve /livez and /metrics; nowhere without it.
    #[arg(long, env = "EDTECH_SIMULATOR_LISTEN", value_name = "ADDRESS")]
    listen: Option<SocketAddr>,
}

/// Runs until SIGINT or SIGTERM; every log in flight is finished first.
pub(crate) async fn run(args: RunArgs) -> anyhow::Result<ExitCode> {
    let stop = Stop::on_signal()?;
    let client = Client::new(&args.client, None)?;
    let seed = args.seed.unwrap_or_else(|| environment::rng().next_u64());
    console::complain(&format!("seed {seed}"));
    let tally = Arc::new(Tally::default());
    if let Some(address) = args.listen {
        status::serve(address, Arc::clone(&tally), client.clone()).await?;
    }
    let mut replicas = JoinSet::new();
    for number in 0..args.replicas {
        let replica = Replica {
            client: client.clone(),
            name: format!("{}-{number}", args.name),
            learners: args.learners,
            interval: args.interval,
            tally: Arc::clone(&tally),
            // Each replica tells its own story, whatever the others do.
            rng: StdRng::seed_from_u64(seed.wrapping_add(number.into())),
        };
        replicas.spawn(replica.run(stop.listener()));
    }
    let mut outcome = Ok(ExitCode::SUCCESS);
    while let Some(ended) = replicas.join_next().await {
        if let Err(error) = ended.map_err(anyhow::Error::from).flatten() {
            // What stops one would stop all of them, but not in the middle of a log.
            stop.say();
            outcome = outcome.and(Err(error));
        }
    }
    console::say(&tally.to_string());
    outcome
}
