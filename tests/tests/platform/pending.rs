//! What ingestion has appended and nobody has folded in yet counts already: every answer is the same before and after.

use std::time::Duration;

use chrono_tz::Tz;
use edtech_tests::{
    Client, Command, Database, Platform, assert_figures_are_those_of_the_raw_log, eventually, log,
    on_both_databases,
};
use serde_json::{Value, json};
use uuid::Uuid;

const PATIENCE: Duration = Duration::from_secs(60);

/// The advisory lock of whoever folds, as `store/fold.rs` has it.
const TURN: i64 = 0x0ED7_EC49;

const LEARNERS: [&str; 3] = ["ada", "bob", "cyd"];

/// Nobody folds from here on: on PostgreSQL the turn is taken, until the connection of the test ends; on SQLite what
/// folds is undone.
async fn stop_folding(database: &Database) {
    if database.is_postgres() {
        assert_eq!(database.rows(&format!("SELECT pg_advisory_lock({TURN})")).await.len(), 1);
        return;
    }
    let undo = "CREATE TRIGGER no_folding BEFORE DELETE ON viewing_changes \
                BEGIN SELECT RAISE(ABORT, 'the test stops it'); END";
    database.execute(undo).await;
}

async fn go_on_folding(database: &Database) {
    if database.is_postgres() {
        assert_eq!(database.rows(&format!("SELECT pg_advisory_unlock({TURN})")).await.len(), 1);
        return;
    }
    database.execute("DROP TRIGGER no_folding").await;
}

async fn assert_something_is_appended(database: &Database) {
    assert!(database.appended().await > 0, "nothing is pending: this shows nothing");
}

/// Appends logs and leaves them so, for a change of the roster, which folds first by itself.
async fn leave_appended(database: &Database, client: &Client, logs: &[Value]) {
    // The first log after a change meets a server that has forgotten the roster, and folds; the others are appended.
    client.store(&logs[..1]).await;
    stop_folding(database).await;
    client.store(&logs[1..]).await;
    assert_something_is_appended(database).await;
    if !database.is_postgres() {
        // The change has no other way to fold. The server was just refused and does not try the next one at once.
        go_on_folding(database).await;
    }
}

/// Logs of a day, some of which complete the lesson.
fn logs_of(day: u32) -> Vec<Value> {
    logs_by(&LEARNERS, day)
}

fn logs_by(learners: &[&str], day: u32) -> Vec<Value> {
    let one = |number: u32| {
        let learner = learners[number as usize % learners.len()];
        let at = format!("2026-03-{day:02}T{:02}:{:02}:00Z", 8 + number % 8, number % 60);
        let figures = json!({"watch_time_seconds": number, "completion_percentage": 60 + number % 41});
        let mut log = log(learner, &at, figures);
        log["log_id"] = json!(Uuid::from_u128(u128::from(day) << 32 | u128::from(number)));
        log
    };
    (0..40).map(one).collect()
}

async fn enrol_all(client: &Client) {
    for learner in LEARNERS {
        client.enrol(learner, "Data_2025").await;
    }
}

async fn judge(database: &Database, client: &Client) {
    assert_figures_are_those_of_the_raw_log(database, client, Tz::UTC).await;
    database.assert_verified().await;
}

on_both_databases!(
    an_answer_does_not_depend_on_how_far_the_folding_has_come,
    what_a_killed_server_has_appended_counts,
    a_roster_that_changes_takes_along_what_is_appended,
    a_rebuild_keeps_what_came_in,
    a_completion_moves_to_the_earliest_moment_whichever_way_it_came
);

async fn an_answer_does_not_depend_on_how_far_the_folding_has_come(database: Database) {
    let platform = Platform::start(&database).await;
    let replica = if database.is_postgres() { Some(Platform::start(&database).await) } else { None };
    let client = platform.client().await;
    let second = replica.as_ref().unwrap_or(&platform).client().await;
    enrol_all(&client).await;
    stop_folding(&database).await;
    // The days come in no order: a completion moves to an earlier day.
    for day in [5, 3, 4] {
        client.store(&logs_of(day)).await;
    }
    second.store(&logs_of(2)).await;
    assert_something_is_appended(&database).await;
    judge(&database, &second).await;
    let revision = "SELECT CAST(SUM(revision) AS bigint) FROM counted_day_revisions WHERE day = '2026-03-05'";
    let revised = database.number(revision).await;
    assert!(revised > 1, "the day has lost completions to an earlier one");

    go_on_folding(&database).await;
    eventually("all folded in", PATIENCE, async || (database.appended().await == 0).then_some(())).await;
    judge(&database, &client).await;
    assert_eq!(database.number(revision).await, revised);
    let taken_in = "SELECT CAST(SUM(accepted) AS bigint) FROM intake_days";
    assert_eq!(database.number(taken_in).await, 160);
}

async fn what_a_killed_server_has_appended_counts(database: Database) {
    let platform = Platform::start(&database).await;
    let client = platform.client().await;
    enrol_all(&client).await;
    stop_folding(&database).await;
    client.store(&logs_of(2)).await;
    platform.kill().await;
    assert_something_is_appended(&database).await;
    database.assert_verified().await;

    go_on_folding(&database).await;
    let platform = Platform::start(&database).await;
    judge(&database, &platform.client().await).await;
    // The next server folds it in though nothing comes in.
    eventually("all folded in", PATIENCE, async || (database.appended().await == 0).then_some(())).await;
}

async fn a_roster_that_changes_takes_along_what_is_appended(database: Database) {
    let platform = Platform::start(&database).await;
    let client = platform.client().await;
    let ada = client.enrol("ada", "Data_2025").await;
    let bob = client.enrol("bob", "Data_2025").await;
    client.enrol("cyd", "IA_2025").await;
    leave_appended(&database, &client, &logs_of(2)).await;
    client.enrol("cyd", "Data_2025").await;
    judge(&database, &client).await;

    leave_appended(&database, &client, &logs_of(3)).await;
    client.erase(ada).await;
    judge(&database, &client).await;

    leave_appended(&database, &client, &logs_by(&["bob", "cyd"], 4)).await;
    client.patch_json("/classrooms/Data_2025", &json!({"classroom": "Data 2026"})).await.expect(200);
    judge(&database, &client).await;

    leave_appended(&database, &client, &logs_by(&["bob", "cyd"], 5)).await;
    client.erase(bob).await;
    judge(&database, &client).await;
}

async fn a_rebuild_keeps_what_came_in(database: Database) {
    let platform = Platform::start(&database).await;
    let client = platform.client().await;
    enrol_all(&client).await;
    stop_folding(&database).await;
    client.store(&logs_of(2)).await;
    platform.kill().await;
    database.left_alone().await;
    go_on_folding(&database).await;
    assert_something_is_appended(&database).await;
    Command::api(&database, ["rebuild"]).run().await.expect(0);
    assert_eq!(database.appended().await, 0);
    assert_eq!(database.number("SELECT accepted FROM intake_days").await, 40);
    database.assert_verified().await;
}

/// The same logs once as they happened and once backwards: learner by learner, the figures are the same.
async fn a_completion_moves_to_the_earliest_moment_whichever_way_it_came(database: Database) {
    let platform = Platform::start(&database).await;
    let client = platform.client().await;
    enrol_all(&client).await;
    for day in (2..8).rev() {
        let mut logs = logs_of(day);
        logs.reverse();
        // One by one and together, so that a pair completes in several groups and within one.
        client.store(&logs[..1]).await;
        client.store(&logs[1..]).await;
    }
    assert_eq!(client.daily("2026-03-07").await["totals"]["completed"], 0);
    assert_eq!(client.daily("2026-03-02").await["totals"]["completed"], 3);
    judge(&database, &client).await;
}
