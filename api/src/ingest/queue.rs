//! What waits for the writer.
//!
//! The writer is woken once as much waits as it can set out with, not by each submission: of a crowd of single posts nearly
//! all would wake it for nothing, and a way to another thread and back costs as much as a log.

use std::collections::VecDeque;
use std::mem;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use tokio::sync::{Notify, OwnedSemaphorePermit, oneshot};

use crate::store::{Submission, Verdict};

/// How long anybody waits for the writer: a client that is told after that to come again is told within five seconds. What
/// the writer has begun by then is stored; what it has not is left out.
pub(super) const PATIENCE: Duration = Duration::from_millis(4_500);

/// A group takes no more submissions once it holds this many logs, so that nobody waits for a long one.
const GROUP_LOGS: usize = 4_096;

/// Places that an empty queue keeps. A flood's are given back.
const ROOM: usize = 1_024;

/// One submission in the queue, and whoever waits for it.
pub(super) struct Job {
    pub(super) submission: Submission,
    pub(super) reply: oneshot::Sender<Result<Vec<Verdict>, Failed>>,
    /// Given back with the reply.
    pub(super) room: OwnedSemaphorePermit,
    pub(super) arrived: Instant,
}

/// Why a submission has no verdicts; the cause is in the log.
#[derive(Debug, Clone, Copy)]
pub(super) enum Failed {
    Unavailable,
    Internal,
}

/// Submissions that are committed together.
pub(super) type Group = Vec<Job>;

/// How many submissions have to wait before a group sets out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Enough {
    /// So many, or a group that is full.
    Submissions(usize),
    /// However many: none may set out.
    Never,
}

/// The end of the queue at which submissions come in; with the last one of them the queue ends.
pub(super) struct Entrance(Arc<Shared>);

/// The end at which the writer takes groups.
pub(super) struct Exit(Arc<Shared>);

#[derive(Default)]
struct Shared {
    waiting: Mutex<Waiting>,
    enough: Notify,
}

struct Waiting {
    jobs: VecDeque<Job>,
    logs: usize,
    /// What the writer waits for; never, once it is told.
    wanted: Enough,
    is_closed: bool,
}

impl Default for Waiting {
    fn default() -> Self {
        Self { jobs: VecDeque::new(), logs: 0, wanted: Enough::Never, is_closed: false }
    }
}

/// A queue, and both of its ends.
pub(super) fn queue() -> (Entrance, Exit) {
    let shared = Arc::<Shared>::default();
    (Entrance(Arc::clone(&shared)), Exit(shared))
}

impl Entrance {
    /// Queues it; fails where the writer is gone.
    pub(super) fn send(&self, job: Job) -> Result<(), Job> {
        let mut waiting = self.0.waiting();
        if waiting.is_closed {
            return Err(job);
        }
        waiting.logs += logs(&job);
        waiting.jobs.push_back(job);
        if waiting.is_enough(waiting.wanted) {
            waiting.wanted = Enough::Never;
            drop(waiting);
            self.0.enough.notify_one();
        }
        Ok(())
    }
}

impl Drop for Entrance {
    fn drop(&mut self) {
        self.0.waiting().is_closed = true;
        self.0.enough.notify_one();
    }
}

impl Exit {
    /// Waits for a group; none where nothing waits and nothing will come. Whoever stops waiting for it loses nothing.
    pub(super) async fn group(&self, wanted: Enough) -> Option<Group> {
        loop {
            if let Some(group) = self.0.waiting().group(wanted) {
                return (!group.is_empty()).then_some(group);
            }
            self.0.enough.notified().await;
        }
    }

    /// All that waits.
    pub(super) fn all(&self) -> Group {
        let mut waiting = self.0.waiting();
        waiting.logs = 0;
        mem::take(&mut waiting.jobs).into()
    }
}

/// Whoever still waits then is told that nobody answers.
impl Drop for Exit {
    fn drop(&mut self) {
        self.0.waiting().is_closed = true;
        self.all();
    }
}

impl Shared {
    fn waiting(&self) -> MutexGuard<'_, Waiting> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Waiting {
    /// A group where enough waits for one; an empty one at the end. Otherwise notes what is wanted.
    fn group(&mut self, wanted: Enough) -> Option<Group> {
        let is_at_its_end = self.is_closed && self.jobs.is_empty();
        if !self.is_enough(wanted) && !is_at_its_end {
            self.wanted = wanted;
            return None;
        }
        self.wanted = Enough::Never;
        let mut group = Group::new();
        let mut taken = 0;
        while taken < GROUP_LOGS
            && let Some(job) = self.jobs.pop_front()
        {
            taken += logs(&job);
            group.push(job);
        }
        self.logs -= taken;
        if self.jobs.is_empty() {
            self.jobs.shrink_to(ROOM);
        }
        Some(group)
    }

    fn is_enough(&self, wanted: Enough) -> bool {
        match wanted {
            Enough::Submissions(submissions) => self.jobs.len() >= submissions || self.logs >= GROUP_LOGS,
            Enough::Never => false,
        }
    }
}

fn logs(job: &Job) -> usize {
    job.submission.items.len()
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};
    use std::task::{Context, Wake, Waker};

    use bytes::Bytes;
    use chrono::{DateTime, Utc};
    use futures_util::FutureExt;
    use tokio::sync::Semaphore;

    use super::*;
    use crate::store::{Item, Rejection};

    /// How often somebody was woken.
    #[derive(Default)]
    struct Wakings(AtomicUsize);

    impl Wake for Wakings {
        fn wake(self: Arc<Self>) {
            self.0.fetch_add(1, Ordering::Relaxed);
        }
    }

    type Reply = oneshot::Receiver<Result<Vec<Verdict>, Failed>>;

    fn job(logs: usize) -> (Job, Reply) {
        let parsed = Err(Rejection::whole("test", "nobody looks at it"));
        let item = Item { payload: Bytes::new(), parsed, named: Vec::new(), replays: None };
        let submission = Submission {
            client: "school".to_owned(),
            received_at: DateTime::<Utc>::UNIX_EPOCH,
            items: vec![item; logs],
        };
        let (reply, verdicts) = oneshot::channel();
        let room = Arc::new(Semaphore::new(1)).try_acquire_owned().unwrap();
        (Job { submission, reply, room, arrived: Instant::now() }, verdicts)
    }

    fn send(entrance: &Entrance, logs: usize) -> Reply {
        let (job, reply) = job(logs);
        assert!(entrance.send(job).is_ok());
        reply
    }

    fn sizes(group: &Group) -> Vec<usize> {
        group.iter().map(logs).collect()
    }

    #[tokio::test]
    async fn the_writer_is_woken_once_as_much_waits_as_it_wants() {
        let (entrance, exit) = queue();
        let waiting = exit.group(Enough::Submissions(2));
        tokio::pin!(waiting);
        let wakings = Arc::<Wakings>::default();
        let waker = Waker::from(Arc::clone(&wakings));
        assert!(waiting.as_mut().poll(&mut Context::from_waker(&waker)).is_pending());
        let _first = send(&entrance, 1);
        assert_eq!(wakings.0.load(Ordering::Relaxed), 0, "woken for too little");
        let _second = send(&entrance, 3);
        assert_eq!(wakings.0.load(Ordering::Relaxed), 1);
        assert_eq!(sizes(&waiting.await.unwrap()), [1, 3]);
    }

    #[tokio::test]
    async fn a_full_group_waits_for_nobody_and_takes_no_more() {
        let (entrance, exit) = queue();
        let _replies = [GROUP_LOGS - 1, 1, 1].map(|logs| send(&entrance, logs));
        assert!(exit.group(Enough::Never).now_or_never().is_none());
        assert_eq!(sizes(&exit.group(Enough::Submissions(9)).await.unwrap()), [GROUP_LOGS - 1, 1]);
        assert!(exit.group(Enough::Submissions(9)).now_or_never().is_none(), "the rest fills no group");
        assert_eq!(sizes(&exit.all()), [1]);
        assert!(exit.group(Enough::Submissions(1)).now_or_never().is_none());
    }

    #[tokio::test]
    async fn the_queue_ends_with_the_last_entrance_and_not_before_it_is_empty() {
        let (entrance, exit) = queue();
        let _reply = send(&entrance, 1);
        let waiting = exit.group(Enough::Never);
        tokio::pin!(waiting);
        assert!(waiting.as_mut().now_or_never().is_none());
        drop(entrance);
        assert!(waiting.as_mut().now_or_never().is_none(), "it may not set out yet");
        assert_eq!(sizes(&exit.group(Enough::Submissions(1)).await.unwrap()), [1]);
        assert!(exit.group(Enough::Never).await.is_none());
    }

    #[tokio::test]
    async fn whoever_waits_for_a_writer_that_is_gone_is_told() {
        let (entrance, exit) = queue();
        let reply = send(&entrance, 1);
        drop(exit);
        assert!(reply.await.is_err());
        assert!(entrance.send(job(1).0).is_err());
    }
}
