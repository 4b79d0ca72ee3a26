//! Hundreds of sockets, of which some are read and some are not.

use std::time::{Duration, Instant};

use edtech_tests::{Client, Watcher};
use futures_util::StreamExt;
use tokio::net::TcpStream;
use tokio::sync::watch;
use tokio::task::JoinHandle;
use tokio_tungstenite::tungstenite::{Error, Message};
use tokio_tungstenite::{WebSocketStream, client_async};

/// A socket, once its handshake is done.
pub type Socket = WebSocketStream<TcpStream>;

/// Opens one and reads its snapshot, at the second try where the machine was too busy for the first; says how long that
/// took.
pub async fn opened(client: &Client) -> (Socket, Duration) {
    let begun = Instant::now();
    let mut socket = match try_open(client).await {
        Ok(socket) => socket,
        Err(_) => try_open(client).await.expect("a socket"),
    };
    while !matches!(socket.next().await.expect("a frame").expect("a good frame"), Message::Text(_)) {}
    (socket, begun.elapsed())
}

async fn try_open(client: &Client) -> Result<Socket, Error> {
    let address = client.url().trim_start_matches("http://");
    let stream = TcpStream::connect(address).await?;
    Ok(client_async(Watcher::request(client), stream).await?.0)
}

/// Someone who reads, and notes when which number of today's logs was shown.
pub struct Reader {
    shown: watch::Receiver<u64>,
    reading: JoinHandle<()>,
}

impl Reader {
    /// Opens a socket and reads it from then on.
    pub async fn start(client: &Client) -> Self {
        let address = client.url().trim_start_matches("http://");
        let stream = TcpStream::connect(address).await.expect("a connection");
        let (mut socket, _) = client_async(Watcher::request(client), stream).await.expect("a socket");
        let (sender, shown) = watch::channel(0);
        let reading = tokio::spawn(async move {
            while let Some(Ok(message)) = socket.next().await {
                if let Message::Text(text) = message
                    && let Some(logs) = logs_today(&text)
                {
                    sender.send_replace(logs);
                }
            }
        });
        Self { shown, reading }
    }

    /// How long from now until so many logs are shown.
    pub async fn lag(&self, logs: u64) -> Duration {
        let begun = Instant::now();
        let mut shown = self.shown.clone();
        let waiting = shown.wait_for(|shown| *shown >= logs);
        tokio::time::timeout(Duration::from_secs(30), waiting)
            .await
            .expect("a frame in time")
            .expect("an open socket");
        begun.elapsed()
    }
}

impl Drop for Reader {
    fn drop(&mut self) {
        self.reading.abort();
    }
}

/// Of `{"type":"delta",…,"totals":{…,"streaming_logs":7,…`: read without parsing the whole, which may be large.
fn logs_today(frame: &str) -> Option<u64> {
    let (_, totals) = frame.split_once("\"totals\":{")?;
    let (totals, _) = totals.split_once('}')?;
    let (_, logs) = totals.split_once("\"streaming_logs\":")?;
    let digits = logs.find(|character: char| !character.is_ascii_digit()).unwrap_or(logs.len());
    logs[..digits].parse().ok()
}
