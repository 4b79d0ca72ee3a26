//! Learners of whom nothing is heard any more: the last day with a log, and who has had none of late.

use chrono::{Days, NaiveDate, TimeDelta, Utc};
use chrono_tz::Tz;
use edtech_tests::{Client, Database, Platform, log, on_both_databases};
use serde_json::{Value, json};

on_both_databases!(
    learners_without_a_log_of_late_are_found,
    every_answer_that_shows_a_learner_says_when_the_learner_was_active,
    days_of_silence_are_those_of_the_zone,
    what_cannot_be_a_number_of_days_is_refused,
);

fn day(days_ago: i64) -> NaiveDate {
    Utc::now().date_naive() - TimeDelta::days(days_ago)
}

fn log_of(student: &str, days_ago: i64) -> Value {
    log(student, &format!("{}T12:00:00Z", day(days_ago)), json!({}))
}

/// Who is on each page, by the LMS's name.
async fn pages(client: &Client, query: &str) -> Vec<Vec<String>> {
    let (mut pages, mut cursor) = (Vec::new(), String::new());
    loop {
        let page = client.get(&format!("/students?{query}{cursor}")).await.expect(200);
        let items = page["items"].as_array().expect("items").iter();
        pages.push(items.map(|it| it["external_id"].as_str().expect("a name").to_owned()).collect());
        let Some(next) = page["next"].as_str() else { return pages };
        cursor = format!("&cursor={next}");
    }
}

async fn listed(client: &Client, query: &str) -> Vec<String> {
    pages(client, query).await.concat()
}

/// Ada was active today, Bob six days ago, Cyd seven, Dan never; Eve's clock is wrong by a month.
async fn five_learners(client: &Client) {
    for (learner, classroom) in [
        ("ada", "Data_2025"),
        ("bob", "IA_2025"),
        ("cyd", "IA_2025"),
        ("dan", "Data_2025"),
        ("eve", "IA_2025"),
    ] {
        client.enrol(learner, classroom).await;
    }
    client.store(&[log_of("ada", 0), log_of("ada", 20), log_of("bob", 6), log_of("cyd", 7)]).await;
    client.store(&[log_of("eve", -30)]).await;
}

async fn learners_without_a_log_of_late_are_found(database: Database) {
    let platform = Platform::start(&database).await;
    let client = platform.client().await;
    five_learners(&client).await;

    for (query, learners) in [
        ("silent_for_days=1", &["bob", "cyd", "dan", "eve"][..]),
        ("silent_for_days=6", &["bob", "cyd", "dan", "eve"]),
        ("silent_for_days=7", &["cyd", "dan", "eve"]),
        ("silent_for_days=8", &["dan", "eve"]),
        ("silent_for_days=3650", &["dan", "eve"]),
        ("silent_for_days=7&classroom=IA_2025", &["cyd", "eve"]),
        ("silent_for_days=7&external_id=ada", &[]),
        ("", &["ada", "bob", "cyd", "dan", "eve"]),
    ] {
        assert_eq!(listed(&client, query).await, learners, "{query}");
    }
    let pages = pages(&client, "silent_for_days=7&limit=1").await;
    assert_eq!(pages, [["cyd"], ["dan"], ["eve"]], "a page is full of those who are asked for");

    // They are heard of again, and another one is gone.
    client.store(&[log_of("dan", 3), log_of("cyd", 0)]).await;
    assert_eq!(listed(&client, "silent_for_days=7").await, ["eve"]);
    let bob = client.get("/students?external_id=bob").await.expect(200)["items"][0]["student_id"].clone();
    client.erase(bob.as_i64().expect("an id")).await;
    assert_eq!(listed(&client, "silent_for_days=1").await, ["dan", "eve"]);
}

async fn every_answer_that_shows_a_learner_says_when_the_learner_was_active(database: Database) {
    let platform = Platform::start(&database).await;
    let client = platform.client().await;
    five_learners(&client).await;

    let all = client.get("/students").await.expect(200);
    let days: Vec<_> =
        all["items"].as_array().expect("items").iter().map(|it| &it["last_active_on"]).collect();
    let expected = [json!(day(0)), json!(day(6)), json!(day(7)), Value::Null, json!(day(-30))];
    assert_eq!(days, expected.iter().collect::<Vec<_>>());

    let bob = json!({"external_id": "bob", "name": "Robert"});
    let posted = client.post_json("/students", &bob).await.expect(200);
    assert_eq!(posted["last_active_on"], json!(day(6)));
    let path = format!("/students/{}", posted["student_id"]);
    assert_eq!(client.get(&path).await.expect(200), posted);
    let patched = client.patch_json(&path, &json!({"classroom": "Data_2025"})).await.expect(200);
    assert_eq!(patched["last_active_on"], json!(day(6)), "a learner who moves was active all the same");
    let new = json!({"external_id": "fay", "classroom": "Data_2025"});
    assert_eq!(client.post_json("/students", &new).await.expect(201)["last_active_on"], Value::Null);
    // A late log is not the last one.
    client.store(&[log_of("bob", 9)]).await;
    assert_eq!(client.get(&path).await.expect(200)["last_active_on"], json!(day(6)));
}

/// Fourteen hours ahead of UTC it is tomorrow for most of a day.
async fn days_of_silence_are_those_of_the_zone(database: Database) {
    let zone = Tz::Pacific__Kiritimati;
    let platform = Platform::start(&database).time_zone(zone.name()).await;
    let client = platform.client().await;
    let today = Utc::now().with_timezone(&zone).date_naive();
    let midnight = |day: NaiveDate| format!("{day}T00:00:00+14:00");
    for learner in ["ada", "bob"] {
        client.enrol(learner, "Data_2025").await;
    }
    client.store(&[log("ada", &midnight(today), json!({}))]).await;
    client.store(&[log("bob", &midnight(today - Days::new(1)), json!({}))]).await;

    assert_eq!(listed(&client, "silent_for_days=1").await, ["bob"]);
    assert_eq!(listed(&client, "silent_for_days=2").await, [] as [&str; 0]);
    let ada = client.get("/students?external_id=ada").await.expect(200);
    assert_eq!(ada["items"][0]["last_active_on"], json!(today));
}

async fn what_cannot_be_a_number_of_days_is_refused(database: Database) {
    let platform = Platform::start(&database).await;
    let client = platform.client().await;
    for (days, code) in [
        ("0", "out_of_range"),
        ("3651", "out_of_range"),
        ("-1", "invalid_parameter"),
        ("7.5", "invalid_parameter"),
        ("a%20week", "invalid_parameter"),
        ("", "invalid_parameter"),
        ("7&silent_for_days=8", "repeated_parameter"),
    ] {
        let answer = client.get(&format!("/students?silent_for_days={days}")).await;
        assert_eq!(answer.code(422), code, "{days}");
        assert_eq!(answer.body["errors"][0]["pointer"], "silent_for_days", "{days}: {}", answer.body);
    }
}
