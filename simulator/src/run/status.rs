//! `/livez` and `/metrics` of the simulator itself: two pages for machines, each request on its own connection.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use anyhow::Context;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Semaphore;
use tokio::time::{sleep, timeout};

use super::tally::Tally;
use crate::client::Client;

/// Connections that are answered at once; more wait their turn.
const AT_ONCE: usize = 16;

/// What a client may take to ask and to read.
const PATIENCE: Duration = Duration::from_secs(5);

/// Where the system has no connection to give, it is not asked again at once.
const OUT_OF_CONNECTIONS: Duration = Duration::from_millis(100);

/// The longest head of a request that is read.
const HEAD_BYTES: usize = 4 * 1024;

/// The text format of Prometheus, which is plain text to everybody else.
const CONTENT_TYPE: &str = "text/plain; version=0.0.4; charset=utf-8";

/// Answers in the background from now on; returns where.
pub(super) async fn serve(
    address: SocketAddr,
    tally: Arc<Tally>,
    client: Client,
) -> anyhow::Result<SocketAddr> {
    let listener = TcpListener::bind(address).await.with_context(|| format!("cannot listen on {address}"))?;
    let address = listener.local_addr()?;
    tracing::info!(%address, "serving /livez and /metrics");
    let room = Arc::new(Semaphore::new(AT_ONCE));
    tokio::spawn(async move {
        while let Ok(place) = Arc::clone(&room).acquire_owned().await {
            let Ok((stream, _)) = listener.accept().await else {
                sleep(OUT_OF_CONNECTIONS).await;
                continue;
            };
            let (tally, client) = (Arc::clone(&tally), client.clone());
            tokio::spawn(async move {
                let _place = place;
                // Whoever is too slow or hung up gets nothing.
                let _ = timeout(PATIENCE, answer(stream, &tally, &client)).await;
            });
        }
    });
    Ok(address)
}

async fn answer(mut stream: TcpStream, tally: &Tally, client: &Client) -> std::io::Result<()> {
    let head = read_head(&mut stream).await?;
    let Page { status, body, is_told } = Page::of(&head, tally, client);
    let length = body.len();
    let head = format!(
        "HTTP/1.1 {status}\r\ncontent-type: {CONTENT_TYPE}\r\ncontent-length: {length}\r\nconnection: close\r\n\r\n"
    );
    stream.write_all(head.as_bytes()).await?;
    if is_told {
        stream.write_all(body.as_bytes()).await?;
    }
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

struct Page {
    status: &'static str,
    body: String,
    /// `HEAD` asks for the length alone.
    is_told: bool,
}

impl Page {
    fn of(head: &str, tally: &Tally, client: &Client) -> Self {
        let words: Vec<&str> = head.lines().next().unwrap_or_default().split(' ').collect();
        let &[method, target, "HTTP/1.0" | "HTTP/1.1"] = words.as_slice() else {
            return Self::new("400 Bad Request", "that is no request\n");
        };
        if !matches!(method, "GET" | "HEAD") {
            return Self::new("405 Method Not Allowed\r\nallow: GET, HEAD", "these pages are for reading\n");
        }
        let page = match target.split('?').next() {
            Some("/livez") => Self::new("200 OK", "alive\n"),
            Some("/metrics") => Self::new("200 OK", tally.to_prometheus(client.retries())),
            _ => Self::new("404 Not Found", "there are /livez and /metrics\n"),
        };
        Self { is_told: method != "HEAD", ..page }
    }

    fn new(status: &'static str, body: impl Into<String>) -> Self {
        Self { status, body: body.into(), is_told: true }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::client::ClientArgs;

    /// What the simulator answers to this on a connection of its own.
    async fn ask(address: SocketAddr, request: &str) -> String {
        let mut stream = TcpStream::connect(address).await.unwrap();
        stream.write_all(request.as_bytes()).await.unwrap();
        stream.shutdown().await.unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).await.unwrap();
        answer
    }

    #[tokio::test]
    async fn machines_read_two_pages_and_nothing_else() {
        let client = Client::new(&ClientArgs::of_test("http://127.0.0.1:1".to_owned()), None).unwrap();
        let anywhere = SocketAddr::from(([127, 0, 0, 1], 0));
        let address = serve(anywhere, Arc::default(), client).await.unwrap();
        let told = |request: &'static str| ask(address, request);

        let metrics = told("GET /metrics?x=1 HTTP/1.1\r\nhost: a\r\n\r\n").await;
        let (head, body) = metrics.split_once("\r\n\r\n").unwrap();
        assert!(head.starts_with("HTTP/1.1 200 OK\r\n") && head.contains("version=0.0.4"), "{head}");
        assert!(head.contains(&format!("content-length: {}\r\n", body.len())), "{head}");
        assert!(body.contains("simulator_logs_total{verdict=\"stored\"} 0\n"), "{body}");

        assert!(told("GET /livez HTTP/1.1\r\n\r\n").await.ends_with("\r\n\r\nalive\n"));
        let head = told("HEAD /livez HTTP/1.1\r\n\r\n").await;
        assert!(head.contains("content-length: 6\r\n") && head.ends_with("\r\n\r\n"), "{head}");
        assert!(told("GET / HTTP/1.1\r\n\r\n").await.starts_with("HTTP/1.1 404 "));
        assert!(told("POST /livez HTTP/1.1\r\n\r\n").await.starts_with("HTTP/1.1 405 "));
        for nonsense in ["", "\r\n\r\n", "GET /livez", "GET /livez HTTP/2 \r\n\r\n"] {
            assert!(told(nonsense).await.starts_with("HTTP/1.1 400 "), "{nonsense}");
        }
    }
}
