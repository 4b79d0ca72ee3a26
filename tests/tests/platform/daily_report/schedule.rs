//! The report by schedule: yesterday's, once, whichever replica is first.

use std::time::Duration;

use chrono::{Days, NaiveDate, Utc};
use edtech_tests::{Client, Database, Platform, eventually, on_both_databases, on_postgres};
use futures_util::future::join_all;
use serde_json::json;

use super::{at, kept, made, path};

const PATIENCE: Duration = Duration::from_secs(90);

on_both_databases!(
    yesterdays_report_is_made_after_a_start,
    a_report_of_the_whole_day_is_left_alone,
    one_of_half_a_day_is_made_anew,
    without_the_setting_nobody_makes_one,
);

fn day(days_ago: u64) -> NaiveDate {
    Utc::now().date_naive() - Days::new(days_ago)
}

/// A server whose report is due since midnight.
async fn scheduled(database: &Database) -> Platform {
    let start = Platform::start(database).env("EDTECH_DAILY_REPORT_AT", "00:00");
    start.env("RUST_LOG", "info,edtech_api=debug").await
}

/// Waits until so many servers have had their look at what is due.
async fn looked(database: &Database, times: usize) {
    let said = || {
        let files = std::fs::read_dir(database.directory()).expect("a directory");
        let logs = files.map(|file| file.expect("a file").path());
        let logs = logs.filter(|path| path.extension().is_some_and(|extension| extension == "log"));
        let said = logs.map(|path| std::fs::read_to_string(path).unwrap_or_default());
        said.map(|text| text.matches("the daily report is ").count()).sum::<usize>()
    };
    eventually("the schedule has looked", PATIENCE, async || (said() >= times).then_some(())).await;
}

/// Counts from here on how often a report is written.
async fn count_writes(database: &Database) {
    database.execute("CREATE TABLE report_writes (number integer)").await;
    if database.is_postgres() {
        let note = "CREATE FUNCTION note_write() RETURNS trigger LANGUAGE plpgsql AS \
            $$ BEGIN INSERT INTO report_writes VALUES (1); RETURN NEW; END $$";
        database.execute(note).await;
        let on_write = "CREATE TRIGGER note_write AFTER INSERT OR UPDATE ON daily_reports \
            FOR EACH ROW EXECUTE FUNCTION note_write()";
        database.execute(on_write).await;
        return;
    }
    for event in ["INSERT", "UPDATE"] {
        let on_write = format!(
            "CREATE TRIGGER note_{event} AFTER {event} ON daily_reports \
             BEGIN INSERT INTO report_writes VALUES (1); END"
        );
        database.execute(&on_write).await;
    }
}

async fn writes(database: &Database) -> i64 {
    database.number("SELECT COUNT(*) FROM report_writes").await
}

async fn a_log_of_yesterday(client: &Client) {
    client.enrol("ada", "Data_2025").await;
    client.store(&[at(&day(1).to_string(), 12, json!({"watch_time_seconds": 30}), "ada")]).await;
}

async fn yesterdays_report_is_made_after_a_start(database: Database) {
    let platform = Platform::start(&database).await;
    a_log_of_yesterday(&platform.client().await).await;
    count_writes(&database).await;
    platform.stop().await;

    let platform = scheduled(&database).await;
    looked(&database, 1).await;
    let client = platform.client().await;
    let report = kept(&client, &day(1).to_string()).await;
    assert_eq!((&report["totals"]["streaming_logs"], &report["stale"]), (&json!(1), &json!(false)));
    assert_eq!(report["totals"], client.daily(&day(1).to_string()).await["totals"]);
    platform.stop().await;

    // Another start on the same day finds it.
    let platform = scheduled(&database).await;
    looked(&database, 2).await;
    assert_eq!(kept(&platform.client().await, &day(1).to_string()).await, report);
    assert_eq!(writes(&database).await, 1);
    database.assert_verified().await;
}

/// Who made it had reasons, and tasks; that it is stale is for them to mend.
async fn a_report_of_the_whole_day_is_left_alone(database: Database) {
    let platform = Platform::start(&database).await;
    let client = platform.client().await;
    a_log_of_yesterday(&client).await;
    let yesterday = day(1).to_string();
    let tasks = json!({"tasks": {"analyze_student_engagement": {"active_students": 1}}});
    super::put_json(&client, &yesterday, &tasks).await.expect(201);
    client.store(&[at(&yesterday, 13, json!({}), "ada")]).await;
    let before = kept(&client, &yesterday).await;
    platform.stop().await;

    let platform = scheduled(&database).await;
    looked(&database, 1).await;
    let after = kept(&platform.client().await, &yesterday).await;
    assert_eq!((&after, &after["stale"]), (&before, &json!(true)));
}

async fn one_of_half_a_day_is_made_anew(database: Database) {
    let platform = Platform::start(&database).await;
    let client = platform.client().await;
    a_log_of_yesterday(&client).await;
    let yesterday = day(1).to_string();
    made(&client, &yesterday).await;
    let then = database.either("'2026-01-01T12:00:00.000000Z'", "TIMESTAMPTZ '2026-01-01 12:00:00Z'");
    database.execute(&format!("UPDATE daily_reports SET generated_at = {then}")).await;
    client.store(&[at(&yesterday, 20, json!({}), "ada")]).await;
    platform.stop().await;

    let platform = scheduled(&database).await;
    looked(&database, 1).await;
    let report = kept(&platform.client().await, &yesterday).await;
    assert_eq!((&report["totals"]["streaming_logs"], &report["stale"]), (&json!(2), &json!(false)));
}

async fn without_the_setting_nobody_makes_one(database: Database) {
    let platform = Platform::start(&database).await;
    let client = platform.client().await;
    a_log_of_yesterday(&client).await;
    platform.stop().await;
    let platform = Platform::start(&database).await;
    platform.client().await.get(&path(&day(1).to_string())).await.expect(404);
}

mod replicas {
    use super::*;

    on_postgres!(four_replicas_make_one_report);

    async fn four_replicas_make_one_report(database: Database) {
        let platform = Platform::start(&database).await;
        a_log_of_yesterday(&platform.client().await).await;
        count_writes(&database).await;

        let replicas = join_all((0..4).map(|_| scheduled(&database))).await;
        looked(&database, 4).await;

        assert_eq!(writes(&database).await, 1);
        let yesterday = day(1).to_string();
        let mut reports = Vec::new();
        for replica in &replicas {
            reports.push(kept(&replica.client().await, &yesterday).await);
        }
        assert!(reports.iter().all(|report| *report == reports[0]), "{reports:?}");
        assert_eq!(reports[0]["totals"]["streaming_logs"], 1);
    }
}
