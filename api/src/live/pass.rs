//! What lets a watcher in, looked at again as long as it watches.

use std::time::Duration;

use tokio::time::{Instant, Interval, MissedTickBehavior, interval_at};

use crate::auth::{Read, Standing};
use crate::clock::Clock;
use crate::error::chain;
use crate::store::Store;

/// So long a watcher may stay after what let it in has ended.
const LOOKED_AT_EACH: Duration = Duration::from_secs(60);

/// What lets a watcher in.
pub(super) struct Pass {
    standing: Standing,
    store: Store,
    clock: Clock,
    looks: Interval,
}

impl Pass {
    /// A pass that is looked at each minute.
    pub(super) fn new(standing: Standing, store: Store, clock: Clock) -> Self {
        Self::looked_at_each(LOOKED_AT_EACH, standing, store, clock)
    }

    /// A pass that was looked at now, and is again at this interval.
    pub(super) fn looked_at_each(each: Duration, standing: Standing, store: Store, clock: Clock) -> Self {
        let mut looks = interval_at(Instant::now() + each, each);
        looks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        Self { standing, store, clock, looks }
    }

    /// Whether its bearer sees some classrooms alone.
    pub(super) fn is_bound(&self) -> bool {
        matches!(self.standing, Standing::BoundSession(..))
    }

    /// Waits until it is time for a look. May be broken off.
    pub(super) async fn next_look(&mut self) {
        self.looks.tick().await;
    }

    /// Whether it still lets its bearer watch. A database that does not answer throws nobody out.
    pub(super) async fn is_good(&self) -> bool {
        let answer = self.standing.still_lets::<Read>(&self.store, self.clock.now()).await;
        answer.unwrap_or_else(|error| {
            tracing::warn!(error = %chain(&error), "a watcher's session could not be looked at");
            true
        })
    }
}
