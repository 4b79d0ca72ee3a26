//! Group commit: the writer takes what is queued and commits it in one transaction.
//!
//! There is no linger. While a commit is flushed to disk the next group gathers by itself, so a lone client waits for
//! one flush and a crowd shares one.

use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::time::Instant;

use futures_util::stream::FuturesUnordered;
use futures_util::{FutureExt, StreamExt};
use tokio::sync::Notify;

use super::latency::Latencies;
use super::queue::{Enough, Exit, Failed, Group, Job, PATIENCE};
use crate::error::{StoreError, chain};
use crate::store::{Calendar, Store, Submission, Unfinished, Verdict};

/// Groups that are under way at a time: the database works on one while the next is prepared and the last is answered.
const LANES: usize = 2;

/// The part of the usual size from which on a second group is worth its way.
const NOT_MUCH_SMALLER: f64 = 0.7;

/// Takes groups from the queue and commits them.
pub struct Writer {
    queue: Exit,
    store: Store,
    calendar: Calendar,
    committed: Arc<Notify>,
    in_vain: Arc<Notify>,
    latencies: Arc<Latencies>,
}

/// What became of a group.
struct Ended {
    submissions: usize,
    /// Whether the database could do nothing for any of them.
    in_vain: bool,
}

/// How many submissions are under way, in how many groups.
#[derive(Default)]
struct UnderWay {
    groups: usize,
    submissions: usize,
    /// How many a group has lately held.
    usual: f64,
    /// Whether the group that ended last ended in vain.
    in_vain: bool,
}

impl UnderWay {
    fn begin(&mut self, submissions: usize) {
        self.groups += 1;
        self.submissions += submissions;
        self.usual += (submissions as f64 - self.usual) / 8.0;
    }

    fn end(&mut self, ended: &Ended) {
        self.groups -= 1;
        self.submissions -= ended.submissions;
        self.in_vain = ended.in_vain;
    }

    /// Whether nobody needs to wait: where a group has waited in vain, another one tries, and whoever comes meanwhile is
    /// told at once what he would be told later.
    fn is_hopeless(&self) -> bool {
        self.in_vain && self.groups > 0
    }

    /// What has to wait before the next group sets out. A second one while the first is under way only if it is as large, and
    /// not much smaller than groups usually are: the database is busy with the one while we prepare the other, but two small
    /// ones cost more than one. Without the usual size a crowd's first log would go alone, and the next one after it.
    fn enough(&self) -> Enough {
        match self.groups {
            0 => Enough::Submissions(1),
            _ if self.is_hopeless() => Enough::Submissions(1),
            1..LANES => Enough::Submissions(self.submissions.max((self.usual * NOT_MUCH_SMALLER) as usize)),
            _ => Enough::Never,
        }
    }
}

impl Writer {
    /// A writer at the end of a queue.
    pub(super) fn new(
        queue: Exit,
        store: Store,
        calendar: Calendar,
        committed: Arc<Notify>,
        in_vain: Arc<Notify>,
        latencies: Arc<Latencies>,
    ) -> Self {
        Self { queue, store, calendar, committed, in_vain, latencies }
    }

    /// Works until every [`super::Intake`] is gone and the queue is empty. See [`Store::spawn_writer`] for where.
    pub async fn run(self) {
        let Self { queue, store, calendar, committed, in_vain, latencies } = self;
        let committer = Committer { store, calendar, committed, latencies };
        let mut commits = FuturesUnordered::new();
        let mut under_way = UnderWay::default();
        loop {
            tokio::select! {
                Some(ended) = commits.next() => {
                    under_way.end(&ended);
                    if ended.in_vain {
                        // Also those wait in vain who came later. Whoever comes next tries again.
                        send_away(queue.all());
                        in_vain.notify_waiters();
                    }
                }
                Some(group) = queue.group(under_way.enough()) => {
                    if under_way.is_hopeless() {
                        send_away(group);
                    } else if let Some(group) = still_wanted(group) {
                        under_way.begin(group.len());
                        commits.push(committer.commit(group));
                    }
                }
                // Nothing is under way, and nothing will come.
                else => break,
            }
        }
    }
}

/// Leaves out what has waited for too long, which may be all of it.
fn still_wanted(mut group: Group) -> Option<Group> {
    group.retain(|job| job.arrived.elapsed() <= PATIENCE);
    (!group.is_empty()).then_some(group)
}

/// Tells everybody in it to come again.
fn send_away(group: Group) {
    for Job { reply, .. } in group {
        let _ = reply.send(Err(Failed::Unavailable));
    }
}

/// Commits groups, several at a time.
struct Committer {
    store: Store,
    calendar: Calendar,
    committed: Arc<Notify>,
    latencies: Arc<Latencies>,
}

impl Committer {
    async fn commit(&self, group: Group) -> Ended {
        let submissions = group.len();
        let apart = |Job { submission, reply, room, arrived }| (submission, (reply, room, arrived));
        let (submitted, waiting): (Vec<_>, Vec<_>) = group.into_iter().map(apart).unzip();
        let submitted = Arc::new(submitted);
        let outcomes: Vec<_> = match self.record(Arc::clone(&submitted)).await {
            Ok(verdicts) => verdicts.into_iter().map(Ok).collect(),
            Err(unfinished) => self.save_what_can_be(&submitted, unfinished).await,
        };
        let in_vain = outcomes.iter().all(|outcome| matches!(outcome, Err(Failed::Unavailable)));
        let judged = waiting.iter().zip(&outcomes).filter(|(_, outcome)| outcome.is_ok());
        self.latencies.record(judged.map(|((_, _, arrived), _)| *arrived), Instant::now());
        for ((reply, ..), outcome) in waiting.into_iter().zip(outcomes) {
            // Whoever hung up sends again and is told that it is a duplicate.
            let _ = reply.send(outcome);
        }
        Ended { submissions, in_vain }
    }

    /// What is judged stays so. Where the database refused something that passed every check, its neighbours shall not pay for
    /// it: each is recorded by itself.
    async fn save_what_can_be(
        &self,
        submissions: &[Submission],
        Unfinished { error, judged }: Unfinished,
    ) -> Vec<Result<Vec<Verdict>, Failed>> {
        let failed = failed(&error);
        let goes_on = matches!(error, StoreError::Refused(_)) && submissions.len() > 1;
        let mut judged = judged.into_iter();
        let mut outcomes = Vec::with_capacity(submissions.len());
        for submission in submissions {
            outcomes.push(match judged.next().flatten() {
                Some(verdicts) => Ok(verdicts),
                None if goes_on => self.record_alone(submission.clone()).await,
                None => Err(failed),
            });
        }
        outcomes
    }

    async fn record_alone(&self, submission: Submission) -> Result<Vec<Verdict>, Failed> {
        let alone = self.record(Arc::new(vec![submission])).await;
        let verdicts = alone.map_err(|unfinished| failed(&unfinished.error))?;
        Ok(verdicts.into_iter().flatten().collect())
    }

    async fn record(&self, submissions: Arc<Vec<Submission>>) -> Result<Vec<Vec<Verdict>>, Unfinished> {
        let begun = Instant::now();
        // A panic is a refusal. With the writer everybody who comes later would be turned away, for good.
        let recording = AssertUnwindSafe(self.store.record(self.calendar, submissions)).catch_unwind();
        let panicked = |_| Err(StoreError::Refused("recording panicked".into()).into());
        let recorded = recording.await.unwrap_or_else(panicked);
        match &recorded {
            Ok(verdicts) => {
                metrics::histogram!("ingest_commit_duration_seconds").record(begun.elapsed());
                self.report(verdicts.iter().flatten());
            }
            Err(unfinished) => self.report(unfinished.judged.iter().flatten().flatten()),
        }
        recorded
    }

    fn report<'v>(&self, verdicts: impl Iterator<Item = &'v Verdict> + Clone) {
        let count = |wanted: fn(&Verdict) -> bool| verdicts.clone().filter(|it| wanted(it)).count() as u64;
        let stored = count(|verdict| matches!(verdict, Verdict::Stored(_)));
        let duplicate = count(|verdict| matches!(verdict, Verdict::Duplicate(_)));
        let rejected = count(|verdict| matches!(verdict, Verdict::Rejected(_)));
        metrics::counter!("streaming_logs_total", "verdict" => "stored").increment(stored);
        metrics::counter!("streaming_logs_total", "verdict" => "duplicate").increment(duplicate);
        metrics::counter!("streaming_logs_total", "verdict" => "rejected").increment(rejected);
        let judged = stored + duplicate + rejected;
        if judged > 0 {
            metrics::histogram!("ingest_group_logs").record(judged as f64);
        }
        if stored + rejected > 0 {
            self.committed.notify_one();
        }
    }
}

fn failed(error: &StoreError) -> Failed {
    tracing::error!(error = %chain(error), "a group of submissions was not stored");
    match error {
        StoreError::Unavailable(_) => Failed::Unavailable,
        StoreError::Refused(_) => Failed::Internal,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// After so many groups of so many, one after the other.
    fn after(groups: usize, submissions: usize) -> UnderWay {
        let mut under_way = UnderWay::default();
        for _ in 0..groups {
            under_way.begin(submissions);
            under_way.end(&Ended { submissions, in_vain: false });
        }
        under_way
    }

    #[test]
    fn whatever_waits_sets_out_while_nothing_is_under_way() {
        assert_eq!(after(0, 0).enough(), Enough::Submissions(1));
        assert_eq!(after(100, 64).enough(), Enough::Submissions(1));
    }

    #[test]
    fn a_second_group_is_as_large_as_the_first_and_there_is_no_third() {
        let mut under_way = after(0, 0);
        under_way.begin(20);
        assert_eq!(under_way.enough(), Enough::Submissions(20));
        under_way.begin(30);
        assert_eq!(under_way.enough(), Enough::Never);
        under_way.end(&Ended { submissions: 20, in_vain: false });
        assert_eq!(under_way.enough(), Enough::Submissions(30));
    }

    #[test]
    fn after_the_first_log_of_a_crowd_the_crowd_is_waited_for() {
        let mut under_way = after(100, 40);
        under_way.begin(1);
        assert!(matches!(under_way.enough(), Enough::Submissions(20..=30)), "{:?}", under_way.enough());
    }

    #[test]
    fn a_few_wait_for_nobody_also_where_a_crowd_has_been() {
        let mut under_way = after(100, 40);
        for _ in 0..50 {
            under_way.begin(1);
            under_way.end(&Ended { submissions: 1, in_vain: false });
        }
        under_way.begin(1);
        assert_eq!(under_way.enough(), Enough::Submissions(1));
    }
}
