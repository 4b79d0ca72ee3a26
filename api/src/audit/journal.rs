//! The way to the audit log: a bounded queue that nobody waits for, and the task that writes what is in it.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use tokio::sync::mpsc::{self, Receiver, Sender};
use tokio::time::{MissedTickBehavior, interval};

use super::repeated::Repeated;
use crate::clock::Clock;
use crate::error::chain;
use crate::store::{AuditEntry, DONE, Store};

/// Entries that wait to be written: some seconds of more reads than a school makes in an hour.
const QUEUE: usize = 4_096;

/// Entries that are written at once.
const BATCH: usize = 1_000;

/// Between two writes: on SQLite each is a turn that ingestion waits for.
const BETWEEN: Duration = Duration::from_millis(500);

/// How often the end of a server tries to write what is left.
const LAST_TRIES: u32 = 3;

/// Where handlers leave entries. Cheap to clone.
#[derive(Clone)]
pub struct Journal {
    queue: Sender<AuditEntry>,
    lost: Arc<AtomicU64>,
}

/// Writes what is left in the journal.
pub struct Keeper {
    queue: Receiver<AuditEntry>,
    lost: Arc<AtomicU64>,
    store: Store,
    clock: Clock,
    repeated: Repeated,
    /// Taken from the queue, and not written yet.
    waiting: Vec<AuditEntry>,
}

impl Journal {
    /// A journal, and who keeps it.
    pub fn new(store: Store, clock: Clock) -> (Self, Keeper) {
        let (sender, queue) = mpsc::channel(QUEUE);
        let lost = Arc::<AtomicU64>::default();
        let keeper = Keeper {
            queue,
            lost: Arc::clone(&lost),
            store,
            clock,
            repeated: Repeated::new(clock.now()),
            waiting: Vec::new(),
        };
        (Self { queue: sender, lost }, keeper)
    }

    /// Leaves an entry. Where there is no room for it, it is lost, which is counted and told. Anybody can be refused as often as
    /// he likes: what was refused has half of the room, so that it costs nobody else an entry.
    pub fn note(&self, entry: AuditEntry) {
        let has_room = entry.outcome == DONE || self.queue.capacity() > QUEUE / 2;
        if !has_room || self.queue.try_send(entry).is_err() {
            self.lost.fetch_add(1, Ordering::Relaxed);
            metrics::counter!("audit_entries_lost_total").increment(1);
        }
    }
}

impl Keeper {
    /// Runs until the last journal is gone and all is written.
    pub async fn run(mut self) {
        let mut ticks = interval(BETWEEN);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let mut received = Vec::new();
        loop {
            tokio::select! {
                count = self.queue.recv_many(&mut received, BATCH), if self.waiting.len() < BATCH => {
                    if count == 0 {
                        break;
                    }
                    for entry in received.drain(..) {
                        self.waiting.extend(self.repeated.unless_repeated(entry));
                    }
                }
                _ = ticks.tick() => self.keep_up().await,
            }
        }
        let repeated = self.repeated.take(self.clock.now());
        self.waiting.extend(repeated);
        for _ in 0..LAST_TRIES {
            self.write().await;
        }
        self.give_up();
    }

    async fn keep_up(&mut self) {
        let repeated = self.repeated.after_a_minute(self.clock.now());
        self.waiting.extend(repeated);
        self.write().await;
        self.tell_lost();
    }

    /// What cannot be written is kept, and tried again.
    async fn write(&mut self) {
        if self.waiting.is_empty() {
            return;
        }
        match self.store.note(self.waiting.clone()).await {
            Ok(()) => self.waiting.clear(),
            Err(error) => tracing::warn!(error = %chain(&error), "the audit log could not be written yet"),
        }
    }

    fn tell_lost(&self) {
        let lost = self.lost.swap(0, Ordering::Relaxed);
        if lost > 0 {
            tracing::error!(lost, "entries of the audit log were lost: more came than could be written");
        }
    }

    fn give_up(&self) {
        let lost = self.waiting.len() as u64;
        if lost > 0 {
            metrics::counter!("audit_entries_lost_total").increment(lost);
            tracing::error!(
                lost,
                "entries of the audit log were lost: they could not be written before the end"
            );
        }
        self.tell_lost();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::{Actor, AuditFilter, AuditTarget, TemporaryStore};

    fn entry(place: usize) -> AuditEntry {
        AuditEntry::done(Clock.now(), Actor::cli(), "read_student", AuditTarget::Learner(place as i64))
    }

    #[tokio::test]
    async fn what_was_left_is_written_before_the_end() {
        let temporary = TemporaryStore::open().await;
        let (journal, keeper) = Journal::new(temporary.store.clone(), Clock);
        for place in 0..1_500 {
            journal.note(entry(place));
        }
        drop(journal);
        keeper.run().await;
        let kept = temporary.store.audit_entries(&AuditFilter::default(), None, 10_000).await.unwrap();
        assert_eq!(kept.len(), 1_500);
        assert_eq!(kept[0].target.as_deref(), Some("student:1499"));
    }

    #[tokio::test]
    async fn nobody_waits_for_a_full_queue_and_what_is_lost_is_counted() {
        let temporary = TemporaryStore::open().await;
        let (journal, keeper) = Journal::new(temporary.store.clone(), Clock);
        (0..QUEUE + 7).for_each(|place| journal.note(entry(place)));
        assert_eq!(keeper.lost.load(Ordering::Relaxed), 7);
    }

    #[tokio::test]
    async fn a_flood_of_refusals_leaves_room_for_what_was_done() {
        let temporary = TemporaryStore::open().await;
        let (journal, keeper) = Journal::new(temporary.store.clone(), Clock);
        (0..QUEUE).for_each(|place| journal.note(AuditEntry { outcome: "invalid_token", ..entry(place) }));
        assert_eq!(keeper.lost.load(Ordering::Relaxed), QUEUE as u64 / 2);
        (0..QUEUE / 2).for_each(|place| journal.note(entry(place)));
        assert_eq!(keeper.lost.load(Ordering::Relaxed), QUEUE as u64 / 2);
    }
}
