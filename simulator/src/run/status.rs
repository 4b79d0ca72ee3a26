//! `/livez` and `/metrics` of the simulator itself: two pages for machines, each request on its own connection.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use anyhow::Context;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Semaphore;
use tokio::time::timeout;

use super::tally::Tally;
use crate::client::Client;

/// Connections that are answered at once; more wait their turn.
const AT_ONCE: usize = 16;

/// What a client may take to ask and to read.
const PATIENCE: Duration = Duration::from_secs(5);

/// The longest head of a request that is read.
const HEAD_BYTES: usize = 4 * 1024;

/// Answers in the background from now on.
pub(super) async fn serve(address: SocketAddr, tally: Arc<Tally>, client: Client) -> anyhow::Result<()> {
    let listener = TcpListener::bind(address).await.with_context(|| format!("cannot listen on {address}"))?;
    tracing::info!(address = %listener.local_addr()?, "serving /livez and /metrics");
    let room = Arc::new(Semaphore::new(AT_ONCE));
    tokio::spawn(async move {
        while let Ok(place) = Arc::clone(&room).acquire_owned().await {
            let Ok((stream, _)) = listener.accept().await else { continue };
            let (tally, client) = (Arc::clone(&tally), client.clone());
            tokio::spawn(async move {
                let _place = place;
                // Whoever is too slow or hung up gets nothing.
                let _ = timeout(PATIENCE, answer(stream, &tally, &client)).await;
            });
        }
    });
    Ok(())
}

async fn answer(mut stream: TcpStream, tally: &Tally, client: &Client) -> std::io::Result<()> {
    let head = read_head(&mut stream).await?;
    let (status, body) = page(&head, tally, client);
    let answer = format!(
        "HTTP/1.1 {status}\r\ncontent-type: text/plain; charset=utf-8\r\ncontent-length: {}\r\nconnection: close\r\n\r\n{body}",
        body.len()
    );
    stream.write_all(answer.as_bytes()).await?;
    stream.shutdown().await
}

async fn read_head(stream: &mut TcpStream) -> std::io::Result<String> {
    let mut head = Vec::new();
    let mut chunk = [0; 512];
    while head.len() < HEAD_BYTES && !head.windows(4).any(|end| end == b"\r\n\r\n") {
        match stream.read(&mut chunk).await? {
            0 => break,
            length => head.extend(chunk.iter().take(length)),
        }
    }
    Ok(String::from_utf8_lossy(&head).into_owned())
}

fn page(head: &str, tally: &Tally, client: &Client) -> (&'static str, String) {
    let mut words = head.split_whitespace();
    match (words.next(), words.next()) {
        (Some("GET" | "HEAD"), Some("/livez")) => ("200 OK", "alive\n".to_owned()),
        (Some("GET"), Some("/metrics")) => ("200 OK", tally.to_prometheus(client.retries())),
        _ => ("404 Not Found", "there are /livez and /metrics\n".to_owned()),
    }
}
