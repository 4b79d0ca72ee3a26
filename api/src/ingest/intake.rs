//! Group commit: requests queue, one writer takes what is there and commits it in one transaction.
//!
//! There is no linger. While a commit is flushed to disk the next group gathers by itself, so a lone client waits for
//! one flush and a crowd shares one.

use std::sync::Arc;
use std::time::Instant;

use tokio::sync::{Notify, OwnedSemaphorePermit, Semaphore, mpsc, oneshot};

use crate::error::{Problem, StoreError, chain};
use crate::store::{Calendar, Store, Submission, Verdict};

/// What may wait for the writer, in bytes of payload; it bounds the memory of a flood. Beyond it clients are told 503.
const QUEUE_BYTES: usize = 64 * 1024 * 1024;

/// What an item costs beside its payload, about.
const ITEM_OVERHEAD_BYTES: usize = 256;

/// The writer stops adding submissions to a group once it holds this many logs, so that nobody waits for a long one.
const GROUP_ITEMS: usize = 4_096;

/// The way in: hands a submission to the writer and waits for its verdicts.
#[derive(Clone)]
pub struct Intake {
    queue: mpsc::UnboundedSender<Job>,
    room: Arc<Semaphore>,
}

/// Takes groups from the queue and commits them, one after another.
pub struct Writer {
    queue: mpsc::UnboundedReceiver<Job>,
    store: Store,
    calendar: Calendar,
    committed: Arc<Notify>,
}

/// One submission in the queue, and whoever waits for it.
struct Job {
    submission: Submission,
    reply: oneshot::Sender<Result<Vec<Verdict>, Failed>>,
    room: OwnedSemaphorePermit,
}

/// Why a submission has no verdicts; the cause is in the log.
#[derive(Debug, Clone, Copy)]
enum Failed {
    Unavailable,
    Internal,
}

impl Intake {
    /// The way in, and the writer at its end; `committed` is told after each commit that stored something.
    pub fn new(store: Store, calendar: Calendar, committed: Arc<Notify>) -> (Self, Writer) {
        // Bounded by `room`, in bytes, which says more than a number of submissions would.
        let (sender, queue) = mpsc::unbounded_channel();
        let room = Arc::new(Semaphore::new(QUEUE_BYTES));
        (Self { queue: sender, room }, Writer { queue, store, calendar, committed })
    }

    /// Stores and counts a submission; the verdicts come back once they are flushed to disk.
    pub async fn submit(&self, submission: Submission) -> Result<Vec<Verdict>, Problem> {
        let room = u32::try_from(cost(&submission)).unwrap_or(u32::MAX);
        let room = Arc::clone(&self.room).try_acquire_many_owned(room).map_err(|_| too_busy())?;
        let (reply, verdicts) = oneshot::channel();
        self.queue.send(Job { submission, reply, room }).map_err(|_| shutting_down())?;
        match verdicts.await {
            Ok(Ok(verdicts)) => Ok(verdicts),
            Ok(Err(Failed::Unavailable)) => Err(Problem::unavailable(
                "The database cannot answer at the moment. Perhaps stored: send it again.",
            )),
            Ok(Err(Failed::Internal)) => Err(Problem::internal("the database refused the submission")),
            Err(_) => Err(shutting_down()),
        }
    }

    /// What waits for the writer, in bytes.
    pub fn queued_bytes(&self) -> usize {
        QUEUE_BYTES - self.room.available_permits()
    }
}

impl Writer {
    /// Works until every [`Intake`] is gone and the queue is empty.
    pub async fn run(mut self) {
        while let Some(first) = self.queue.recv().await {
            let group = self.gather(first);
            self.commit(group).await;
        }
    }

    fn gather(&mut self, first: Job) -> Vec<Job> {
        let mut items = first.submission.items.len();
        let mut group = vec![first];
        while items < GROUP_ITEMS {
            let Ok(next) = self.queue.try_recv() else { break };
            items += next.submission.items.len();
            group.push(next);
        }
        group
    }

    async fn commit(&self, group: Vec<Job>) {
        let (submissions, waiting): (Vec<_>, Vec<_>) =
            group.into_iter().map(|job| (job.submission, (job.reply, job.room))).unzip();
        let submissions = Arc::new(submissions);
        let outcomes = match self.record(Arc::clone(&submissions)).await {
            Ok(verdicts) => verdicts.into_iter().map(Ok).collect(),
            // The database refused something that passed every check. Its neighbours shall not pay for it.
            Err(StoreError::Refused(_)) if submissions.len() > 1 => {
                self.record_one_by_one(&submissions).await
            }
            Err(error) => vec![Err(failed(&error)); submissions.len()],
        };
        for ((reply, _), outcome) in waiting.into_iter().zip(outcomes) {
            // Whoever hung up sends again and is told that it is a duplicate.
            let _ = reply.send(outcome);
        }
    }

    async fn record_one_by_one(&self, submissions: &[Submission]) -> Vec<Result<Vec<Verdict>, Failed>> {
        let mut outcomes = Vec::with_capacity(submissions.len());
        for submission in submissions {
            let alone = self.record(Arc::new(vec![submission.clone()])).await;
            outcomes.push(
                alone
                    .map_err(|error| failed(&error))
                    .map(|verdicts| verdicts.into_iter().flatten().collect()),
            );
        }
        outcomes
    }

    async fn record(&self, submissions: Arc<Vec<Submission>>) -> Result<Vec<Vec<Verdict>>, StoreError> {
        let begun = Instant::now();
        let verdicts = self.store.record(self.calendar, submissions).await?;
        metrics::histogram!("ingest_commit_duration_seconds").record(begun.elapsed());
        self.report(&verdicts);
        Ok(verdicts)
    }

    fn report(&self, verdicts: &[Vec<Verdict>]) {
        let count =
            |wanted: fn(&Verdict) -> bool| verdicts.iter().flatten().filter(|it| wanted(it)).count() as u64;
        let stored = count(|verdict| matches!(verdict, Verdict::Stored(_)));
        let duplicate = count(|verdict| matches!(verdict, Verdict::Duplicate(_)));
        let rejected = count(|verdict| matches!(verdict, Verdict::Rejected(_)));
        metrics::counter!("streaming_logs_total", "verdict" => "stored").increment(stored);
        metrics::counter!("streaming_logs_total", "verdict" => "duplicate").increment(duplicate);
        metrics::counter!("streaming_logs_total", "verdict" => "rejected").increment(rejected);
        metrics::histogram!("ingest_group_logs").record((stored + duplicate + rejected) as f64);
        if stored > 0 {
            self.committed.notify_one();
        }
    }
}

fn cost(submission: &Submission) -> usize {
    submission.items.iter().map(|item| item.payload.len() + ITEM_OVERHEAD_BYTES).sum()
}

fn failed(error: &StoreError) -> Failed {
    tracing::error!(error = %chain(error), "a group of submissions was not stored");
    match error {
        StoreError::Unavailable(_) => Failed::Unavailable,
        StoreError::Refused(_) => Failed::Internal,
    }
}

fn too_busy() -> Problem {
    Problem::unavailable("More logs are waiting to be stored than memory has room for. Send it again.")
}

fn shutting_down() -> Problem {
    Problem::unavailable("This server is stopping. Perhaps stored: send it again.")
}
