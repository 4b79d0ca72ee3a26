//! 1. `kill -9` of the server again and again, and of PostgreSQL, while clients post.

use std::time::{Duration, Instant};

use edtech_tests::{Client, Platform, eventually};
use rand::RngExt;
use rand::rngs::StdRng;
use reqwest::Method;
use tokio::time::sleep;

use crate::ground::{Ground, Kind, enrol_learners};
use crate::ledger::Ledger;
use crate::load::{Load, Shape};
use crate::plan::Plan;
use crate::report::Outcome;

/// How soon a server is ready: after its start, or after its database accepts connections.
const READY: Duration = Duration::from_secs(5);

/// How long clients post between two kills, at most.
const BETWEEN_MS: u64 = 1_000;

pub async fn run(kind: Kind, plan: Plan) -> Outcome {
    let mut draws = plan.draws("kills");
    let ground = Ground::new(kind).await;
    let ledger = Ledger::default();
    let mut platform = ground.start().await;
    let client = platform.client().await;
    enrol_learners(&client).await;
    let mut load = Load::start(&client, &ledger, Shape::MIXED, &mut draws);

    let (kills, mut slowest) = (plan.either(5, 50), Duration::ZERO);
    for _ in 0..kills {
        some_time(&mut draws).await;
        let (again, ready) = killed(&ground, platform).await;
        platform = again;
        slowest = slowest.max(ready);
    }
    let mut outcome = Outcome::of(kills).figure("the server killed", kills);
    outcome = outcome.within("ready after its start", slowest, READY);
    if let Some(server) = ground.any_server() {
        let (kills, mut slowest) = (plan.either(2, 20), Duration::ZERO);
        for _ in 0..kills {
            some_time(&mut draws).await;
            server.kill().await;
            some_time(&mut draws).await;
            let accepting = server.start_again().await;
            slowest = slowest.max(ready_since(&client, accepting).await);
        }
        outcome.tries += kills;
        outcome = outcome.figure("PostgreSQL killed", kills);
        outcome = outcome.within("ready after it accepts connections", slowest, READY);
    }
    load.settle(&client).await;
    platform.stop().await;
    ledger.judge(&ground.database, outcome).await
}

/// Clients post, and sometimes the kill comes at once.
async fn some_time(draws: &mut StdRng) {
    sleep(Duration::from_millis(draws.random_range(0..BETWEEN_MS))).await;
}

/// Kills the server and starts another one on the same port; returns how long that took to be ready.
async fn killed(ground: &Ground, platform: Platform) -> (Platform, Duration) {
    let (_, port) = platform.url().rsplit_once(':').expect("a port");
    let port = port.to_owned();
    platform.kill().await;
    let begun = Instant::now();
    let again = ground.start().port(&port).await;
    (again, begun.elapsed())
}

/// How long after this moment the server is ready.
pub async fn ready_since(client: &Client, moment: Instant) -> Duration {
    let ready = async || {
        let probe = client.request(Method::GET, "/readyz").timeout(Duration::from_secs(5));
        client.try_send(probe).await.ok().filter(|answer| answer.status == 200).map(|_| moment.elapsed())
    };
    eventually("ready again", Duration::from_secs(60), ready).await
}
