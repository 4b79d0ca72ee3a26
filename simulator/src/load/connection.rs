//! One kept-alive connection: a request goes out, its answer is read to the end, then the next one goes out.
//!
//! The usual client would do as well, but costs several times as much for each request, and what the load costs is
//! missing to the server beside it.

use std::time::Duration;

use anyhow::Context;
use bytes::Bytes;
use http_body_util::{BodyExt, Full};
use hyper::client::conn::http1::{SendRequest, handshake};
use hyper::header::{AUTHORIZATION, CONTENT_TYPE, HOST, HeaderValue};
use hyper::{Request, StatusCode};
use hyper_util::rt::TokioIo;
use tokio::net::TcpStream;
use tokio::time::timeout;

/// What a request may take; longer counts as an error.
const PATIENCE: Duration = Duration::from_secs(30);

/// Where the logs go.
#[derive(Debug, Clone)]
pub(super) struct Target {
    authority: String,
    path: String,
}

/// A connection, opened anew after an error.
pub(super) struct Connection {
    target: Target,
    sender: Option<SendRequest<Full<Bytes>>>,
}

impl Target {
    /// The route for logs of a server that is reached without TLS.
    pub(super) fn of(base_url: &str) -> anyhow::Result<Self> {
        let url = reqwest::Url::parse(base_url)?;
        anyhow::ensure!(
            url.scheme() == "http",
            "a load is posted over http://: its cost is the server's, not TLS's"
        );
        let host = url.host_str().context("the URL has no host")?;
        let port = url.port_or_known_default().unwrap_or(80);
        let path = format!("{}/streaming-logs", url.path().trim_end_matches('/'));
        Ok(Self { authority: format!("{host}:{port}"), path })
    }
}

impl Connection {
    pub(super) fn new(target: Target) -> Self {
        Self { target, sender: None }
    }

    /// Posts a body; returns the status and the answer.
    pub(super) async fn post(
        &mut self,
        token: &str,
        content_type: &'static str,
        body: Bytes,
    ) -> anyhow::Result<(StatusCode, Bytes)> {
        let mut sender = match self.sender.take() {
            Some(sender) if !sender.is_closed() => sender,
            _ => self.open().await?,
        };
        let request = Request::post(self.target.path.as_str())
            .header(HOST, self.target.authority.as_str())
            .header(AUTHORIZATION, HeaderValue::from_str(&format!("Bearer {token}"))?)
            .header(CONTENT_TYPE, content_type)
            .body(Full::new(body))?;
        let exchange = async {
            let answer = sender.send_request(request).await?;
            let status = answer.status();
            anyhow::Ok((status, answer.into_body().collect().await?.to_bytes()))
        };
        let answer = timeout(PATIENCE, exchange).await.context("no answer in time")??;
        self.sender = Some(sender);
        Ok(answer)
    }

    async fn open(&self) -> anyhow::Result<SendRequest<Full<Bytes>>> {
        let stream = timeout(PATIENCE, TcpStream::connect(&self.target.authority)).await??;
        stream.set_nodelay(true)?;
        let (sender, connection) = handshake(TokioIo::new(stream)).await?;
        // Ends with the sender, or with the connection.
        tokio::spawn(connection);
        Ok(sender)
    }
}
