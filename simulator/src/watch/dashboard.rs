//! One dashboard: the page, then the socket, as a browser opens them.

use std::time::Duration;

use anyhow::{Context, bail};
use futures_util::StreamExt;
use serde::Deserialize;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::sync::watch;
use tokio::time::{Instant, sleep_until, timeout};
use tokio_tungstenite::tungstenite::client::IntoClientRequest;
use tokio_tungstenite::tungstenite::http::header::AUTHORIZATION;
use tokio_tungstenite::tungstenite::protocol::WebSocketConfig;
use tokio_tungstenite::tungstenite::{Error, Message};
use tokio_tungstenite::{WebSocketStream, client_async_with_config};

use crate::connection::{PATIENCE, Target};

/// What is read at a time: a frame of today fits. The buffer is cleared before each read, and the usual size makes
/// that the most of what many readers cost.
const READ_BUFFER_BYTES: usize = 8 * 1024;

/// The most of a page that is read.
const PAGE_BYTES: u64 = 4 * 1024 * 1024;

/// What saying goodbye may take.
const GOODBYE: Duration = Duration::from_secs(1);

/// An open dashboard that has read its snapshot.
pub(super) struct Dashboard {
    /// From connecting to the first byte of `GET /`.
    pub(super) first_byte: Duration,
    /// From connecting to the whole snapshot.
    pub(super) first_snapshot: Duration,
    socket: WebSocketStream<TcpStream>,
    /// Today's logs as of the snapshot.
    base: i64,
}

/// What a dashboard saw.
pub(super) struct Seen {
    /// Logs beyond those of the snapshot, and when a frame first told so many; ascending.
    pub(super) counts: Vec<(Instant, i64)>,
    pub(super) frames: u64,
    /// Whether the server ended the socket.
    pub(super) is_closed: bool,
}

#[derive(Deserialize)]
struct Frame {
    totals: Option<Totals>,
}

#[derive(Deserialize)]
struct Totals {
    streaming_logs: Option<i64>,
}

impl Dashboard {
    /// Opens the page, then the socket.
    pub(super) async fn open(target: &Target, token: &str) -> anyhow::Result<Self> {
        let opening = async {
            let first_byte = first_byte(target).await.context("the page does not come")?;
            let begun = Instant::now();
            let mut socket = connect(target, token).await.context("the socket is not opened")?;
            let base = snapshot(&mut socket).await.context("there is no snapshot")?;
            Ok(Self { first_byte, first_snapshot: begun.elapsed(), socket, base })
        };
        timeout(PATIENCE, opening).await.context("a dashboard is not open in time")?
    }

    /// Reads until so many more logs are counted, or until `end`, once it is told.
    pub(super) async fn read(mut self, logs: i64, mut end: watch::Receiver<Option<Instant>>) -> Seen {
        let mut seen = Seen { counts: Vec::new(), frames: 0, is_closed: false };
        let mut most = 0;
        while most < logs && !seen.is_closed {
            let message = tokio::select! {
                message = self.socket.next() => message,
                () = reached(&mut end) => break,
            };
            let now = Instant::now();
            match message {
                Some(Ok(Message::Text(text))) => {
                    seen.frames += 1;
                    let count = streaming_logs(&text).map(|count| count - self.base);
                    if let Some(count) = count.filter(|&count| count > most) {
                        most = count;
                        seen.counts.push((now, count));
                    }
                }
                Some(Ok(Message::Close(_)) | Err(_)) | None => seen.is_closed = true,
                Some(Ok(_)) => {}
            }
        }
        // Whether it is answered makes no difference.
        let _ = timeout(GOODBYE, self.socket.close(None)).await;
        seen
    }
}

/// Waits until an end is told and has come.
async fn reached(end: &mut watch::Receiver<Option<Instant>>) {
    let told = end.wait_for(Option::is_some).await.map(|end| *end);
    // Whoever would tell it is gone: that is an end as well.
    if let Ok(Some(end)) = told {
        sleep_until(end).await;
    }
}

/// How long the first byte of the page takes; the rest of it is read, but not measured.
async fn first_byte(target: &Target) -> anyhow::Result<Duration> {
    let begun = Instant::now();
    let mut stream = target.connect().await?;
    let request = format!(
        "GET {} HTTP/1.1\r\nhost: {}\r\naccept: text/html\r\nconnection: close\r\n\r\n",
        target.path("/"),
        target.authority()
    );
    stream.write_all(request.as_bytes()).await?;
    let _ = stream.read_u8().await?;
    let took = begun.elapsed();
    tokio::io::copy(&mut stream.take(PAGE_BYTES), &mut tokio::io::sink()).await?;
    Ok(took)
}

async fn connect(target: &Target, token: &str) -> anyhow::Result<WebSocketStream<TcpStream>> {
    let stream = target.connect().await?;
    let mut request = format!("ws://{}{}", target.authority(), target.path("/live")).into_client_request()?;
    request.headers_mut().insert(AUTHORIZATION, format!("Bearer {token}").parse()?);
    let config = WebSocketConfig::default().read_buffer_size(READ_BUFFER_BYTES);
    match client_async_with_config(request, stream, Some(config)).await {
        Ok((socket, _)) => Ok(socket),
        Err(Error::Http(answer)) => bail!("the server answers {}", answer.status()),
        Err(error) => Err(error.into()),
    }
}

/// Today's logs, as the first frame tells them.
async fn snapshot(socket: &mut WebSocketStream<TcpStream>) -> anyhow::Result<i64> {
    loop {
        match socket.next().await.context("the socket is closed")?? {
            Message::Text(text) => return streaming_logs(&text).context("the first frame is no snapshot"),
            Message::Close(_) => bail!("the socket is closed"),
            _ => {}
        }
    }
}

/// Today's logs, where a frame tells them.
fn streaming_logs(frame: &str) -> Option<i64> {
    serde_json::from_str::<Frame>(frame).ok()?.totals?.streaming_logs
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_frame_tells_the_logs_of_today_or_nothing_of_them() {
        let snapshot = r#"{"type": "snapshot", "seq": 0, "totals": {"students": 1, "streaming_logs": 7}}"#;
        assert_eq!(streaming_logs(snapshot), Some(7));
        for silent in [r#"{"type": "delta", "seq": 1}"#, r#"{"totals": {"students": 2}}"#, "no frame"] {
            assert_eq!(streaming_logs(silent), None, "{silent}");
        }
    }
}
