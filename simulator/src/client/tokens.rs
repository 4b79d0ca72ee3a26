//! Tokens: fetched when one is needed, renewed before they end.

use std::sync::Arc;
use std::time::{Duration, Instant};

use serde::Deserialize;
use tokio::sync::Mutex;

use super::args::Credentials;
use super::{Answer, Failure};

/// A token is renewed this long before its end, so that none ends on its way.
const MARGIN: Duration = Duration::from_secs(30);

/// The token of a client, shared by all that it does at once.
pub(super) struct Tokens {
    http: reqwest::Client,
    url: Arc<str>,
    credentials: Credentials,
    current: Mutex<Option<Token>>,
}

struct Token {
    text: Arc<str>,
    renew_at: Instant,
}

#[derive(Deserialize)]
struct Granted {
    access_token: String,
    expires_in: u64,
}

impl Tokens {
    pub(super) fn new(http: reqwest::Client, url: Arc<str>, credentials: Credentials) -> Self {
        Self { http, url, credentials, current: Mutex::new(None) }
    }

    /// A token that holds for a while.
    pub(super) async fn current(&self) -> Result<Arc<str>, Failure> {
        let mut current = self.current.lock().await;
        if let Some(token) = current.as_ref().filter(|token| Instant::now() < token.renew_at) {
            return Ok(Arc::clone(&token.text));
        }
        let token = self.fetch().await?;
        let text = Arc::clone(&token.text);
        *current = Some(token);
        Ok(text)
    }

    /// The server does not take this token. Others may have renewed it meanwhile: theirs stays.
    pub(super) async fn forget(&self, refused: &Arc<str>) {
        self.current.lock().await.take_if(|token| Arc::ptr_eq(&token.text, refused));
    }

    async fn fetch(&self) -> Result<Token, Failure> {
        let Credentials { client_id, client_secret } = &self.credentials;
        let form = [
            ("grant_type", "client_credentials"),
            ("client_id", client_id),
            ("client_secret", client_secret),
        ];
        let answer = self.http.post(format!("{}/auth/token", self.url)).form(&form).send().await;
        let granted: Granted = Answer::of(answer).await?.read()?;
        let lifetime = Duration::from_secs(granted.expires_in);
        let renew_at = Instant::now() + lifetime.saturating_sub(MARGIN).max(lifetime / 2);
        Ok(Token { text: granted.access_token.into(), renew_at })
    }
}
