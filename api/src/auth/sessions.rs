//! Sessions: people sign in once and use a cookie from then on, where programs bring tokens.

use chrono::{DateTime, TimeDelta, Utc};

use super::cookie::SessionCookie;
use crate::error::{StoreError, chain};
use crate::store::{Account, OpenSession, SessionKey, Store};

/// So long after its last use a session ends.
pub(super) const LIFETIME: TimeDelta = TimeDelta::hours(12);

/// Its use is noted so often at most: or each read would be a write as well.
const NOTED_EACH: TimeDelta = TimeDelta::minutes(1);

/// Begins a session for an account whose secret was shown; none where it has another secret by now.
pub(super) async fn begin(
    store: &Store,
    cookie: &SessionCookie,
    account: Account,
    now: DateTime<Utc>,
) -> Result<Option<OpenSession>, StoreError> {
    let expires_at = now + LIFETIME;
    let has_begun = store.begin_session(cookie.key(), &account, now, expires_at).await?;
    Ok(has_begun.then_some(OpenSession { account, last_seen_at: now, expires_at }))
}

/// Uses a session, which lets it live on; none where it has ended.
pub(super) async fn go_on(
    store: &Store,
    key: &SessionKey,
    now: DateTime<Utc>,
) -> Result<Option<OpenSession>, StoreError> {
    let Some(session) = store.session(key, now).await? else {
        return Ok(None);
    };
    if now - session.last_seen_at < NOTED_EACH {
        return Ok(Some(session));
    }
    let expires_at = now + LIFETIME;
    if let Err(error) = store.prolong_session(key, now, expires_at).await {
        // It is as good as before, and its next use is noted instead.
        tracing::warn!(error = %chain(&error), "the use of a session was not noted");
        return Ok(Some(session));
    }
    Ok(Some(OpenSession { last_seen_at: now, expires_at, ..session }))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock::Clock;
    use crate::entropy;
    use crate::store::{Actor, ApiClient, TemporaryStore};

    struct SignedIn {
        temporary: TemporaryStore,
        cookie: SessionCookie,
        client: ApiClient,
        began: DateTime<Utc>,
    }

    impl SignedIn {
        async fn new() -> Self {
            let temporary = TemporaryStore::open().await;
            let (cookie, began) = (SessionCookie::random(&mut entropy::rng()), Clock.now());
            let (secret_hash, scopes) = ("first".to_owned(), vec!["read".to_owned()]);
            let client = ApiClient { client_id: "school".to_owned(), secret_hash, scopes };
            temporary.store.put_api_client(&client, Actor::cli(), began).await.unwrap();
            begin(&temporary.store, &cookie, Account::Client(client.clone()), began).await.unwrap().unwrap();
            Self { temporary, cookie, client, began }
        }

        async fn after(&self, passed: TimeDelta) -> Option<OpenSession> {
            go_on(&self.temporary.store, &self.cookie.key(), self.began + passed).await.unwrap()
        }
    }

    #[tokio::test]
    async fn a_session_ends_twelve_hours_after_its_last_use() {
        let signed_in = SignedIn::new().await;
        let (last_moment, next_moment) = (LIFETIME - TimeDelta::microseconds(1), TimeDelta::microseconds(1));
        let used = signed_in.after(last_moment).await.unwrap();
        assert_eq!(used.expires_at, signed_in.began + last_moment + LIFETIME);
        assert!(
            signed_in.after(LIFETIME + last_moment - next_moment).await.is_some(),
            "it was used meanwhile"
        );
        let unused = SignedIn::new().await;
        assert_eq!(unused.after(LIFETIME).await, None);
    }

    #[tokio::test]
    async fn its_use_is_noted_once_a_minute() {
        let signed_in = SignedIn::new().await;
        let noted = signed_in.began + LIFETIME;
        assert_eq!(signed_in.after(TimeDelta::seconds(59)).await.unwrap().expires_at, noted);
        let noted = noted + TimeDelta::seconds(60);
        assert_eq!(signed_in.after(TimeDelta::seconds(60)).await.unwrap().expires_at, noted);
        assert_eq!(signed_in.after(TimeDelta::seconds(119)).await.unwrap().expires_at, noted);
    }

    #[tokio::test]
    async fn it_belongs_to_the_secret_that_it_began_with() {
        let SignedIn { temporary, cookie, client, began } = SignedIn::new().await;
        let changed = ApiClient { secret_hash: "second".to_owned(), ..client.clone() };
        temporary.store.put_api_client(&changed, Actor::cli(), began).await.unwrap();
        assert_eq!(go_on(&temporary.store, &cookie.key(), began).await.unwrap(), None);
        let late = SessionCookie::random(&mut entropy::rng());
        let begun = begin(&temporary.store, &late, Account::Client(client), began).await.unwrap();
        assert_eq!(begun, None, "the secret changed while it was checked");
    }
}
