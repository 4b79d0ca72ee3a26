//! `ask`: requests that are sent again and again, and how long each took.

mod report;
mod request;

use std::process::ExitCode;
use std::time::Duration;

use bytes::Bytes;
use clap::Args;
use futures_util::future::join_all;
use reqwest::StatusCode;
use reqwest::header::HeaderMap;
use tokio::time::{Instant, sleep};

use crate::client::{Client, ClientArgs, Failure};
use crate::connection::{Connection, Route, Target};
use crate::stop::StopArgs;
use crate::{console, environment};
use report::Measured;
use request::{Asked, asked};

pub(crate) const EXAMPLES: &str = "\
Examples:
  edtech-simulator ask /analytics/daily '/analytics/engagement?from=2026-03-01&to=2026-03-31'
  edtech-simulator ask --times 100 --json /classrooms
  edtech-simulator ask --at-once /analytics/daily /analytics/lessons /analytics/classrooms   as a dashboard asks
  edtech-simulator ask PUT:/analytics/daily/2026-03-02/report";

/// What a server may take to give a token, and what it may tell somebody to come again for.
const PATIENCE: Duration = Duration::from_secs(30);

/// As the platform's `Retry-After` says.
const COME_AGAIN: Duration = Duration::from_secs(1);

/// What is asked, and how often.
#[derive(Args)]
pub(crate) struct AskArgs {
    #[command(flatten)]
    client: ClientArgs,
    #[command(flatten)]
    stop: StopArgs,
    /// Rounds, after a first one that is told apart: it also opens the connections, and meets a cold server.
    #[arg(long, default_value_t = 20, value_parser = clap::value_parser!(u32).range(1..=1_000_000))]
    times: u32,
    /// Send the requests of a round at once, each over a connection of its own; without it: in turn, over one.
    #[arg(long)]
    at_once: bool,
    /// Print JSON instead of text.
    #[arg(long)]
    json: bool,
    /// What a round asks: /path?query, PUT:/path or POST:/path; the last two send an empty body.
    #[arg(required = true, value_name = "REQUEST", value_parser = asked)]
    requests: Vec<Asked>,
}

/// The requests, and what they are sent over.
struct Round {
    client: Client,
    routes: Vec<Route>,
    /// One for all, or one for each.
    connections: Vec<Connection>,
}

/// An answer, how long it took, and how often the server said to come again before.
struct Answered {
    bytes: usize,
    took: Duration,
    refusals: u32,
}

/// Asks and prints how long that took.
pub(crate) async fn ask(args: AskArgs) -> anyhow::Result<ExitCode> {
    let stop = args.stop.listen()?;
    tokio::select! {
        asked = Box::pin(rounds(&args)) => {
            let report = asked?.report(args.times, args.at_once);
            console::say(&if args.json { serde_json::to_string(&report)? } else { report.to_string() });
            Ok(ExitCode::SUCCESS)
        }
        () = stop.said() => anyhow::bail!("it was told to stop before the last round was over"),
    }
}

async fn rounds(args: &AskArgs) -> anyhow::Result<Measured> {
    let mut round = Round::of(args)?;
    let mut measured = Measured::of(&args.requests);
    for _ in 0..=args.times {
        let token = round.client.token_in_time().await?;
        let begun = Instant::now();
        let answers = if args.at_once { round.at_once(&token).await } else { round.in_turn(&token).await };
        let took = begun.elapsed();
        for (place, (answer, asked)) in answers.into_iter().zip(&args.requests).enumerate() {
            let answer = answer.map_err(|error| error.context(asked.to_string()))?;
            measured.note(place, &answer);
        }
        measured.note_round(took);
    }
    Ok(measured)
}

impl Round {
    fn of(args: &AskArgs) -> anyhow::Result<Self> {
        let client = Client::new(&args.client, Some(PATIENCE))?;
        let target = Target::of(client.url())?;
        let routes = args.requests.iter().map(|asked| asked.route(&target));
        let routes = routes.collect::<anyhow::Result<Vec<_>>>()?;
        let connections = if args.at_once { routes.len() } else { 1 };
        let connections = (0..connections).map(|_| Connection::new(target.clone())).collect();
        Ok(Self { client, routes, connections })
    }

    async fn at_once(&mut self, token: &str) -> Vec<anyhow::Result<Answered>> {
        let pairs = self.connections.iter_mut().zip(&self.routes);
        join_all(pairs.map(|(connection, route)| answered(connection, route, token))).await
    }

    async fn in_turn(&mut self, token: &str) -> Vec<anyhow::Result<Answered>> {
        let Some(connection) = self.connections.first_mut() else { return Vec::new() };
        let mut answers = Vec::with_capacity(self.routes.len());
        for route in &self.routes {
            answers.push(answered(connection, route, token).await);
        }
        answers
    }
}

/// An answer that is a success. Whoever is told to come again does: all of it is the time that the answer took.
async fn answered(connection: &mut Connection, route: &Route, token: &str) -> anyhow::Result<Answered> {
    let (begun, mut refusals) = (Instant::now(), 0);
    loop {
        let (status, body) = connection.send(route, token, Bytes::new()).await?;
        let took = begun.elapsed();
        if status.is_success() {
            return Ok(Answered { bytes: body.len(), took, refusals });
        }
        if status != StatusCode::SERVICE_UNAVAILABLE || took > PATIENCE {
            return Err(Failure::of(status, &HeaderMap::new(), &body, environment::now()).into());
        }
        refusals += 1;
        sleep(COME_AGAIN).await;
    }
}
