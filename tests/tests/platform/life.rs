//! The whole life of a streaming log, in one story.

use std::time::Duration;

use edtech_tests::{Client, Database, Platform, Watcher, assert_same_figures, item, on_both_databases};
use serde_json::{Value, json};

const CLASSROOMS: [&str; 8] = [
    "Data_2025",
    "IA_2025",
    "Web_2025",
    "Cloud_2025",
    "Cybersec_2025",
    "DevOps_2025",
    "Mobile_2025",
    "GameDev_2025",
];

on_both_databases!(a_log_is_stored_counted_and_shown);

/// A fresh installation knows eight classrooms and two lessons; returns the id of the Docker lesson.
async fn assert_fresh(client: &Client) -> Value {
    let classrooms = client.get("/classrooms").await.expect(200);
    assert_eq!(classrooms["items"].as_array().map(Vec::len), Some(CLASSROOMS.len()));
    for classroom in CLASSROOMS {
        assert_eq!(item(&classrooms["items"], "classroom", classroom)["students"], 0);
    }
    let lessons = client.get("/lessons").await.expect(200);
    assert_eq!(lessons["items"].as_array().map(Vec::len), Some(2));
    let docker = item(&lessons["items"], "title", "Introduction à Docker");
    assert_eq!(docker["subject"], "DevOps");
    assert_eq!(item(&lessons["items"], "title", "Maîtriser Airflow")["subject"], "Data Engineering");
    docker["lesson_id"].clone()
}

async fn a_log_is_stored_counted_and_shown(database: Database) {
    let platform = Platform::start(&database).await;
    let client = platform.client().await;

    let docker = assert_fresh(&client).await;

    // A learner is enrolled, into a classroom that nobody has heard of yet.
    let ada = json!({"external_id": "ada", "name": "Ada Lovelace", "classroom": "Analytical Engines"});
    let learner = client.post_json("/students", &ada).await.expect(201);
    client.get("/classrooms/Analytical%20Engines").await.expect(200);

    // An educator watches.
    let mut watcher = Watcher::connect(&client).await;
    assert_eq!(watcher.today["seq"], 0);
    assert_eq!(watcher.today["totals"]["streaming_logs"], 0);

    // The learner streams a lesson; the player sends its log again because it heard no answer.
    let now = chrono::Utc::now();
    let log = json!({
        "log_id": "5ad0a8e2-5b0f-4d1c-9a53-0c3b2a6f7e11", "student_id": learner["student_id"],
        "lesson_id": docker, "event_type": "played", "event_timestamp": now,
        "watch_time_seconds": 30, "completion_percentage": 95,
    });
    let stored = client.post_json("/streaming-logs", &log).await.expect(201);
    assert_eq!(stored, json!({"log_id": log["log_id"], "status": "stored"}));
    let again = client.post_json("/streaming-logs", &log).await.expect(200);
    assert_eq!(again, json!({"log_id": log["log_id"], "status": "duplicate"}));

    // Another log must not take its place.
    let mut other = log.clone();
    other["watch_time_seconds"] = json!(31);
    assert_eq!(client.post_json("/streaming-logs", &other).await.code(409), "log_id_conflict");

    // It counts once: in the day's figures …
    let date = now.date_naive().to_string();
    let daily = client.daily(&date).await;
    let figures = json!({
        "students": 1, "active_students": 1, "streaming_logs": 1, "watch_time_seconds": 30,
        "avg_watch_time_seconds": 30.0, "avg_completion_percentage": 95.0, "completed": 1,
    });
    assert_same_figures(&daily["totals"], &figures, "the day");
    assert_same_figures(
        item(&daily["classrooms"], "classroom", "Analytical Engines"),
        &figures,
        "the classroom",
    );
    assert_eq!(item(&daily["lessons"], "external_id", "introduction-a-docker")["completed"], 1);
    assert_eq!(item(&daily["lessons"], "external_id", "maitriser-airflow")["completed"], 0);

    // … and on the live socket, as a step from the snapshot.
    let frames = watcher
        .until("the log", Duration::from_secs(30), |today| today["totals"]["streaming_logs"] == 1)
        .await;
    assert_eq!((&frames[0]["type"], &frames[0]["seq"]), (&json!("delta"), &json!(1)));
    assert_same_figures(&watcher.today["totals"], &figures, "the live totals");

    // All of it is what the raw log gives.
    database.assert_verified().await;
    platform.stop().await;
}
