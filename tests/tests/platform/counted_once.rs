//! Delivery is at least once, counting is exactly once: also when two clients, or two servers, are at it together.

use std::time::Duration;

use chrono_tz::Tz;
use edtech_tests::{
    AIRFLOW, Client, DOCKER, Database, Platform, Verdicts, Watcher, assert_figures_are_those_of_the_raw_log,
    log, on_both_databases, on_postgres,
};
use serde_json::{Value, json};
use uuid::Uuid;

const LEARNERS: [&str; 5] = ["ada", "bob", "cyd", "dan", "eve"];

/// How many batches are raced; one alone may happen to be no race.
const ROUNDS: u32 = 5;

/// Many learners and two lessons over some days, with figures that complete them here and there.
fn batch(round: u32, with_ids: bool) -> Vec<Value> {
    let one = |number: u32| {
        let learner = LEARNERS[number as usize % LEARNERS.len()];
        let at = format!("2026-03-0{}T{:02}:{:02}:{:02}Z", 1 + number % 4, number % 24, number % 60, round);
        let lesson = if number.is_multiple_of(3) { AIRFLOW } else { DOCKER };
        let mut log = log(
            learner,
            &at,
            json!({"lesson": lesson, "watch_time_seconds": 1, "completion_percentage": number % 101}),
        );
        if with_ids {
            log["log_id"] = json!(Uuid::from_u128(u128::from(round) << 64 | u128::from(number)));
        }
        log
    };
    (0..200).map(one).collect()
}

/// Both clients post the same batch at once, one of them backwards; together they are told of each log once.
async fn race(one: &Client, other: &Client, batch: &[Value]) {
    let backwards: Vec<Value> = batch.iter().rev().cloned().collect();
    let (one, other) = tokio::join!(one.post_logs(batch), other.post_logs(&backwards));
    let sum = Verdicts::clean(one.accepted + other.accepted, one.duplicates + other.duplicates);
    assert_eq!((one.rejected, other.rejected), (vec![], vec![]));
    assert_eq!(sum, Verdicts::clean(batch.len() as u64, batch.len() as u64));
}

async fn race_and_judge(database: &Database, one: &Client, other: &Client) {
    for learner in LEARNERS {
        one.enrol(learner, "Data_2025").await;
    }
    for round in 0..ROUNDS {
        for with_ids in [true, false] {
            race(one, other, &batch(round, with_ids)).await;
        }
    }
    assert_eq!(database.number("SELECT COUNT(*) FROM streaming_logs").await, i64::from(ROUNDS) * 400);
    assert_figures_are_those_of_the_raw_log(database, one, Tz::UTC).await;
    database.assert_verified().await;
}

mod two_clients {
    use super::*;

    on_both_databases!(
        the_same_batch_from_two_clients_counts_once,
        one_batch_may_hold_a_log_twice,
        what_was_sent_before_is_sorted_out_of_what_is_new,
    );

    async fn the_same_batch_from_two_clients_counts_once(database: Database) {
        let platform = Platform::start(&database).await;
        race_and_judge(&database, &platform.client().await, &platform.client().await).await;
    }

    /// A batch that grows: each time all of it is sent again, with something new among it, a conflict and a stranger.
    async fn what_was_sent_before_is_sorted_out_of_what_is_new(database: Database) {
        let platform = Platform::start(&database).await;
        let client = platform.client().await;
        client.enrol("ada", "Data_2025").await;
        let one = |number: u64, watched: u64| {
            let id = Uuid::from_u128(number.into());
            log("ada", "2026-03-02T10:00:00Z", json!({"log_id": id, "watch_time_seconds": watched}))
        };
        client.store(&[one(0, 1), one(100, 1)]).await;
        for sent in 1..4 {
            let before = (0..sent).map(|number| one(number, 1));
            let stranger = log("nobody", "2026-03-02T10:00:00Z", json!({}));
            let batch: Vec<Value> = before.chain([one(sent, 1), one(100, 2), stranger]).collect();
            let verdicts = client.post_logs(&batch).await;
            assert_eq!((verdicts.accepted, verdicts.duplicates), (1, sent), "{verdicts:?}");
            let conflict = batch.len() - 2;
            assert_eq!(
                verdicts.refusals(),
                [(conflict, "log_id_conflict"), (conflict + 1, "unknown_student")],
                "{sent}"
            );
        }
        let counted = |what: &str| format!("SELECT CAST(SUM({what}) AS bigint) FROM counted_intake_days");
        for (what, times) in [("accepted", 5), ("duplicate", 1 + 2 + 3), ("rejected", 3 * 2)] {
            assert_eq!(database.number(&counted(what)).await, times, "{what}");
        }
        database.assert_verified().await;
    }

    async fn one_batch_may_hold_a_log_twice(database: Database) {
        let platform = Platform::start(&database).await;
        let client = platform.client().await;
        client.enrol("ada", "Data_2025").await;
        let id = Uuid::from_u128(7);
        let first = log("ada", "2026-03-02T10:00:00Z", json!({"log_id": id, "watch_time_seconds": 1}));
        let other = log("ada", "2026-03-02T10:00:00Z", json!({"log_id": id, "watch_time_seconds": 2}));

        let verdicts = client.post_logs(&[first.clone(), other.clone(), first.clone()]).await;

        assert_eq!(
            (verdicts.accepted, verdicts.duplicates, verdicts.refusals()),
            (1, 1, vec![(1, "log_id_conflict")])
        );
        assert_eq!(client.daily("2026-03-02").await["totals"]["watch_time_seconds"], 1);
        // The id is this learner's: another learner may have the same one.
        client.enrol("bob", "Data_2025").await;
        client.store(&[log("bob", "2026-03-02T10:00:00Z", json!({"log_id": id}))]).await;
        database.assert_verified().await;
    }
}

mod two_replicas {
    use super::*;

    on_postgres!(the_same_batch_at_two_servers_counts_once, a_log_posted_to_one_appears_on_the_others_socket);

    async fn the_same_batch_at_two_servers_counts_once(database: Database) {
        let (one, other) = (Platform::start(&database).await, Platform::start(&database).await);
        race_and_judge(&database, &one.client().await, &other.client().await).await;
    }

    async fn a_log_posted_to_one_appears_on_the_others_socket(database: Database) {
        let (one, other) = (Platform::start(&database).await, Platform::start(&database).await);
        let (posting, watching) = (one.client().await, other.client().await);
        posting.enrol("ada", "Data_2025").await;
        let mut watcher = Watcher::connect(&watching).await;
        for stored in 1..=3 {
            let now = chrono::Utc::now().to_rfc3339();
            posting.store(&[log("ada", &now, json!({"watch_time_seconds": stored}))]).await;
            let seen = |today: &Value| today["totals"]["streaming_logs"] == stored;
            // How soon is measured by `make bench`.
            watcher.until("the log of the other replica", Duration::from_secs(30), seen).await;
        }
    }
}
