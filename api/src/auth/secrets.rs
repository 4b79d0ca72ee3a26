//! Client secrets: hashed with Argon2id, slow by design, and therefore rationed.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use argon2::password_hash::PasswordHasher;
use argon2::password_hash::phc::{Output, PasswordHash};
use argon2::{Algorithm, Argon2, Block, Params, Version};
use tokio::sync::Semaphore;

use crate::error::{Cause, Problem};

/// Each check takes 19 MiB and some 20 ms of a core: a flood of guesses may have two cores, not the server.
const AT_ONCE: usize = 2;

/// How long a client waits for its turn.
const PATIENCE: Duration = Duration::from_secs(2);

/// What the secret of an unknown client is checked against, so that it takes as long as a known one's. It is the hash of
/// nothing that anybody knows, and a match would not count.
const DECOY: &str =
    "$argon2id$v=19$m=19456,t=2,p=1$ZGVjb3ktZGVjb3ktZGVjbw$AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA";

/// The C library gives memory of more than 32 MiB back once it is freed; of less it may keep a share for each thread.
const BLOCKS_GIVEN_BACK: usize = 33 * 1024;

/// Hashes secrets and checks them against their hashes.
pub struct Secrets {
    turns: Arc<Semaphore>,
}

impl Default for Secrets {
    fn default() -> Self {
        Self { turns: Arc::new(Semaphore::new(AT_ONCE)) }
    }
}

impl Secrets {
    /// A hash to keep instead of the secret.
    pub async fn hash(&self, secret: String) -> Result<String, Problem> {
        self.in_turn(move || hash(&secret)).await?.map_err(Problem::internal)
    }

    /// Whether this is the client's secret; without a client it never is, and takes as long to say.
    pub async fn verify(&self, secret: String, hash: Option<&str>) -> Result<bool, Problem> {
        let against = hash.unwrap_or(DECOY).to_owned();
        let matches = self.in_turn(move || matches(&secret, &against)).await?.map_err(Problem::internal)?;
        Ok(matches && hash.is_some())
    }

    async fn in_turn<T: Send + 'static>(
        &self,
        work: impl FnOnce() -> T + Send + 'static,
    ) -> Result<T, Problem> {
        let turn = tokio::time::timeout(PATIENCE, Arc::clone(&self.turns).acquire_owned()).await;
        let turn = turn.map_err(|_| Problem::unavailable("Too many clients ask for a token at once."))?;
        // It ends with the work, which goes on where whoever waits for it hangs up.
        let turn = Arc::new(Mutex::new(Some(turn)));
        let held = Arc::clone(&turn);
        let in_turn = move || {
            let outcome = work();
            drop(held);
            outcome
        };
        let working = catch_unwind(AssertUnwindSafe(|| tokio::task::spawn_blocking(in_turn)));
        let Ok(working) = working else {
            // The work stays in a queue that perhaps nobody ever comes to.
            turn.lock().unwrap_or_else(PoisonError::into_inner).take();
            return Err(Problem::internal("the system gives no thread to hash in"));
        };
        drop(turn);
        working.await.map_err(Problem::internal)
    }
}

fn hash(secret: &str) -> Result<String, Cause> {
    let hash = Argon2::default().hash_password(secret.as_bytes());
    Ok(hash.map_err(|error| error.to_string())?.to_string())
}

/// As the library's own verification, but for the memory, which is given back.
fn matches(secret: &str, against: &str) -> Result<bool, Cause> {
    let against = PasswordHash::new(against)?;
    let (Some(version), Some(salt), Some(known)) = (against.version, against.salt, against.hash) else {
        return Err("a hash without its version, its salt or its digest".into());
    };
    let params = Params::try_from(&against)?;
    let mut memory = Vec::with_capacity(BLOCKS_GIVEN_BACK.max(params.block_count()));
    memory.resize(params.block_count(), Block::new());

    let argon2 =
        Argon2::new(Algorithm::try_from(against.algorithm.as_str())?, Version::try_from(version)?, params);
    let mut digest = vec![0; known.len()];
    argon2.hash_password_into_with_memory(secret.as_bytes(), &salt, &mut digest, &mut memory)?;
    // Takes as long wherever the two differ.
    Ok(Output::new(&digest)? == known)
}

#[cfg(test)]
mod tests {
    use std::time::Instant;

    use super::*;

    #[tokio::test]
    async fn a_secret_matches_its_own_hash_alone() {
        let secrets = Secrets::default();
        let hash = secrets.hash("correct horse".to_owned()).await.unwrap();
        assert!(hash.starts_with("$argon2id$"), "{hash}");
        assert!(secrets.verify("correct horse".to_owned(), Some(&hash)).await.unwrap());
        assert!(!secrets.verify("correct house".to_owned(), Some(&hash)).await.unwrap());
    }

    #[test]
    fn the_decoy_costs_what_a_hash_costs() {
        let hash = hash("any secret").unwrap();
        let cost = |hash: &str| hash.rsplitn(3, '$').last().map(str::to_owned);
        assert_eq!(cost(DECOY), cost(&hash));
        assert_eq!(DECOY.len(), hash.len());
        // One that cannot be read would be refused at once.
        assert!(argon2::password_hash::phc::PasswordHash::new(DECOY).is_ok());
    }

    /// Interleaved, and by the median: what else the machine does meets both alike.
    #[tokio::test]
    async fn an_unknown_client_takes_as_long_as_a_known_one() {
        let secrets = Secrets::default();
        let hash = secrets.hash("correct horse".to_owned()).await.unwrap();
        let (mut known, mut unknown) = (Vec::new(), Vec::new());
        for _ in 0..15 {
            for (times, hash) in [(&mut known, Some(hash.as_str())), (&mut unknown, None)] {
                let begun = Instant::now();
                assert!(!secrets.verify("another horse".to_owned(), hash).await.unwrap());
                times.push(begun.elapsed());
            }
        }
        known.sort();
        unknown.sort();
        let ratio = unknown[7].as_secs_f64() / known[7].as_secs_f64();
        assert!((0.5..2.0).contains(&ratio), "{:?} and {:?}", known[7], unknown[7]);
    }

    /// The one thread of this test goes on meanwhile.
    #[tokio::test]
    async fn a_check_holds_up_nobody_else() {
        let secrets = Secrets::default();
        let mut check = std::pin::pin!(secrets.verify("any".to_owned(), None));
        let mut meanwhile = 0;
        loop {
            tokio::select! {
                biased;
                outcome = &mut check => break assert!(!outcome.unwrap()),
                () = tokio::task::yield_now() => meanwhile += 1,
            }
        }
        assert!(meanwhile > 0);
    }

    #[tokio::test]
    async fn whoever_gets_no_turn_is_told_to_come_again() {
        let secrets = Secrets { turns: Arc::new(Semaphore::new(0)) };
        let begun = Instant::now();
        let refused = secrets.verify("any".to_owned(), None).await.unwrap_err();
        assert_eq!(refused.code(), "unavailable");
        assert!(begun.elapsed() >= PATIENCE);
    }

    #[tokio::test]
    async fn a_turn_lasts_as_long_as_the_work_whoever_hangs_up() {
        let secrets = Secrets { turns: Arc::new(Semaphore::new(1)) };
        let (go_on, told) = std::sync::mpsc::channel::<()>();
        let work = secrets.in_turn(move || told.recv());
        assert!(tokio::time::timeout(Duration::from_millis(50), work).await.is_err());
        assert_eq!(secrets.turns.available_permits(), 0, "it still runs");
        go_on.send(()).unwrap();
        let next = tokio::time::timeout(Duration::from_secs(5), secrets.turns.acquire()).await;
        assert!(next.is_ok(), "its turn never ends");
    }

    #[tokio::test]
    async fn nobody_signs_in_as_a_client_that_is_not_there() {
        let secrets = Secrets::default();
        assert!(!secrets.verify("no client has this one".to_owned(), None).await.unwrap());
    }
}
