//! The daily report: made any number of times, by whomever, and always of one moment.

mod forms;
mod real_data;
mod schedule;
mod staleness;

use std::collections::{BTreeMap, BTreeSet};

use edtech_tests::{
    AIRFLOW, Answer, Client, Command, DOCKER, Database, Platform, assert_same_figures, log, on_both_databases,
};
use futures_util::future::join_all;
use reqwest::Method;
use serde_json::{Value, json};

on_both_databases!(
    a_report_tells_a_day_in_full,
    what_a_report_says_stays_as_it_is_while_it_is_right,
    tasks_are_kept_with_the_report_to_the_letter,
    many_make_a_report_at_once_while_logs_come_in,
    a_closed_day_has_its_report,
    a_day_of_changing_clocks_is_told_as_the_others,
    what_cannot_be_told_is_refused,
);

/// A Tuesday, long over.
const DAY: &str = "2026-03-03";

fn path(date: &str) -> String {
    format!("/analytics/daily/{date}/report")
}

async fn put(client: &Client, date: &str) -> Answer {
    client.send(client.request(Method::PUT, &path(date))).await
}

async fn put_json(client: &Client, date: &str, body: &Value) -> Answer {
    client.send(client.request(Method::PUT, &path(date)).json(body)).await
}

/// The report of a day, which is made anew.
async fn made(client: &Client, date: &str) -> Value {
    let answer = put(client, date).await;
    assert!([200, 201].contains(&answer.status), "{}", answer.body);
    answer.body
}

async fn kept(client: &Client, date: &str) -> Value {
    client.get(&path(date)).await.expect(200)
}

fn at(date: &str, hour: u32, figures: Value, student: &str) -> Value {
    log(student, &format!("{date}T{hour:02}:00:00Z"), figures)
}

/// Ada and Bob of one class and Cyd of another, on a Tuesday, the Monday before and the Tuesday before that.
async fn three_learners(client: &Client) -> i64 {
    client.enrol("ada", "Data_2025").await;
    let bob = client.enrol("bob", "Data_2025").await;
    client.enrol("cyd", "IA_2025").await;
    let half = json!({"watch_time_seconds": 60, "completion_percentage": 50});
    let all = json!({"watch_time_seconds": 30, "completion_percentage": 95});
    client.store(&[at(DAY, 9, half.clone(), "ada"), at(DAY, 10, all.clone(), "ada")]).await;
    client.store(&[at(DAY, 9, half.clone(), "bob")]).await;
    client.store(&[at("2026-03-02", 9, half.clone(), "ada"), at("2026-02-24", 9, all, "cyd")]).await;
    let elsewhere = json!({"lesson": AIRFLOW, "watch_time_seconds": 10});
    client.store(&[at(DAY, 11, elsewhere, "bob")]).await;
    bob
}

async fn a_report_tells_a_day_in_full(database: Database) {
    let platform = Platform::start(&database).await;
    let client = platform.client().await;
    three_learners(&client).await;

    let absent = client.get(&path(DAY)).await;
    assert_eq!(absent.code(404), "not_found");
    assert!(absent.body["detail"].as_str().is_some_and(|it| it.contains("PUT")), "{}", absent.body);
    let report = put(&client, DAY).await.expect(201);
    assert_eq!(put(&client, DAY).await.expect(200), report);
    assert_eq!(kept(&client, DAY).await, report);

    let keys: BTreeSet<&str> = report.as_object().expect("a report").keys().map(String::as_str).collect();
    let expected = "date time_zone generated_at revision stale stale_reason totals classrooms lessons engagement \
        against_day_before against_same_weekday ranked_classrooms lessons_that_lose_people silent_students \
        data_quality tasks";
    assert_eq!(keys, expected.split_whitespace().collect());
    let daily = client.daily(DAY).await;
    for part in ["date", "time_zone", "totals", "classrooms", "lessons"] {
        assert_eq!(report[part], daily[part], "{part}");
    }
    let engagement = client.get(&format!("/analytics/engagement?date={DAY}")).await.expect(200);
    assert_eq!(report["engagement"], engagement["items"][0]);
    assert_eq!((&report["stale"], &report["stale_reason"]), (&json!(false), &Value::Null));

    for (part, date) in [("against_day_before", "2026-03-02"), ("against_same_weekday", "2026-02-24")] {
        assert_eq!(report[part]["date"], date);
        assert_eq!(report[part]["totals"], client.daily(date).await["totals"], "{part}");
    }
    let before = json!({
        "active_students": 1, "streaming_logs": 3, "watch_time_seconds": 100, "avg_watch_time_seconds": -20.0,
        "avg_completion_percentage": 15.0, "completed": 1,
    });
    assert_same_figures(&report["against_day_before"]["differences"], &before, "the day before");
    let week = json!({"active_students": 1, "watch_time_seconds": 130, "completed": 0});
    assert_same_figures(&report["against_same_weekday"]["differences"], &week, "the same weekday");
    let ranked: Vec<_> = report["ranked_classrooms"].as_array().expect("a ranking").iter().collect();
    let places: Vec<_> =
        ranked.iter().map(|it| (&it["rank"], &it["classroom"], &it["active_share"])).collect();
    let (first, second) = (json!("Data_2025"), json!("IA_2025"));
    let expected = [(&json!(1), &first, &json!(1.0)), (&json!(2), &second, &json!(0.0))];
    assert_eq!(places, expected, "classrooms without learners have no place");
    // Cyd was active on the Tuesday before, which is one day more than seven ago.
    assert_eq!(report["silent_students"], 1);
    assert_eq!(report["lessons_that_lose_people"], json!([]), "two learners tell nothing");
    assert_eq!(report["tasks"], json!({}));
    let text = report.to_string();
    assert!(["ada", "bob", "cyd", "Name of"].iter().all(|name| !text.contains(name)), "{text}");
    database.assert_verified().await;
}

async fn what_a_report_says_stays_as_it_is_while_it_is_right(database: Database) {
    let platform = Platform::start(&database).await;
    let client = platform.client().await;
    three_learners(&client).await;
    let first = made(&client, DAY).await;
    for _ in 0..3 {
        assert_eq!(made(&client, DAY).await, first, "nothing has changed, and nothing was written");
    }
    client.store(&[at(DAY, 12, json!({}), "cyd")]).await;
    let second = made(&client, DAY).await;
    assert!(second["revision"].as_i64() > first["revision"].as_i64(), "{second}");
    assert_eq!(second["totals"], client.daily(DAY).await["totals"]);
    assert_eq!(database.number("SELECT COUNT(*) FROM daily_reports").await, 1);

    // A day without a log has a report as well, and so has today.
    let empty = put(&client, "2026-01-01").await.expect(201);
    assert_eq!((&empty["revision"], &empty["totals"]["streaming_logs"]), (&json!(0), &json!(0)));
    let today = chrono::Utc::now().date_naive().to_string();
    assert_eq!(put(&client, &today).await.expect(201)["data_quality"]["accepted"], 7);
    database.assert_verified().await;
}

async fn tasks_are_kept_with_the_report_to_the_letter(database: Database) {
    let platform = Platform::start(&database).await;
    let client = platform.client().await;
    three_learners(&client).await;
    let tasks = r#"{"tasks": {"analyze_student_engagement": {"share": 0.30000000000000004, "deep": {"a": [1, null]}}}}"#;
    let request = || client.request(Method::PUT, &path(DAY)).header("content-type", "application/json");

    client.send(request().body(tasks)).await.expect(201);

    let report = kept(&client, DAY).await;
    assert_eq!(report["tasks"]["analyze_student_engagement"]["deep"], json!({"a": [1, null]}));
    let rows = database.rows("SELECT report FROM daily_reports").await;
    let row: String = rows[0].try_get_by_index(0).expect("a report");
    assert!(row.contains("0.30000000000000004"), "{row}");
    // Each request says all of them: without a body there are none.
    assert_eq!(made(&client, DAY).await["tasks"], json!({}));
}

/// Of one revision all reports say the same, and the parts of each add up: so figures and revision are of one moment.
async fn many_make_a_report_at_once_while_logs_come_in(database: Database) {
    let platform = Platform::start(&database).await;
    let replica = if database.is_postgres() { Some(Platform::start(&database).await) } else { None };
    let (one, other) = (platform.client().await, replica.as_ref().unwrap_or(&platform).client().await);
    let learners: Vec<String> = (0..20).map(|number| format!("learner-{number}")).collect();
    for (number, learner) in learners.iter().enumerate() {
        one.enrol(learner, ["Data_2025", "IA_2025"][number % 2]).await;
    }
    let posting = |client: Client, lesson: &'static str| {
        let learners = &learners;
        async move {
            for (minute, learner) in learners.iter().cycle().take(60).enumerate() {
                let time = format!("{DAY}T10:{minute:02}:00Z");
                client
                    .store(&[log(learner, &time, json!({"lesson": lesson, "watch_time_seconds": 5}))])
                    .await;
            }
        }
    };
    let making = |client: Client, name: usize| async move {
        let mut answers = Vec::new();
        for round in 0..6 {
            let tasks = json!({"tasks": {"story": {"client": name, "round": round}}});
            let answer = put_json(&client, DAY, &tasks).await;
            assert!([200, 201].contains(&answer.status), "{}", answer.body);
            assert_eq!(answer.body["tasks"], tasks["tasks"], "each is told its own");
            answers.push(answer);
        }
        answers
    };
    let makers = (0..6).map(|name| making([&one, &other][name % 2].clone(), name));
    let ((), (), answers) =
        tokio::join!(posting(one.clone(), DOCKER), posting(other.clone(), AIRFLOW), join_all(makers));

    let mut logs_of_revision = BTreeMap::new();
    let answers: Vec<Answer> = answers.into_iter().flatten().collect();
    assert_eq!(answers.iter().filter(|answer| answer.status == 201).count(), 1, "the first of all");
    for Answer { body, .. } in &answers {
        let logs = &body["totals"]["streaming_logs"];
        let revision = body["revision"].as_i64().expect("a revision");
        assert_eq!(*logs_of_revision.entry(revision).or_insert(logs), logs, "of revision {revision}");
        for part in ["classrooms", "lessons"] {
            let items = body[part].as_array().expect("items").iter();
            let sum: i64 = items.filter_map(|it| it["streaming_logs"].as_i64()).sum();
            assert_eq!(logs, sum, "{part}: {body}");
        }
    }
    let last = made(&one, DAY).await;
    assert_eq!(last["totals"], other.daily(DAY).await["totals"]);
    assert_eq!(last["totals"]["streaming_logs"], 120);
    assert_eq!(kept(&other, DAY).await, last, "fresh, also by the other replica");
    database.assert_verified().await;
}

async fn a_closed_day_has_its_report(database: Database) {
    let platform = Platform::start(&database).await;
    let client = platform.client().await;
    three_learners(&client).await;
    let before = made(&client, DAY).await;
    Command::api(&database, ["retention", "--keep-days", "10"]).run().await.expect(0);

    assert_eq!(database.number("SELECT COUNT(*) FROM streaming_logs").await, 0);
    assert_eq!(kept(&client, DAY).await, before, "its logs are gone, its counts and its report are not");
    assert_eq!(made(&client, DAY).await, before);
    let other = put(&client, "2026-03-02").await.expect(201);
    assert_eq!(other["totals"]["streaming_logs"], 1);
    database.assert_verified().await;
}

/// In Paris 29 March has 23 hours, 25 October has 25.
async fn a_day_of_changing_clocks_is_told_as_the_others(database: Database) {
    let platform = Platform::start(&database).time_zone("Europe/Paris").await;
    let client = platform.client().await;
    client.enrol("ada", "Data_2025").await;
    let logs = [
        "2026-03-28T22:59:59Z",
        "2026-03-28T23:00:00Z",
        "2026-03-29T21:59:59Z",
        "2026-03-29T22:00:00Z",
        "2026-10-24T22:00:00Z",
        "2026-10-25T22:59:59Z",
        "2026-10-25T23:00:00Z",
    ];
    client.store(&logs.map(|time| log("ada", time, json!({"watch_time_seconds": 10})))).await;
    for (date, logs, more_than_before) in
        [("2026-03-29", 2, 1), ("2026-03-30", 1, -1), ("2026-10-25", 2, 2), ("2026-10-26", 1, -1)]
    {
        let report = put(&client, date).await.expect(201);
        assert_eq!((&report["time_zone"], &report["date"]), (&json!("Europe/Paris"), &json!(date)));
        assert_eq!(report["totals"]["streaming_logs"], logs, "{date}");
        let differences = &report["against_day_before"]["differences"];
        assert_eq!(differences["streaming_logs"], more_than_before, "{date}");
        assert_eq!(report["classrooms"], client.daily(date).await["classrooms"], "{date}");
        assert_eq!(kept(&client, date).await, report);
    }
}

async fn what_cannot_be_told_is_refused(database: Database) {
    let platform = Platform::start(&database).await;
    let client = platform.client().await;
    let tomorrow = chrono::Utc::now().date_naive() + chrono::Days::new(2);
    let future = put(&client, &tomorrow.to_string()).await;
    assert_eq!((future.code(422), &future.body["errors"][0]["pointer"]), ("out_of_range", &json!("date")));
    assert!(future.body["detail"].as_str().is_some_and(|it| it.contains("has not begun")), "{}", future.body);
    assert_eq!(put(&client, "1969-12-30").await.code(422), "out_of_range");
    assert_eq!(put(&client, "03.03.2026").await.code(422), "invalid_parameter");
    assert_eq!(client.get(&path(&tomorrow.to_string())).await.code(404), "not_found");

    let tasks = json!({"tasks": {"a": {}, "b/c": [1]}});
    let refused = put_json(&client, DAY, &tasks).await;
    assert_eq!(
        (refused.code(422), &refused.body["errors"][0]["pointer"]),
        ("invalid_type", &json!("/tasks/b~1c"))
    );
    let large = json!({"tasks": {"a": {"text": "x".repeat(64 * 1024)}}});
    assert_eq!(put_json(&client, DAY, &large).await.code(413), "too_large");
    assert_eq!(database.number("SELECT COUNT(*) FROM daily_reports").await, 0, "nothing was kept");
}
