//! How far learners come in a lesson: each counts once, by the furthest.

use chrono_tz::Tz;
use edtech_tests::{
    AIRFLOW, Client, DOCKER, Database, Platform, assert_figures_are_those_of_the_raw_log,
    assert_same_figures, funnel, log, on_both_databases,
};
use serde_json::{Value, json};

on_both_databases!(
    a_learner_counts_once_by_the_furthest,
    a_range_knows_nothing_of_other_days,
    a_late_log_brings_its_day_further,
    an_erased_learner_leaves_the_funnel,
    a_lesson_that_nobody_has_met_is_answered_in_full,
    the_funnel_ends_with_what_completes_a_lesson,
);

async fn progress(client: &Client, range: &str) -> Value {
    let lesson_id = client.lesson_id(DOCKER).await;
    client.get(&format!("/analytics/lessons/{lesson_id}/progress{range}")).await.expect(200)
}

async fn assert_furthest(client: &Client, range: &str, furthest: &[Option<i32>]) {
    let progress = progress(client, range).await;
    assert_same_figures(&progress, &funnel(furthest), range);
    assert_eq!(progress["figures"]["active_students"], furthest.len(), "{range}: {progress}");
}

fn reached(student: &str, day: u32, percentage: i32) -> Value {
    log(student, &format!("2026-03-{day:02}T10:00:00Z"), json!({"completion_percentage": percentage}))
}

fn started(student: &str, day: u32) -> Value {
    log(student, &format!("2026-03-{day:02}T09:00:00Z"), json!({}))
}

/// Ada comes back on another day and starts again, Bob's player tells no percentage, Cyd sees it all, Dan begins.
async fn four_learners(client: &Client) -> i64 {
    client.enrol("ada", "Data_2025").await;
    client.enrol("bob", "Data_2025").await;
    let cyd = client.enrol("cyd", "IA_2025").await;
    client.enrol("dan", "IA_2025").await;
    client.store(&[reached("ada", 2, 10), reached("ada", 2, 49), started("ada", 2)]).await;
    client.store(&[reached("ada", 3, 20), started("bob", 3), started("bob", 4)]).await;
    client.store(&[reached("cyd", 3, 100), reached("cyd", 3, 90), reached("dan", 4, 0)]).await;
    // Another lesson is another matter.
    let elsewhere = json!({"lesson": AIRFLOW, "completion_percentage": 80});
    client.store(&[log("ada", "2026-03-02T12:00:00Z", elsewhere)]).await;
    cyd
}

async fn a_learner_counts_once_by_the_furthest(database: Database) {
    let platform = Platform::start(&database).await;
    let client = platform.client().await;
    four_learners(&client).await;

    let progress = progress(&client, "").await;
    let expected = json!({
        "lesson_id": client.lesson_id(DOCKER).await, "external_id": DOCKER, "title": "Introduction à Docker",
        "subject": "DevOps", "from": null, "to": null, "time_zone": "UTC",
        "reached": [
            {"percentage": 0, "students": 4}, {"percentage": 25, "students": 2}, {"percentage": 50, "students": 1},
            {"percentage": 75, "students": 1}, {"percentage": 90, "students": 1},
        ],
        "without_percentage": 1,
    });
    assert_same_figures(&progress, &expected, "the lesson");
    let tenths = progress["histogram"].as_array().expect("a histogram").iter();
    let tenths: Vec<_> = tenths.map(|tenth| tenth["students"].as_i64().unwrap_or(-1)).collect();
    assert_eq!(tenths, [1, 0, 0, 0, 1, 0, 0, 0, 0, 1]);
    assert_eq!(progress["histogram"][9], json!({"from": 90, "to": 100, "students": 1}));
    let figures = json!({"active_students": 4, "streaming_logs": 9, "completed": 1});
    assert_same_figures(&progress["figures"], &figures, "the lesson's figures");
    assert_figures_are_those_of_the_raw_log(&database, &client, Tz::UTC).await;
    database.assert_verified().await;
}

async fn a_range_knows_nothing_of_other_days(database: Database) {
    let platform = Platform::start(&database).await;
    let client = platform.client().await;
    four_learners(&client).await;

    for (range, furthest) in [
        ("?date=2026-03-01", &[][..]),
        ("?date=2026-03-02", &[Some(49)]),
        ("?date=2026-03-03", &[Some(20), None, Some(100)]),
        ("?from=2026-03-02&to=2026-03-03", &[Some(49), None, Some(100)]),
        ("?from=2026-03-03&to=2026-03-04", &[Some(20), None, Some(100), Some(0)]),
        ("?to=2026-03-02", &[Some(49)]),
        ("?from=2026-03-04", &[None, Some(0)]),
    ] {
        assert_furthest(&client, range, furthest).await;
    }
    let day = progress(&client, "?date=2026-03-03").await;
    assert_eq!((&day["from"], &day["to"]), (&json!("2026-03-03"), &json!("2026-03-03")));
}

async fn a_late_log_brings_its_day_further(database: Database) {
    let platform = Platform::start(&database).await;
    let client = platform.client().await;
    client.enrol("ada", "Data_2025").await;
    client.store(&[started("ada", 2), reached("ada", 4, 50)]).await;
    assert_furthest(&client, "?date=2026-03-02", &[None]).await;

    // One by one: they meet what is folded in already, or is about to be.
    for (percentage, furthest) in [(30, 30), (10, 30), (70, 70)] {
        client.store(&[reached("ada", 2, percentage)]).await;
        assert_furthest(&client, "?date=2026-03-02", &[Some(furthest)]).await;
    }
    assert_furthest(&client, "?date=2026-03-04", &[Some(50)]).await;
    assert_furthest(&client, "", &[Some(70)]).await;
    // Sent again together with a new one, it takes the other way.
    client.post_logs(&[reached("ada", 2, 70), reached("ada", 4, 60)]).await;
    assert_furthest(&client, "?date=2026-03-04", &[Some(60)]).await;
    assert_furthest(&client, "", &[Some(70)]).await;
    database.assert_verified().await;
}

async fn an_erased_learner_leaves_the_funnel(database: Database) {
    let platform = Platform::start(&database).await;
    let client = platform.client().await;
    let cyd = four_learners(&client).await;

    client.erase(cyd).await;

    assert_furthest(&client, "", &[Some(49), None, Some(0)]).await;
    assert_furthest(&client, "?date=2026-03-03", &[Some(20), None]).await;
    assert_furthest(&client, "?from=2026-03-03&to=2026-03-04", &[Some(20), None, Some(0)]).await;
    database.assert_verified().await;
}

async fn a_lesson_that_nobody_has_met_is_answered_in_full(database: Database) {
    let platform = Platform::start(&database).await;
    let client = platform.client().await;
    let lesson = json!({"external_id": "rust", "title": "Rust", "duration_seconds": 1800});
    let lesson = client.post_json("/lessons", &lesson).await.expect(201);

    let path = format!("/analytics/lessons/{}/progress", lesson["lesson_id"]);
    let progress = client.get(&path).await.expect(200);

    let mut expected = funnel(&[]);
    let about = json!({
        "lesson_id": lesson["lesson_id"], "external_id": "rust", "title": "Rust", "subject": null,
        "duration_seconds": 1800, "from": null, "to": null, "time_zone": "UTC",
        "figures": {
            "active_students": 0, "streaming_logs": 0, "watch_time_seconds": 0, "avg_watch_time_seconds": null,
            "avg_completion_percentage": null, "completed": 0,
        },
    });
    let fields = expected.as_object_mut().expect("an object");
    fields.extend(about.as_object().expect("an object").clone());
    assert_eq!(progress, expected);
    let answer = client.get("/analytics/lessons/999999/progress").await;
    assert_eq!(answer.code(404), "not_found");
}

async fn the_funnel_ends_with_what_completes_a_lesson(database: Database) {
    let platform = Platform::start(&database).env("EDTECH_COMPLETION_THRESHOLD", "50").await;
    let client = platform.client().await;
    client.enrol("ada", "Data_2025").await;
    client.store(&[reached("ada", 2, 50)]).await;

    let progress = progress(&client, "").await;

    let students = |percentage, students| json!({"percentage": percentage, "students": students});
    let reached = json!([students(0, 1), students(25, 1), students(50, 1), students(75, 0)]);
    assert_eq!(progress["reached"], reached, "no percentage comes twice");
    assert_eq!(progress["figures"]["completed"], 1);
}
