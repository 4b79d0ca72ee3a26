//! Fault 4: the same ids twice in one batch, from four clients at once, half of them in reverse order; on PostgreSQL
//! each client has a replica of its own. And deadlocks that somebody else brings about.

use std::time::{Duration, Instant};

use edtech_tests::{AIRFLOW, Client, DOCKER, Database, Platform, Verdicts, eventually, log};
use futures_util::future::join_all;
use rand::RngExt;
use rand::rngs::StdRng;
use serde_json::{Value, json};
use uuid::Uuid;

use crate::ground::{Ground, Kind, enrol_learners, learner};
use crate::plan::Plan;
use crate::report::Outcome;

/// Clients that post at once.
const CLIENTS: usize = 4;

/// Logs of a batch, and how many of them it holds twice.
const BATCH: usize = 200;
const TWICE: usize = 20;

/// Logs that are posted one by one, each by all clients.
const SINGLES: usize = 10;

/// Statements that wait for somebody else's transaction.
const WAITS: &str = "SELECT COUNT(*) FROM pg_locks WHERE NOT granted AND locktype = 'transactionid'";

const ROWS: &str = "SELECT COUNT(*) FROM streaming_logs";

pub async fn run(kind: Kind, plan: Plan) -> Outcome {
    let ground = Ground::new(kind).await;
    let replicas = if kind == Kind::Postgres { CLIENTS } else { 1 };
    let replicas: Vec<Platform> = join_all((0..replicas).map(|_| async { ground.start().await })).await;
    let mut clients = Vec::new();
    for number in 0..CLIENTS {
        clients.push(replicas[number % replicas.len()].client().await);
    }
    enrol_learners(&clients[0]).await;

    let mut draws = plan.draws("same-ids");
    let rounds = plan.either(10, 100);
    let (mut stored, mut slowest) = (0, Duration::ZERO);
    for round in 0..rounds {
        let begun = Instant::now();
        stored += race_batches(&clients, &batch(&mut draws, round % 2 == 0)).await;
        for single in batch(&mut draws, true).into_iter().take(SINGLES) {
            race_single(&clients, &single).await;
            stored += 1;
        }
        slowest = slowest.max(begun.elapsed());
    }
    let rows = ground.database.number(ROWS).await;
    let mut outcome = Outcome::of(rounds)
        .figure("logs, each posted by four at once", stored)
        .exactly("rows", rows, stored)
        .figure("slowest round", format!("{:.2} s", slowest.as_secs_f64()));
    if kind == Kind::Postgres {
        outcome = deadlocks(&ground.database, &clients[0], plan.either(3, 10), outcome).await;
    }
    ground.database.assert_verified().await;
    for replica in replicas {
        replica.stop().await;
    }
    outcome
}

/// Logs of many learners, two lessons and some days, complete here and there; with ids or to be told by their content.
fn batch(draws: &mut StdRng, with_ids: bool) -> Vec<Value> {
    let mut one = || {
        let at = format!(
            "2026-03-{:02}T{:02}:{:02}:{:02}.{:06}Z",
            draws.random_range(1..5),
            draws.random_range(0..24),
            draws.random_range(0..60),
            draws.random_range(0..60),
            draws.random_range(0..1_000_000),
        );
        let lesson = if draws.random_bool(0.5) { AIRFLOW } else { DOCKER };
        let more = json!({
            "lesson": lesson, "watch_time_seconds": draws.random_range(0..60),
            "completion_percentage": draws.random_range(0..=100),
        });
        let mut log = log(&learner(draws.random_range(0..1_000)), &at, more);
        if with_ids {
            log["log_id"] = json!(Uuid::from_u128(draws.random()));
        }
        log
    };
    (0..BATCH).map(|_| one()).collect()
}

/// All of them post the batch at once, every second one backwards. Together they are told of each log once.
async fn race_batches(clients: &[Client], batch: &[Value]) -> i64 {
    let mut twice = batch.to_vec();
    twice.extend_from_slice(&batch[..TWICE]);
    let backwards: Vec<Value> = twice.iter().rev().cloned().collect();
    let orders = [&twice, &backwards];
    let posting = clients.iter().enumerate().map(|(number, client)| client.post_logs(orders[number % 2]));
    let verdicts: Vec<Verdicts> = join_all(posting).await;
    let accepted: u64 = verdicts.iter().map(|verdicts| verdicts.accepted).sum();
    let duplicates: u64 = verdicts.iter().map(|verdicts| verdicts.duplicates).sum();
    assert!(verdicts.iter().all(|verdicts| verdicts.rejected.is_empty()), "{verdicts:?}");
    assert_eq!((accepted, accepted + duplicates), (BATCH as u64, (twice.len() * clients.len()) as u64));
    accepted.cast_signed()
}

/// One of them stores it, the others are told that it is there.
async fn race_single(clients: &[Client], single: &Value) {
    let answers = join_all(clients.iter().map(|client| client.post_json("/streaming-logs", single))).await;
    let mut statuses: Vec<u16> = answers.iter().map(|answer| answer.status).collect();
    statuses.sort_unstable();
    assert_eq!(statuses, [200, 200, 200, 201], "{answers:?}");
}

/// A stranger who inserts what a client posts, in the other order, and is ready to wait for longer: the platform's statement
/// is the one that the database gives up.
async fn deadlocks(database: &Database, client: &Client, tries: u32, outcome: Outcome) -> Outcome {
    let student = client.enrol(&learner(0), "Class 0").await;
    let lesson = client.lesson_id(DOCKER).await;
    let before = deadlocks_so_far(database).await;
    let outcome = outcome.figure("deadlocks among the four", before);
    database.execute("SET deadlock_timeout = '30s'").await;
    let mut longest = Duration::ZERO;
    for number in 0..tries {
        let ids = [1, 2].map(|last| Uuid::from_u64_pair(u64::from(number) + 1, last));
        let insert = |id: Uuid| {
            format!(
                "INSERT INTO streaming_logs (log_id, student_id, lesson_id, event_type, event_timestamp, received_at)
                 VALUES ('{id}', {student}, {lesson}, 'played', now(), now())"
            )
        };
        let logs = ids.map(|id| log(&learner(0), "2026-03-02T10:00:00Z", json!({"log_id": id})));
        database.execute("BEGIN").await;
        database.execute(&insert(ids[1])).await;
        let begun = Instant::now();
        let strangers = async {
            waiting(database).await;
            database.execute(&insert(ids[0])).await;
            database.execute("ROLLBACK").await;
        };
        let (verdicts, ()) = tokio::join!(client.post_logs(&logs), strangers);
        assert_eq!(verdicts, Verdicts::clean(2, 0));
        longest = longest.max(begun.elapsed());
    }
    let broken = eventually("the deadlocks in the statistics", Duration::from_secs(10), async || {
        let broken = deadlocks_so_far(database).await - before;
        (broken > 0).then_some(broken)
    })
    .await;
    outcome
        .judged(
            "deadlocks brought about",
            broken * 2 > i64::from(tries),
            &format!("{broken} of {tries}"),
            "most",
        )
        .figure("each answered with a", 200)
        .within("longest answer to one", longest, Duration::from_secs(4))
}

/// Until a statement of the platform waits for the stranger. (Who waits is told once a transaction by `pg_stat_activity`.)
async fn waiting(database: &Database) {
    eventually("a statement that waits", Duration::from_secs(10), async || {
        (database.number(WAITS).await > 0).then_some(())
    })
    .await;
}

async fn deadlocks_so_far(database: &Database) -> i64 {
    database.number("SELECT deadlocks FROM pg_stat_database WHERE datname = current_database()").await
}
