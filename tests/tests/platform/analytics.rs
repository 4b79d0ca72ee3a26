//! What is asked of the figures: shapes, bounds, days of a zone, and logs that come late.

use std::collections::BTreeSet;

use chrono_tz::Tz;
use edtech_tests::{
    AIRFLOW, Client, DOCKER, Database, Platform, assert_figures_are_those_of_the_raw_log,
    assert_same_figures, item, log, on_both_databases,
};
use serde_json::{Value, json};

const FIGURES: [&str; 6] = [
    "active_students",
    "streaming_logs",
    "watch_time_seconds",
    "avg_watch_time_seconds",
    "avg_completion_percentage",
    "completed",
];

on_both_databases!(
    a_day_without_a_log_is_answered_in_full,
    averages_are_exact_and_over_the_logs_that_carry_a_figure,
    ranges_include_both_ends_and_list_empty_days,
    a_timeseries_is_half_open_and_has_empty_buckets,
    learners_are_counted_once_in_a_bucket,
    days_are_those_of_the_zone_also_when_its_clocks_change,
    a_late_log_moves_a_completion_to_its_own_day,
    what_cannot_be_asked_is_told_by_its_parameter,
);

fn keys(value: &Value) -> BTreeSet<&str> {
    value.as_object().unwrap_or_else(|| panic!("no object: {value}")).keys().map(String::as_str).collect()
}

fn names<'n>(more: &[&'n str]) -> BTreeSet<&'n str> {
    FIGURES.into_iter().chain(more.iter().copied()).collect()
}

async fn series(client: &Client, bucket: &str, from: &str, to: &str) -> Value {
    let (from, to) = (from.replace('+', "%2B"), to.replace('+', "%2B"));
    client.get(&format!("/analytics/timeseries?bucket={bucket}&from={from}&to={to}")).await.expect(200)
}

/// The time and the count of each bucket.
fn counts(series: &Value) -> Vec<(&str, i64)> {
    let items = series["items"].as_array().unwrap_or_else(|| panic!("no items: {series}"));
    let one = |item: &Value| item["streaming_logs"].as_i64().unwrap_or_else(|| panic!("no count: {item}"));
    items.iter().map(|item| (item["time"].as_str().expect("a time"), one(item))).collect()
}

async fn a_day_without_a_log_is_answered_in_full(database: Database) {
    let platform = Platform::start(&database).await;
    let client = platform.client().await;
    client.enrol("ada", "Data_2025").await;

    let daily = client.daily("2021-11-29").await;

    let parts = ["date", "time_zone", "generated_at", "totals", "classrooms", "lessons"];
    assert_eq!(keys(&daily), parts.into());
    assert_eq!((&daily["date"], &daily["time_zone"]), (&json!("2021-11-29"), &json!("UTC")));
    let nothing = json!({
        "active_students": 0, "streaming_logs": 0, "watch_time_seconds": 0, "avg_watch_time_seconds": null,
        "avg_completion_percentage": null, "completed": 0,
    });
    assert_eq!(keys(&daily["totals"]), names(&["students"]));
    assert_same_figures(&daily["totals"], &nothing, "the day");
    assert_eq!(daily["totals"]["students"], 1, "enrolment is today's, also for a past day");
    let data = item(&daily["classrooms"], "classroom", "Data_2025");
    assert_eq!(keys(data), names(&["classroom", "students"]));
    assert_same_figures(data, &nothing, "a classroom");
    assert_eq!(daily["classrooms"].as_array().map(Vec::len), Some(8));
    let docker = item(&daily["lessons"], "external_id", DOCKER);
    assert_eq!(keys(docker), names(&["lesson_id", "external_id", "title", "subject"]));
    assert_same_figures(docker, &nothing, "a lesson");
    assert_eq!(daily["lessons"].as_array().map(Vec::len), Some(2));

    let mut day = daily["totals"].clone();
    day["date"] = json!("2021-11-29");
    let analyses =
        [("engagement", &json!([day])), ("lessons", &daily["lessons"]), ("classrooms", &daily["classrooms"])];
    for (analysis, items) in analyses {
        let answer = client.get(&format!("/analytics/{analysis}?date=2021-11-29")).await.expect(200);
        assert_eq!(keys(&answer), ["from", "to", "time_zone", "totals", "items"].into(), "{analysis}");
        assert_eq!((&answer["from"], &answer["to"]), (&json!("2021-11-29"), &json!("2021-11-29")));
        assert_eq!(answer["totals"], daily["totals"], "{analysis}");
        assert_eq!(answer["items"], *items, "{analysis}");
    }
}

async fn averages_are_exact_and_over_the_logs_that_carry_a_figure(database: Database) {
    let platform = Platform::start(&database).await;
    let client = platform.client().await;
    client.enrol("ada", "Data_2025").await;
    client.enrol("bob", "IA_2025").await;
    let at = |second: u32| format!("2026-03-02T10:00:{second:02}Z");
    client
        .store(&[
            log("ada", &at(1), json!({"watch_time_seconds": 1, "completion_percentage": 0})),
            log("ada", &at(2), json!({"watch_time_seconds": 2})),
            log("ada", &at(3), json!({"watch_time_seconds": 2, "completion_percentage": 89})),
            log("bob", &at(4), json!({})),
        ])
        .await;

    let daily = client.daily("2026-03-02").await;
    let totals = json!({
        "students": 2, "active_students": 2, "streaming_logs": 4, "watch_time_seconds": 5,
        "avg_watch_time_seconds": 5.0 / 3.0, "avg_completion_percentage": 44.5, "completed": 0,
    });
    assert_eq!(daily["totals"], totals, "not even rounded");
    let ia = item(&daily["classrooms"], "classroom", "IA_2025");
    assert_eq!((&ia["avg_watch_time_seconds"], &ia["watch_time_seconds"]), (&Value::Null, &json!(0)));
    assert_eq!(item(&daily["lessons"], "external_id", AIRFLOW)["active_students"], 0);
}

async fn ranges_include_both_ends_and_list_empty_days(database: Database) {
    let platform = Platform::start(&database).await;
    let client = platform.client().await;
    client.enrol("ada", "Data_2025").await;
    client
        .store(&[
            log("ada", "2026-03-01T23:59:59.999999Z", json!({"watch_time_seconds": 1})),
            log("ada", "2026-03-02T00:00:00Z", json!({"watch_time_seconds": 10})),
            log("ada", "2026-03-04T23:59:59.999999Z", json!({"watch_time_seconds": 100})),
            log("ada", "2026-03-05T00:00:00Z", json!({"watch_time_seconds": 1000, "lesson": AIRFLOW})),
        ])
        .await;

    for (range, watched) in [
        ("?from=2026-03-02&to=2026-03-04", 110),
        ("?from=2026-03-02&to=2026-03-02", 10),
        ("?date=2026-03-02", 10),
        ("?date=2026-03-03", 0),
        ("?to=2026-03-02", 11),
        ("?from=2026-03-04", 1100),
        ("", 1111),
    ] {
        for analysis in ["engagement", "lessons", "classrooms"] {
            let answer = client.get(&format!("/analytics/{analysis}{range}")).await.expect(200);
            assert_eq!(answer["totals"]["watch_time_seconds"], watched, "{analysis}{range}");
            let items = answer["items"].as_array().expect("items").iter();
            let sum: i64 = items.filter_map(|item| item["watch_time_seconds"].as_i64()).sum();
            assert_eq!(sum, watched, "items of {analysis}{range} add up");
        }
    }
    let engagement = client.get("/analytics/engagement?from=2026-03-02&to=2026-03-04").await.expect(200);
    let days: Vec<_> =
        engagement["items"].as_array().expect("items").iter().map(|day| &day["date"]).collect();
    assert_eq!(days, ["2026-03-02", "2026-03-03", "2026-03-04"]);
    assert_eq!(engagement["totals"]["active_students"], 1, "a learner of two days is one learner");
}

async fn a_timeseries_is_half_open_and_has_empty_buckets(database: Database) {
    let platform = Platform::start(&database).await;
    let client = platform.client().await;
    client.enrol("ada", "Data_2025").await;
    let times = ["10:00:00", "10:00:00.000001", "10:59:59.999999", "11:00:00", "13:00:00", "13:30:30"];
    client.store(&times.map(|time| log("ada", &format!("2026-03-02T{time}Z"), json!({})))).await;

    let of = async |bucket, from: &str, to: &str| {
        series(&client, bucket, &format!("2026-03-02T{from}Z"), &format!("2026-03-02T{to}Z")).await
    };
    let hours = of("hour", "10:00:00", "14:00:00").await;
    let full = [("10", 3), ("11", 1), ("12", 0), ("13", 2)];
    let full = full.map(|(hour, logs)| (format!("2026-03-02T{hour}:00:00Z"), logs));
    let told: Vec<_> = counts(&hours).into_iter().map(|(time, logs)| (time.to_owned(), logs)).collect();
    assert_eq!((told, &hours["bucket"]), (full.to_vec(), &json!("hour")));
    // What ends at 13:00 has nothing of 13:00, and what begins within an hour has the rest of it.
    let inside = of("hour", "10:00:00.000001", "13:00:00").await;
    assert_eq!(counts(&inside).iter().map(|(_, logs)| *logs).collect::<Vec<_>>(), [2, 1, 0]);
    let minutes = of("minute", "13:00:00", "13:31:00").await;
    assert_eq!(counts(&minutes).len(), 31);
    assert_eq!(counts(&minutes)[0].1 + counts(&minutes)[30].1, 2);
    // Several days in minutes come from another place than one day does: the ends are as sharp.
    let days = series(&client, "minute", "2026-03-01T10:00:00Z", "2026-03-02T13:30:30Z").await;
    assert_eq!(counts(&days).iter().map(|(_, logs)| logs).sum::<i64>(), 5);
    let days = series(&client, "day", "2026-03-02T10:00:00.000001Z", "2026-03-04T00:00:00Z").await;
    assert_eq!(counts(&days), [("2026-03-02T00:00:00Z", 5), ("2026-03-03T00:00:00Z", 0)]);
    database.assert_verified().await;
}

async fn learners_are_counted_once_in_a_bucket(database: Database) {
    let platform = Platform::start(&database).await;
    let client = platform.client().await;
    for learner in ["ada", "bob"] {
        client.enrol(learner, "Data_2025").await;
        let at = |time| format!("2026-03-02T{time}Z");
        client.store(&["10:00:00", "10:30:00"].map(|time| log(learner, &at(time), json!({})))).await;
    }
    client.store(&[log("ada", "2026-03-02T11:00:00Z", json!({"lesson": AIRFLOW}))]).await;

    let active = |series: &Value| {
        let items = series["items"].as_array().expect("items").iter();
        items.map(|item| item["active_students"].as_i64()).collect::<Vec<_>>()
    };
    let hours = series(&client, "hour", "2026-03-02T10:00:00Z", "2026-03-02T12:00:00Z").await;
    assert_eq!(active(&hours), [Some(2), Some(1)]);
    let days = series(&client, "day", "2026-03-01T00:00:00Z", "2026-03-03T00:00:00Z").await;
    assert_eq!(active(&days), [Some(0), Some(2)]);
    let long = series(&client, "hour", "2026-03-01T00:00:00Z", "2026-03-03T00:00:00Z").await;
    assert!(active(&long).iter().all(Option::is_none), "not known beyond a day, so not said: {long}");
}

async fn days_are_those_of_the_zone_also_when_its_clocks_change(database: Database) {
    let platform = Platform::start(&database).time_zone("Europe/Paris").await;
    let client = platform.client().await;
    client.enrol("ada", "Data_2025").await;
    // The 29th of March 2026 begins at 23:00 and ends at 22:00 in UTC; the 25th of October has 25 hours.
    let times = [
        "2026-03-28T22:59:59.999999Z",
        "2026-03-28T23:00:00Z",
        "2026-03-29T01:00:00Z",
        "2026-03-29T21:59:59.999999Z",
        "2026-03-29T22:00:00Z",
        "2026-10-24T22:00:00Z",
        "2026-10-25T00:30:00Z",
        "2026-10-25T01:30:00Z",
        "2026-10-25T22:59:59.999999Z",
        "2026-10-25T23:00:00Z",
    ];
    client.store(&times.map(|time| log("ada", time, json!({})))).await;

    for (day, logs) in [
        ("2026-03-28", 1),
        ("2026-03-29", 3),
        ("2026-03-30", 1),
        ("2026-10-24", 0),
        ("2026-10-25", 4),
        ("2026-10-26", 1),
    ] {
        assert_eq!(client.daily(day).await["totals"]["streaming_logs"], logs, "{day}");
    }
    let spring = series(&client, "hour", "2026-03-29T00:00:00+01:00", "2026-03-30T00:00:00+02:00").await;
    assert_eq!(counts(&spring).len(), 23);
    assert_eq!(counts(&spring)[2], ("2026-03-29T03:00:00+02:00", 1));
    let autumn = series(&client, "hour", "2026-10-25T00:00:00+02:00", "2026-10-26T00:00:00+01:00").await;
    assert_eq!(counts(&autumn).len(), 25);
    assert_eq!(counts(&autumn)[2..4], [("2026-10-25T02:00:00+02:00", 1), ("2026-10-25T02:00:00+01:00", 1)]);
    let days = series(&client, "day", "2026-03-28T00:00:00+01:00", "2026-03-31T00:00:00+02:00").await;
    assert_eq!(counts(&days).iter().map(|(_, logs)| *logs).collect::<Vec<_>>(), [1, 3, 1]);
    assert_figures_are_those_of_the_raw_log(&database, &client, Tz::Europe__Paris).await;
    database.assert_verified().await;
}

async fn a_late_log_moves_a_completion_to_its_own_day(database: Database) {
    let platform = Platform::start(&database).await;
    let client = platform.client().await;
    client.enrol("ada", "Data_2025").await;
    let reached = |day: u32, percentage: u32| {
        log("ada", &format!("2026-03-0{day}T10:00:00Z"), json!({"completion_percentage": percentage}))
    };
    let completed = async || {
        let engagement = client.get("/analytics/engagement?from=2026-03-01&to=2026-03-05").await.expect(200);
        let days = engagement["items"].as_array().expect("items").iter();
        let days: Vec<_> = days.map(|day| day["completed"].as_i64().unwrap_or(-1)).collect();
        assert_eq!(engagement["totals"]["completed"].as_i64(), Some(days.iter().sum()), "days add up");
        days
    };

    client.store(&[reached(3, 89)]).await;
    assert_eq!(completed().await, [0, 0, 0, 0, 0]);
    client.store(&[reached(4, 90)]).await;
    assert_eq!(completed().await, [0, 0, 0, 1, 0]);
    client.store(&[reached(5, 100)]).await;
    assert_eq!(completed().await, [0, 0, 0, 1, 0], "once is once");
    client.store(&[reached(1, 89)]).await;
    assert_eq!(completed().await, [0, 0, 0, 1, 0]);
    client.store(&[reached(2, 95)]).await;
    assert_eq!(completed().await, [0, 1, 0, 0, 0], "the late log was first");
    database.assert_verified().await;
}

async fn what_cannot_be_asked_is_told_by_its_parameter(database: Database) {
    let platform = Platform::start(&database).await;
    let client = platform.client().await;
    for (path, code, parameter) in [
        ("daily?date=29.11.2021", "invalid_parameter", "date"),
        ("daily?date=2021-02-30", "invalid_parameter", "date"),
        ("daily?day=2021-11-29", "unknown_parameter", "day"),
        ("engagement?from=2026-03-02&to=2026-03-01", "invalid_range", "from"),
        ("lessons?from=0001-01-01&to=2026-03-01", "range_too_long", "from"),
        ("classrooms?date=2026-03-02&to=2026-03-02", "conflicting_parameters", "date"),
        ("timeseries?bucket=week", "invalid_parameter", "bucket"),
        ("timeseries?from=2026-03-02T00:00:00", "invalid_parameter", "from"),
        ("timeseries?from=2026-03-02T00:00:00Z&to=2026-03-02T00:00:00Z", "invalid_range", "from"),
        (
            "timeseries?bucket=minute&from=2026-01-01T00:00:00Z&to=2026-03-01T00:00:00Z",
            "range_too_long",
            "from",
        ),
    ] {
        let answer = client.get(&format!("/analytics/{path}")).await;
        assert_eq!(answer.code(422), code, "{path}");
        assert_eq!(answer.body["errors"][0]["pointer"], parameter, "{path}: {}", answer.body);
    }
}
