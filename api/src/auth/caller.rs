//! Who calls, and what lets them.

use std::sync::Arc;

use chrono::{DateTime, Utc};

use super::{Scope, Scopes};
use crate::error::StoreError;
use crate::store::{Account, Classes, OpenSession, SessionKey, Store};

/// The name of those who need no token.
pub const ANONYMOUS: &str = "anonymous";

/// Who calls, as a token or a session says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Caller {
    /// The name of a client or user; [`ANONYMOUS`] where reading is open.
    pub client: String,
    /// Whose name that is.
    pub kind: CallerKind,
    /// What it may do.
    pub scopes: Scopes,
    /// Whose learners it may see.
    pub classes: Classes,
    /// What lets it.
    pub standing: Standing,
}

/// Whose name a caller has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CallerKind {
    /// Nobody's: reading is open.
    Nobody,
    /// A program's, or somebody's who signed in with its secret.
    Client,
    /// A person's.
    User,
}

impl CallerKind {
    /// Of this account.
    pub fn of(account: &Account) -> Self {
        match account {
            Account::User(_) => Self::User,
            Account::Client(_) => Self::Client,
        }
    }
}

/// What lets a caller in, for those who stay longer than a request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Standing {
    /// Reading is open to this caller.
    Open,
    /// A token, which expires, and can be taken back.
    Token(Issued),
    /// A session, which can end at any time.
    Session(SessionKey),
    /// A session of somebody who sees the learners of these classrooms alone: it lasts until these are others.
    BoundSession(SessionKey, Classes),
}

/// What a token says of itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Issued {
    /// Whom it says is calling.
    pub subject: Arc<str>,
    /// When it was issued.
    pub issued_at: DateTime<Utc>,
    /// When it expires.
    pub expires_at: DateTime<Utc>,
}

impl Caller {
    /// Somebody to whom reading is open.
    pub(super) fn anonymous() -> Self {
        Self {
            client: ANONYMOUS.to_owned(),
            kind: CallerKind::Nobody,
            scopes: Scopes::none(),
            classes: Classes::All,
            standing: Standing::Open,
        }
    }
}

impl Standing {
    /// What a session lets its caller do, who sees these classrooms.
    pub(super) fn of_session(key: SessionKey, classes: &Classes) -> Self {
        match classes {
            Classes::All => Self::Session(key),
            Classes::Only(_) => Self::BoundSession(key, classes.clone()),
        }
    }

    /// Whether it still lets its caller do this. To be asked is no use of a session: it does not prolong it.
    pub async fn still_lets<S: Scope>(&self, store: &Store, now: DateTime<Utc>) -> Result<bool, StoreError> {
        match self {
            Self::Open => Ok(true),
            // Nobody has to be asked about it.
            Self::Token(Issued { expires_at, .. }) if now > *expires_at => Ok(false),
            Self::Token(Issued { subject, issued_at, .. }) => {
                let taken_back = store.tokens_revoked_before(subject).await?;
                Ok(taken_back.is_none_or(|before| before <= *issued_at))
            }
            Self::Session(key) => Ok(lets::<S>(store.session(key, now).await?, &Classes::All)),
            Self::BoundSession(key, classes) => Ok(lets::<S>(store.session(key, now).await?, classes)),
        }
    }
}

fn lets<S: Scope>(session: Option<OpenSession>, classes: &Classes) -> bool {
    session.is_some_and(|OpenSession { account, .. }| {
        Scopes::of_account(&account).contains::<S>() && account.classes() == *classes
    })
}

#[cfg(test)]
mod tests {
    use chrono::TimeDelta;

    use super::*;
    use crate::auth::{Learners, Read};
    use crate::clock::Clock;
    use crate::store::{Actor, NewUser, Role, TemporaryStore, User, UserOutcome, UserPatch};

    const KEY: SessionKey = [7; 32];

    async fn educator(store: &Store) -> User {
        let (name, password_hash) = ("ada".to_owned(), "none".to_owned());
        let classrooms = ["IA_2025".to_owned()].into();
        let new = NewUser { name, role: Role::Educator, classrooms, password_hash };
        let UserOutcome::Done(user) = store.create_user(new, Actor::cli(), Clock.now()).await.unwrap() else {
            panic!("no user")
        };
        let (account, now) = (Account::User(user.clone()), Clock.now());
        assert!(store.begin_session(KEY, &account, now, now + TimeDelta::hours(1)).await.unwrap());
        user
    }

    async fn change(store: &Store, patch: UserPatch) {
        let changed = store.patch_user("ada", patch, Actor::cli(), Clock.now()).await.unwrap();
        assert!(matches!(changed, UserOutcome::Done(_)), "{changed:?}");
    }

    #[tokio::test]
    async fn who_stays_is_let_by_a_session_while_the_classrooms_are_the_same() {
        let temporary = TemporaryStore::open().await;
        let store = &temporary.store;
        let classes = Account::User(educator(store).await).classes();
        assert_eq!(classes, Classes::only(["IA_2025".to_owned()]));
        let standing = Standing::of_session(KEY, &classes);
        assert!(standing.still_lets::<Read>(store, Clock.now()).await.unwrap());

        let more = ["IA_2025".to_owned(), "Web_2025".to_owned()].into();
        change(store, UserPatch { classrooms: Some(more), ..UserPatch::default() }).await;
        assert!(!standing.still_lets::<Read>(store, Clock.now()).await.unwrap());

        change(store, UserPatch { role: Some(Role::Analyst), ..UserPatch::default() }).await;
        assert!(!standing.still_lets::<Read>(store, Clock.now()).await.unwrap());
        let standing = Standing::of_session(KEY, &Classes::All);
        assert!(standing.still_lets::<Read>(store, Clock.now()).await.unwrap());
        assert!(!standing.still_lets::<Learners>(store, Clock.now()).await.unwrap());
        assert!(store.remove_user("ada", Actor::cli(), Clock.now()).await.unwrap());
        assert!(!standing.still_lets::<Read>(store, Clock.now()).await.unwrap());
    }
}
