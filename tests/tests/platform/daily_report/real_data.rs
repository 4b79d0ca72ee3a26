//! The reports of real days: each says what the other answers say, and what was computed elsewhere.

use chrono::{Days, NaiveDate};
use edtech_tests::{Client, Database, Platform, assert_same_figures, on_both_databases};
use reqwest::Method;
use serde_json::{Value, json};

use super::{kept, path, put};
use crate::funmooc::{expected, groups, in_our_names, replay};

on_both_databases!(every_report_says_what_the_figures_of_its_day_say);

async fn every_report_says_what_the_figures_of_its_day_say(database: Database) {
    let platform = Platform::start(&database).time_zone("Europe/Paris").await;
    let client = platform.client().await;
    replay(&platform).await;
    let expected = expected();
    for (date, figures) in groups(&expected, "per_day_europe_paris") {
        let report = put(&client, date).await.expect(201);
        assert_same_figures(&report["totals"], &in_our_names(figures), date);
        let daily = client.daily(date).await;
        for part in ["date", "time_zone", "totals", "classrooms", "lessons"] {
            assert_eq!(report[part], daily[part], "{part} of {date}");
        }
        let engagement = client.get(&format!("/analytics/engagement?date={date}")).await.expect(200);
        assert_eq!(report["engagement"], engagement["items"][0], "{date}");
        compare_days(&client, &report).await;
        compare_silence(&client, &report).await;
        compare_losses(&client, &report).await;
        assert_eq!(kept(&client, date).await, report);
    }
    // All of it again, as the recording is replayed a second time: nothing has changed.
    let date = "2021-11-29";
    let report = kept(&client, date).await;
    replay(&platform).await;
    assert_eq!(put(&client, date).await.expect(200), report);
    let page = client.request(Method::GET, &path(date)).header("accept", "text/markdown");
    let page = client.send(page).await.expect(200);
    let page = page.as_str().expect("a page");
    assert!(page.starts_with("# Daily report of Monday, 29 November 2021"), "{page}");
    assert!(page.contains(" of 1,452 learners were active"), "{page}");
    // What arrived stands with the day of its arrival.
    let paris = chrono::Utc::now().with_timezone(&chrono_tz::Tz::Europe__Paris).date_naive();
    let mut quality = put(&client, &paris.to_string()).await.expect(201)["data_quality"].clone();
    // More where an answer took too long, and its batch was sent once more.
    assert!(quality["duplicates"].take().as_i64() >= Some(22_000));
    assert_eq!(quality, json!({"accepted": 22_000, "duplicates": null, "rejected": 0, "late": 22_000}));
    database.assert_verified().await;
}

fn days_before(report: &Value, days: u64) -> String {
    let date: NaiveDate = report["date"].as_str().and_then(|date| date.parse().ok()).expect("a date");
    (date - Days::new(days)).to_string()
}

async fn compare_days(client: &Client, report: &Value) {
    for (part, days) in [("against_day_before", 1), ("against_same_weekday", 7)] {
        let other = client.daily(&days_before(report, days)).await;
        let against = &report[part];
        assert_eq!((&against["date"], &against["totals"]), (&other["date"], &other["totals"]), "{part}");
        for name in ["active_students", "streaming_logs", "watch_time_seconds", "completed"] {
            let one = |day: &Value| day["totals"][name].as_i64().expect("a count");
            assert_eq!(against["differences"][name], one(report) - one(&other), "{name} {part}");
        }
    }
}

async fn compare_silence(client: &Client, report: &Value) {
    let (from, to) = (days_before(report, 6), days_before(report, 0));
    let week = client.get(&format!("/analytics/engagement?from={from}&to={to}")).await.expect(200);
    let count = |name: &str| week["totals"][name].as_i64().expect("a count");
    assert_eq!(report["silent_students"], count("students") - count("active_students"), "{to}");
}

/// The progress of each lesson on the day says how many began and finished it.
async fn compare_losses(client: &Client, report: &Value) {
    let mut losing = 0;
    for lesson in report["lessons"].as_array().expect("lessons") {
        let id = &lesson["lesson_id"];
        let date = days_before(report, 0);
        let progress = client.get(&format!("/analytics/lessons/{id}/progress?date={date}")).await.expect(200);
        let reached = |step: usize| progress["reached"][step]["students"].as_i64().expect("a count");
        let started = reached(0) - progress["without_percentage"].as_i64().expect("a count");
        let lost = started - reached(4);
        losing += usize::from(started >= 5 && lost > 0);
        let listed = report["lessons_that_lose_people"].as_array().expect("lessons").iter();
        let Some(told) = listed.clone().find(|it| it["lesson_id"] == *id) else { continue };
        let expected =
            json!({"title": lesson["title"], "started": started, "finished": reached(4), "lost": lost});
        assert_same_figures(told, &expected, "a lesson");
        let (from, to) = (&told["lost_most"]["from"], &told["lost_most"]["to"]);
        let steps: Vec<i64> =
            (1..=4).map(|step| if step == 1 { started } else { reached(step - 1) }).collect();
        let place = [0, 25, 50, 75].iter().position(|step| *from == *step).expect("a step");
        assert_eq!(told["lost_most"]["students"], steps[place] - reached(place + 1), "{from} to {to}");
    }
    let told = report["lessons_that_lose_people"].as_array().map(Vec::len);
    assert_eq!(told, Some(losing.min(10)), "{}", report["date"]);
}
