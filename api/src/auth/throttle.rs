//! How often somebody may guess: a name and an address five times, an address alone some more.
//!
//! A guess is taken into account before the secret is looked at, and given back where it was right: so neither many
//! guesses at once nor a client that hangs up get more of them. What a right guess has taken is given back at once, so
//! that a client which signs in all day is never told to wait.

mod failures;

use std::net::IpAddr;
use std::num::NonZeroU32;
use std::time::Duration;

use actix_web::http::StatusCode;
use actix_web::{HttpRequest, ResponseError};
use governor::Quota;
use governor::clock::{Clock, MonotonicClock};
use tokio::time::timeout;

use crate::error::Problem;
use crate::forwarded::client_address;
use failures::{Failures, Taken};

/// Wrong secrets for one name from one address, and how long it takes until one of them is forgotten.
const OF_A_NAME: (u32, Duration) = (5, Duration::from_secs(60));

/// Wrong secrets from one address, whatever the names: a school behind one address has more than one forgetful person.
const OF_AN_ADDRESS: (u32, Duration) = (50, Duration::from_secs(5));

/// How long one waits for others of the same name who are being looked at.
const PATIENCE: Duration = Duration::from_secs(2);

/// The longest part of a name that tells two apart here: longer ones are nobody's.
const NAME_BYTES: usize = 256;

/// Who guesses: an address, and at which name.
type Guess = (IpAddr, Box<str>);

/// The limits on guessing of this process; replicas count by themselves.
pub struct Throttle<C: Clock + Clone = MonotonicClock> {
    by_name: Failures<Guess, C>,
    by_address: Failures<IpAddr, C>,
}

impl Default for Throttle {
    fn default() -> Self {
        Self::by_clock(&MonotonicClock)
    }
}

impl<C: Clock + Clone> Throttle<C> {
    fn by_clock(clock: &C) -> Self {
        let (by_name, by_address) = (quota(OF_A_NAME), quota(OF_AN_ADDRESS));
        Self { by_name: Failures::new(by_name, clock), by_address: Failures::new(by_address, clock) }
    }

    /// Looks at a secret that somebody shows for this name, unless there were too many wrong ones: then nothing is looked
    /// at, and the answer is a 429. Every 401 counts as a wrong one.
    pub async fn watch<T>(
        &self,
        request: &HttpRequest,
        name: &str,
        look: impl Future<Output = Result<T, Problem>>,
    ) -> Result<T, Problem> {
        self.watch_from(client_address(request), name, look).await
    }

    async fn watch_from<T>(
        &self,
        address: IpAddr,
        name: &str,
        look: impl Future<Output = Result<T, Problem>>,
    ) -> Result<T, Problem> {
        let address = network(address);
        let of_address = taken(&self.by_address, address).await?;
        let of_name = taken(&self.by_name, (address, of_limited_length(name))).await;
        let of_name = match of_name {
            Ok(taken) => taken,
            Err(refused) => {
                // Nothing was guessed.
                of_address.give_back();
                return Err(refused);
            }
        };
        let outcome = look.await;
        if !outcome.as_ref().is_err_and(|problem| problem.status_code() == StatusCode::UNAUTHORIZED) {
            of_address.give_back();
            of_name.give_back();
        }
        outcome
    }
}

fn quota((failures, forgotten_each): (u32, Duration)) -> Quota {
    let failures = NonZeroU32::new(failures).unwrap_or(NonZeroU32::MIN);
    // A period of nothing is the one that is refused.
    let quota = Quota::with_period(forgotten_each).unwrap_or(Quota::per_second(NonZeroU32::MIN));
    quota.allow_burst(failures)
}

/// Whoever has an IPv6 network has all of its addresses.
fn network(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V6(address) => IpAddr::V6((address.to_bits() & !u128::from(u64::MAX)).into()),
        address @ IpAddr::V4(_) => address,
    }
}

fn of_limited_length(name: &str) -> Box<str> {
    name[..name.floor_char_boundary(NAME_BYTES)].into()
}

/// Takes one guess. Where all are taken by others who are being looked at, theirs may have been right: one waits for them.
async fn taken<K: Clone + Eq + std::hash::Hash, C: Clock + Clone>(
    failures: &Failures<K, C>,
    key: K,
) -> Result<Taken<'_, K, C>, Problem> {
    let taking = async {
        loop {
            let somebody_ends = failures.somebody_ends();
            match failures.take(&key) {
                Ok(taken) => return Ok(taken),
                Err(refused) if refused.may_change => somebody_ends.await,
                Err(refused) => return Err(too_many_attempts(refused.wait)),
            }
        }
    };
    timeout(PATIENCE, taking)
        .await
        .unwrap_or_else(|_| Err(Problem::unavailable("Too many sign in at once. Try again in a moment.")))
}

/// 429: come back later.
fn too_many_attempts(wait: Duration) -> Problem {
    metrics::counter!("auth_throttled_total").increment(1);
    let seconds = u32::try_from(wait.as_secs()).unwrap_or(u32::MAX).saturating_add(1);
    let detail = format!("Too many wrong secrets from here: wait for {seconds} s.");
    Problem::new(StatusCode::TOO_MANY_REQUESTS, "too_many_attempts", detail).retry_after(seconds)
}

#[cfg(test)]
mod tests;
