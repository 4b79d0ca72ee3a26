//! The one way to the server: with a token, with patience, and always with the same body.

mod args;
mod backoff;
mod failure;
mod request;
mod tokens;

pub(crate) use args::ClientArgs;
pub(crate) use failure::Failure;
pub(crate) use request::{Answer, Request};

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use reqwest::header::CONTENT_TYPE;
use reqwest::redirect::Policy;
use serde::de::DeserializeOwned;

use crate::environment;
use backoff::Backoff;
use tokens::Tokens;

/// What a request may take, from the first byte out to the last byte in.
const TIMEOUT: Duration = Duration::from_secs(30);

const USER_AGENT: &str = concat!("edtech-simulator/", env!("CARGO_PKG_VERSION"));

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

impl Client {
    /// A client that goes on for `patience` without an answer, or for ever.
    pub(crate) fn new(args: &ClientArgs, patience: Option<Duration>) -> anyhow::Result<Self> {
        let http = reqwest::Client::builder().timeout(TIMEOUT).user_agent(USER_AGENT);
        // A redirect is told, not followed: a `POST` that became a `GET` would look like a success.
        let http = http.redirect(Policy::none()).build()?;
        let url: Arc<str> = args.url.as_str().into();
        let tokens = Arc::new(Tokens::new(http.clone(), Arc::clone(&url), args.credentials()?));
        Ok(Self { http, url, tokens, patience, retries: Arc::default() })
    }

    /// Where the server is.
    pub(crate) fn url(&self) -> &str {
        &self.url
    }

    /// A token that holds for a while.
    pub(crate) async fn token(&self) -> Result<Arc<str>, Failure> {
        self.tokens.current().await
    }

    /// The same, with patience.
    pub(crate) async fn token_in_time(&self) -> Result<Arc<str>, Failure> {
        self.patiently("/auth/token", || self.tokens.current()).await
    }

    /// The server does not take this token any more.
    pub(crate) async fn forget(&self, refused: &Arc<str>) {
        self.tokens.forget(refused).await;
    }

    /// How often something was sent again.
    pub(crate) fn retries(&self) -> u64 {
        self.retries.load(Ordering::Relaxed)
    }

    /// Sends until there is an answer, and reads it.
    pub(crate) async fn send<T: DeserializeOwned>(&self, request: &Request) -> Result<T, Failure> {
        self.answer(request).await?.read()
    }

    /// Sends until there is an answer that is not 'send it again'.
    pub(crate) async fn answer(&self, request: &Request) -> Result<Answer, Failure> {
        self.patiently(request.path, || self.attempt(request)).await
    }

    async fn patiently<T, F>(&self, path: &str, attempt: impl Fn() -> F) -> Result<T, Failure>
    where
        F: Future<Output = Result<T, Failure>>,
    {
        let begun = Instant::now();
        let mut backoff = Backoff::new();
        loop {
            let failure = match attempt().await {
                Err(failure) if failure.passes_by_itself() => failure,
                outcome => return outcome,
            };
            let pause = backoff.pause(failure.retry_after(), &mut environment::rng());
            if self.patience.is_some_and(|patience| begun.elapsed() + pause > patience) {
                return Err(Failure::OutOfPatience(begun.elapsed(), Box::new(failure)));
            }
            tracing::warn!(path, %failure, pause_ms = pause.as_millis() as u64, "sending it again");
            self.retries.fetch_add(1, Ordering::Relaxed);
            tokio::time::sleep(pause).await;
        }
    }

    async fn attempt(&self, request: &Request) -> Result<Answer, Failure> {
        let token = self.tokens.current().await?;
        match self.send_as(&token, request).await {
            Err(failure) if failure.is_unauthorized() => {
                // The key was changed, or our clock is off: one new token, at once.
                self.tokens.forget(&token).await;
                self.send_as(&self.tokens.current().await?, request).await
            }
            outcome => outcome,
        }
    }

    async fn send_as(&self, token: &str, request: &Request) -> Result<Answer, Failure> {
        let Request { method, path, query, content_type, body } = request;
        let sent = self.http.request(method.clone(), format!("{}{path}", self.url)).query(query);
        let sent = sent.bearer_auth(token).header(CONTENT_TYPE, *content_type).body(body.clone());
        Answer::of(sent.send().await).await
    }
}

#[cfg(test)]
mod tests;
