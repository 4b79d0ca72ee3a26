//! Who calls, and what lets them.

use chrono::{DateTime, Utc};

use super::{Scope, Scopes};
use crate::error::StoreError;
use crate::store::{SessionKey, Store};

/// The client id of those who need no token.
pub const ANONYMOUS: &str = "anonymous";

/// Who calls, as a token or a session says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Caller {
    /// The client's id; [`ANONYMOUS`] where reading is open.
    pub client: String,
    /// What it may do.
    pub scopes: Scopes,
    /// What lets it.
    pub standing: Standing,
}

/// What lets a caller in, for those who stay longer than a request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Standing {
    /// Reading is open to this caller.
    Open,
    /// A token, which expires.
    Token {
        /// When.
        expires_at: DateTime<Utc>,
    },
    /// A session, which can end at any time.
    Session(SessionKey),
}

impl Caller {
    /// Somebody to whom reading is open.
    pub(super) fn anonymous() -> Self {
        Self { client: ANONYMOUS.to_owned(), scopes: Scopes::none(), standing: Standing::Open }
    }
}

impl Standing {
    /// Whether it still lets its caller do this. To be asked is no use of a session: it does not prolong it.
    pub async fn still_lets<S: Scope>(&self, store: &Store, now: DateTime<Utc>) -> Result<bool, StoreError> {
        match self {
            Self::Open => Ok(true),
            Self::Token { expires_at } => Ok(now <= *expires_at),
            Self::Session(key) => {
                let session = store.session(key, now).await?;
                Ok(session.is_some_and(|session| Scopes::of_client(&session.client).contains::<S>()))
            }
        }
    }
}
