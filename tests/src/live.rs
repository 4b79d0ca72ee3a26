//! Someone who watches `/live`.

use std::time::Duration;

use futures_util::StreamExt;
use serde_json::Value;
use tokio::net::{TcpSocket, TcpStream};
use tokio::time::timeout;
use tokio_tungstenite::tungstenite::client::IntoClientRequest;
use tokio_tungstenite::tungstenite::http::Request;
use tokio_tungstenite::tungstenite::http::header::{AUTHORIZATION, COOKIE, ORIGIN};
use tokio_tungstenite::tungstenite::{Error, Message};
use tokio_tungstenite::{MaybeTlsStream, WebSocketStream, client_async, connect_async};

use crate::Client;

/// Longer than the server may be silent.
const PATIENCE: Duration = Duration::from_secs(30);

/// What a client that does not read has room for.
const LITTLE_ROOM: u32 = 4_096;

/// A socket, and what its frames say of today so far.
pub struct Watcher {
    socket: WebSocketStream<MaybeTlsStream<TcpStream>>,
    frames: u64,
    /// Today, as the frames so far tell it.
    pub today: Value,
}

impl Watcher {
    /// Opens a socket and reads the snapshot that every connection begins with.
    pub async fn connect(client: &Client) -> Self {
        let (socket, _) = connect_async(Self::request(client)).await.expect("a socket");
        let mut watcher = Self { socket, frames: 0, today: Value::Null };
        let first = watcher.frame().await;
        assert_eq!(first["type"], "snapshot", "{first}");
        watcher
    }

    /// Opens a socket with little room for what is unread, and reads nothing yet.
    pub async fn idle(client: &Client) -> Self {
        Self::with_room(client, LITTLE_ROOM).await
    }

    /// The same with so many bytes of room.
    pub async fn with_room(client: &Client, bytes: u32) -> Self {
        let address = client.url().trim_start_matches("http://").parse().expect("an address");
        let socket = TcpSocket::new_v4().expect("a socket");
        socket.set_recv_buffer_size(bytes).expect("a small buffer");
        let stream = MaybeTlsStream::Plain(socket.connect(address).await.expect("a connection"));
        let (socket, _) = client_async(Self::request(client), stream).await.expect("a socket");
        Self { socket, frames: 0, today: Value::Null }
    }

    /// The handshake, for those who open the connection themselves.
    pub fn request(client: &Client) -> Request<()> {
        let url = format!("{}/live", client.url().replacen("http", "ws", 1));
        let mut request = url.into_client_request().expect("a URL");
        if let Some(token) = client.token() {
            let bearer = format!("Bearer {token}").parse().expect("a header");
            request.headers_mut().insert(AUTHORIZATION, bearer);
        }
        if let Some(cookie) = client.cookie() {
            request.headers_mut().insert(COOKIE, cookie.parse().expect("a header"));
            request.headers_mut().insert(ORIGIN, client.url().parse().expect("a header"));
        }
        request
    }

    /// How many frames were read.
    pub fn frames(&self) -> u64 {
        self.frames
    }

    /// The next frame, which is also applied to `today`.
    pub async fn frame(&mut self) -> Value {
        loop {
            let message = timeout(PATIENCE, self.socket.next()).await.expect("a frame in time");
            match message.expect("an open socket").expect("a good frame") {
                Message::Text(text) => {
                    let frame: Value = serde_json::from_str(&text).expect("a frame of JSON");
                    assert_eq!(frame["seq"], self.frames, "a frame out of its turn: {frame}");
                    self.frames += 1;
                    apply(&mut self.today, &frame);
                    return frame;
                }
                Message::Ping(_) => {}
                other => panic!("no frame: {other:?}"),
            }
        }
    }

    /// Reads frames until `today` is as wanted; returns those that were read.
    pub async fn until(
        &mut self,
        what: &str,
        deadline: Duration,
        wanted: impl Fn(&Value) -> bool,
    ) -> Vec<Value> {
        let mut frames = Vec::new();
        let reading = timeout(deadline, async {
            while !wanted(&self.today) {
                frames.push(self.frame().await);
            }
        });
        let read = reading.await;
        assert!(read.is_ok(), "{what}: not seen within {deadline:?} in {}", self.today);
        frames
    }

    /// Reads until the server ends the socket; the code that it gives, or none where it just ends.
    pub async fn closed(mut self) -> Option<u16> {
        loop {
            let message = timeout(PATIENCE, self.socket.next()).await.expect("an end in time");
            match message {
                Some(Ok(Message::Close(frame))) => return frame.map(|frame| frame.code.into()),
                Some(Ok(_)) => {}
                Some(Err(Error::ConnectionClosed | Error::Io(_) | Error::Protocol(_))) | None => return None,
                Some(Err(other)) => panic!("no good end: {other}"),
            }
        }
    }
}

/// What a client does with a frame: a snapshot replaces, a delta changes what it names.
fn apply(today: &mut Value, frame: &Value) {
    match frame["type"].as_str() {
        Some("snapshot") => *today = frame.clone(),
        Some("delta") => {
            for part in ["totals", "rates"] {
                merge(&mut today[part], &frame[part]);
            }
            for part in ["lessons", "rejected_logs"].into_iter().filter(|part| frame.get(*part).is_some()) {
                today[part] = frame[part].clone();
            }
            for change in frame["classrooms"].as_array().into_iter().flatten() {
                let classrooms = today["classrooms"].as_array_mut().expect("classrooms");
                let known = classrooms.iter_mut().find(|known| known["classroom"] == change["classroom"]);
                merge(known.unwrap_or_else(|| panic!("a delta of an unknown classroom: {change}")), change);
            }
        }
        other => panic!("a frame of type {other:?}"),
    }
}

fn merge(known: &mut Value, change: &Value) {
    for (name, value) in change.as_object().into_iter().flatten() {
        known[name] = value.clone();
    }
}
