//! The one way to the server: with a token, with patience, and always with the same body.

mod args;
mod backoff;
mod failure;
mod tokens;

pub(crate) use args::ClientArgs;
pub(crate) use failure::Failure;

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use reqwest::header::CONTENT_TYPE;
use reqwest::{Method, Response, StatusCode};
use serde::de::DeserializeOwned;

use crate::environment;
use backoff::Backoff;
use tokens::Tokens;

/// What a request may take, from the first byte out to the last byte in.
const TIMEOUT: Duration = Duration::from_secs(30);

/// A client of the platform; cheap to clone.
#[derive(Clone)]
pub(crate) struct Client {
    http: reqwest::Client,
    url: Arc<str>,
    tokens: Arc<Tokens>,
    /// How long to go on without an answer; for ever without it.
    patience: Option<Duration>,
    retries: Arc<AtomicU64>,
}

/// What is sent, as often as it takes.
#[derive(Clone)]
pub(crate) struct Request {
    pub(crate) method: Method,
    pub(crate) path: String,
    pub(crate) content_type: &'static str,
    pub(crate) body: bytes::Bytes,
}

impl Request {
    /// A `GET`.
    pub(crate) fn get(path: impl Into<String>) -> Self {
        Self {
            method: Method::GET,
            path: path.into(),
            content_type: "application/json",
            body: bytes::Bytes::new(),
        }
    }

    /// A `POST` of a body.
    pub(crate) fn post(path: &str, content_type: &'static str, body: impl Into<bytes::Bytes>) -> Self {
        Self { method: Method::POST, path: path.to_owned(), content_type, body: body.into() }
    }
}

impl Client {
    /// A client that goes on for `patience` without an answer, or for ever.
    pub(crate) fn new(args: &ClientArgs, patience: Option<Duration>) -> anyhow::Result<Self> {
        let http = reqwest::Client::builder().timeout(TIMEOUT).user_agent("edtech-simulator").build()?;
        let url: Arc<str> = args.url.trim_end_matches('/').into();
        let tokens = Arc::new(Tokens::new(http.clone(), Arc::clone(&url), args.credentials()?));
        Ok(Self { http, url, tokens, patience, retries: Arc::default() })
    }

    /// How often something was sent again.
    pub(crate) fn retries(&self) -> u64 {
        self.retries.load(Ordering::Relaxed)
    }

    /// Sends until there is an answer, and reads it.
    pub(crate) async fn send<T: DeserializeOwned>(&self, request: &Request) -> Result<T, Failure> {
        let answer = self.answer(request).await?;
        answer.json().await.map_err(Failure::Unreadable)
    }

    /// Sends until there is an answer that is not 'send it again'.
    pub(crate) async fn answer(&self, request: &Request) -> Result<Response, Failure> {
        let begun = Instant::now();
        let mut backoff = Backoff::new();
        let mut may_renew = true;
        loop {
            let failure = match self.attempt(request).await {
                Err(Failure::Refused(problem)) if problem.status == StatusCode::UNAUTHORIZED && may_renew => {
                    // The key was changed, or our clock is off: one new token, at once.
                    may_renew = false;
                    self.tokens.forget().await;
                    continue;
                }
                Err(failure) if failure.passes_by_itself() => failure,
                outcome => return outcome,
            };
            let pause = backoff.pause(failure.retry_after(), &mut environment::rng());
            if self.patience.is_some_and(|patience| begun.elapsed() + pause > patience) {
                return Err(Failure::OutOfPatience(begun.elapsed(), Box::new(failure)));
            }
            tracing::warn!(path = request.path, %failure, pause_ms = pause.as_millis() as u64, "sending it again");
            self.retries.fetch_add(1, Ordering::Relaxed);
            tokio::time::sleep(pause).await;
        }
    }

    async fn attempt(&self, request: &Request) -> Result<Response, Failure> {
        let Request { method, path, content_type, body } = request;
        let token = self.tokens.current().await?;
        let sent =
            self.http.request(method.clone(), format!("{}{path}", self.url)).bearer_auth(token.as_ref());
        let sent = sent.header(CONTENT_TYPE, *content_type).body(body.clone());
        Failure::check(sent.send().await).await
    }
}

#[cfg(test)]
mod tests;
