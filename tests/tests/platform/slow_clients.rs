//! Clients that take their time: whatever they take it over, they are closed soon, and nobody else has to wait.

use std::time::{Duration, Instant};

use edtech_tests::{Client, Database, Platform, Watcher, on_both_databases, on_sqlite};
use futures_util::future::join_all;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::{sleep, timeout};
use tokio_tungstenite::connect_async;
use tokio_tungstenite::tungstenite::Error;

/// What a client may take, and as much again as a machine may stand still; less than a body or a connection may take that
/// goes on.
const SOON: Duration = Duration::from_secs(25);

/// Before this none of them is closed.
const MEANWHILE: Duration = Duration::from_millis(4_500);

on_both_databases!(a_client_that_takes_its_time_is_closed_whatever_it_is_at);

async fn a_client_that_takes_its_time_is_closed_whatever_it_is_at(database: Database) {
    let platform = Platform::start(&database).await;
    let client = platform.client().await;
    let token = client.token().expect("a token");
    let post = |path: &str, content_type: &str, begin: &str| {
        format!(
            "POST {path} HTTP/1.1\r\nHost: a\r\nAuthorization: Bearer {token}\r\nContent-Type: {content_type}\r\n\
             Content-Length: 1000\r\n\r\n{begin}"
        )
    };
    let answered = "GET /livez HTTP/1.1\r\nHost: a\r\n\r\n";
    let form = "application/x-www-form-urlencoded";
    let slow = [
        ("a head", "GET /livez HTTP/1.1\r\nX-Slow: ".to_owned(), "x", "HTTP/1.1 408"),
        ("a head after an answer", format!("{answered}GET /livez HTTP/1.1\r\nX: "), "x", "HTTP/1.1 200"),
        ("logs", post("/streaming-logs", "application/json", "["), " ", r#""code":"request_timeout""#),
        ("a form", post("/auth/token", form, "grant_type="), "x", r#""code":"request_timeout""#),
        ("credentials", post("/auth/session", "application/json", "{"), " ", r#""code":"request_timeout""#),
        ("learners", post("/students", "text/csv", "external_id"), "x", r#""code":"request_timeout""#),
        (
            "a body that nobody reads",
            "GET /livez HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n".to_owned(),
            "1\r\nx\r\n",
            "HTTP/1.1 200",
        ),
    ];
    let begun = Instant::now();
    let stalling = slow.iter().map(|(_, begin, more, _)| stall(&client, begin, more));
    let beside = async {
        let mut times = Vec::new();
        while begun.elapsed() < MEANWHILE {
            let asked = Instant::now();
            client.get("/analytics/daily").await.expect(200);
            times.push(asked.elapsed());
            sleep(Duration::from_millis(100)).await;
        }
        times.sort_unstable();
        // The first would have waited for all of them.
        assert!(times[times.len() / 2] < Duration::from_secs(2), "somebody else has to wait: {times:?}");
    };
    let (answers, ()) = tokio::join!(join_all(stalling), beside);
    for ((what, _, _, expected), answer) in slow.iter().zip(answers) {
        assert!(answer.contains(expected), "{what}: {answer:?}");
    }
}

/// Begins, goes on by a little each half second, and returns all that comes until the connection is closed.
async fn stall(client: &Client, begin: &str, more: &str) -> String {
    let address = client.url().trim_start_matches("http://");
    let mut stream = TcpStream::connect(address).await.expect("a connection");
    let (mut reading, mut writing) = stream.split();
    writing.write_all(begin.as_bytes()).await.expect("a beginning that is taken");
    let dripping = async {
        while writing.write_all(more.as_bytes()).await.is_ok() {
            sleep(Duration::from_millis(500)).await;
        }
        std::future::pending().await
    };
    let mut answer = Vec::new();
    let closed = async {
        let mut piece = [0; 4096];
        while let Ok(read @ 1..) = reading.read(&mut piece).await {
            answer.extend_from_slice(&piece[..read]);
        }
    };
    let closed = timeout(SOON, async {
        tokio::select! {
            () = closed => {}
            never = dripping => never,
        }
    });
    assert!(closed.await.is_ok(), "it is still open after {begin:?}");
    String::from_utf8_lossy(&answer).into_owned()
}

mod few_descriptors {
    use super::*;

    on_sqlite!(sockets_leave_connections_for_others);

    /// Of 256 descriptors some hundred and sixty are for connections, and half of these for sockets.
    async fn sockets_leave_connections_for_others(database: Database) {
        let platform = Platform::start(&database).under(&["prlimit", "--nofile=256:256"]).await;
        let client = platform.client().await;
        let opened = join_all((0..120).map(|_| connect_async(Watcher::request(&client)))).await;
        let (open, refused): (Vec<_>, Vec<_>) = opened.into_iter().partition(Result::is_ok);
        assert!((60..100).contains(&open.len()), "{} are open", open.len());
        for refusal in refused {
            match refusal {
                Err(Error::Http(response)) => assert_eq!(response.status().as_u16(), 503),
                other => panic!("not refused: {:?}", other.map(|_| ())),
            }
        }
        client.get("/livez").await.expect(200);
        client.daily("2026-03-02").await;
    }
}
