//! What no HTTP client would send: the bytes themselves, over TCP.

mod requests;

use edtech_tests::{Client, Database, RawConnection, on_both_databases};

use requests::{Broken, filled, get, post, unreadable, unservable};

use super::{assert_none, assert_nothing_was_lost, started};

on_both_databases!(
    a_request_that_is_none_is_refused_and_the_connection_ends,
    a_request_that_cannot_be_served_is_a_problem,
    requests_in_a_row_are_answered_in_a_row,
);

async fn a_request_that_is_none_is_refused_and_the_connection_ends(database: Database) {
    let (platform, client) = started(&database).await;
    let all = unreadable();
    let mut faults = Vec::new();
    for Broken { what, bytes } in &all {
        let mut connection = RawConnection::open(&client).await;
        connection.say(&filled(&client, bytes)).await;
        match connection.answer().await {
            Some(answer) if !(400..500).contains(&answer.status) => {
                faults.push(format!("{what}: {} {}", answer.status, answer.body));
            }
            // Without a word is as well, where there was nothing to answer.
            _ => {
                let after = connection.rest().await;
                if !after.is_empty() {
                    faults.push(format!("{what}: it goes on with {:?}", String::from_utf8_lossy(&after)));
                }
            }
        }
    }
    assert_none(&faults, all.len());
    assert_nothing_was_lost(&platform, &client).await;
}

async fn a_request_that_cannot_be_served_is_a_problem(database: Database) {
    let (platform, client) = started(&database).await;
    let all = unservable();
    let mut faults = Vec::new();
    for (Broken { what, bytes }, status, code) in &all {
        let mut connection = RawConnection::open(&client).await;
        connection.say(&filled(&client, bytes)).await;
        let answer = connection.answer().await;
        let told = answer.as_ref().map(|answer| (answer.status, answer.code()));
        let is_problem = answer.as_ref().is_some_and(|answer| {
            answer.head.contains("application/problem+json") && answer.body.contains("request_id")
        });
        if told != Some((*status, (*code).to_owned())) || !is_problem {
            faults.push(format!("{what}: {answer:?}, not {status} {code}"));
        }
    }
    assert_none(&faults, all.len());
    cut_off_bodies_are_nothing(&client).await;
    assert_nothing_was_lost(&platform, &client).await;
}

/// Whoever goes away in the middle of a body has sent nothing.
async fn cut_off_bodies_are_nothing(client: &Client) {
    let whole = r#"[{"student": "ada"}]"#;
    for lines in ["Content-Length: 100", "Transfer-Encoding: chunked\r\nX: y"] {
        let mut connection = RawConnection::open(client).await;
        connection.say(&filled(client, post(lines, &format!("14\r\n{whole}\r\n")).as_bytes())).await;
        connection.fall_silent();
        let answer = connection.answer().await;
        assert!(answer.is_none_or(|answer| answer.status == 400), "{lines}");
    }
    assert_eq!(client.rejected_logs().await, [] as [serde_json::Value; 0]);
}

async fn requests_in_a_row_are_answered_in_a_row(database: Database) {
    let (platform, client) = started(&database).await;
    let mut connection = RawConnection::open(&client).await;
    let pair = [post("Content-Length: 2", "[]"), get("/students/999999", "")].concat();
    connection
        .say_and_go_on([filled(&client, pair.repeat(100).as_bytes()), b"BROKEN\r\n\r\n".to_vec()].concat());
    for number in 0..100 {
        for status in [200, 404] {
            let answer =
                connection.answer().await.unwrap_or_else(|| panic!("no answer {number} of {status}"));
            assert_eq!(answer.status, status, "{number}: {}", answer.body);
        }
    }
    assert_eq!(connection.answer().await.map(|answer| answer.status), Some(400));
    assert_eq!(connection.rest().await, b"");

    // HTTP/1.0 ends with its answer; empty lines before a request and trailers behind its chunks are no harm.
    let mut connection = RawConnection::open(&client).await;
    connection.say(b"\r\n\r\nGET /livez HTTP/1.0\r\n\r\n").await;
    assert_eq!(connection.answer().await.map(|answer| answer.status), Some(200));
    assert_eq!(connection.rest().await, b"");
    let mut connection = RawConnection::open(&client).await;
    let trailers = post("Transfer-Encoding: chunked", "2;name=value\r\n[]\r\n0\r\nX-Trailer: x\r\n\r\n");
    connection.say(&filled(&client, trailers.as_bytes())).await;
    assert_eq!(connection.answer().await.map(|answer| answer.status), Some(200));
    assert_nothing_was_lost(&platform, &client).await;
}
