//! A program that talks to the platform over HTTP.

use std::time::{Duration, Instant};

use reqwest::header::{CONTENT_TYPE, COOKIE, ORIGIN};
use reqwest::{Method, RequestBuilder};
use serde_json::Value;
use tokio::time::sleep;

use crate::answer::Answer;
use crate::confidential::Confidential;

/// How long a client comes again.
const PATIENCE: Duration = Duration::from_secs(30);

/// As `Retry-After` says.
const AWAY: Duration = Duration::from_secs(1);

/// A client with a token, or without one.
#[derive(Debug, Clone)]
pub struct Client {
    http: reqwest::Client,
    url: String,
    token: Option<String>,
    cookie: Option<String>,
    confidential: Confidential,
}

impl Client {
    /// A client that nobody knows.
    fn anonymous(url: &str) -> Self {
        Self::trusting(url, None)
    }

    /// The same client, that lets it be known what it tells.
    pub(crate) fn telling(self, confidential: &Confidential) -> Self {
        Self { confidential: confidential.clone(), ..self }
    }

    /// The same, by TLS where there is a certificate (PEM) to be trusted.
    pub(crate) fn trusting(url: &str, root: Option<&str>) -> Self {
        let root = root.map(|pem| reqwest::Certificate::from_pem(pem.as_bytes()).expect("a certificate"));
        // Everything happens on loopback: no proxy, and no other roots of trust to load.
        let http = reqwest::Client::builder().no_proxy().tls_certs_only(root).build();
        let http = http.expect("an HTTP client");
        Self { http, url: url.to_owned(), token: None, cookie: None, confidential: Confidential::default() }
    }

    /// The same client with another token.
    pub fn with_token(&self, token: &str) -> Self {
        Self { token: Some(token.to_owned()), ..self.clone() }
    }

    /// The same client, at another address.
    pub fn at(&self, url: &str) -> Self {
        Self { url: url.to_owned(), ..self.clone() }
    }

    /// The same client on connections of its own, by TLS with whoever has a certificate of this root (PEM).
    pub fn trusting_only(&self, root: &str) -> Self {
        Self { http: Self::trusting(&self.url, Some(root)).http, ..self.clone() }
    }

    /// The same client on connections of its own.
    pub fn on_its_own(&self) -> Self {
        Self { http: Self::anonymous(&self.url).http, ..self.clone() }
    }

    /// The same client without its token.
    pub fn without_token(&self) -> Self {
        Self { token: None, ..self.clone() }
    }

    /// A page of the platform, in a browser that has this cookie and no token.
    pub fn with_cookie(&self, cookie: &str) -> Self {
        Self { token: None, cookie: Some(cookie.to_owned()), ..self.clone() }
    }

    /// The client's cookie, if it has one.
    pub fn cookie(&self) -> Option<&str> {
        self.cookie.as_deref()
    }

    /// The client's token, if it has one.
    pub fn token(&self) -> Option<&str> {
        self.token.as_deref()
    }

    /// Where the platform is, without a path.
    pub fn url(&self) -> &str {
        &self.url
    }

    /// Reads; where the database is said to be away for a moment, again after it, as any client is told to.
    pub async fn get(&self, path: &str) -> Answer {
        self.patiently(|| self.request(Method::GET, path)).await
    }

    /// Sends a request, and sends it again as long as it is told to come again.
    pub async fn patiently(&self, mut request: impl FnMut() -> RequestBuilder) -> Answer {
        let begun = Instant::now();
        loop {
            let answer = self.send(request()).await;
            if answer.status != 503 || answer.body["code"] != "unavailable" || begun.elapsed() > PATIENCE {
                return answer;
            }
            println!("told to come again: {}", answer.body);
            sleep(AWAY).await;
        }
    }

    /// Deletes.
    pub async fn delete(&self, path: &str) -> Answer {
        self.send(self.request(Method::DELETE, path)).await
    }

    /// Changes.
    pub async fn patch_json(&self, path: &str, body: &Value) -> Answer {
        self.send(self.request(Method::PATCH, path).json(body)).await
    }

    /// Posts one object or an array.
    pub async fn post_json(&self, path: &str, body: &Value) -> Answer {
        self.send(self.request(Method::POST, path).json(body)).await
    }

    /// Posts one object a line.
    pub async fn post_ndjson(&self, path: &str, lines: &[Value]) -> Answer {
        let lines: String = lines.iter().map(|line| format!("{line}\n")).collect();
        self.post_text(path, "application/x-ndjson", lines).await
    }

    /// Posts a CSV with its header row.
    pub async fn post_csv(&self, path: &str, csv: &str) -> Answer {
        self.post_text(path, "text/csv", csv.to_owned()).await
    }

    /// Posts any bytes as any type.
    pub async fn post_text(&self, path: &str, content_type: &str, body: impl Into<reqwest::Body>) -> Answer {
        self.send(self.request(Method::POST, path).header(CONTENT_TYPE, content_type).body(body)).await
    }

    /// A request with the client's token or cookie, to be sent with [`Client::send`].
    pub fn request(&self, method: Method, path: &str) -> RequestBuilder {
        let request = self.request_to(method, &format!("{}{path}", self.url));
        match (&self.token, &self.cookie) {
            (Some(token), _) => request.bearer_auth(token),
            (None, Some(cookie)) => request.header(COOKIE, cookie).header(ORIGIN, &self.url),
            (None, None) => request,
        }
    }

    /// A request to anywhere, without the client's token.
    pub fn request_to(&self, method: Method, url: &str) -> RequestBuilder {
        self.http.request(method, url)
    }

    /// What the server tells Prometheus, at an address of its own.
    pub async fn figures(&self, address: &str) -> String {
        let request = self.request_to(Method::GET, &format!("http://{address}/metrics"));
        self.send(request).await.expect(200).as_str().expect("text").to_owned()
    }

    /// One of these figures, by its name and labels.
    pub async fn figure(&self, address: &str, name: &str) -> Option<f64> {
        let figures = self.figures(address).await;
        let line = figures.lines().find(|line| line.split_whitespace().next() == Some(name))?;
        line.split_whitespace().nth(1)?.parse().ok()
    }

    /// Sends a request that must be answered.
    pub async fn send(&self, request: RequestBuilder) -> Answer {
        self.try_send(request).await.unwrap_or_else(|error| panic!("no answer: {error:?}"))
    }

    /// Sends a request to a server that may go away meanwhile.
    pub async fn try_send(&self, request: RequestBuilder) -> reqwest::Result<Answer> {
        let (http, request) = request.build_split();
        let request = request?;
        self.confidential.keep_those_of(&request);
        let response = http.execute(request).await?;
        let (status, headers) = (response.status().as_u16(), response.headers().clone());
        let text = response.text().await?;
        let body = match text.as_str() {
            "" => Value::Null,
            _ => serde_json::from_str(&text).unwrap_or(Value::String(text)),
        };
        Ok(Answer { status, headers, body })
    }
}
