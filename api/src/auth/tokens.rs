//! Access tokens: JWTs that we sign, and read again without asking the database.
//!
//! A token lives a quarter of an hour. What is taken from its client meanwhile it keeps for some seconds: then every
//! replica has heard that the client's tokens were taken back ([`keep_tokens`](super::keep_tokens)).

use std::collections::HashMap;
use std::sync::{PoisonError, RwLock};

use base64::Engine;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use chrono::{DateTime, TimeDelta, Utc};
use jsonwebtoken::{Algorithm, Header, Validation, get_current_timestamp};
use serde::{Deserialize, Serialize};

use super::caller::{Caller, CallerKind, Issued, Standing};
use super::keys::{Key, Keys};
use super::scope::Scopes;
use crate::error::Problem;
use crate::store::Classes;

/// How long a token of the token endpoint lives.
pub const LIFETIME: TimeDelta = TimeDelta::minutes(15);

/// The longest that any token lives: an operator with the signing key may make one for a week.
pub const LONGEST_LIFETIME: TimeDelta = TimeDelta::days(7);

const ISSUER: &str = "edtech-stream";
const AUDIENCE: &str = "edtech-api";
const TYPE: &str = "JWT";

/// How far the clocks of two replicas may be apart.
const LEEWAY_SECONDS: u64 = 5;

/// The head of a token of ours, and nothing else: no key that it would bring along or have us fetch (`jwk`, `jku`,
/// `x5u`), nothing that we would have to understand (`crit`).
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct OurHeader {
    #[serde(rename = "alg")]
    _alg: String,
    typ: String,
    kid: Option<String>,
}

#[derive(Serialize, Deserialize)]
struct Claims {
    iss: String,
    aud: String,
    sub: String,
    scope: String,
    iat: i64,
    /// The microseconds of that second: a token of before and one of after a change of its client may be of the same one.
    #[serde(default)]
    iat_micros: u32,
    nbf: i64,
    exp: i64,
}

/// Tokens that are remembered, at most: a client shows the same one thousands of times.
const REMEMBERED: usize = 1_000;

/// Signs tokens and reads them again, with one algorithm and a key, or two while keys are exchanged.
pub struct Tokens {
    keys: Keys,
    validation: Validation,
    known: RwLock<Known>,
}

/// What is known of tokens beside what they say.
#[derive(Default)]
struct Known {
    /// Those that were found good: their signature stays good, until they expire or are taken back.
    good: HashMap<String, Good>,
    /// Whose tokens were taken back, and those of before when.
    taken_back: HashMap<String, DateTime<Utc>>,
}

#[derive(Clone)]
struct Good {
    caller: Caller,
    issued_at: DateTime<Utc>,
    /// Unix time, in seconds.
    expires_at: u64,
}

impl Known {
    fn have_taken_back(&self, token: &Good) -> bool {
        self.taken_back.get(&token.caller.client).is_some_and(|before| token.issued_at < *before)
    }
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
        Self { keys: Keys::new(key), validation, known: RwLock::default() }
    }

    /// The same, that also read the tokens of the key before.
    pub fn with_previous_key(self, key: &[u8]) -> Self {
        Self { keys: self.keys.with_previous(key), ..self }
    }

    /// What the key is called in tokens and among replicas.
    pub fn key_name(&self) -> &str {
        self.keys.current().name()
    }

    /// The same of the key before, where there is one.
    pub fn previous_key_name(&self) -> Option<&str> {
        self.keys.previous().map(Key::name)
    }

    /// Whether the key before goes on signing, because there is a replica that knows no other.
    pub fn let_previous_key_sign(&self, signs: bool) {
        self.keys.let_previous_sign(signs);
    }

    /// A token for this client, issued at the moment when its rights were looked up.
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
            iat_micros: now.timestamp_subsec_micros(),
            nbf: now.timestamp(),
            exp: (now + lifetime.min(LONGEST_LIFETIME)).timestamp(),
        };
        let key = self.keys.signing();
        let header = Header { kid: Some(key.name().to_owned()), ..Header::new(Algorithm::HS256) };
        jsonwebtoken::encode(&header, &claims, &key.signing)
    }

    /// Who signed in with this token, or a 401.
    pub fn read(&self, token: &str) -> Result<Caller, Problem> {
        if let Some(caller) = self.recall(token) {
            return Ok(caller);
        }
        let good = self.verify(token)?;
        self.admit(token, good)
    }

    /// From now on these are all that were taken back: a name, and of which moment its tokens have to be.
    pub fn take_back(&self, names: impl IntoIterator<Item = (String, DateTime<Utc>)>) {
        let mut known = self.known.write().unwrap_or_else(PoisonError::into_inner);
        known.taken_back = names.into_iter().collect();
        let mut good = std::mem::take(&mut known.good);
        good.retain(|_, token| !known.have_taken_back(token));
        known.good = good;
    }

    fn verify(&self, token: &str) -> Result<Good, Problem> {
        let key = self.key_of(token).ok_or_else(|| invalid(NOT_OURS))?;
        let token = jsonwebtoken::decode::<Claims>(token, &key.reading, &self.validation).map_err(refused)?;
        let Claims { sub, scope, iat, iat_micros, exp, .. } = token.claims;
        let (issued_at, expires_at) = lifetime(iat, iat_micros, exp).ok_or_else(|| invalid(NOT_OURS))?;
        let issued = Issued { subject: sub.as_str().into(), issued_at, expires_at };
        let scopes = Scopes::of_known(scope.split(' '));
        let (kind, standing) = (CallerKind::Client, Standing::Token(issued));
        let caller = Caller { client: sub, kind, scopes, classes: Classes::All, standing };
        Ok(Good { caller, issued_at, expires_at: u64::try_from(exp).unwrap_or_default() })
    }

    /// The key that a token names in a head like ours.
    fn key_of(&self, token: &str) -> Option<&Key> {
        let (head, _) = token.split_once('.')?;
        let head = BASE64_URL_SAFE_NO_PAD.decode(head).ok()?;
        let OurHeader { typ, kid, _alg } = serde_json::from_slice(&head).ok()?;
        self.keys.named(kid.as_deref()).filter(|_| typ.eq_ignore_ascii_case(TYPE))
    }

    fn recall(&self, token: &str) -> Option<Caller> {
        let known = self.known.read().unwrap_or_else(PoisonError::into_inner);
        let Good { caller, expires_at, .. } = known.good.get(token)?;
        (get_current_timestamp() <= *expires_at).then(|| caller.clone())
    }

    /// Remembers a good token, unless it was taken back.
    fn admit(&self, token: &str, new: Good) -> Result<Caller, Problem> {
        let mut known = self.known.write().unwrap_or_else(PoisonError::into_inner);
        if known.have_taken_back(&new) {
            return Err(invalid("The token was taken back. Get a new one from POST /auth/token."));
        }
        let caller = new.caller.clone();
        let good = &mut known.good;
        if good.len() >= REMEMBERED {
            let now = get_current_timestamp();
            good.retain(|_, token| now <= token.expires_at);
        }
        if good.len() < REMEMBERED {
            good.insert(token.to_owned(), new);
        }
        Ok(caller)
    }
}

/// From when until when a token is good; none where it says what we never sign.
fn lifetime(iat: i64, iat_micros: u32, exp: i64) -> Option<(DateTime<Utc>, DateTime<Utc>)> {
    let issued_at = DateTime::from_timestamp(iat, iat_micros.checked_mul(1_000)?)?;
    let expires_at = DateTime::from_timestamp(exp, 0)?;
    let latest = i64::try_from(get_current_timestamp() + LEEWAY_SECONDS).ok()?;
    let is_ours = issued_at.timestamp() <= latest && expires_at - issued_at <= LONGEST_LIFETIME;
    is_ours.then_some((issued_at, expires_at))
}

const NOT_OURS: &str = "The token is none of ours.";

/// Expiry is the one fault that a client can mend by itself; of the others it is told no more than a forger may know.
fn refused(error: jsonwebtoken::errors::Error) -> Problem {
    tracing::debug!(%error, "a token was refused");
    match error.kind() {
        jsonwebtoken::errors::ErrorKind::ExpiredSignature => {
            invalid("The token has expired. Get a new one from POST /auth/token.")
        }
        _ => invalid(NOT_OURS),
    }
}

fn invalid(detail: &str) -> Problem {
    Problem::unauthorized("invalid_token", detail)
}

#[cfg(test)]
mod tests;
