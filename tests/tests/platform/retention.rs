//! Retention: old logs go, in batches and beside ingestion; what was counted of them stays.

use std::time::Duration;

use chrono::{DateTime, Days, NaiveDate, SecondsFormat, Utc};
use edtech_tests::{Client, Command, Database, Platform, eventually, item, log, on_both_databases};
use serde_json::{Value, json};
use tokio::time::sleep;

const PATIENCE: Duration = Duration::from_secs(30);

/// Longer than any client may wait for a lock.
const HELD: Duration = Duration::from_secs(6);

on_both_databases!(
    old_logs_go_and_their_counts_stay,
    a_closed_day_takes_no_late_log_and_is_never_opened_again,
    a_server_with_the_setting_does_it_by_itself,
    logs_are_taken_in_while_old_ones_are_removed,
    a_command_waits_for_whoever_holds_the_logs,
    closed_days_keep_their_time_zone,
    a_classroom_that_closed_days_have_counted_stays,
    without_a_word_each_class_has_its_time
);

/// Noon, so many days ago.
fn noon(days_ago: u64) -> DateTime<Utc> {
    day(days_ago).and_hms_opt(12, 0, 0).expect("noon").and_utc()
}

fn day(days_ago: u64) -> NaiveDate {
    Utc::now().date_naive() - Days::new(days_ago)
}

fn old_log(days_ago: u64, minute: i64) -> Value {
    let at = noon(days_ago) + chrono::TimeDelta::minutes(minute);
    let at = at.to_rfc3339_opts(SecondsFormat::Secs, true);
    log("ada", &at, json!({"watch_time_seconds": 30, "completion_percentage": 95}))
}

fn micros(moment: DateTime<Utc>) -> String {
    moment.to_rfc3339_opts(SecondsFormat::Micros, true)
}

/// Ada's logs of 40, 20 and 2 days ago, three on each day.
async fn three_days(client: &Client) {
    client.enrol("ada", "Data_2025").await;
    for days_ago in [2, 20, 40] {
        client.store(&[old_log(days_ago, 0), old_log(days_ago, 1), old_log(days_ago, 2)]).await;
    }
}

async fn retention(database: &Database, arguments: &[&str]) -> String {
    let arguments = ["retention"].iter().chain(arguments).copied();
    Command::api(database, arguments).run().await.expect(0)
}

async fn stored(database: &Database) -> i64 {
    database.number("SELECT COUNT(*) FROM streaming_logs").await
}

/// Everything that is answered without the log itself.
async fn answers(client: &Client) -> Vec<Value> {
    let mut answers = Vec::new();
    for days_ago in [2, 20, 40] {
        let mut daily = client.daily(&day(days_ago).to_string()).await;
        daily.as_object_mut().expect("a report").remove("generated_at");
        answers.push(daily);
    }
    let (from, to) = (noon(41).timestamp(), noon(0).timestamp());
    let moment = |seconds| DateTime::<Utc>::from_timestamp(seconds, 0).expect("a moment").date_naive();
    for bucket in ["day", "hour"] {
        let window = format!("from={}T00:00:00Z&to={}T00:00:00Z", moment(from), moment(to));
        answers
            .push(client.get(&format!("/analytics/timeseries?bucket={bucket}&{window}")).await.expect(200));
    }
    for analysis in ["engagement", "lessons", "classrooms"] {
        answers.push(client.get(&format!("/analytics/{analysis}")).await.expect(200));
    }
    answers
}

async fn old_logs_go_and_their_counts_stay(database: Database) {
    let platform = Platform::start(&database).await;
    let client = platform.client().await;
    three_days(&client).await;
    let before = answers(&client).await;

    let told = retention(&database, &["--keep-days", "10", "--dry-run"]).await;
    assert!(told.contains("would remove 6 logs"), "{told}");
    assert_eq!(stored(&database).await, 9);

    let done = retention(&database, &["--keep-days", "10"]).await;
    assert!(done.contains("removed 6 logs"), "{done}");
    assert_eq!(stored(&database).await, 3);
    assert!(answers(&client).await == before, "figures have changed with the logs that went");
    database.assert_verified().await;
    let again = retention(&database, &["--keep-days", "10"]).await;
    assert!(again.contains("removed 0 logs"), "{again}");

    // What only the log could tell is refused; whole minutes and days are still told.
    let window = |from: &str, to: &str| {
        format!("/analytics/timeseries?bucket=hour&from={}T{from}Z&to={}T{to}Z", day(20), day(20))
    };
    let refused = client.get(&window("12:00:30", "13:00:00")).await.expect(422);
    assert_eq!(refused["code"], "before_retention");
    let hour = client.get(&window("12:00:00", "13:00:00")).await.expect(200);
    assert_eq!(hour["items"][0]["streaming_logs"], 3);
    assert_eq!(hour["items"][0].get("active_students"), None);

    // A rebuild leaves closed days as they are, and an erasure takes the learner's counts where it still can.
    platform.stop().await;
    database.left_alone().await;
    Command::api(&database, ["rebuild"]).run().await.expect(0);
    database.assert_verified().await;
    let platform = Platform::start(&database).await;
    assert!(answers(&platform.client().await).await == before, "figures have changed with the rebuild");
}

async fn a_closed_day_takes_no_late_log_and_is_never_opened_again(database: Database) {
    let platform = Platform::start(&database).await;
    let client = platform.client().await;
    three_days(&client).await;
    retention(&database, &["--keep-days", "10"]).await;

    let late = client.post_logs(&[old_log(20, 5), old_log(2, 5)]).await;
    assert_eq!((late.accepted, late.refusals()), (1, vec![(0, "before_retention")]));
    assert_eq!(client.rejected_logs().await.len(), 1);

    // Whoever wants to keep more from now on keeps more from now on.
    let done = retention(&database, &["--keep-days", "365"]).await;
    assert!(done.contains(&format!("the days before {} are closed", day(10))), "{done}");
    assert_eq!(client.post_logs(&[old_log(20, 6)]).await.refusals(), [(0, "before_retention")]);
    database.assert_verified().await;
}

async fn a_server_with_the_setting_does_it_by_itself(database: Database) {
    let platform = Platform::start(&database).await;
    three_days(&platform.client().await).await;
    platform.stop().await;
    let _platform = Platform::start(&database).env("EDTECH_KEEP_DAYS", "10").await;
    eventually("old logs are removed", PATIENCE, async || (stored(&database).await == 3).then_some(())).await;
    database.assert_verified().await;
}

/// More old logs than a batch holds, a load of old and new ones beside it, and two runs at once: one of them does the work.
async fn logs_are_taken_in_while_old_ones_are_removed(database: Database) {
    let platform = Platform::start(&database).await;
    let load = |arguments: &'static [&'static str]| {
        let arguments = ["load", "--learners", "50", "--lessons", "5"].iter().chain(arguments).copied();
        let mut command = Command::simulator(arguments);
        for (key, value) in platform.simulator_environment() {
            command = command.env(key, value);
        }
        command
    };
    let history = ["--days", "60", "--logs", "8000", "--batch", "500", "--connections", "4", "--seed", "1"];
    load(Vec::leak(history.to_vec())).run().await.expect(0);
    let now = ["--rate", "400", "--duration", "5s", "--connections", "4", "--seed", "2", "--json"];
    let late = ["--days", "60", "--rate", "400", "--batch", "5", "--duration", "5s", "--seed", "3", "--json"];
    let beside = [load(Vec::leak(now.to_vec())).start(), load(Vec::leak(late.to_vec())).start()];
    eventually("logs come beside it", PATIENCE, async || (stored(&database).await > 8_100).then_some(()))
        .await;
    let begun = micros(Utc::now());
    let run = || Command::api(&database, ["retention", "--keep-days", "10"]).quietly().run();
    if database.is_postgres() {
        let (one, other) = tokio::join!(run(), run());
        // Either one came when the other was done, or it says who does the work.
        let refused: Vec<_> = [one, other].into_iter().filter(|run| run.code != Some(0)).collect();
        assert!(refused.len() < 2, "{refused:?}");
        assert!(refused.iter().all(|run| run.refusal().contains("another run")), "{refused:?}");
    } else {
        run().await.expect(0);
    }
    let ended = micros(Utc::now());
    let mut told = Vec::new();
    for load in beside {
        let load = load.finished().await;
        told.push(serde_json::from_str::<Value>(&load.stdout).unwrap_or_else(|_| panic!("{load:?}")));
    }
    let sum = |of: &dyn Fn(&Value) -> i64| told.iter().map(of).sum::<i64>();
    let first_kept = format!("{}T00:00:00", day(10));
    let instant = database.either("event_timestamp < ", "event_timestamp < TIMESTAMPTZ ");
    let zone = database.either("", "Z");
    let old = format!("SELECT COUNT(*) FROM streaming_logs WHERE {instant}'{first_kept}{zone}'");
    assert_eq!(database.number(&old).await, 0);
    let meanwhile =
        format!("SELECT COUNT(*) FROM streaming_logs WHERE received_at BETWEEN '{begun}' AND '{ended}'");
    assert!(database.number(&meanwhile).await > 0, "nothing was taken in between {begun} and {ended}");
    let counted = "SELECT CAST(SUM(streaming_logs) AS bigint) FROM counted_log_minutes";
    // A slow machine tells some of them to come again, which a load does not do; one or the other may be stored all the same.
    let accepted = sum(&|load| load["accepted"].as_i64().expect("a count"));
    let errors = |load: &Value| {
        load["errors"].as_object().expect("errors").values().map(|it| it.as_i64().expect("a count")).sum()
    };
    let refused = sum(&errors);
    let may_be = 8_000 + accepted..=8_000 + accepted + 5 * refused;
    let closed = sum(&|load| load["rejected"].as_i64().expect("a count"));
    assert!(accepted > 1_000 && closed > 100, "{accepted} accepted, {closed} of closed days");
    assert!(
        may_be.contains(&database.number(counted).await),
        "{accepted} accepted, {refused} requests failed"
    );
    database.assert_verified().await;
}

/// An operator's command does not fail because of somebody who will be done in some seconds.
async fn a_command_waits_for_whoever_holds_the_logs(database: Database) {
    let platform = Platform::start(&database).await;
    three_days(&platform.client().await).await;
    let held = database.hold_logs().await;
    let mut command = Command::api(&database, ["retention", "--keep-days", "10"]).start();
    sleep(HELD).await;
    assert!(!command.has_ended(), "{:?}", command.finished().await);
    held.commit().await.expect("a lock that is given back");
    let done = command.finished().await.expect(0);
    assert!(done.starts_with("removed 6 logs"), "{done}");
    database.assert_verified().await;
}

/// What was counted of logs that are gone cannot be counted by other days.
async fn closed_days_keep_their_time_zone(database: Database) {
    let platform = Platform::start(&database).await;
    let client = platform.client().await;
    three_days(&client).await;
    retention(&database, &["--keep-days", "10"]).await;
    let before = answers(&client).await;
    platform.stop().await;
    database.left_alone().await;

    let rebuild = || Command::api(&database, ["rebuild"]);
    let refused = rebuild().env("EDTECH_TIME_ZONE", "Asia/Tokyo").quietly().run().await;
    let why = refused.refusal();
    assert!(why.contains("closed") && why.contains("EDTECH_TIME_ZONE=UTC"), "{why}");
    database.assert_verified().await;
    rebuild().run().await.expect(0);
    let platform = Platform::start(&database).await;
    assert!(answers(&platform.client().await).await == before, "something was changed all the same");
}

async fn a_classroom_that_closed_days_have_counted_stays(database: Database) {
    let platform = Platform::start(&database).await;
    let client = platform.client().await;
    three_days(&client).await;
    retention(&database, &["--keep-days", "10"]).await;
    let students = client.get("/students?limit=1000").await.expect(200);
    let ada = item(&students["items"], "external_id", "ada")["student_id"].as_i64().expect("an id");
    client.erase(ada).await;
    let before = client.get("/analytics/engagement").await.expect(200);

    assert_eq!(client.delete("/classrooms/Data_2025").await.code(409), "classroom_in_use");
    assert_eq!(client.get("/analytics/engagement").await.expect(200), before);
    assert_eq!(client.daily(&day(20).to_string()).await["totals"]["streaming_logs"], 3);
    database.assert_verified().await;
}

/// Nothing is kept for ever, and nothing goes that somebody may still want.
async fn without_a_word_each_class_has_its_time(database: Database) {
    let platform = Platform::start(&database).await;
    let client = platform.client().await;
    three_days(&client).await;
    let (kept, gone) = (noon(3_600), noon(3_700));
    let moment = |at: DateTime<Utc>| at.to_rfc3339_opts(SecondsFormat::Secs, true);
    client.store(&[kept, gone].map(|at| log("ada", &moment(at), json!({})))).await;
    aged(&database, &client).await;
    let told = retention(&database, &["--dry-run"]).await;
    let lines: Vec<&str> = told.lines().collect();
    assert_eq!(lines.len(), 4, "{told}");
    for (line, start) in lines.iter().zip(["1 logs", "1 rejected logs", "1 audit entries", "1 daily reports"])
    {
        assert!(line.starts_with(&format!("would remove {start} of")), "{line}");
    }
    assert_eq!(stored(&database).await, 11);

    platform.stop().await;
    let platform = Platform::start(&database).await;
    let client = platform.client().await;
    eventually("old things are removed", PATIENCE, async || {
        let left = [
            stored(&database).await,
            database.number("SELECT COUNT(*) FROM daily_reports").await,
            database.number("SELECT COUNT(*) FROM audit_log WHERE action = 'old'").await,
            database.number("SELECT COUNT(*) FROM rejected_logs").await,
        ];
        (left == [10, 1, 1, 1]).then_some(())
    })
    .await;
    let one = retention(&database, &["--class", "rejected", "--keep-rejected-days", "7"]).await;
    assert!(one.starts_with("removed 1 rejected logs") && one.lines().count() == 1, "{one}");
    let told = client.get("/audit-log?action=retention&limit=1000").await.expect(200);
    let told = told["items"].as_array().expect("items");
    let mut said: Vec<_> = told.iter().map(|it| (it["actor"].as_str(), it["target"].as_str())).collect();
    said.sort_unstable();
    let by = |actor, targets: &[&'static str]| {
        targets.iter().map(|it| (Some(actor), Some(*it))).collect::<Vec<_>>()
    };
    let mut expected = by("cli", &["rejected_logs"]);
    expected.extend(by("platform", &["audit_log", "daily_reports", "rejected_logs", "streaming_logs"]));
    assert_eq!(said, expected);
    let short = Command::api(&database, ["retention", "--keep-audit-days", "7"]).quietly().run().await;
    assert!(short.refusal().contains("EDTECH_KEEP_AUDIT_DAYS"), "{short:?}");
    database.assert_verified().await;
}

/// Of each class one that is too old and one that is not yet.
async fn aged(database: &Database, client: &Client) {
    let moment = |days_ago: u64| {
        let at = noon(days_ago).to_rfc3339_opts(SecondsFormat::Micros, true);
        format!("{}'{at}'", database.either("", "TIMESTAMPTZ "))
    };
    for (day, age) in [("2026-03-02", 1_830), ("2026-03-03", 1_820)] {
        let path = format!("/analytics/daily/{day}/report");
        client.send(client.request(reqwest::Method::PUT, &path)).await.expect(201);
        let made = format!("UPDATE daily_reports SET generated_at = {} WHERE day = '{day}'", moment(age));
        assert_eq!(database.execute(&made).await, 1);
    }
    for (stranger, age) in [("eve", 31), ("mallory", 29)] {
        client.post_logs(&[log(stranger, "2026-03-02T10:00:00Z", json!({}))]).await;
        let seen = format!(
            "UPDATE rejected_logs SET last_seen = {} WHERE learner_ref = 'ref:{stranger}'",
            moment(age)
        );
        assert_eq!(database.execute(&seen).await, 1);
    }
    for age in [366, 364] {
        let entry = format!(
            "INSERT INTO audit_log (at, actor, actor_kind, action, outcome, times) \
             VALUES ({}, 'cli', 'cli', 'old', 'done', 1)",
            moment(age)
        );
        assert_eq!(database.execute(&entry).await, 1);
    }
}
