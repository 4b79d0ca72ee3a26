//! Access tokens: JWTs that we sign, and read again without asking the database.
//!
//! A token lives a quarter of an hour. That is also how long a client keeps what was taken from it meanwhile.

use std::collections::HashMap;
use std::sync::{PoisonError, RwLock};

use chrono::{DateTime, TimeDelta, Utc};
use jsonwebtoken::{Algorithm, DecodingKey, EncodingKey, Header, Validation, get_current_timestamp};
use serde::{Deserialize, Serialize};

use super::caller::{Caller, Standing};
use super::scope::Scopes;
use crate::error::Problem;

/// How long a token of the token endpoint lives.
pub const LIFETIME: TimeDelta = TimeDelta::minutes(15);

const ISSUER: &str = "edtech-stream";
const AUDIENCE: &str = "edtech-api";
const TYPE: &str = "JWT";

/// How far the clocks of two replicas may be apart.
const LEEWAY_SECONDS: u64 = 5;

#[derive(Serialize, Deserialize)]
struct Claims {
    iss: String,
    aud: String,
    sub: String,
    scope: String,
    iat: i64,
    nbf: i64,
    exp: i64,
}

/// Tokens that are remembered, at most: a client shows the same one thousands of times.
const REMEMBERED: usize = 1_000;

/// Signs tokens and reads them again, with one key and one algorithm.
pub struct Tokens {
    signing: EncodingKey,
    reading: DecodingKey,
    validation: Validation,
    /// Those that were found good: their signature stays good, until they expire.
    good: RwLock<HashMap<String, Good>>,
}

#[derive(Clone)]
struct Good {
    caller: Caller,
    /// Unix time, in seconds.
    expires_at: u64,
}

impl Tokens {
    /// Tokens of this key, of at least 32 bytes.
    pub fn new(key: &[u8]) -> Self {
        // One algorithm, whatever a token's header claims: `none` and public-key confusion end here.
        let mut validation = Validation::new(Algorithm::HS256);
        validation.set_issuer(&[ISSUER]);
        validation.set_audience(&[AUDIENCE]);
        validation.set_required_spec_claims(&["exp", "nbf", "iss", "aud", "sub"]);
        validation.validate_nbf = true;
        validation.leeway = LEEWAY_SECONDS;
        let (signing, reading) = (EncodingKey::from_secret(key), DecodingKey::from_secret(key));
        Self { signing, reading, validation, good: RwLock::default() }
    }

    /// A token for this client.
    pub fn sign(
        &self,
        client: &str,
        scopes: &Scopes,
        now: DateTime<Utc>,
        lifetime: TimeDelta,
    ) -> jsonwebtoken::errors::Result<String> {
        let claims = Claims {
            iss: ISSUER.to_owned(),
            aud: AUDIENCE.to_owned(),
            sub: client.to_owned(),
            scope: scopes.to_string(),
            iat: now.timestamp(),
            nbf: now.timestamp(),
            exp: (now + lifetime).timestamp(),
        };
        jsonwebtoken::encode(&Header::new(Algorithm::HS256), &claims, &self.signing)
    }

    /// Who signed in with this token, or a 401.
    pub fn read(&self, token: &str) -> Result<Caller, Problem> {
        if let Some(caller) = self.recall(token) {
            return Ok(caller);
        }
        let good = self.verify(token)?;
        self.remember(token, &good);
        Ok(good.caller)
    }

    fn verify(&self, token: &str) -> Result<Good, Problem> {
        let token =
            jsonwebtoken::decode::<Claims>(token, &self.reading, &self.validation).map_err(refused)?;
        if !token.header.typ.is_some_and(|kind| kind.eq_ignore_ascii_case(TYPE)) {
            return Err(invalid("The token is none of ours."));
        }
        let Claims { sub, scope, exp, .. } = token.claims;
        let standing =
            Standing::Token { expires_at: DateTime::from_timestamp(exp, 0).unwrap_or(DateTime::UNIX_EPOCH) };
        let caller = Caller { client: sub, scopes: Scopes::of_known(scope.split(' ')), standing };
        Ok(Good { caller, expires_at: u64::try_from(exp).unwrap_or_default() })
    }

    fn recall(&self, token: &str) -> Option<Caller> {
        let good = self.good.read().unwrap_or_else(PoisonError::into_inner);
        let Good { caller, expires_at } = good.get(token)?;
        (get_current_timestamp() <= *expires_at).then(|| caller.clone())
    }

    fn remember(&self, token: &str, new: &Good) {
        let mut good = self.good.write().unwrap_or_else(PoisonError::into_inner);
        if good.len() >= REMEMBERED {
            let now = get_current_timestamp();
            good.retain(|_, token| now <= token.expires_at);
        }
        if good.len() < REMEMBERED {
            good.insert(token.to_owned(), new.clone());
        }
    }
}

/// Expiry is the one fault that a client can mend by itself; of the others it is told no more than a forger may know.
fn refused(error: jsonwebtoken::errors::Error) -> Problem {
    tracing::debug!(%error, "a token was refused");
    match error.kind() {
        jsonwebtoken::errors::ErrorKind::ExpiredSignature => {
            invalid("The token has expired. Get a new one from POST /auth/token.")
        }
        _ => invalid("The token is none of ours."),
    }
}

fn invalid(detail: &str) -> Problem {
    Problem::unauthorized("invalid_token", detail)
}

#[cfg(test)]
mod tests;
