//! No log is ever an orphan: learners are deleted while their logs come in.

use chrono_tz::Tz;
use edtech_tests::{
    AIRFLOW, Client, Database, Platform, assert_figures_are_those_of_the_raw_log, log, on_both_databases,
    on_postgres,
};
use futures_util::future::join_all;
use serde_json::{Value, json};

/// How many learners are raced; one alone may happen to be no race.
const ROUNDS: usize = 6;

/// How many batches each of the posting clients sends for each learner.
const BATCHES: usize = 8;

const ORPHANS: [&str; 4] = [
    "SELECT COUNT(*) FROM streaming_logs WHERE student_id NOT IN (SELECT student_id FROM students)",
    "SELECT COUNT(*) FROM viewing_days WHERE student_id NOT IN (SELECT student_id FROM students)",
    "SELECT COUNT(*) FROM completions WHERE student_id NOT IN (SELECT student_id FROM students)",
    "SELECT COUNT(*) FROM streaming_logs WHERE lesson_id NOT IN (SELECT lesson_id FROM lessons)",
];

/// Posts for one learner, and for another one who stays, until all batches are answered.
async fn post_batches(client: &Client, learner: &str, poster: usize) -> u64 {
    let mut stored = 0;
    for number in 0..BATCHES {
        let at = |second| format!("2026-03-0{}T10:{number:02}:{second:02}Z", poster + 1);
        let more =
            |second| json!({"lesson": AIRFLOW, "completion_percentage": second * 5, "watch_time_seconds": 1});
        let pairs =
            (0..20).flat_map(|second| [learner, "stays"].map(|who| log(who, &at(second), more(second))));
        let verdicts = client.post_logs(&pairs.collect::<Vec<Value>>()).await;
        for (_, code) in verdicts.refusals() {
            assert_eq!(code, "erased");
        }
        assert_eq!(verdicts.accepted + verdicts.duplicates + verdicts.rejected.len() as u64, 40);
        stored += verdicts.accepted;
    }
    stored
}

/// Races the deletion of several learners with what four clients post for them.
async fn race(database: &Database, clients: [&Client; 2]) {
    let [one, other] = clients;
    one.enrol("stays", "Data_2025").await;
    for round in 0..ROUNDS {
        let learner = format!("leaves-{round}");
        let student_id = one.enrol(&learner, "Data_2025").await;
        let posters = [one, other, one, other].into_iter().enumerate();
        let posting = join_all(posters.map(|(poster, client)| post_batches(client, &learner, poster)));
        let deleting = async {
            // Once the first of them are stored, so that there is something to delete and more to come.
            let logs = format!("SELECT COUNT(*) FROM streaming_logs WHERE student_id = {student_id}");
            edtech_tests::eventually("the first logs", std::time::Duration::from_secs(20), async || {
                (database.number(&logs).await > 0).then_some(())
            })
            .await;
            other.erase(student_id).await;
        };
        tokio::join!(posting, deleting);
    }
    for orphans in ORPHANS {
        assert_eq!(database.number(orphans).await, 0, "{orphans}");
    }
    assert_eq!(database.number("SELECT COUNT(DISTINCT student_id) FROM streaming_logs").await, 1);
    assert_eq!(one.daily("2026-03-01").await["totals"]["active_students"], 1);
    assert_figures_are_those_of_the_raw_log(database, one, Tz::UTC).await;
    database.assert_verified().await;
}

mod one_server {
    use super::*;

    on_both_databases!(a_learner_is_deleted_while_logs_come_in);

    async fn a_learner_is_deleted_while_logs_come_in(database: Database) {
        let platform = Platform::start(&database).await;
        let client = platform.client().await;
        race(&database, [&client, &client]).await;
    }
}

mod two_replicas {
    use super::*;

    on_postgres!(
        a_learner_is_deleted_at_one_while_logs_come_in_at_both,
        a_lesson_is_deleted_while_logs_come_in
    );

    async fn a_learner_is_deleted_at_one_while_logs_come_in_at_both(database: Database) {
        let (one, other) = (Platform::start(&database).await, Platform::start(&database).await);
        race(&database, [&one.client().await, &other.client().await]).await;
    }

    /// A lesson is either deleted before the first log of it, or in use: both are fine, an orphan is not.
    async fn a_lesson_is_deleted_while_logs_come_in(database: Database) {
        let (one, other) = (Platform::start(&database).await, Platform::start(&database).await);
        let (posting, deleting) = (one.client().await, other.client().await);
        posting.enrol("ada", "Data_2025").await;
        for round in 0..20 {
            let name = format!("lesson-{round}");
            let lesson = json!({"external_id": name, "title": name});
            let lesson = posting.post_json("/lessons", &lesson).await.expect(201)["lesson_id"].clone();
            let log = log("ada", "2026-03-02T10:00:00Z", json!({"lesson": name}));
            let path = format!("/lessons/{lesson}");
            let logs = [log];
            let (verdicts, deleted) = tokio::join!(posting.post_logs(&logs), deleting.delete(&path));
            match deleted.status {
                204 => assert_eq!(verdicts.refusals(), [(0, "unknown_lesson")]),
                409 => assert_eq!(verdicts.accepted, 1),
                other => panic!("{other}: {}", deleted.body),
            }
        }
        for orphans in ORPHANS {
            assert_eq!(database.number(orphans).await, 0, "{orphans}");
        }
        database.assert_verified().await;
    }
}
