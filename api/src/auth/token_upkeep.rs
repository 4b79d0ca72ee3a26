//! What tokens need beside the requests: news of those that were taken back, and of replicas that sign with another key.

use std::time::Duration;

use actix_web::web::Data;
use tokio::time::{Instant, MissedTickBehavior, interval_at};

use super::{Access, Tokens};
use crate::error::{StoreError, chain};
use crate::store::Store;

/// A token that was taken back is refused within a minute everywhere, also where three looks in a row fail.
const LOOK_EACH: Duration = Duration::from_secs(15);

/// Looks as long as the server runs. What fails is tried again with the next look; what was known meanwhile still holds.
pub async fn keep_tokens(access: Data<Access>, store: Store) {
    let mut looks = interval_at(Instant::now() + LOOK_EACH, LOOK_EACH);
    looks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        looks.tick().await;
        if let Err(error) = look_after_tokens(&access.tokens, &store).await {
            tracing::warn!(error = %chain(&error), "it is not known which tokens were taken back lately");
        }
    }
}

/// One look: which tokens were taken back, and which key signs.
pub async fn look_after_tokens(tokens: &Tokens, store: &Store) -> Result<(), StoreError> {
    tokens.take_back(store.token_revocations().await?);
    store.note_token_key(tokens.key_name()).await?;
    if let Some(previous) = tokens.previous_key_name() {
        // Whoever knows the old key alone must be able to read what we sign.
        tokens.let_previous_key_sign(store.signs_with_token_key(previous).await?);
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::auth::{LIFETIME, Scopes};
    use crate::clock::Clock;
    use crate::store::{Actor, ApiClient, TemporaryStore};

    const KEY: &[u8] = b"a key of at least thirty-two bytes";

    fn client(secret_hash: &str, scopes: &str) -> ApiClient {
        let scopes = vec![scopes.to_owned()];
        ApiClient { client_id: "school".to_owned(), secret_hash: secret_hash.to_owned(), scopes }
    }

    /// Whether a token of the client still holds after this was done to it.
    async fn holds_after(change: impl AsyncFnOnce(&Store)) -> bool {
        let TemporaryStore { store, .. } = &TemporaryStore::open().await;
        store.put_api_client(&client("one", "read"), Actor::cli(), Clock.now()).await.unwrap();
        let tokens = Tokens::new(KEY);
        let token = tokens.sign("school", &Scopes::all(), Clock.now(), LIFETIME).unwrap();
        look_after_tokens(&tokens, store).await.unwrap();
        assert!(tokens.read(&token).is_ok(), "and is remembered");
        change(store).await;
        // SQLite's clock knows milliseconds.
        tokio::time::sleep(Duration::from_millis(2)).await;
        look_after_tokens(&tokens, store).await.unwrap();
        let later = tokens.sign("school", &Scopes::all(), Clock.now(), LIFETIME).unwrap();
        assert!(tokens.read(&later).is_ok(), "a token that was made after the change");
        tokens.read(&token).is_ok()
    }

    #[tokio::test]
    async fn a_client_that_changes_takes_its_tokens_back() {
        let put = async |store: &Store, secret, scopes| {
            store.put_api_client(&client(secret, scopes), Actor::cli(), Clock.now()).await.unwrap();
        };
        assert!(holds_after(async |store| put(store, "one", "read").await).await, "nothing has changed");
        assert!(!holds_after(async |store| put(store, "two", "read").await).await);
        assert!(!holds_after(async |store| put(store, "one", "ingest").await).await);
        let remove = async |store: &Store| store.remove_api_client("school", Actor::cli(), Clock.now()).await;
        assert!(!holds_after(async |store| assert!(remove(store).await.unwrap())).await);
    }

    #[tokio::test]
    async fn an_operator_takes_tokens_back_by_name() {
        let revoke =
            async |store: &Store, name| store.revoke_tokens(name, Actor::cli(), Clock.now()).await.unwrap();
        assert!(holds_after(async |store| revoke(store, "another").await).await);
        assert!(!holds_after(async |store| revoke(store, "school").await).await);
    }
}
