//! What a client may say on its live socket: very little, and only as the protocol wants it.

use std::time::Duration;

use edtech_tests::{Client, Database, RawConnection, Watcher, log, on_both_databases};
use serde_json::{Value, json};

use super::memory::{forget_the_peak, memory};
use super::{ADA, assert_none, assert_nothing_was_lost, started};

on_both_databases!(
    whoever_breaks_the_rules_of_a_socket_is_told_and_closed,
    what_is_endless_ends_and_takes_no_memory,
    a_subprotocol_is_a_token_or_nothing,
);

const TEXT: u8 = 0x81;
const BINARY: u8 = 0x82;
const CLOSE: u8 = 0x88;
const PING: u8 = 0x89;
const FIRST_PART: u8 = 0x01;
const PART: u8 = 0x00;
const LAST_PART: u8 = 0x80;

/// The head of a frame of a client, which is masked by zeros: so its payload is sent as it is.
fn head(first: u8, length: u64) -> Vec<u8> {
    let length = match length {
        0..126 => vec![0x80 | length as u8],
        126..65_536 => [&[0xfe][..], &(length as u16).to_be_bytes()].concat(),
        _ => [&[0xff][..], &length.to_be_bytes()].concat(),
    };
    [&[first][..], &length, &[0; 4]].concat()
}

fn frame(first: u8, payload: &[u8]) -> Vec<u8> {
    [&head(first, payload.len() as u64)[..], payload].concat()
}

/// What is said on a socket, and the code that it is closed with.
fn rules() -> Vec<(&'static str, Vec<u8>, u16)> {
    let unmasked = [TEXT, 2, b'h', b'i'].to_vec();
    vec![
        ("an unmasked frame", unmasked, 1002),
        ("a frame of 4,097 bytes", frame(TEXT, &[b'x'; 4097]), 1009),
        ("a binary frame of 100,000 bytes", frame(BINARY, &[0; 100_000]), 1009),
        ("a frame that says it has 2^62 bytes", head(TEXT, 1 << 62), 1009),
        ("a frame that says it has 2^63 bytes", head(TEXT, 1 << 63), 1009),
        ("a frame that says it has all bytes", head(TEXT, u64::MAX), 1009),
        ("a reserved bit", frame(TEXT | 0x40, b"hi"), 1002),
        ("a frame of an unknown kind", frame(0x83, b"hi"), 1002),
        ("a control frame of an unknown kind", frame(0x8b, b"hi"), 1002),
        ("a part without a beginning", frame(PART, b"hi"), 1002),
        ("an end without a beginning", frame(LAST_PART, b"hi"), 1002),
        ("a beginning within a message", [frame(FIRST_PART, b"a"), frame(TEXT, b"b")].concat(), 1002),
        ("a ping of 126 bytes", frame(PING, &[0; 126]), 1002),
        ("a ping in parts", frame(PING & 0x7f, b"hi"), 1002),
        ("a text that is no UTF-8", frame(TEXT, b"\xff\xfe"), 1007),
        (
            "a message of parts of 5,000 bytes",
            [frame(FIRST_PART, &[b'x'; 2500]), frame(LAST_PART, &[b'x'; 2500])].concat(),
            1009,
        ),
        ("a goodbye", frame(CLOSE, &1000_u16.to_be_bytes()), 1000),
        ("a goodbye without a word", frame(CLOSE, b""), 1000),
        ("a goodbye of half a code", frame(CLOSE, &[3]), 1002),
        ("a goodbye that is no UTF-8", frame(CLOSE, b"\x03\xe8\xff\xfe"), 1002),
    ]
}

async fn whoever_breaks_the_rules_of_a_socket_is_told_and_closed(database: Database) {
    let (platform, client) = started(&database).await;
    let mut watcher = Watcher::connect(&client).await;
    // Reads all the time, for whoever does not is cut.
    let watching = tokio::spawn(async move {
        let stored = |today: &Value| today["totals"]["streaming_logs"] == 1;
        watcher.until("a log", Duration::from_secs(300), stored).await;
    });
    let all = rules();
    let mut faults = Vec::new();
    for (what, bytes, code) in &all {
        let mut socket = opened(&client, "").await;
        socket.say(bytes).await;
        let closed = close_code(&socket.rest().await);
        if closed != Some(*code) {
            faults.push(format!("{what}: closed with {closed:?}, not {code}"));
        }
    }
    assert_none(&faults, all.len());
    // Words that are allowed are not listened to, and others watch on.
    let mut socket = opened(&client, "").await;
    let said = [
        frame(TEXT, b"hello"),
        frame(BINARY, &[0; 4096]),
        frame(PING, b"here"),
        frame(FIRST_PART, b""),
        frame(LAST_PART, b""),
    ];
    socket.say(&said.concat()).await;
    socket.say(&frame(CLOSE, &1000_u16.to_be_bytes())).await;
    let rest = socket.rest().await;
    assert!(rest.windows(6).any(|window| window == b"\x8a\x04here"), "no pong");
    assert_eq!(close_code(&rest), Some(1000));
    let today = chrono::Utc::now().to_rfc3339();
    client.store(&[log(ADA, &today, json!({}))]).await;
    watching.await.expect("a watcher who has seen it");
    assert_nothing_was_lost(&platform, &client).await;
}

async fn what_is_endless_ends_and_takes_no_memory(database: Database) {
    const MIB: usize = 1 << 20;
    let (platform, client) = started(&database).await;
    let idle = memory(&platform, "VmRSS");
    forget_the_peak(&platform);
    let empty_parts = [frame(FIRST_PART, b""), frame(PART, b"").repeat(200_000)].concat();
    let parts = [frame(FIRST_PART, b"x"), frame(PART, &[b'x'; 1000]).repeat(20_000)].concat();
    let large = [head(BINARY, 1 << 30), vec![0; 100 * MIB]].concat();
    for (what, bytes) in [("empty parts", empty_parts), ("parts", parts), ("a gigabyte", large)] {
        let sockets = (0..4).map(|_| {
            let (client, bytes) = (client.clone(), bytes.clone());
            tokio::spawn(async move {
                let mut socket = opened(&client, "").await;
                socket.say_and_go_on(bytes);
                close_code(&socket.rest().await)
            })
        });
        for socket in sockets.collect::<Vec<_>>() {
            let code = socket.await.expect("an end");
            // What is still on its way when a socket is closed can cost the client the last word.
            assert!(code.is_none_or(|code| code == 1009), "{what}: {code:?}");
        }
    }
    let grown = memory(&platform, "VmHWM").saturating_sub(idle);
    println!("sockets that say too much: {} MiB over {} MiB", grown >> 20, idle >> 20);
    assert!(grown < 32 * MIB as u64, "{} MiB", grown >> 20);
    assert_nothing_was_lost(&platform, &client).await;
}

async fn a_subprotocol_is_a_token_or_nothing(database: Database) {
    let (platform, client) = started(&database).await;
    let anonymous = client.without_token();
    let token = client.token().expect("a token");
    let long = "x".repeat(60_000);
    for offered in [
        "edtech.bearer, nonsense",
        "edtech.bearer, a, b, c",
        &format!("edtech.bearer, {long}"),
        &format!("edtech.bearer,, {token}"),
    ] {
        let mut connection = RawConnection::open(&client).await;
        connection.say(&handshake(&anonymous, &format!("Sec-WebSocket-Protocol: {offered}\r\n"))).await;
        let answer = connection.answer().await.expect("an answer");
        assert_eq!((answer.status, answer.code().as_str()), (401, "invalid_token"), "{offered:.40}");
    }
    let mut socket = opened(&anonymous, &format!("Sec-WebSocket-Protocol: edtech.bearer, {token}\r\n")).await;
    socket.say(&frame(CLOSE, b"")).await;
    assert_eq!(close_code(&socket.rest().await), Some(1000));
    assert_nothing_was_lost(&platform, &client).await;
}

fn handshake(client: &Client, lines: &str) -> Vec<u8> {
    let host = client.url().trim_start_matches("http://");
    let auth = client.token().map(|token| format!("Authorization: Bearer {token}\r\n")).unwrap_or_default();
    format!(
        "GET /live HTTP/1.1\r\nHost: {host}\r\n{auth}Connection: Upgrade\r\nUpgrade: websocket\r\n\
         Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n{lines}\r\n"
    )
    .into_bytes()
}

async fn opened(client: &Client, lines: &str) -> RawConnection {
    let mut connection = RawConnection::open(client).await;
    connection.say(&handshake(client, lines)).await;
    let answer = connection.answer().await.expect("a socket");
    assert_eq!(answer.status, 101, "{}", answer.body);
    connection
}

/// The code of the close frame among the frames of a server; none where it just ended.
fn close_code(mut frames: &[u8]) -> Option<u16> {
    while let [first, second, rest @ ..] = frames {
        let (length, rest) = match (*second, rest) {
            (126, [a, b, rest @ ..]) => (usize::from(u16::from_be_bytes([*a, *b])), rest),
            (127, [a, b, c, d, e, f, g, h, rest @ ..]) => {
                (u64::from_be_bytes([*a, *b, *c, *d, *e, *f, *g, *h]) as usize, rest)
            }
            (short, rest) => (usize::from(short), rest),
        };
        if *first == CLOSE {
            return rest.first_chunk().map(|code| u16::from_be_bytes(*code));
        }
        frames = rest.get(length..).unwrap_or_default();
    }
    None
}
