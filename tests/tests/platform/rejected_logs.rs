//! What was refused is kept: to be looked at, and to be tried again once the roster knows better.

use std::ops::Range;

use edtech_tests::{Client, Command, Database, Platform, free_address, log, on_both_databases};
use reqwest::Method;
use serde_json::{Value, json};

const AT: &str = "2026-03-02T10:00:00Z";

on_both_databases!(
    rejected_logs_are_listed_page_by_page,
    a_replay_takes_back_what_a_later_roster_makes_valid,
    one_of_them_is_replayed_alone,
    a_truncated_payload_does_not_replay,
    a_broken_sender_does_not_fill_the_disk,
);

/// How many different rejected logs are kept for a client.
const KEPT: usize = 10_000;

async fn rejected_logs_are_listed_page_by_page(database: Database) {
    let platform = Platform::start(&database).await;
    let client = platform.client().await;
    for number in 0..7 {
        client.post_logs(&[log(&format!("stranger-{number}"), AT, json!({}))]).await;
    }
    client.post_logs(&[json!(17)]).await;

    let mut seen = Vec::new();
    let mut path = "/rejected-logs?limit=3&code=unknown_student".to_owned();
    loop {
        let answer = client.get(&path).await;
        let link = answer.header("link").to_owned();
        let page = answer.expect(200);
        let items = page["items"].as_array().expect("items");
        assert!(items.len() <= 3 && !items.is_empty());
        seen.extend(items.iter().map(|log| log["payload"].as_str().expect("a payload").to_owned()));
        let Some(next) = page["next"].as_str() else { break };
        path = format!("/rejected-logs?limit=3&code=unknown_student&cursor={next}");
        assert!(link.contains(next) && link.contains("rel=\"next\""), "{link}");
    }
    seen.sort();
    let expected: Vec<String> =
        (0..7).map(|it| log(&format!("stranger-{it}"), AT, json!({})).to_string()).collect();
    assert_eq!(seen, expected);
}

async fn a_replay_takes_back_what_a_later_roster_makes_valid(database: Database) {
    let platform = Platform::start(&database).await;
    let client = platform.client().await;
    let early = [
        log("ada", AT, json!({"watch_time_seconds": 30, "completion_percentage": 95})),
        log("ada", AT, json!({"completion_percentage": 101})),
        log("bob", AT, json!({"lesson": "new-lesson"})),
    ];
    let verdicts = client.post_logs(&early).await;
    let refusals = vec![(0, "unknown_student"), (1, "out_of_range"), (2, "unknown_student")];
    assert_eq!((verdicts.accepted, verdicts.refusals()), (0, refusals));

    client.enrol("ada", "Data_2025").await;
    let replayed = client.post_json("/rejected-logs/replay", &json!({})).await.expect(200);
    assert_eq!(replayed, json!({"accepted": 1, "duplicates": 0, "still_rejected": 2}));
    assert_eq!(client.daily("2026-03-02").await["totals"]["completed"], 1);

    // What is refused once more stays, with the reason of today.
    client.enrol("bob", "Data_2025").await;
    let replayed = client.post_json("/rejected-logs/replay", &json!({})).await.expect(200);
    assert_eq!(replayed, json!({"accepted": 0, "duplicates": 0, "still_rejected": 2}));
    let mut codes: Vec<Value> = client.rejected_logs().await.iter().map(|log| log["code"].clone()).collect();
    codes.sort_by_key(Value::to_string);
    assert_eq!(codes, ["out_of_range", "unknown_lesson"]);

    // The client sends its log again by itself: the replay has nothing left to store.
    client.post_json("/lessons", &json!({"external_id": "new-lesson", "title": "New"})).await.expect(201);
    client.store(&early[2..]).await;
    let replayed = client.post_json("/rejected-logs/replay", &json!({})).await.expect(200);
    assert_eq!(replayed, json!({"accepted": 0, "duplicates": 1, "still_rejected": 1}));
    assert_eq!(client.rejected_logs().await.len(), 1);
    database.assert_verified().await;
}

async fn one_of_them_is_replayed_alone(database: Database) {
    let platform = Platform::start(&database).await;
    let client = platform.client().await;
    for learner in ["ada", "bob"] {
        client.post_logs(&[log(learner, AT, json!({}))]).await;
        client.enrol(learner, "Data_2025").await;
    }
    let refused = client.rejected_logs().await;
    let id = refused[0]["id"].as_str().expect("an id");

    let path = format!("/rejected-logs/replay?id={id}");
    let replayed = client.post_json(&path, &json!({})).await.expect(200);

    assert_eq!(replayed, json!({"accepted": 1, "duplicates": 0, "still_rejected": 0}));
    assert_eq!(client.rejected_logs().await, refused[1..]);
    // It is gone, so there is nothing to try again; a name that none has is a mistake.
    let replayed = client.post_json(&path, &json!({})).await.expect(200);
    assert_eq!(replayed, json!({"accepted": 0, "duplicates": 0, "still_rejected": 0}));
    client.post_json("/rejected-logs/replay?id=first", &json!({})).await.expect(422);
    database.assert_verified().await;
}

async fn a_truncated_payload_does_not_replay(database: Database) {
    let platform = Platform::start(&database).await;
    let client = platform.client().await;
    // A log like any other, but for the room between its words.
    let payload = log("ada", AT, json!({})).to_string().replacen(',', &format!(",{}", " ".repeat(20_000)), 1);
    client.post_text("/streaming-logs", "application/json", payload.clone()).await.expect(422);
    client.enrol("ada", "Data_2025").await;

    let replayed = client.post_json("/rejected-logs/replay", &json!({})).await.expect(200);

    assert_eq!(replayed, json!({"accepted": 0, "duplicates": 0, "still_rejected": 0}));
    let kept = client.rejected_logs().await;
    assert_eq!((kept.len(), &kept[0]["truncated"]), (1, &json!(true)));
    assert!(kept[0]["payload"].as_str().is_some_and(|text| text.len() < payload.len()));
    // Sent whole, it is as good as any.
    client.post_text("/streaming-logs", "application/json", payload).await.expect(201);
}

async fn a_broken_sender_does_not_fill_the_disk(database: Database) {
    let metrics = free_address();
    let platform = Platform::start(&database).env("EDTECH_METRICS_LISTEN", &metrics).await;
    let (client, other) = (platform.client().await, another_client(&database, &platform).await);
    for from in (0..KEPT).step_by(KEPT / 2) {
        client.post_logs(&of_strangers(from..from + KEPT / 2)).await;
    }
    assert_eq!(client.figure(&metrics, "rejected_logs_not_kept_total").await, Some(0.0));

    // Three that are kept already, and five more: each is told why it was refused, as ever.
    let verdicts = client.post_logs(&of_strangers(KEPT - 3..KEPT + 5)).await;
    assert_eq!((verdicts.accepted, verdicts.rejected.len()), (0, 8));
    assert_eq!(client.figure(&metrics, "rejected_logs_not_kept_total").await, Some(5.0));
    let kept = async |of_which: &str| {
        database.number(&format!("SELECT COUNT(*) FROM rejected_logs WHERE {of_which}")).await
    };
    assert_eq!((kept("TRUE").await, kept("times = 2").await), (KEPT as i64, 3));

    // It is that sender's limit, and nobody else's.
    other.post_logs(&of_strangers(0..2)).await;
    assert_eq!((kept("TRUE").await, kept("client = 'other'").await), (KEPT as i64 + 2, 2));
    assert_eq!(client.figure(&metrics, "rejected_logs_not_kept_total").await, Some(5.0));
}

fn of_strangers(numbers: Range<usize>) -> Vec<Value> {
    numbers.map(|number| log(&format!("stranger-{number}"), AT, json!({}))).collect()
}

/// Another sender than the one that everybody is.
async fn another_client(database: &Database, platform: &Platform) -> Client {
    let put = Command::api(database, ["client", "put", "--id", "other", "--scope", "ingest"]);
    let secret = put.run().await.expect(0);
    let (anonymous, form) = (platform.anonymous(), json!({"grant_type": "client_credentials"}));
    let request = anonymous.request(Method::POST, "/auth/token").basic_auth("other", Some(secret.trim()));
    let granted = anonymous.send(request.form(&form)).await.expect(200);
    anonymous.with_token(granted["access_token"].as_str().expect("a token"))
}
