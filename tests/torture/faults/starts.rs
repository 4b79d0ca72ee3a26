//! Fault 7: four servers that start at once on an empty database, and one that is killed while it migrates.

use std::time::{Duration, Instant};

use edtech_tests::{Command, Database, Platform, eventually};
use futures_util::future::join_all;
use rand::RngExt;
use rand::rngs::StdRng;

use crate::ground::{Ground, Kind};
use crate::plan::Plan;
use crate::report::Outcome;

const REPLICAS: usize = 4;

/// What a start may take, with four at a time on a busy machine.
const READY: Duration = Duration::from_secs(20);

/// Migrations take some tenths of a second on PostgreSQL, and less on SQLite; the kill comes anywhere in them.
const KILLED_WITHIN_MS: u64 = 150;
const KILLED_WITHIN_MS_ON_SQLITE: u64 = 90;

const APPLIED: &str = "SELECT COUNT(*) FROM seaql_migrations";
const APPLIED_ONCE: &str = "SELECT COUNT(DISTINCT version) FROM seaql_migrations";

pub async fn run(kind: Kind, plan: Plan) -> Outcome {
    let ground = Ground::new(kind).await;
    let mut draws = plan.draws("starts");
    let tries = plan.either(3, 20);
    let mut slowest = Duration::ZERO;
    for _ in 0..tries {
        let database = ground.another_database().await;
        let begun = Instant::now();
        match kind {
            Kind::Postgres => all_start(&database).await,
            Kind::Sqlite => one_starts(&database).await,
        }
        slowest = slowest.max(begun.elapsed());
    }
    let wanted = if kind == Kind::Sqlite { 4 * tries } else { tries };
    let (mut in_the_midst, mut kills) = (0, 0);
    // A machine that is slow enough to have none of them hit is tried for longer.
    while kills < wanted || in_the_midst == 0 && kills < 5 * wanted {
        let database = ground.another_database().await;
        in_the_midst += u64::from(one_is_killed(&database, &mut draws).await);
        kills += 1;
    }
    Outcome::of(tries + kills).within("slowest start of four", slowest, READY).judged(
        "killed between the first and the last migration",
        in_the_midst > 0,
        &format!("{in_the_midst} of {kills}"),
        "at least 1",
    )
}

async fn all_start(database: &Database) {
    let replicas = join_all((0..REPLICAS).map(|_| start(database))).await;
    for replica in &replicas {
        replica.anonymous().get("/readyz").await.expect(200);
    }
    assert_seeded_once(database, &replicas[0]).await;
    join_all(replicas.into_iter().map(Platform::stop)).await;
}

/// SQLite is one server's: the others say so, in one line.
async fn one_starts(database: &Database) {
    let serve = || Command::api(database, ["serve", "--port", "0"]).env("EDTECH_BENCHMARKS", "off").quietly();
    let mut waiting: Vec<_> = (0..REPLICAS).map(|_| serve().start()).collect();
    let refused = eventually("three that are refused", READY, async || {
        let mut refused = 0;
        for running in &mut waiting {
            refused += usize::from(running.has_ended());
        }
        (refused == REPLICAS - 1).then_some(())
    });
    refused.await;
    let (ended, serving): (Vec<_>, Vec<_>) =
        waiting.into_iter().map(|mut running| (running.has_ended(), running)).partition(|(ended, _)| *ended);
    for (_, running) in ended {
        let refusal = running.finished().await;
        assert!(refusal.refusal().contains("EDTECH_DATA_DIR"), "{refusal:?}");
    }
    let [(_, serving)] = <[_; 1]>::try_from(serving).expect("one that serves");
    // Perhaps it is not through with its start.
    serving.killed().await;
    let platform = start(database).await;
    assert_seeded_once(database, &platform).await;
    platform.stop().await;
}

/// Whether it was killed between the first and the last migration. Whoever starts then finds what was done, and does the
/// rest; on PostgreSQL the others have been waiting for that.
async fn one_is_killed(database: &Database, draws: &mut StdRng) -> bool {
    let victim = Command::api(database, ["migrate"]).start();
    let others = async {
        match database.is_postgres() {
            true => join_all((1..REPLICAS).map(|_| start(database))).await,
            false => Vec::new(),
        }
    };
    let within = if database.is_postgres() { KILLED_WITHIN_MS } else { KILLED_WITHIN_MS_ON_SQLITE };
    let delay = Duration::from_millis(draws.random_range(0..within));
    let killing = async {
        if database.is_postgres() {
            eventually("the first migration", READY, async || (applied(database).await > 0).then_some(()))
                .await;
        }
        tokio::time::sleep(delay).await;
        victim.killed().await;
        applied(database).await
    };
    let (mut others, applied_then) = tokio::join!(others, killing);
    others.push(start(database).await);
    assert_seeded_once(database, &others[0]).await;
    let all = applied(database).await;
    database.assert_verified().await;
    join_all(others.into_iter().map(Platform::stop)).await;
    (1..all).contains(&applied_then)
}

/// How many migrations there are so far; none as long as nobody has made the table.
async fn applied(database: &Database) -> i64 {
    database.try_number(APPLIED).await.unwrap_or(0)
}

async fn start(database: &Database) -> Platform {
    Platform::start(database).env("RUST_LOG", "warn").env("EDTECH_BENCHMARKS", "off").await
}

async fn assert_seeded_once(database: &Database, platform: &Platform) {
    assert_eq!(database.number(APPLIED).await, database.number(APPLIED_ONCE).await, "migrations");
    let client = platform.client().await;
    for (path, expected) in [("/classrooms", 8), ("/lessons", 2)] {
        let list = client.get(path).await.expect(200);
        assert_eq!(list["items"].as_array().map(Vec::len), Some(expected), "{path}");
    }
    assert_eq!(database.number("SELECT COUNT(*) FROM settings").await, 1);
}
