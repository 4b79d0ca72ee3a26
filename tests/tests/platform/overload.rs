//! More than can be stored: whoever finds no room in the queue is told so, nobody is told to slow down, and all is counted that
//! was stored.

use chrono::{DateTime, SecondsFormat, TimeDelta};
use edtech_tests::{Answer, Client, Database, Platform, item, on_both_databases};
use futures_util::future::join_all;
use reqwest::Method;
use reqwest::header::CONTENT_TYPE;
use serde_json::{Value, json};

on_both_databases!(whoever_finds_no_room_is_told_to_come_again);

/// So many at once, each with as many logs as a request may have: twice as much as there is room for.
const BATCHES: usize = 40;
const LOGS: usize = 10_000;

/// A machine that stores as fast as it reads has to be sent more.
const ROUNDS: usize = 10;

const JSON: &str = "application/json";

/// What is said where the queue has no room, and nowhere else.
const NO_ROOM: &str = "waiting to be stored than memory has room for";

async fn whoever_finds_no_room_is_told_to_come_again(database: Database) {
    let platform = Platform::start(&database).await;
    let client = platform.client().await;
    let ada = client.enrol("ada", "Data_2025").await;
    let lessons = client.get("/lessons").await.expect(200);
    let lesson = item(&lessons["items"], "external_id", edtech_tests::DOCKER)["lesson_id"].clone();
    let batch = |number: usize| -> String {
        let logs: Vec<Value> =
            (number * LOGS..(number + 1) * LOGS).map(|number| log(ada, &lesson, number)).collect();
        Value::from(logs).to_string()
    };

    let (mut stored, mut refused) = (0, None);
    for round in (0..ROUNDS).map(|round| round * BATCHES) {
        // Made before they are sent: whoever has connected is to speak soon.
        let batches: Vec<String> = (round..round + BATCHES).map(batch).collect();
        let answers =
            join_all(batches.into_iter().map(|logs| tokio::spawn(sent(client.clone(), logs)))).await;
        // A busy machine may not have sent all of one in time: whether it sees the 408 or the end of the connection first, that
        // says nothing of the queue.
        let in_time = |(place, answer): (usize, Result<Option<Answer>, _>)| {
            let answer: Option<Answer> = answer.expect("who sends it ends well");
            answer.filter(|answer| answer.status != 408).map(|answer| (place, answer))
        };
        for (place, answer) in answers.into_iter().enumerate().filter_map(in_time) {
            if answer.status == 200 {
                stored += 1;
                continue;
            }
            assert_eq!((answer.code(503), answer.header("retry-after")), ("unavailable", "1"));
            if answer.body["detail"].as_str().is_some_and(|detail| detail.contains(NO_ROOM)) {
                refused = Some(round + place);
            }
        }
        if refused.is_some() {
            break;
        }
    }
    let refused =
        refused.unwrap_or_else(|| panic!("{stored} batches were stored, none was told to come again"));
    assert!(stored > 0, "nobody got through");

    let again = client.patiently(|| {
        let request = client.request(Method::POST, "/streaming-logs").header(CONTENT_TYPE, JSON);
        request.body(batch(refused))
    });
    assert_eq!(again.await.expect(200)["accepted"], LOGS, "what found no room was not stored");
    let rows = database.number("SELECT COUNT(*) FROM streaming_logs").await;
    assert!(rows >= ((stored + 1) * LOGS) as i64, "{rows} of {stored} batches and one");
    database.assert_verified().await;
}

/// Its moment alone tells it from the others.
fn log(student_id: i64, lesson_id: &Value, number: usize) -> Value {
    let first = DateTime::from_timestamp(1_770_000_000, 0).expect("a moment");
    let at = (first + TimeDelta::seconds(number as i64)).to_rfc3339_opts(SecondsFormat::Secs, true);
    json!({"student_id": student_id, "lesson_id": lesson_id, "event_type": "p", "event_timestamp": at})
}

/// The answer, unless the server ended the connection before all was sent.
async fn sent(client: Client, logs: String) -> Option<Answer> {
    let request = client.request(Method::POST, "/streaming-logs").header(CONTENT_TYPE, JSON);
    client.try_send(request.body(logs)).await.ok()
}
