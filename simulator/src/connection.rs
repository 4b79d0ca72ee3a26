//! One kept-alive connection: a request goes out, its answer is read to the end, then the next one goes out.
//!
//! The usual client would do as well, but costs several times as much for each request, and what measuring costs is
//! missing to the server beside it.

use std::time::Duration;

use anyhow::Context;
use bytes::Bytes;
use http_body_util::{BodyExt, Full};
use hyper::client::conn::http1::{SendRequest, handshake};
use hyper::header::{AUTHORIZATION, CONTENT_TYPE, HOST, HeaderValue};
use hyper::{Method, Request, StatusCode, Uri};
use hyper_util::rt::TokioIo;
use tokio::net::TcpStream;
use tokio::time::{Instant, timeout};

/// What a request may take; longer counts as an error.
pub(crate) const PATIENCE: Duration = Duration::from_secs(30);

/// What was not used for so long may be closed by the server in the very moment in which it is used again.
const IDLE: Duration = Duration::from_secs(1);

/// A server that is reached without TLS.
#[derive(Debug, Clone)]
pub(crate) struct Target {
    authority: String,
    /// What paths are put behind, without a slash at its end.
    prefix: String,
}

/// What is asked of a server, but for its body.
#[derive(Debug, Clone)]
pub(crate) struct Route {
    method: Method,
    uri: Uri,
    content_type: Option<&'static str>,
}

/// A connection, opened when it is needed, and anew after an error.
pub(crate) struct Connection {
    target: Target,
    sender: Option<SendRequest<Full<Bytes>>>,
    last_used: Instant,
}

impl Target {
    /// The server of a URL.
    pub(crate) fn of(base_url: &str) -> anyhow::Result<Self> {
        let url = reqwest::Url::parse(base_url)?;
        anyhow::ensure!(
            url.scheme() == "http",
            "this measures over http:// (and ws://) alone: what it finds is the server's, not TLS's"
        );
        let host = url.host_str().context("the URL has no host")?;
        let port = url.port_or_known_default().unwrap_or(80);
        Ok(Self { authority: format!("{host}:{port}"), prefix: url.path().trim_end_matches('/').to_owned() })
    }

    /// Host and port.
    pub(crate) fn authority(&self) -> &str {
        &self.authority
    }

    /// A path of the API, as this server knows it.
    pub(crate) fn path(&self, path: &str) -> String {
        format!("{}{path}", self.prefix)
    }

    /// Connects.
    pub(crate) async fn connect(&self) -> anyhow::Result<TcpStream> {
        let connecting = timeout(PATIENCE, TcpStream::connect(&self.authority)).await;
        let stream = connecting.context("no connection in time")??;
        stream.set_nodelay(true)?;
        Ok(stream)
    }
}

impl Route {
    /// A method and a path of a server, with its query.
    pub(crate) fn new(target: &Target, method: Method, path: &str) -> anyhow::Result<Self> {
        let uri = target.path(path);
        let uri = uri.parse().with_context(|| format!("{uri:?} is no path"))?;
        Ok(Self { method, uri, content_type: None })
    }

    /// The same with a body of this type.
    pub(crate) fn with_body_of(self, content_type: &'static str) -> Self {
        Self { content_type: Some(content_type), ..self }
    }
}

impl Connection {
    pub(crate) fn new(target: Target) -> Self {
        Self { target, sender: None, last_used: Instant::now() }
    }

    /// Sends a request; returns the status and the answer.
    pub(crate) async fn send(
        &mut self,
        route: &Route,
        token: &str,
        body: Bytes,
    ) -> anyhow::Result<(StatusCode, Bytes)> {
        let was_idle = self.sender.is_some() && self.last_used.elapsed() >= IDLE;
        let outcome = match self.attempt(route, token, body.clone()).await {
            Err(error) if was_idle && error.is::<hyper::Error>() => self.attempt(route, token, body).await,
            outcome => outcome,
        };
        self.last_used = Instant::now();
        outcome
    }

    async fn attempt(
        &mut self,
        route: &Route,
        token: &str,
        body: Bytes,
    ) -> anyhow::Result<(StatusCode, Bytes)> {
        let mut sender = match self.sender.take() {
            Some(sender) if !sender.is_closed() => sender,
            _ => self.open().await?,
        };
        let request = Request::builder()
            .method(route.method.clone())
            .uri(route.uri.clone())
            .header(HOST, self.target.authority.as_str())
            .header(AUTHORIZATION, HeaderValue::from_str(&format!("Bearer {token}"))?);
        let request = match route.content_type {
            Some(content_type) => request.header(CONTENT_TYPE, content_type),
            None => request,
        };
        let request = request.body(Full::new(body))?;
        let exchange = async {
            let answer = sender.send_request(request).await?;
            let status = answer.status();
            Ok::<_, hyper::Error>((status, answer.into_body().collect().await?.to_bytes()))
        };
        let answer = timeout(PATIENCE, exchange).await.context("no answer in time")??;
        self.sender = Some(sender);
        Ok(answer)
    }

    async fn open(&self) -> anyhow::Result<SendRequest<Full<Bytes>>> {
        let (sender, connection) = handshake(TokioIo::new(self.target.connect().await?)).await?;
        // Ends with the sender, or with the connection.
        tokio::spawn(connection);
        Ok(sender)
    }
}

#[cfg(test)]
mod tests {
    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    use tokio::net::TcpListener;

    use super::*;

    #[test]
    fn a_server_is_reached_by_its_host_port_and_prefix() {
        let target = Target::of("http://school.example/edtech").unwrap();
        assert_eq!((target.authority(), &*target.path("/live")), ("school.example:80", "/edtech/live"));
        let refused = Target::of("https://school.example").unwrap_err().to_string();
        assert!(refused.contains("http://"), "{refused}");
    }

    /// Answers one request on each connection and hangs up in the middle of the next one.
    async fn forgetful_server() -> String {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        tokio::spawn(async move {
            loop {
                let (mut stream, _) = listener.accept().await.unwrap();
                tokio::spawn(async move {
                    let mut chunk = [0; 4096];
                    let _ = stream.read(&mut chunk).await;
                    stream.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok").await.unwrap();
                    let _ = stream.read(&mut chunk).await;
                });
            }
        });
        url
    }

    #[tokio::test]
    async fn a_connection_that_was_idle_and_is_closed_is_no_error() {
        let target = Target::of(&forgetful_server().await).unwrap();
        let route = Route::new(&target, Method::GET, "/").unwrap();
        let mut connection = Connection::new(target);
        assert_eq!(connection.send(&route, "t", Bytes::new()).await.unwrap().0, 200);
        // In use: the server is at fault, and that is told.
        assert!(connection.send(&route, "t", Bytes::new()).await.is_err());
        assert!(connection.send(&route, "t", Bytes::new()).await.is_ok());
        connection.last_used -= IDLE;
        assert!(connection.send(&route, "t", Bytes::new()).await.is_ok());
    }
}
