//! What an educator is told: the figures of her learners, and what they do at the moment.

use std::time::Duration;

use chrono_tz::Tz;
use edtech_tests::{
    AIRFLOW, Client, DOCKER, Database, Platform, Watcher, assert_figures_are_those_of_these_classrooms,
    eventually, item, log, on_both_databases,
};
use serde_json::{Value, json};
use uuid::Uuid;

/// Longer than the next frame takes, also on a machine that stood still.
const SOON: Duration = Duration::from_secs(30);

const PATIENCE: Duration = Duration::from_secs(60);

const PASSWORD: &str = "correct horse battery";

const LEARNERS: [(&str, &str); 5] = [
    ("ada", "Data_2025"),
    ("bob", "Data_2025"),
    ("cyd", "IA_2025"),
    ("dan", "Web_2025"),
    ("eve", "Cloud_2025"),
];

on_both_databases!(
    her_figures_are_those_of_her_learners,
    a_learner_who_moves_takes_the_figures_along,
    the_daily_report_is_of_the_platform,
    of_removed_logs_she_reads_whole_days,
    she_watches_her_learners_alone,
    a_learner_who_moves_is_seen_by_another_at_once,
    a_name_that_is_given_to_another_class_shows_nobody_of_it,
);

/// An educator of these classrooms, signed in.
async fn educator(platform: &Platform, name: &str, classrooms: &[&str]) -> Client {
    let user = json!({"name": name, "role": "educator", "classrooms": classrooms, "password": PASSWORD});
    platform.client().await.post_json("/users", &user).await.expect(201);
    let credentials = json!({"name": name, "password": PASSWORD});
    let answer = platform.anonymous().post_json("/auth/session", &credentials).await;
    let cookie = answer.header("set-cookie").split(';').next().expect("a cookie").to_owned();
    answer.expect(200);
    platform.anonymous().with_cookie(&cookie)
}

async fn enrol_all(client: &Client) {
    for (learner, classroom) in LEARNERS {
        client.enrol(learner, classroom).await;
    }
}

/// Logs of everybody on a day, some of which complete a lesson.
fn logs_of(day: u32) -> Vec<Value> {
    let one = |number: u32| {
        let (learner, _) = LEARNERS[number as usize % LEARNERS.len()];
        let at = format!("2026-03-{day:02}T{:02}:{:02}:00Z", 8 + number % 8, number % 60);
        let lesson = if number.is_multiple_of(3) { DOCKER } else { AIRFLOW };
        let figures = json!({"lesson": lesson, "watch_time_seconds": number, "completion_percentage": 60 + number % 41});
        let mut log = log(learner, &at, figures);
        log["log_id"] = json!(Uuid::from_u128(u128::from(day) << 32 | u128::from(number)));
        log
    };
    (0..60).map(one).collect()
}

async fn her_figures_are_those_of_her_learners(database: Database) {
    let platform = Platform::start(&database).await;
    let client = platform.client().await;
    enrol_all(&client).await;
    let sets: [&[&str]; 4] = [&["Data_2025"], &["IA_2025", "Web_2025"], &["Cybersec_2025"], &[]];
    let mut educators = Vec::new();
    for (place, set) in sets.into_iter().enumerate() {
        educators.push((educator(&platform, &format!("educator-{place}"), set).await, set));
    }
    for day in [5, 3, 4] {
        client.store(&logs_of(day)).await;
        // Whether they are folded in by now or not.
        for (educator, set) in &educators {
            assert_figures_are_those_of_these_classrooms(&database, educator, Tz::UTC, set).await;
        }
    }
    eventually("all folded in", PATIENCE, async || (database.appended().await == 0).then_some(())).await;
    for (educator, set) in &educators {
        assert_figures_are_those_of_these_classrooms(&database, educator, Tz::UTC, set).await;
    }
}

async fn a_learner_who_moves_takes_the_figures_along(database: Database) {
    let platform = Platform::start(&database).await;
    let client = platform.client().await;
    enrol_all(&client).await;
    let of_data = educator(&platform, "of-data", &["Data_2025"]).await;
    let of_ia = educator(&platform, "of-ia", &["IA_2025"]).await;
    client.store(&logs_of(3)).await;
    client.enrol("ada", "IA_2025").await;
    for (educator, set) in [(&of_data, ["Data_2025"]), (&of_ia, ["IA_2025"])] {
        assert_figures_are_those_of_these_classrooms(&database, educator, Tz::UTC, &set).await;
    }
    assert_eq!(of_ia.daily("2026-03-03").await["totals"]["active_students"], 2);
    client.patch_json("/classrooms/IA_2025", &json!({"classroom": "IA_2026"})).await.expect(200);
    assert_figures_are_those_of_these_classrooms(&database, &of_ia, Tz::UTC, &["IA_2026"]).await;
}

async fn the_daily_report_is_of_the_platform(database: Database) {
    let platform = Platform::start(&database).await;
    let client = platform.client().await;
    enrol_all(&client).await;
    client.store(&logs_of(3)).await;
    let path = "/analytics/daily/2026-03-03/report";
    let made = client.request(reqwest::Method::PUT, path);
    client.send(made).await.expect(201);
    client.get(path).await.expect(200);
    let educator = educator(&platform, "of-data", &["Data_2025"]).await;
    assert_eq!(educator.get(path).await.code(403), "whole_platform_only");
    let made = educator.request(reqwest::Method::PUT, path);
    assert_eq!(educator.send(made).await.code(403), "insufficient_scope");
}

async fn of_removed_logs_she_reads_whole_days(database: Database) {
    let platform = Platform::start(&database).await;
    let client = platform.client().await;
    enrol_all(&client).await;
    client.store(&logs_of(3)).await;
    let educator = educator(&platform, "of-data", &["Data_2025"]).await;
    let window = |bucket: &str| {
        format!("/analytics/timeseries?bucket={bucket}&from=2026-03-03T00:00:00Z&to=2026-03-06T00:00:00Z")
    };
    let logs = |series: &Value| {
        let items = series["items"].as_array().expect("items").iter();
        items.map(|item| item["streaming_logs"].as_i64().expect("a number")).sum::<i64>()
    };
    for bucket in ["minute", "hour", "day"] {
        assert_eq!(logs(&educator.get(&window(bucket)).await.expect(200)), 24, "{bucket}");
    }
    edtech_tests::Command::api(&database, ["retention", "--keep-days", "1"]).run().await.expect(0);
    assert_eq!(database.number("SELECT COUNT(*) FROM streaming_logs").await, 0);
    assert_eq!(logs(&client.get(&window("hour")).await.expect(200)), 60);
    for bucket in ["minute", "hour"] {
        assert_eq!(educator.get(&window(bucket)).await.code(422), "before_retention", "{bucket}");
    }
    assert_eq!(logs(&educator.get(&window("day")).await.expect(200)), 24);
    assert_eq!(educator.daily("2026-03-03").await["totals"]["streaming_logs"], 24);
}

fn now() -> String {
    chrono::Utc::now().to_rfc3339()
}

fn learners_of(today: &Value) -> Vec<i64> {
    let recent = today["recent"].as_array().expect("recent").iter();
    recent.map(|log| log["student_id"].as_i64().expect("an id")).collect()
}

async fn she_watches_her_learners_alone(database: Database) {
    let platform = Platform::start(&database).await;
    let client = platform.client().await;
    enrol_all(&client).await;
    let ada = client.enrol("ada", "Data_2025").await;
    client.store(&[log("ada", &now(), json!({})), log("cyd", &now(), json!({"lesson": AIRFLOW}))]).await;
    client.post_logs(&[json!(17)]).await;
    let educator = educator(&platform, "of-data", &["Data_2025"]).await;
    let mut hers = Watcher::connect(&educator).await;
    let snapshot = &hers.today;
    assert_eq!(snapshot["classrooms"].as_array().map(Vec::len), Some(1));
    assert_eq!(
        (&snapshot["totals"]["students"], &snapshot["totals"]["streaming_logs"]),
        (&json!(2), &json!(1))
    );
    assert_eq!((learners_of(snapshot), &snapshot["rejected_logs"]), (vec![ada], &Value::Null));
    assert_eq!(snapshot["lessons"].as_array().map(Vec::len), Some(1));
    assert_eq!(snapshot["rates"], json!({"streaming_logs_per_second": 1.0 / 60.0, "active_students": 1}));

    let mut everybodys = Watcher::connect(&client).await;
    client.store(&[log("cyd", &now(), json!({})), log("dan", &now(), json!({}))]).await;
    everybodys.until("the logs elsewhere", SOON, |today| today["totals"]["streaming_logs"] == 4).await;
    client.store(&[log("bob", &now(), json!({"watch_time_seconds": 5}))]).await;
    let frames = hers.until("a log of hers", SOON, |today| today["totals"]["streaming_logs"] == 2).await;
    let told = frames.iter().map(Value::to_string).collect::<String>();
    for elsewhere in ["IA_2025", "Web_2025", "Airflow"] {
        assert!(!told.contains(elsewhere), "{elsewhere} in {told}");
    }
    assert_eq!(frames.last().expect("a frame")["recent"].as_array().map(Vec::len), Some(1));
    everybodys.until("all of them", SOON, |today| today["totals"]["streaming_logs"] == 5).await;
    assert_eq!(everybodys.today["rejected_logs"], 1);
}

/// Whoever watches is bound to the class, not to its name: the socket closes long before its pass is looked at again.
async fn a_name_that_is_given_to_another_class_shows_nobody_of_it(database: Database) {
    let platform = Platform::start(&database).await;
    let client = platform.client().await;
    let ada = client.enrol("ada", "Data_2025").await;
    client.store(&[log("ada", &now(), json!({}))]).await;
    let educator = educator(&platform, "of-data", &["Data_2025"]).await;
    let hers = Watcher::connect(&educator).await;
    assert_eq!(learners_of(&hers.today), [ada]);
    client.patch_json("/classrooms/Data_2025", &json!({"classroom": "Data_2024"})).await.expect(200);
    let closed = tokio::time::timeout(SOON, hers.closed()).await.expect("it closes by itself");
    assert_eq!(closed, Some(4401));

    let eve = client.enrol("eve", "Data_2025").await;
    client.store(&[log("eve", &now(), json!({}))]).await;
    let again = Watcher::connect(&educator).await;
    assert!(learners_of(&again.today) == [ada] && eve != ada, "{}", again.today);
}

async fn a_learner_who_moves_is_seen_by_another_at_once(database: Database) {
    let platform = Platform::start(&database).await;
    let client = platform.client().await;
    let ada = client.enrol("ada", "Data_2025").await;
    client.store(&[log("ada", &now(), json!({}))]).await;
    let of_data = educator(&platform, "of-data", &["Data_2025"]).await;
    let of_ia = educator(&platform, "of-ia", &["IA_2025"]).await;
    let mut left = Watcher::connect(&of_data).await;
    let mut joined = Watcher::connect(&of_ia).await;
    assert_eq!((learners_of(&left.today), learners_of(&joined.today)), (vec![ada], vec![]));

    client.enrol("ada", "IA_2025").await;
    let is_empty = |today: &Value| {
        today["recent"] == json!([]) && today["lessons"] == json!([]) && today["totals"]["students"] == 0
    };
    left.until("she is gone", SOON, is_empty).await;
    joined
        .until("she is there", SOON, |today| !is_empty(today) && today["totals"]["streaming_logs"] == 1)
        .await;
    let classroom = item(&joined.today["classrooms"], "classroom", "IA_2025");
    assert_eq!(classroom["students"], 1);
    joined.until("she watches", SOON, |today| today["rates"]["active_students"] == 1).await;
    // Whoever comes now is told what she did before.
    assert_eq!(learners_of(&Watcher::connect(&of_ia).await.today), [ada]);
}
