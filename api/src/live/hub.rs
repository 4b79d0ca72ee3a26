//! The one owner of what is known of today.

use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;

use chrono::{DateTime, Utc};
use tokio::sync::{Notify, OwnedSemaphorePermit, Semaphore, mpsc, oneshot};
use tokio::time::{Instant, sleep_until, timeout};

use super::reading::{Reading, Todays};
use super::views::{Subscriber, Subscription, Views};
use crate::clock::Clock;
use crate::error::{StoreError, chain};
use crate::store::{Calendar, Classes, Heard, Serving, ServingError, Store};

/// The most sockets at once, however many connections there may be: each costs some 20 KB, a file descriptor, and what the
/// kernel holds of its frames.
const MOST_SESSIONS: usize = 10_000;

/// Sessions that want a snapshot and have not asked yet wait beyond this many.
const SUBSCRIBERS_QUEUED: usize = 256;

/// Rates fall and days end without a commit.
const READ_EACH: Duration = Duration::from_secs(1);

/// At most ten reads a second, and at most a fifth of the time: the database has others to serve.
const BETWEEN_READS: Duration = Duration::from_millis(100);
const REST: u32 = 4;

/// Whoever watches is to see a log within a second, also where a read takes a quarter of that.
const SHORT_REST: Duration = Duration::from_millis(500);

/// The first read, and the one after a change to the roster, may take seconds on the busiest day. Those that follow do
/// not, so nobody has to wait for them as much longer.
const LONGEST_REST: Duration = Duration::from_secs(3);

/// How long sockets may take to say goodbye.
const CLOSING: Duration = Duration::from_secs(2);

/// Takes new sessions to the hub.
#[derive(Clone)]
pub struct LiveHandle {
    subscribers: mpsc::Sender<Subscriber>,
    seats: Arc<Semaphore>,
    most: usize,
}

/// Reads what is committed and publishes what changed.
pub struct Hub {
    committed: Arc<Notify>,
    seats: Arc<Semaphore>,
    most: usize,
    watch: Watch,
}

struct Watch {
    reading: Reading,
    clock: Clock,
    subscribers: mpsc::Receiver<Subscriber>,
    views: Views,
    not_before: Instant,
    is_failing: bool,
}

impl LiveHandle {
    /// A seat for one more session, if there is one; given back when it is dropped.
    pub(super) fn take_seat(&self) -> Option<OwnedSemaphorePermit> {
        Arc::clone(&self.seats).try_acquire_owned().ok()
    }

    /// How many sockets are open.
    pub fn sockets(&self) -> usize {
        self.most - self.seats.available_permits()
    }

    /// Asks for a snapshot of these classrooms that is read after now, and what follows it; none when the hub has ended.
    pub(super) async fn subscribe(&self, classes: Classes) -> Option<oneshot::Receiver<Subscription>> {
        let (subscription, subscribed) = oneshot::channel();
        self.subscribers.send(Subscriber { classes, subscription }).await.ok()?;
        Some(subscribed)
    }
}

impl Hub {
    /// The hub, and the way to it; `committed` is told after each commit of this process. Of so many connections half may
    /// be sockets: there are others who want to be answered.
    pub fn new(
        store: Store,
        calendar: Calendar,
        clock: Clock,
        committed: Arc<Notify>,
        connections: usize,
    ) -> (LiveHandle, Self) {
        let (sender, subscribers) = mpsc::channel(SUBSCRIBERS_QUEUED);
        let most = MOST_SESSIONS.min(connections / 2);
        let seats = Arc::new(Semaphore::new(most));
        let watch = Watch {
            reading: Reading::new(store, calendar),
            clock,
            subscribers,
            views: Views::default(),
            not_before: Instant::now(),
            is_failing: false,
        };
        let handle = LiveHandle { subscribers: sender, seats: Arc::clone(&seats), most };
        (handle, Self { committed, seats, most, watch })
    }

    /// Runs until `shutdown`, then sees every socket off. Ends by itself where this process may not serve any longer.
    pub async fn run(self, serving: Serving, shutdown: impl Future<Output = ()>) -> Result<(), ServingError> {
        let Self { committed, seats, most, mut watch } = self;
        let (ours, to_tell) = (Notify::new(), Notify::new());
        let (sender, heard) = mpsc::channel(1);
        let outcome = tokio::select! {
            () = shutdown => Ok(()),
            refusal = serving.exchange(&to_tell, &sender) => Err(refusal),
            never = relay(&committed, [&ours, &to_tell]) => match never {},
            never = watch.run(&ours, heard) => match never {},
        };
        // Without a hub every session closes its socket and gives its seat back.
        drop(watch);
        // `most` is far below what fits.
        let all_gone = timeout(CLOSING, seats.acquire_many(most as u32)).await;
        if all_gone.is_err() {
            tracing::debug!("some sockets did not close in time");
        }
        outcome
    }
}

/// The pause after a read that took so long.
fn rest_after(read: Duration) -> Duration {
    (read * REST).min(SHORT_REST.max(read)).min(LONGEST_REST)
}

/// A commit of ours is news for the hub, and for the other replicas, each at its own pace.
async fn relay(committed: &Notify, listeners: [&Notify; 2]) -> Infallible {
    loop {
        committed.notified().await;
        listeners.iter().for_each(|listener| listener.notify_one());
    }
}

impl Watch {
    async fn run(&mut self, ours: &Notify, mut heard: mpsc::Receiver<Heard>) -> Infallible {
        loop {
            self.reason_to_read(ours, &mut heard).await;
            self.read().await;
        }
    }

    /// Waits until somebody watches and there may be something new; what happens during the pause is one reason.
    async fn reason_to_read(&mut self, ours: &Notify, heard: &mut mpsc::Receiver<Heard>) {
        sleep_until(self.not_before).await;
        loop {
            let next = Instant::now() + READ_EACH;
            let news = tokio::select! {
                () = ours.notified() => None,
                news = heard.recv() => news,
                Some(subscriber) = self.subscribers.recv() => {
                    self.views.add(subscriber);
                    None
                }
                () = sleep_until(next) => None,
            };
            if news == Some(Heard::Resumed) {
                self.views.begin_anew();
                self.reading.begin_anew();
            }
            while let Ok(subscriber) = self.subscribers.try_recv() {
                self.views.add(subscriber);
            }
            if self.views.are_watched() {
                return;
            }
        }
    }

    /// Reads today and publishes it; then there is a pause.
    async fn read(&mut self) {
        let (started, now) = (Instant::now(), self.clock.now());
        let read = self.reading.today(now, &self.views.sets()).await;
        self.not_before = (started + BETWEEN_READS).max(Instant::now() + rest_after(started.elapsed()));
        match read {
            Ok(todays) => self.take(now, todays),
            Err(error) => self.fail(&error),
        }
    }

    fn take(&mut self, now: DateTime<Utc>, todays: Todays) {
        if std::mem::take(&mut self.is_failing) {
            tracing::info!("the live figures can be read again");
        }
        if let Err(error) = self.views.publish(now, todays) {
            tracing::error!(%error, "a live frame could not be written");
        }
    }

    fn fail(&mut self, error: &StoreError) {
        if !std::mem::replace(&mut self.is_failing, true) {
            tracing::warn!(error = %chain(error), "the live figures cannot be read");
        }
        self.not_before = self.not_before.max(Instant::now() + READ_EACH);
    }
}

#[cfg(test)]
#[path = "hub_tests.rs"]
mod tests;
