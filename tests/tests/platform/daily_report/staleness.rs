//! A report says when it has become stale: whatever changes what it would say, and nothing else.

use edtech_tests::{Client, Database, Platform, on_both_databases};
use serde_json::{Value, json};

use super::{DAY, at, kept, made, path, three_learners};

on_both_databases!(
    a_late_log_makes_a_report_stale,
    a_move_and_an_erasure_make_a_report_stale,
    a_day_that_it_is_compared_with_makes_a_report_stale,
    what_arrives_later_on_the_day_makes_a_report_stale,
    what_is_elsewhere_leaves_a_report_as_it_is,
    a_report_that_is_kept_is_asked_for_by_its_tag,
);

/// Whether the report that is kept is stale, and why; its figures are those of `before`.
async fn assert_stale(client: &Client, before: &Value, why: &str) {
    let report = kept(client, DAY).await;
    assert_eq!((&report["stale"], &report["totals"]), (&json!(true), &before["totals"]));
    let reason = report["stale_reason"].as_str().expect("a reason");
    assert!(reason.contains(why) && reason.contains(&format!("PUT {}", path(DAY))), "{reason}");
}

async fn assert_fresh(client: &Client, before: &Value) {
    assert_eq!(&kept(client, DAY).await, before);
}

/// Made anew it says what the day says now.
async fn assert_mended(client: &Client) -> Value {
    let report = made(client, DAY).await;
    assert_eq!(report["stale"], false);
    let daily = client.daily(DAY).await;
    for part in ["totals", "classrooms", "lessons"] {
        assert_eq!(report[part], daily[part], "{part}");
    }
    assert_fresh(client, &report).await;
    report
}

async fn a_late_log_makes_a_report_stale(database: Database) {
    let platform = Platform::start(&database).await;
    let replica = if database.is_postgres() { Some(Platform::start(&database).await) } else { None };
    let client = platform.client().await;
    let elsewhere = replica.as_ref().unwrap_or(&platform).client().await;
    three_learners(&client).await;
    let mut report = made(&client, DAY).await;
    // Many times: what is appended, and what is folded in, shows at once.
    for hour in 12..20 {
        elsewhere.store(&[at(DAY, hour, json!({"completion_percentage": 91}), "cyd")]).await;
        assert_stale(&client, &report, "The figures of 2026-03-03 have changed").await;
        report = assert_mended(&client).await;
    }
    // A completion that a late log moves to the day before takes one away.
    client.store(&[at("2026-03-02", 20, json!({"completion_percentage": 99}), "ada")]).await;
    assert_stale(&client, &report, "The figures of 2026-03-03 have changed").await;
    let mended = assert_mended(&client).await;
    assert_eq!(
        mended["totals"]["completed"].as_i64(),
        report["totals"]["completed"].as_i64().map(|it| it - 1)
    );
    database.assert_verified().await;
}

async fn a_move_and_an_erasure_make_a_report_stale(database: Database) {
    let platform = Platform::start(&database).await;
    let client = platform.client().await;
    let bob = three_learners(&client).await;
    let report = made(&client, DAY).await;

    client.enrol("bob", "IA_2025").await;
    assert_stale(&client, &report, "a learner moved").await;
    let report = assert_mended(&client).await;

    let rename = json!({"classroom": "AI_2025"});
    client.patch_json("/classrooms/IA_2025", &rename).await.expect(200);
    assert_stale(&client, &report, "have changed").await;
    let report = assert_mended(&client).await;

    client.erase(bob).await;
    assert_stale(&client, &report, "was erased").await;
    let mended = assert_mended(&client).await;
    assert_eq!(mended["totals"]["active_students"], 1);
    database.assert_verified().await;
}

async fn a_day_that_it_is_compared_with_makes_a_report_stale(database: Database) {
    let platform = Platform::start(&database).await;
    let client = platform.client().await;
    three_learners(&client).await;
    let mut report = made(&client, DAY).await;
    for date in ["2026-03-02", "2026-02-28", "2026-02-24"] {
        client.store(&[at(date, 20, json!({}), "cyd")]).await;
        assert_stale(&client, &report, "A day of the week before 2026-03-03").await;
        report = assert_mended(&client).await;
    }
    assert_eq!(report["silent_students"], 0, "Cyd was heard on a day of the seven");
    let before = &report["against_day_before"];
    assert_eq!(before["totals"], client.daily("2026-03-02").await["totals"]);
}

async fn what_arrives_later_on_the_day_makes_a_report_stale(database: Database) {
    let platform = Platform::start(&database).await;
    let client = platform.client().await;
    three_learners(&client).await;
    let today = chrono::Utc::now().date_naive().to_string();
    let report = made(&client, &today).await;
    assert_eq!(report["data_quality"], json!({"accepted": 6, "duplicates": 0, "rejected": 0, "late": 6}));

    let again = at("2026-02-24", 9, json!({"watch_time_seconds": 30, "completion_percentage": 95}), "cyd");
    let verdicts = client.post_logs(&[again, at(DAY, 9, json!({}), "nobody")]).await;
    assert_eq!((verdicts.duplicates, verdicts.rejected.len()), (1, 1));
    let stale = kept(&client, &today).await;
    assert_eq!(stale["stale"], true);
    assert!(
        stale["stale_reason"].as_str().is_some_and(|why| why.contains("More logs have arrived")),
        "{stale}"
    );
    let quality = &made(&client, &today).await["data_quality"];
    assert_eq!(quality, &json!({"accepted": 6, "duplicates": 1, "rejected": 1, "late": 6}));
}

async fn what_is_elsewhere_leaves_a_report_as_it_is(database: Database) {
    let platform = Platform::start(&database).await;
    let client = platform.client().await;
    three_learners(&client).await;
    let report = made(&client, DAY).await;
    client.store(&[at("2026-03-04", 9, json!({}), "ada"), at("2026-02-23", 9, json!({}), "ada")]).await;
    assert_fresh(&client, &report).await;
    // A resend changes nothing; the enrolment is that of the moment when the report was made.
    client.post_logs(&[at("2026-03-04", 9, json!({}), "ada")]).await;
    client.enrol("dan", "Data_2025").await;
    assert_fresh(&client, &report).await;
    let again = made(&client, DAY).await;
    assert_eq!((&again["totals"]["students"], &again["silent_students"]), (&json!(4), &json!(2)));
    assert_eq!(again["revision"], report["revision"]);
    platform.stop().await;
    let platform = Platform::start(&database).await;
    assert_fresh(&platform.client().await, &again).await;
}

async fn a_report_that_is_kept_is_asked_for_by_its_tag(database: Database) {
    let platform = Platform::start(&database).await;
    let client = platform.client().await;
    three_learners(&client).await;
    let report = made(&client, DAY).await;
    let tag = format!("\"{}\"", report["revision"]);
    let ask = async |known: &str| {
        let request = client.request(reqwest::Method::GET, &path(DAY)).header("if-none-match", known);
        client.send(request).await
    };
    assert_eq!(client.get(&path(DAY)).await.header("etag"), tag);
    for known in [tag.as_str(), &format!("W/{tag}"), "*", &format!("\"other\", {tag}")] {
        let answer = ask(known).await;
        assert_eq!(
            (answer.status, answer.header("etag"), &answer.body),
            (304, &*tag, &Value::Null),
            "{known}"
        );
    }
    ask("\"0\"").await.expect(200);

    // It says something else once it is stale, and then once it is made anew.
    client.store(&[at(DAY, 13, json!({}), "cyd")]).await;
    let stale = ask(&tag).await;
    let stale_tag = stale.header("etag").to_owned();
    assert_eq!(stale.expect(200)["stale"], true);
    assert_eq!(ask(&stale_tag).await.status, 304);
    let report = made(&client, DAY).await;
    let tag = format!("\"{}\"", report["revision"]);
    assert_eq!(ask(&stale_tag).await.header("etag"), tag);

    // With other tasks it is another report of the same revision.
    let tasks = json!({"tasks": {"a": {}}});
    let answer = super::put_json(&client, DAY, &tasks).await;
    let other_tag = answer.header("etag").to_owned();
    assert_eq!(answer.expect(200)["revision"], report["revision"]);
    assert_ne!(other_tag, tag);
    assert_eq!(ask(&tag).await.expect(200)["tasks"], tasks["tasks"]);
    assert_eq!(ask(&other_tag).await.status, 304);
}
