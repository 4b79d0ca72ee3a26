//! A connection on which anything can be said, also what no HTTP client would.

use std::time::Duration;

use serde_json::Value;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};
use tokio::time::timeout;

use crate::Client;

/// Longer than the server may wait for a head that does not come, also on a busy machine.
const PATIENCE: Duration = Duration::from_secs(20);

/// A connection of bytes.
#[derive(Debug)]
pub struct RawConnection {
    reading: OwnedReadHalf,
    writing: Option<OwnedWriteHalf>,
    unread: Vec<u8>,
}

/// An answer, as it came.
#[derive(Debug)]
pub struct RawAnswer {
    /// The HTTP status.
    pub status: u16,
    /// The lines of the head, in lower case.
    pub head: String,
    /// The body.
    pub body: String,
}

impl RawConnection {
    /// Connects to the server that this client talks to.
    pub async fn open(client: &Client) -> Self {
        let address = client.url().trim_start_matches("http://");
        let stream = TcpStream::connect(address).await.expect("a connection");
        let (reading, writing) = stream.into_split();
        Self { reading, writing: Some(writing), unread: Vec::new() }
    }

    /// Says all of it. A server may have heard enough before; then the rest is lost, which is as well.
    pub async fn say(&mut self, bytes: &[u8]) -> bool {
        let writing = self.writing.as_mut().expect("an open connection");
        timeout(PATIENCE, writing.write_all(bytes)).await.is_ok_and(|said| said.is_ok())
    }

    /// Says all of it in the background, while answers are read; and nothing afterwards.
    pub fn say_and_go_on(&mut self, bytes: Vec<u8>) {
        let mut writing = self.writing.take().expect("an open connection");
        tokio::spawn(async move {
            let _ = writing.write_all(&bytes).await;
            // The half is kept until the other one is gone, or the server would see an end.
            tokio::time::sleep(PATIENCE).await;
        });
    }

    /// Says nothing more.
    pub fn fall_silent(&mut self) {
        self.writing = None;
    }

    /// The next answer; none where the server ends the connection without one.
    pub async fn answer(&mut self) -> Option<RawAnswer> {
        let head = self.until(|unread| find(unread, b"\r\n\r\n").map(|end| end + 4)).await?;
        let head = String::from_utf8_lossy(&head).to_ascii_lowercase();
        let status = head.split(' ').nth(1).and_then(|status| status.parse().ok()).expect("a status");
        let length = |line: &str| line.strip_prefix("content-length:")?.trim().parse().ok();
        let length: usize = head.lines().find_map(length).unwrap_or_default();
        let body = self.until(|unread| (unread.len() >= length).then_some(length)).await.unwrap_or_default();
        Some(RawAnswer { status, head, body: String::from_utf8_lossy(&body).into_owned() })
    }

    /// Every byte until the server ends the connection, which it must do.
    pub async fn rest(mut self) -> Vec<u8> {
        // However much comes, it never seems enough.
        let end = self.until(|_| None).await;
        assert_eq!(end, None);
        self.unread
    }

    /// Reads until so many bytes are wanted of what is there; none at the end of the connection.
    async fn until(&mut self, wanted: impl Fn(&[u8]) -> Option<usize>) -> Option<Vec<u8>> {
        loop {
            if let Some(length) = wanted(&self.unread) {
                let others = self.unread.split_off(length);
                return Some(std::mem::replace(&mut self.unread, others));
            }
            let mut bytes = [0; 16 * 1024];
            let reading = timeout(PATIENCE, self.reading.read(&mut bytes)).await;
            match reading.unwrap_or_else(|_| panic!("neither an answer nor an end within {PATIENCE:?}")) {
                Ok(0) | Err(_) => return None,
                Ok(length) => self.unread.extend_from_slice(&bytes[..length]),
            }
        }
    }
}

impl RawAnswer {
    /// The `code` of a problem; empty where the answer is none.
    pub fn code(&self) -> String {
        let problem: Value = serde_json::from_str(&self.body).unwrap_or_default();
        problem["code"].as_str().unwrap_or_default().to_owned()
    }
}

fn find(bytes: &[u8], wanted: &[u8]) -> Option<usize> {
    bytes.windows(wanted.len()).position(|window| window == wanted)
}
