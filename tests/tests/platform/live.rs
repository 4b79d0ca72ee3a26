//! Today as it happens: what a frame says, and who may watch.

use std::time::Duration;

use edtech_tests::{
    AIRFLOW, DOCKER, Database, Platform, Watcher, assert_same_figures, eventually, free_address, item, log,
    on_both_databases, on_postgres,
};
use serde_json::{Value, json};
use tokio_tungstenite::connect_async;
use tokio_tungstenite::tungstenite::Error;
use tokio_tungstenite::tungstenite::http::header::{AUTHORIZATION, ORIGIN, SEC_WEBSOCKET_PROTOCOL};

/// Longer than the next frame takes, also on a machine that stood still.
const SOON: Duration = Duration::from_secs(30);

on_both_databases!(
    a_delta_says_only_what_changed,
    a_log_of_another_day_moves_the_rates_alone,
    a_learner_who_moves_or_goes_is_seen_at_once,
    who_watches_is_seen_in_classroom_and_lesson,
    a_refused_log_is_counted_at_once,
    a_server_that_stops_says_goodbye,
    the_socket_takes_a_session_from_our_own_pages_alone,
);

fn now() -> String {
    chrono::Utc::now().to_rfc3339()
}

async fn a_delta_says_only_what_changed(database: Database) {
    let platform = Platform::start(&database).await;
    let client = platform.client().await;
    let ada = client.enrol("ada", "Data_2025").await;
    client.enrol("bob", "IA_2025").await;
    client.store(&[log("bob", &now(), json!({"watch_time_seconds": 5}))]).await;
    let mut watcher = Watcher::connect(&client).await;
    let bobs = item(&watcher.today["classrooms"], "classroom", "IA_2025").clone();
    assert_eq!((&bobs["students"], &bobs["watch_time_seconds"]), (&json!(1), &json!(5)));
    assert_eq!(watcher.today["classrooms"].as_array().map(Vec::len), Some(8), "also those without a log");

    client.store(&[log("ada", &now(), json!({"watch_time_seconds": 30}))]).await;
    let adas = |today: &Value| item(&today["classrooms"], "classroom", "Data_2025").clone();
    let seen =
        |today: &Value| today["totals"]["streaming_logs"] == 2 && adas(today)["watching_students"] == 1;
    let frames = watcher.until("a log", SOON, seen).await;

    // What was done and who is at it are counted one after the other: in one step, or in two.
    let said = |part: &'static str| {
        let of = move |frame: &Value| frame[part].as_array().cloned().unwrap_or_default();
        frames.iter().flat_map(of)
    };
    assert!(frames.iter().all(|frame| frame["type"] == "delta"), "{frames:?}");
    assert!(said("classrooms").all(|change| change["classroom"] == "Data_2025"), "{frames:?}");
    let recent: Vec<Value> = said("recent").map(|log| log["student_id"].clone()).collect();
    assert_eq!(recent, [json!(ada)], "{frames:?}");
    assert!(!json!(frames).to_string().contains("ada"), "a learner's name on the socket: {frames:?}");
    let expected = json!({
        "active_students": 2, "streaming_logs": 2, "watch_time_seconds": 35, "avg_watch_time_seconds": 17.5,
    });
    assert_same_figures(&watcher.today["totals"], &expected, "the totals");
    let expected = json!({
        "active_students": 1, "streaming_logs": 1, "watch_time_seconds": 30, "avg_watch_time_seconds": 30.0,
        "watching_students": 1,
    });
    assert_same_figures(&adas(&watcher.today), &expected, "the classroom");
    assert_eq!(*item(&watcher.today["classrooms"], "classroom", "IA_2025"), bobs);

    // Whoever comes now begins with all of it, with numbers of their own.
    let late = Watcher::connect(&client).await;
    for part in ["totals", "classrooms"] {
        assert_eq!(late.today[part], watcher.today[part], "{part}");
    }
}

async fn a_log_of_another_day_moves_the_rates_alone(database: Database) {
    let platform = Platform::start(&database).await;
    let client = platform.client().await;
    client.enrol("ada", "Data_2025").await;
    let mut watcher = Watcher::connect(&client).await;
    assert_eq!(watcher.today["rates"], json!({"streaming_logs_per_second": 0.0, "active_students": 0}));

    let at = |second: u32| format!("2026-03-02T10:00:{second:02}Z");
    client.store(&(0..30).map(|second| log("ada", &at(second), json!({}))).collect::<Vec<_>>()).await;

    let in_a_minute = |today: &Value| today["rates"]["streaming_logs_per_second"] == 0.5;
    watcher.until("thirty logs in a minute", SOON, in_a_minute).await;
    assert_eq!(watcher.today["rates"]["active_students"], 1);
    assert_eq!(watcher.today["totals"]["streaming_logs"], 0, "they are not of today");
}

async fn a_learner_who_moves_or_goes_is_seen_at_once(database: Database) {
    let platform = Platform::start(&database).await;
    let client = platform.client().await;
    let ada = client.enrol("ada", "Data_2025").await;
    client.store(&[log("ada", &now(), json!({}))]).await;
    let mut watcher = Watcher::connect(&client).await;

    client.enrol("ada", "IA_2025").await;
    let logs_of = |today: &Value, classroom: &str| {
        item(&today["classrooms"], "classroom", classroom)["streaming_logs"].as_i64()
    };
    let moved =
        |today: &Value| (logs_of(today, "Data_2025"), logs_of(today, "IA_2025")) == (Some(0), Some(1));
    watcher.until("the move", SOON, moved).await;
    client.enrol("bob", "a new classroom").await;
    let enrolled = |today: &Value| today["totals"]["students"] == 2;
    watcher.until("a new classroom", SOON, enrolled).await;
    assert_eq!(item(&watcher.today["classrooms"], "classroom", "a new classroom")["students"], 1);
    client.erase(ada).await;
    watcher.until("the end of her logs", SOON, |today| today["totals"]["streaming_logs"] == 0).await;
}

async fn who_watches_is_seen_in_classroom_and_lesson(database: Database) {
    let platform = Platform::start(&database).await;
    let client = platform.client().await;
    let ada = client.enrol("ada", "Data_2025").await;
    client.enrol("bob", "IA_2025").await;
    let mut watcher = Watcher::connect(&client).await;
    assert_eq!((watching(&watcher.today), &watcher.today["lessons"]), ((0, 0), &json!([])));

    // All in one batch: of these, the one that happened last says what she watches.
    let logs = [
        log("ada", "2026-03-02T10:00:00Z", json!({"lesson": DOCKER})),
        log("ada", "2026-03-02T10:00:09Z", json!({"lesson": AIRFLOW})),
        log("ada", "2026-03-02T10:00:01Z", json!({"lesson": DOCKER})),
        log("bob", "2026-03-02T10:00:00Z", json!({"lesson": DOCKER})),
    ];
    client.store(&logs).await;
    watcher.until("both watch", SOON, |today| watching(today) == (1, 1)).await;
    assert_eq!(lessons(&watcher.today), [("Introduction à Docker", 1), ("Maîtriser Airflow", 1)]);

    client.store(&[log("ada", "2026-03-02T09:00:00Z", json!({"lesson": DOCKER}))]).await;
    let both = |today: &Value| lessons(today) == [("Introduction à Docker", 2)];
    watcher.until("the lesson of her latest arrival", SOON, both).await;

    client.enrol("ada", "IA_2025").await;
    watcher.until("she is in another class", SOON, |today| watching(today) == (0, 2)).await;
    client.erase(ada).await;
    watcher.until("she is gone", SOON, |today| watching(today) == (0, 1)).await;
    assert_eq!(lessons(&watcher.today), [("Introduction à Docker", 1)]);
    assert_eq!(
        watcher.today["rates"],
        json!({"streaming_logs_per_second": 1.0 / 60.0, "active_students": 1})
    );

    // Whoever comes now is told the same.
    let late = Watcher::connect(&client).await;
    for part in ["classrooms", "lessons", "rates"] {
        assert_eq!(late.today[part], watcher.today[part], "{part}");
    }
}

/// Who watches in `Data_2025` and in `IA_2025`.
fn watching(today: &Value) -> (i64, i64) {
    let of = |name| item(&today["classrooms"], "classroom", name)["watching_students"].as_i64();
    (of("Data_2025").expect("a number"), of("IA_2025").expect("a number"))
}

/// The lessons that are being watched, and by how many.
fn lessons(today: &Value) -> Vec<(&str, i64)> {
    let students = |lesson: &Value| lesson["watching_students"].as_i64().expect("a number");
    let lessons = today["lessons"].as_array().expect("lessons").iter();
    lessons.map(|lesson| (lesson["title"].as_str().expect("a title"), students(lesson))).collect()
}

async fn a_refused_log_is_counted_at_once(database: Database) {
    let platform = Platform::start(&database).await;
    let client = platform.client().await;
    client.enrol("ada", "Data_2025").await;
    let stranger = || log("stranger", &now(), json!({}));
    client.post_logs(&[stranger()]).await;
    let mut watcher = Watcher::connect(&client).await;
    assert_eq!(watcher.today["rejected_logs"], 1);

    // Twice the same, and one that is stored beside.
    client.post_logs(&[json!(17), json!(17), log("ada", &now(), json!({}))]).await;
    let frames = watcher.until("two more", SOON, |today| today["rejected_logs"] == 3).await;
    let delta = frames.last().expect("a frame");
    assert_eq!((&delta["type"], &delta["rejected_logs"]), (&json!("delta"), &json!(3)));
    watcher.until("the one that is stored", SOON, |today| today["totals"]["streaming_logs"] == 1).await;
    assert_eq!(Watcher::connect(&client).await.today["rejected_logs"], 3);
}

async fn a_server_that_stops_says_goodbye(database: Database) {
    let platform = Platform::start(&database).await;
    let client = platform.client().await;
    let watchers = [Watcher::connect(&client).await, Watcher::connect(&client).await];

    platform.terminate();
    for watcher in watchers {
        assert_eq!(watcher.closed().await, Some(1001), "going away");
    }
    platform.ended().await;
}

async fn the_socket_takes_a_session_from_our_own_pages_alone(database: Database) {
    let platform = Platform::start(&database).await;
    let browser = platform.signed_in().await;
    Watcher::connect(&browser).await;
    for origin in ["https://elsewhere.example", "null"] {
        let mut elsewhere = Watcher::request(&browser);
        elsewhere.headers_mut().insert(ORIGIN, origin.parse().expect("a header"));
        assert_eq!(refused(elsewhere).await, 403, "{origin}");
    }
    let mut claimed = Watcher::request(&browser);
    claimed.headers_mut().insert("sec-fetch-site", "cross-site".parse().expect("a header"));
    // Where reading is open to this machine, such a page of it watches as anybody does.
    match database.is_postgres() {
        true => assert_eq!(refused(claimed).await, 403),
        false => drop(connect_async(claimed).await.expect("a socket")),
    }
}

async fn refused(request: tokio_tungstenite::tungstenite::http::Request<()>) -> u16 {
    match connect_async(request).await {
        Err(Error::Http(response)) => response.status().as_u16(),
        other => panic!("not refused: {other:?}"),
    }
}

mod readers;
mod with_a_token;
