//! Client secrets: hashed with Argon2id, slow by design, and therefore rationed.

use std::time::Duration;

use argon2::Argon2;
use argon2::password_hash::{PasswordHasher, PasswordVerifier};
use tokio::sync::Semaphore;

use crate::error::{Cause, Problem};

/// Each check takes 19 MiB and some 20 ms of a core: a flood of guesses may have two cores, not the server.
const AT_ONCE: usize = 2;

/// How long a client waits for its turn.
const PATIENCE: Duration = Duration::from_secs(2);

/// Hashes secrets and checks them against their hashes.
pub struct Secrets {
    turns: Semaphore,
    /// What the secret of an unknown client is checked against, so that it takes as long as a known one's.
    decoy: String,
}

impl Secrets {
    /// Ready to check; takes the time of one hash.
    pub fn new() -> Result<Self, Cause> {
        Ok(Self { turns: Semaphore::new(AT_ONCE), decoy: hash("no client has this one")? })
    }

    /// A hash to keep instead of the secret.
    pub async fn hash(&self, secret: String) -> Result<String, Problem> {
        self.in_turn(move || hash(&secret)).await?.map_err(Problem::internal)
    }

    /// Whether this is the client's secret; without a client it never is, and takes as long to say.
    pub async fn verify(&self, secret: String, hash: Option<&str>) -> Result<bool, Problem> {
        let against = hash.unwrap_or(&self.decoy).to_owned();
        let matches = move || Argon2::default().verify_password(secret.as_bytes(), against.as_str()).is_ok();
        Ok(self.in_turn(matches).await? && hash.is_some())
    }

    async fn in_turn<T: Send + 'static>(
        &self,
        work: impl FnOnce() -> T + Send + 'static,
    ) -> Result<T, Problem> {
        let turn = tokio::time::timeout(PATIENCE, self.turns.acquire()).await;
        let _turn = turn.map_err(|_| Problem::unavailable("Too many clients ask for a token at once."))?;
        tokio::task::spawn_blocking(work).await.map_err(Problem::internal)
    }
}

fn hash(secret: &str) -> Result<String, Cause> {
    let hash = Argon2::default().hash_password(secret.as_bytes());
    Ok(hash.map_err(|error| error.to_string())?.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_secret_matches_its_own_hash_alone() {
        let secrets = Secrets::new().unwrap();
        let hash = secrets.hash("correct horse".to_owned()).await.unwrap();
        assert!(hash.starts_with("$argon2id$"), "{hash}");
        assert!(secrets.verify("correct horse".to_owned(), Some(&hash)).await.unwrap());
        assert!(!secrets.verify("correct house".to_owned(), Some(&hash)).await.unwrap());
    }

    #[tokio::test]
    async fn nobody_signs_in_as_a_client_that_is_not_there() {
        let secrets = Secrets::new().unwrap();
        assert!(!secrets.verify("no client has this one".to_owned(), None).await.unwrap());
    }
}
