//! `load`: many connections that post as fast as the server answers, or at a rate, and what that took.

mod connection;
mod lane;
mod plan;
mod school;
mod stream;
mod tally;

use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

use anyhow::Context;
use chrono::TimeDelta;
use clap::Args;
use rand::rngs::SmallRng;
use rand::{Rng, SeedableRng};
use tokio::task::JoinSet;

use crate::client::{Client, ClientArgs};
use crate::duration::duration;
use crate::{console, environment};
use connection::{Connection, Target};
use lane::Lane;
use plan::Plan;
use school::School;
use stream::{Era, LogStream};
use tally::Tally;

pub(crate) use stream::Pattern;

pub(crate) const EXAMPLES: &str = "\
Examples:
  edtech-simulator load --duration 30s                              as fast as 64 connections can, a log each
  edtech-simulator load --batch 1000 --connections 16 --logs 1000000
  edtech-simulator load --rate 2000 --duration 10m --json           2,000 logs a second, whatever the server does
  edtech-simulator load --days 30 --pattern random --duration 1m    the worst case";

/// What a load is made of.
#[derive(Args)]
pub(crate) struct LoadArgs {
    #[command(flatten)]
    client: ClientArgs,
    /// Connections, each with one request at a time.
    #[arg(long, default_value_t = 64, value_parser = clap::value_parser!(u32).range(1..=10_000))]
    connections: u32,
    /// Logs in a request: one goes out as JSON, several as lines.
    #[arg(long, default_value_t = 1, value_parser = clap::value_parser!(u32).range(1..=10_000))]
    batch: u32,
    /// Logs in a second, over all connections; latency counts from when a request is due. Without it: as fast as the
    /// server answers.
    #[arg(long, value_parser = rate)]
    rate: Option<f64>,
    /// Ends after this long: 30s, 10m.
    #[arg(long, value_parser = duration, required_unless_present = "logs")]
    duration: Option<Duration>,
    /// Ends after this many logs.
    #[arg(long, value_parser = clap::value_parser!(u64).range(1..))]
    logs: Option<u64>,
    /// Learners, enrolled before the clock starts.
    #[arg(long, default_value_t = 20_000, value_parser = clap::value_parser!(u32).range(1..=10_000_000))]
    learners: u32,
    /// Lessons.
    #[arg(long, default_value_t = 200, value_parser = clap::value_parser!(u32).range(1..=10_000))]
    lessons: u32,
    /// The days up to now that the logs are from: the first is from the first day, the last from today. 0: they are
    /// from when they are posted.
    #[arg(long, default_value_t = 0, value_parser = clap::value_parser!(u16).range(0..=3_650))]
    days: u16,
    /// How learners, lessons and moments follow each other.
    #[arg(long, value_enum, default_value_t = Pattern::Viewings)]
    pattern: Pattern,
    /// Which logs; drawn, and printed, without it. Two runs with one seed post the same ids, at other moments.
    #[arg(long)]
    seed: Option<u64>,
    /// Begins the external ids of learners and lessons.
    #[arg(long, default_value = "load")]
    name: String,
    /// Print JSON instead of text.
    #[arg(long)]
    json: bool,
}

/// The exit code of a load that was not wholly taken.
const NOT_ALL_TAKEN: u8 = 1;

/// Posts a load and prints what became of it.
pub(crate) async fn load(args: LoadArgs) -> anyhow::Result<ExitCode> {
    let seed = args.seed.unwrap_or_else(|| environment::rng().next_u64());
    console::complain(&format!("seed {seed}"));
    let client = Client::new(&args.client, Some(Duration::from_secs(30)))?;
    let target = Target::of(client.url())?;
    let school = Arc::new(School::enrol(&client, &args.name, args.learners, args.lessons).await?);
    let era = era(args.days, args.duration)?;
    let plan = Arc::new(Plan::new(args.connections, args.batch, args.rate, args.duration, args.logs));
    let mut lanes = JoinSet::new();
    let mut seeds = SmallRng::seed_from_u64(seed);
    for number in 0..args.connections {
        let lane = Lane {
            number,
            plan: Arc::clone(&plan),
            client: client.clone(),
            connection: Connection::new(target.clone()),
            stream: LogStream::new(Arc::clone(&school), args.pattern, era, SmallRng::from_rng(&mut seeds)),
        };
        lanes.spawn(lane.run());
    }
    let mut tally = Tally::new(plan.begun);
    while let Some(lane) = lanes.join_next().await {
        tally.add(lane?.context("the load was not posted to its end")?);
    }
    let report = tally.report(args.connections, args.batch, args.rate);
    console::say(&if args.json { serde_json::to_string(&report)? } else { report.to_string() });
    Ok(if report.is_clean() { ExitCode::SUCCESS } else { ExitCode::from(NOT_ALL_TAKEN) })
}

/// So many days up to now; without any, from now on.
fn era(days: u16, duration: Option<Duration>) -> anyhow::Result<Era> {
    let now = environment::now();
    if days == 0 {
        return Ok(Era { start: now, length: TimeDelta::from_std(duration.unwrap_or_default())? });
    }
    let length = TimeDelta::days(days.into());
    Ok(Era { start: now - length, length })
}

fn rate(text: &str) -> Result<f64, String> {
    let rate = text.parse().ok().filter(|rate| (0.1..=10_000_000.0).contains(rate));
    rate.ok_or_else(|| "a rate is 0.1 to 10000000 logs a second".to_owned())
}
