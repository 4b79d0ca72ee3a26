//! The way in: requests queue here, and wait for what the writer says.

use std::sync::Arc;
use std::time::Instant;

use tokio::sync::{Notify, OwnedSemaphorePermit, Semaphore, oneshot};

use super::latency::{Latencies, LatencyPercentiles};
use super::queue::{Entrance, Failed, Job, PATIENCE, queue};
use super::writer::Writer;
use crate::error::Problem;
use crate::store::{Calendar, Store, Submission, Verdict};

/// What may wait for the writer, in bytes of payload; it bounds the memory of a flood. Beyond it clients are told 503.
const QUEUE_BYTES: usize = 64 * 1024 * 1024;

/// What an item costs beside its payload, about.
const ITEM_OVERHEAD_BYTES: usize = 256;

/// The way in: hands a submission to the writer and waits for its verdicts.
#[derive(Clone)]
pub struct Intake {
    queue: Arc<Entrance>,
    store: Store,
    /// Wakes everybody who waits when the database can do nothing for any of them.
    in_vain: Arc<Notify>,
    room: Arc<Semaphore>,
    latencies: Arc<Latencies>,
}

/// Room in the queue for one submission; given back once it is answered.
pub(super) struct Room(OwnedSemaphorePermit);

impl Intake {
    /// The way in, and the writer at its end; `committed` is told after each commit that moved a figure.
    pub fn new(store: Store, calendar: Calendar, committed: Arc<Notify>) -> (Self, Writer) {
        // Bounded by `room`, in bytes, which says more than a number of submissions would.
        let (entrance, exit) = queue();
        let room = Arc::new(Semaphore::new(QUEUE_BYTES));
        let latencies = Arc::new(Latencies::new(Instant::now()));
        let in_vain = Arc::<Notify>::default();
        let writer = Writer::new(
            exit,
            store.clone(),
            calendar,
            committed,
            Arc::clone(&in_vain),
            Arc::clone(&latencies),
        );
        (Self { queue: Arc::new(entrance), store, in_vain, room, latencies }, writer)
    }

    /// Room for payloads of such lengths, in bytes. It is asked for before they are parsed: in a flood most are turned away, and
    /// those must not take the processor from what is stored.
    pub(super) fn room_for(&self, payloads: impl Iterator<Item = usize>) -> Result<Room, Problem> {
        let bytes: usize = payloads.map(|length| length + ITEM_OVERHEAD_BYTES).sum();
        let permits = u32::try_from(bytes).unwrap_or(u32::MAX);
        let room = Arc::clone(&self.room).try_acquire_many_owned(permits);
        room.map(Room).map_err(|_| too_busy())
    }

    /// Stores and counts a submission; the verdicts come back once they are flushed to disk.
    pub(super) async fn submit(
        &self,
        Room(room): Room,
        submission: Submission,
    ) -> Result<Vec<Verdict>, Problem> {
        if self.store.is_held() {
            return Err(held());
        }
        let (reply, verdicts) = oneshot::channel();
        let job = Job { submission, reply, room, arrived: Instant::now() };
        let in_vain = self.in_vain.notified();
        self.queue.send(job).map_err(|_| shutting_down())?;
        tokio::select! {
            verdicts = tokio::time::timeout(PATIENCE, verdicts) => match verdicts {
                Ok(Ok(Ok(verdicts))) => Ok(verdicts),
                Ok(Ok(Err(Failed::Unavailable))) => Err(unavailable()),
                Ok(Ok(Err(Failed::Internal))) => Err(Problem::internal("the database refused the submission")),
                Ok(Err(_dropped)) => Err(shutting_down()),
                Err(_elapsed) => Err(too_slow()),
            },
            () = in_vain => Err(unavailable()),
            () = self.store.held() => Err(held()),
        }
    }

    /// What waits for the writer, in bytes.
    pub fn queued_bytes(&self) -> usize {
        QUEUE_BYTES - self.room.available_permits()
    }

    /// How long submissions waited for their verdicts in the last one to two minutes; none where nothing came.
    pub fn latency(&self) -> Option<LatencyPercentiles> {
        self.latencies.percentiles(Instant::now())
    }
}

fn too_busy() -> Problem {
    Problem::unavailable("More logs are waiting to be stored than memory has room for. Send it again.")
}

fn unavailable() -> Problem {
    Problem::unavailable("The database cannot answer at the moment. Perhaps stored: send it again.")
}

fn held() -> Problem {
    Problem::unavailable("Somebody else holds what logs are stored in. Perhaps stored: send it again.")
}

fn too_slow() -> Problem {
    Problem::unavailable("The database takes too long at the moment. Perhaps stored: send it again.")
}

fn shutting_down() -> Problem {
    Problem::unavailable("This server is stopping. Perhaps stored: send it again.")
}
