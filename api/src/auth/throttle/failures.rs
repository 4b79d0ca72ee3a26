//! Failures by key: a bucket for each that leaks one in a while (GCRA), of which only keys with failures take room.

use std::collections::HashMap;
use std::hash::Hash;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use governor::clock::{Clock, Reference};
use governor::middleware::NoOpMiddleware;
use governor::nanos::Nanos;
use governor::state::StateStore;
use governor::{Quota, RateLimiter};
use tokio::sync::Notify;
use tokio::sync::futures::Notified;

/// Keys that are remembered, at most. Beyond it those that come closest to being forgotten are.
const REMEMBERED: usize = 10_000;

/// The failures of some keys.
pub(super) struct Failures<K: Clone + Eq + Hash, C: Clock + Clone> {
    limiter: RateLimiter<K, Book<K>, C, NoOpMiddleware<C::Instant>>,
    book: Book<K>,
    clock: C,
    began: C::Instant,
    /// Until one failure is forgotten.
    each: Nanos,
    ended: Notify,
}

/// One that was taken, and is a failure unless it is given back.
pub(super) struct Taken<'f, K: Clone + Eq + Hash, C: Clock + Clone> {
    failures: &'f Failures<K, C>,
    key: K,
    was_good: bool,
}

/// Why none can be taken.
pub(super) struct Refused {
    /// How long until one can.
    pub(super) wait: Duration,
    /// Whether some are taken that may yet be given back.
    pub(super) may_change: bool,
}

impl<K: Clone + Eq + Hash, C: Clock + Clone> Failures<K, C> {
    pub(super) fn new(quota: Quota, clock: &C) -> Self {
        let book = Book::default();
        let limiter = RateLimiter::new(quota, book.clone(), clock.clone());
        let (clock, began, each) = (clock.clone(), clock.now(), quota.replenish_interval().into());
        Self { limiter, book, clock, began, each, ended: Notify::new() }
    }

    /// Takes one of this key.
    pub(super) fn take(&self, key: &K) -> Result<Taken<'_, K, C>, Refused> {
        match self.limiter.check_key(key) {
            Ok(()) => Ok(Taken { failures: self, key: key.clone(), was_good: false }),
            Err(until) => {
                let wait = until.wait_time_from(self.clock.now());
                Err(Refused { wait, may_change: self.book.is_looked_at(key) })
            }
        }
    }

    /// Waits until one that was taken is given back, or is a failure. To be made before one is taken, or that is missed.
    pub(super) fn somebody_ends(&self) -> Notified<'_> {
        self.ended.notified()
    }

    fn now(&self) -> Nanos {
        self.clock.now().duration_since(self.began)
    }

    #[cfg(test)]
    pub(super) fn remembered(&self) -> usize {
        self.book.pages().len()
    }
}

impl<K: Clone + Eq + Hash, C: Clock + Clone> Taken<'_, K, C> {
    /// It was none.
    pub(super) fn give_back(mut self) {
        self.was_good = true;
    }
}

impl<K: Clone + Eq + Hash, C: Clock + Clone> Drop for Taken<'_, K, C> {
    fn drop(&mut self) {
        let Failures { book, each, ended, .. } = self.failures;
        let back = if self.was_good { *each } else { Nanos::default() };
        book.close(&self.key, back, self.failures.now());
        ended.notify_waiters();
    }
}

/// What is known of each key; the limiter has the same book.
#[derive(Clone)]
struct Book<K>(Arc<Mutex<HashMap<K, Page>>>);

impl<K> Default for Book<K> {
    fn default() -> Self {
        Self(Arc::new(Mutex::new(HashMap::new())))
    }
}

#[derive(Clone, Copy)]
struct Page {
    /// When all will be forgotten, as the limiter counts time.
    clean_at: Nanos,
    /// How many are being looked at.
    looked_at: u32,
}

impl<K: Clone + Eq + Hash> Book<K> {
    fn pages(&self) -> MutexGuard<'_, HashMap<K, Page>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn is_looked_at(&self, key: &K) -> bool {
        self.pages().get(key).is_some_and(|page| page.looked_at > 0)
    }

    /// One that was looked at no longer is. Where nothing is left to remember, nothing is.
    fn close(&self, key: &K, back: Nanos, now: Nanos) {
        let mut pages = self.pages();
        let Some(page) = pages.get_mut(key) else { return };
        page.clean_at = page.clean_at.saturating_sub(back);
        page.looked_at = page.looked_at.saturating_sub(1);
        if page.looked_at == 0 && page.clean_at <= now {
            pages.remove(key);
        }
    }
}

/// Makes room for one more.
fn make_room<K: Clone + Eq + Hash>(pages: &mut HashMap<K, Page>) {
    if pages.len() < REMEMBERED {
        return;
    }
    let idle = pages.iter().filter(|(_, page)| page.looked_at == 0);
    if let Some(oldest) = idle.min_by_key(|(_, page)| page.clean_at).map(|(key, _)| key.clone()) {
        pages.remove(&oldest);
    }
}

impl<K: Clone + Eq + Hash> StateStore for Book<K> {
    type Key = K;

    fn measure_and_replace<T, F, E>(&self, key: &K, measure: F) -> Result<T, E>
    where
        F: Fn(Option<Nanos>) -> Result<(T, Nanos), E>,
    {
        let mut pages = self.pages();
        let known = pages.get(key).copied();
        let (outcome, clean_at) = measure(known.map(|page| page.clean_at))?;
        if known.is_none() {
            make_room(&mut pages);
        }
        let looked_at = known.map_or(0, |page| page.looked_at) + 1;
        pages.insert(key.clone(), Page { clean_at, looked_at });
        Ok(outcome)
    }
}
