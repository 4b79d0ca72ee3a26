//! A bad item is told by its index and a code, is kept, and never blocks its neighbours.

use edtech_tests::{Client, DOCKER, Database, Platform, Verdicts, log, on_both_databases};
use serde_json::{Value, json};
use uuid::Uuid;

const AT: &str = "2026-03-02T10:00:00Z";

on_both_databases!(
    one_poison_item_does_not_block_its_999_neighbours,
    each_fault_is_one_verdict_and_one_rejected_log,
    a_single_log_is_answered_by_its_status,
    a_batch_without_log_ids_is_known_again,
    a_log_with_neither_id_nor_time_is_new_each_time,
    a_closed_day_takes_no_more_logs,
);

/// A line of a batch that must be refused: what it is, its code and the place of its fault.
type Poison = (String, &'static str, &'static str);

fn poison(more: Value, code: &'static str, pointer: &'static str) -> Poison {
    (log("ada", AT, more).to_string(), code, pointer)
}

fn faulty_logs(ada: i64) -> Vec<Poison> {
    let without = |field: &str| {
        let mut log = log("ada", AT, json!({}));
        log.as_object_mut().expect("an object").remove(field);
        log.to_string()
    };
    vec![
        poison(json!({"student": "a\u{0}b"}), "invalid_text", "/student"),
        poison(json!({"lesson": "a\u{0}b"}), "invalid_text", "/lesson"),
        poison(json!({"event_type": "pl\u{0}yed"}), "invalid_text", "/event_type"),
        poison(
            json!({"event_timestamp": "+300000-01-01T00:00:00Z"}),
            "invalid_timestamp",
            "/event_timestamp",
        ),
        poison(json!({"event_timestamp": "2300-01-01T00:00:00Z"}), "out_of_range", "/event_timestamp"),
        poison(json!({"event_timestamp": "2026-03-02T10:00:00"}), "invalid_timestamp", "/event_timestamp"),
        poison(json!({"event_timestamp": "yesterday"}), "invalid_timestamp", "/event_timestamp"),
        poison(json!({"event_timestamp": 1_772_445_600}), "invalid_type", "/event_timestamp"),
        poison(
            json!({"watch_time_seconds": 9_223_372_036_854_775_808_u64}),
            "out_of_range",
            "/watch_time_seconds",
        ),
        poison(json!({"watch_time_seconds": 2_147_483_648_u64}), "out_of_range", "/watch_time_seconds"),
        poison(json!({"watch_time_seconds": -1}), "out_of_range", "/watch_time_seconds"),
        poison(json!({"watch_time_seconds": "12"}), "invalid_type", "/watch_time_seconds"),
        poison(json!({"watch_time_seconds": 1.5}), "invalid_type", "/watch_time_seconds"),
        poison(json!({"completion_percentage": 101}), "out_of_range", "/completion_percentage"),
        poison(json!({"completion_percentage": -1}), "out_of_range", "/completion_percentage"),
        poison(json!({"completion_percentage": true}), "invalid_type", "/completion_percentage"),
        poison(json!({"student": "nobody"}), "unknown_student", "/student"),
        poison(json!({"student": null, "student_id": 999_999}), "unknown_student", "/student_id"),
        poison(json!({"student": "bob", "student_id": ada}), "student_mismatch", "/student"),
        poison(json!({"student": ["ada"]}), "invalid_type", "/student"),
        poison(json!({"lesson": "nothing"}), "unknown_lesson", "/lesson"),
        poison(json!({"lesson": null, "lesson_id": 999_999}), "unknown_lesson", "/lesson_id"),
        poison(json!({"lesson": "maitriser-airflow", "lesson_id": 1}), "lesson_mismatch", "/lesson"),
        poison(json!({"log_id": "12"}), "invalid_log_id", "/log_id"),
        poison(json!({"watched": 12}), "unknown_field", "/watched"),
        (without("student"), "missing_field", "/student"),
        (without("lesson"), "missing_field", "/lesson"),
        (without("event_type"), "missing_field", "/event_type"),
        ("17".to_owned(), "invalid_type", ""),
        ("[]".to_owned(), "invalid_type", ""),
        ("no JSON at all".to_owned(), "invalid_json", ""),
        ("{\"student\": \"ada\"".to_owned(), "invalid_json", ""),
    ]
}

fn good_logs(count: usize) -> impl Iterator<Item = String> {
    (0..count).map(|number| {
        log("ada", AT, json!({"log_id": Uuid::from_u128(number as u128 + 1), "watch_time_seconds": 1}))
            .to_string()
    })
}

async fn post_lines(client: &Client, lines: &[String]) -> Verdicts {
    let answer =
        client.post_text("/streaming-logs", "application/x-ndjson", lines.join("\n")).await.expect(200);
    serde_json::from_value(answer).expect("verdicts")
}

async fn one_poison_item_does_not_block_its_999_neighbours(database: Database) {
    let platform = Platform::start(&database).await;
    let client = platform.client().await;
    client.enrol("ada", "Data_2025").await;
    let mut lines: Vec<String> = good_logs(999).collect();
    lines.insert(500, log("ada", AT, json!({"event_type": "pl\u{0}yed"})).to_string());

    let verdicts = post_lines(&client, &lines).await;

    assert_eq!(
        (verdicts.accepted, verdicts.duplicates, verdicts.refusals()),
        (999, 0, vec![(500, "invalid_text")])
    );
    assert_eq!(client.daily("2026-03-02").await["totals"]["streaming_logs"], 999);
    assert_eq!(client.rejected_logs().await.len(), 1);
    database.assert_verified().await;
}

async fn each_fault_is_one_verdict_and_one_rejected_log(database: Database) {
    let platform = Platform::start(&database).await;
    let client = platform.client().await;
    let ada = client.enrol("ada", "Data_2025").await;
    client.enrol("bob", "Data_2025").await;
    assert_eq!(client.lesson_id(DOCKER).await, 1, "the lesson that a poison item takes for another one");
    let faulty = faulty_logs(ada);
    // Thirty-one lines apart, and a blank line here and there, which is no item.
    let mut lines: Vec<String> = good_logs(1_000 - faulty.len()).collect();
    for (number, (line, ..)) in faulty.iter().enumerate() {
        lines.insert(number * 31, line.clone());
    }
    assert_eq!(lines.len(), 1_000);
    let with_blanks: Vec<String> =
        lines.chunks(100).flat_map(|some| [some.join("\n"), "  ".to_owned()]).collect();

    let verdicts = post_lines(&client, &with_blanks).await;

    assert_eq!((verdicts.accepted, verdicts.duplicates), (1_000 - faulty.len() as u64, 0));
    assert_eq!(verdicts.rejected.len(), faulty.len());
    for (number, (verdict, (line, code, pointer))) in verdicts.rejected.iter().zip(&faulty).enumerate() {
        let told = (verdict.index, verdict.code.as_str(), verdict.pointer.as_deref().unwrap_or_default());
        assert_eq!(told, (number * 31, *code, *pointer), "{line}");
        assert!(!verdict.reason.is_empty(), "{line}");
    }
    assert_kept(&client, &faulty, 1).await;

    // Sent again, nothing is new: known logs are duplicates, and each rejected log has come twice.
    let again = post_lines(&client, &with_blanks).await;
    assert_eq!((again.accepted, again.duplicates), (0, verdicts.accepted));
    assert_eq!(again.rejected, verdicts.rejected);
    assert_kept(&client, &faulty, 2).await;
    database.assert_verified().await;
}

async fn assert_kept(client: &Client, faulty: &[Poison], times: u64) {
    let kept = client.rejected_logs().await;
    assert_eq!(kept.len(), faulty.len());
    for (line, code, _) in faulty {
        let log =
            kept.iter().find(|log| log["payload"] == *line).unwrap_or_else(|| panic!("not kept: {line}"));
        assert_eq!((&log["code"], &log["times"]), (&json!(code), &json!(times)), "{line}");
        assert_eq!(log["truncated"], false, "{line}");
    }
}

async fn a_single_log_is_answered_by_its_status(database: Database) {
    let platform = Platform::start(&database).await;
    let client = platform.client().await;
    client.enrol("ada", "Data_2025").await;

    let answer =
        client.post_json("/streaming-logs", &log("ada", AT, json!({"completion_percentage": 101}))).await;
    assert_eq!(answer.code(422), "out_of_range");
    assert_eq!(answer.body["errors"][0]["pointer"], "/completion_percentage");
    let answer = client.post_json("/streaming-logs", &log("nobody", AT, json!({}))).await;
    assert_eq!(answer.code(422), "unknown_student");
    client.post_json("/streaming-logs", &log("ada", AT, json!({}))).await.expect(201);
    client.post_json("/streaming-logs", &log("ada", AT, json!({}))).await.expect(200);
    assert_eq!(client.rejected_logs().await.len(), 2);
}

async fn a_batch_without_log_ids_is_known_again(database: Database) {
    let platform = Platform::start(&database).await;
    let client = platform.client().await;
    let ada = client.enrol("ada", "Data_2025").await;
    client.enrol("bob", "Data_2025").await;
    let batch: Vec<Value> = (0..50)
        .flat_map(|second| {
            let at = format!("2026-03-02T10:00:{second:02}Z");
            ["ada", "bob"].map(|learner| log(learner, &at, json!({"completion_percentage": second})))
        })
        .collect();

    assert_eq!(client.post_logs(&batch).await, Verdicts::clean(100, 0));
    assert_eq!(client.post_logs(&batch).await, Verdicts::clean(0, 100));
    // The same moment in another offset, the same learner by another name: still the same log.
    let mut same =
        log("ada", "2026-03-02T11:00:07+01:00", json!({"completion_percentage": 7, "student_id": ada}));
    assert_eq!(client.post_logs(&[same.clone()]).await, Verdicts::clean(0, 1));
    same["completion_percentage"] = json!(8);
    assert_eq!(client.post_logs(&[same]).await, Verdicts::clean(1, 0));
}

async fn a_log_with_neither_id_nor_time_is_new_each_time(database: Database) {
    let platform = Platform::start(&database).await;
    let client = platform.client().await;
    client.enrol("ada", "Data_2025").await;
    let log = log("ada", AT, json!({"event_timestamp": null}));

    assert_eq!(client.post_logs(&[log.clone(), log.clone()]).await, Verdicts::clean(2, 0));
    assert_eq!(client.post_logs(std::slice::from_ref(&log)).await, Verdicts::clean(1, 0));
    // With an id of the client's it is a resend, although the server's own time has moved on.
    let mut named = log;
    named["log_id"] = json!(Uuid::from_u128(1));
    assert_eq!(client.post_logs(&[named.clone()]).await, Verdicts::clean(1, 0));
    assert_eq!(client.post_logs(&[named]).await, Verdicts::clean(0, 1));
}

async fn a_closed_day_takes_no_more_logs(database: Database) {
    let platform = Platform::start(&database).await;
    let client = platform.client().await;
    client.enrol("ada", "Data_2025").await;
    database.execute("UPDATE settings SET closed_before = '2026-03-02'").await;

    let batch =
        [log("ada", "2026-03-01T23:59:59.999999Z", json!({})), log("ada", "2026-03-02T00:00:00Z", json!({}))];
    let verdicts = client.post_logs(&batch).await;

    assert_eq!((verdicts.accepted, verdicts.refusals()), (1, vec![(0, "before_retention")]));
    assert_eq!(verdicts.rejected[0].pointer.as_deref(), Some("/event_timestamp"));
    assert_eq!(client.daily("2026-03-01").await["totals"]["streaming_logs"], 0);
}
