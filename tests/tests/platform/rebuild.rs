//! Every figure is what the raw log gives: `verify` names the others, `rebuild` counts them anew, and so by other rules.

use std::cell::Cell;
use std::time::Duration;

use chrono_tz::Tz;
use edtech_tests::{
    Command, Database, Platform, assert_figures_are_those_of_the_raw_log, eventually, log, on_both_databases,
    on_postgres,
};
use sea_orm::ConnectionTrait;
use serde_json::json;
use uuid::Uuid;

const AT: &str = "2026-03-02T23:30:00Z";
const PATIENCE: Duration = Duration::from_secs(30);

on_both_databases!(
    a_start_with_another_time_zone_is_refused_until_a_rebuild,
    a_damaged_figure_is_named_and_mended,
    a_rebuild_beside_a_server_is_refused,
    verify_that_cannot_run_says_so,
    what_is_stored_while_it_is_verified_is_no_difference,
);

async fn a_start_with_another_time_zone_is_refused_until_a_rebuild(database: Database) {
    let platform = Platform::start(&database).await;
    let client = platform.client().await;
    client.enrol("ada", "Data_2025").await;
    client.store(&[log("ada", AT, json!({"completion_percentage": 100}))]).await;
    assert_eq!(client.daily("2026-03-02").await["totals"]["completed"], 1);
    platform.stop().await;

    let elsewhere =
        || Command::api(&database, ["serve", "--port", "0"]).env("EDTECH_TIME_ZONE", "Europe/Paris");
    let refused = elsewhere().quietly().run().await;
    assert!(refused.refusal().contains("EDTECH_TIME_ZONE"), "{refused:?}");

    database.left_alone().await;
    Command::api(&database, ["rebuild"]).env("EDTECH_TIME_ZONE", "Europe/Paris").run().await.expect(0);
    database.assert_verified().await;
    let platform = Platform::start(&database).time_zone("Europe/Paris").await;
    let client = platform.client().await;
    assert_eq!(client.daily("2026-03-02").await["totals"]["streaming_logs"], 0);
    let daily = client.daily("2026-03-03").await;
    assert_eq!((&daily["time_zone"], &daily["totals"]["completed"]), (&json!("Europe/Paris"), &json!(1)));
    assert_figures_are_those_of_the_raw_log(&database, &client, Tz::Europe__Paris).await;

    // The threshold is of the same kind.
    platform.stop().await;
    let other =
        Command::api(&database, ["serve", "--port", "0"]).env("EDTECH_TIME_ZONE", "Europe/Paris").quietly();
    let refused = other.env("EDTECH_COMPLETION_THRESHOLD", "50").run().await;
    assert!(refused.refusal().contains("EDTECH_COMPLETION_THRESHOLD"), "{refused:?}");
}

async fn a_damaged_figure_is_named_and_mended(database: Database) {
    let platform = Platform::start(&database).await;
    let client = platform.client().await;
    client.enrol("ada", "Data_2025").await;
    client.store(&[log("ada", AT, json!({"watch_time_seconds": 30, "completion_percentage": 95}))]).await;
    platform.stop().await;

    let damages = [
        ("UPDATE viewing_days SET watch_time_seconds = watch_time_seconds + 1", "viewing_days"),
        ("UPDATE viewing_days SET furthest_percentage = 96", "viewing_days"),
        // As it is after the migration that brought it.
        ("UPDATE viewing_days SET furthest_percentage = NULL", "viewing_days"),
        ("DELETE FROM viewing_days", "viewing_days"),
        ("UPDATE classroom_days SET active_students = 9 WHERE day = '0001-01-01'", "classroom_days"),
        ("UPDATE lesson_days SET streaming_logs = 9 WHERE day > '0001-01-01'", "lesson_days"),
        ("DELETE FROM lesson_days WHERE day = '0001-01-01'", "lesson_days"),
        ("DELETE FROM learner_days WHERE day > '0001-01-01'", "learner_days"),
        ("INSERT INTO learner_lessons VALUES (999999, 1)", "learner_lessons"),
        ("UPDATE completions SET day = '2026-03-01'", "completions"),
        ("DELETE FROM completions", "completions"),
        ("UPDATE log_minutes SET streaming_logs = 2", "log_minutes"),
        ("INSERT INTO viewing_days VALUES (999999, '2026-03-02', 1, 1, 0, 0, 0, 0, NULL)", "viewing_days"),
    ];
    for (damage, place) in damages {
        assert_eq!(database.execute(damage).await, 1, "{damage}");
        let found = Command::api(&database, ["verify"]).run().await.expect(1);
        assert!(found.lines().any(|line| line.contains(place)), "{damage}: {found}");
        Command::api(&database, ["rebuild"]).run().await.expect(0);
        database.assert_verified().await;
    }
    // A log without its learner is no figure: it is named all the same.
    let orphan =
        "INSERT INTO streaming_logs SELECT log_id, 999999, lesson_id, event_type, watch_time_seconds,
        completion_percentage, event_timestamp, received_at FROM streaming_logs";
    assert_eq!(database.execute(orphan).await, 1);
    let found = Command::api(&database, ["verify"]).run().await.expect(1);
    assert!(found.contains("999999"), "{found}");
}

async fn a_rebuild_beside_a_server_is_refused(database: Database) {
    let platform = Platform::start(&database).await;
    let refused = Command::api(&database, ["rebuild"]).quietly().run().await;
    refused.refusal();
    // It has done no harm.
    platform.client().await.enrol("ada", "Data_2025").await;
    platform.stop().await;
    database.left_alone().await;
    Command::api(&database, ["rebuild"]).run().await.expect(0);
}

async fn verify_that_cannot_run_says_so(database: Database) {
    let elsewhere = database.either("sqlite:///nowhere/edtech.db", "postgres://nobody@127.0.0.1:1/nowhere");
    Command::api(&database, ["verify"]).env("DATABASE_URL", elsewhere).run().await.expect(2);
    // A database that no server has ever prepared has no figures to verify either.
    Command::api(&database, ["verify"]).run().await.expect(2);
    Platform::start(&database).await.stop().await;
    Command::api(&database, ["verify"]).run().await.expect(0);
    // 1 would say that it has found something.
    let to_nowhere = ["sh", "-c", r#"exec "$0" "$@" > /dev/full"#];
    let unheard = Command::api(&database, ["verify"]).under(&to_nowhere).quietly().run().await;
    assert!(unheard.refusal().contains("verify could not run"), "{unheard:?}");
    unheard.expect(2);
}

/// All that is compared is of one moment, whatever comes in meanwhile, is folded in or is sent again.
async fn what_is_stored_while_it_is_verified_is_no_difference(database: Database) {
    let platform = Platform::start(&database).await;
    let client = platform.client().await;
    client.enrol("ada", "Data_2025").await;
    let (is_verified, mut stored) = (Cell::new(false), 0);
    let posting = async {
        while !is_verified.get() {
            let batch = (0..50).map(|second| {
                let at = format!("2026-03-02T10:00:{second:02}Z");
                log("ada", &at, json!({"log_id": Uuid::from_u128(stored + second), "watch_time_seconds": 1}))
            });
            let batch: Vec<_> = batch.collect();
            client.store(&batch).await;
            client.post_logs(&batch).await;
            stored += 50;
        }
    };
    let verifying = async {
        for _ in 0..4 {
            database.assert_verified().await;
        }
        is_verified.set(true);
    };
    tokio::join!(posting, verifying);
    assert!(stored >= 200, "only {stored} logs came in meanwhile");
    assert_eq!(database.number("SELECT COUNT(*) FROM streaming_logs").await as u128, stored);
}

mod beside_servers {
    use super::*;

    on_postgres!(a_rebuild_waits_for_whoever_still_stores, a_server_that_missed_a_rebuild_ends);

    /// The lock that every group of logs holds together with the others until its commit.
    const GATE: i64 = 0x0ED7_EC47;

    /// A server whose connection was lost has lost the lock that keeps a rebuild out, and may still be at a group.
    async fn a_rebuild_waits_for_whoever_still_stores(database: Database) {
        Platform::start(&database).await.stop().await;
        database.left_alone().await;
        let group = database.begin().await;
        let pass = format!("SELECT pg_advisory_xact_lock_shared({GATE})");
        group.execute_unprepared(&pass).await.expect("the gate");
        let rebuild = Command::api(&database, ["rebuild"]).start();
        let waiting = "SELECT COUNT(*) FROM pg_locks WHERE locktype = 'advisory' AND NOT granted
                   AND database = (SELECT oid FROM pg_database WHERE datname = current_database())";
        eventually("the rebuild waits", PATIENCE, async || {
            (database.number(waiting).await == 1).then_some(())
        })
        .await;
        group.commit().await.expect("a commit");
        rebuild.finished().await.expect(0);
    }

    async fn a_server_that_missed_a_rebuild_ends(database: Database) {
        Platform::start(&database).await.stop().await;
        let server = Command::api(&database, ["serve", "--port", "0"]).quietly().start();
        let sessions = "FROM pg_stat_activity WHERE datname = current_database() AND application_name";
        let serving = format!("SELECT COUNT(*) {sessions} = 'edtech-api pulse'");
        eventually("it serves", PATIENCE, async || (database.number(&serving).await == 1).then_some(()))
            .await;
        // As a rebuild leaves it that is done before the server is back.
        database.execute("UPDATE settings SET time_zone = 'Europe/Paris'").await;
        database.execute(&format!("SELECT pg_terminate_backend(pid) {sessions} = 'edtech-api live'")).await;
        let ended = server.finished().await;
        assert!(ended.refusal().contains("counted anew by other rules"), "{ended:?}");
    }
}
