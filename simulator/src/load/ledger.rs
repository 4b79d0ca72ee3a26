//! The ledger: every log that the server acknowledged, held against what it has.

use std::collections::{HashMap, HashSet};
use std::ops::Range;

use anyhow::Context;
use chrono::{DateTime, Utc};
use futures_util::{StreamExt, stream};
use schemars::JsonSchema;
use serde::Serialize;
use uuid::Uuid;

use super::read_back::{self, AT_ONCE, PAGE};
use super::school::School;
use super::stream::LogName;
use crate::client::{Client, Failure};
use crate::progress::Progress;

/// The logs that the server said it has, by learner.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Acknowledged(HashMap<usize, Vec<Uuid>>);

/// What the server has of the logs that it acknowledged.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, JsonSchema)]
pub(super) struct Ledger {
    /// Logs that the server said it has.
    pub(super) acknowledged: u64,
    /// Those that are not there.
    pub(super) lost: u64,
    /// Those that are there more than once.
    pub(super) doubled: u64,
}

impl Acknowledged {
    /// Enters the logs of a request but for those at these places, which were rejected.
    pub(super) fn enter(&mut self, names: &[LogName], rejected: impl IntoIterator<Item = usize>) {
        let rejected: HashSet<usize> = rejected.into_iter().collect();
        for (place, LogName { student, log_id }) in names.iter().enumerate() {
            if !rejected.contains(&place) {
                self.0.entry(*student).or_default().push(*log_id);
            }
        }
    }

    /// Reads back what the server has of logs that happened in this span.
    pub(super) async fn check(
        self,
        client: &Client,
        school: &School,
        span: Range<DateTime<Utc>>,
        quiet: bool,
    ) -> anyhow::Result<Ledger> {
        let students = read_back::students(client).await.context("the learners cannot be read back")?;
        let mut there = if self.is_dense() {
            // Others may have logs of that span as well.
            let length = self.len();
            let mut progress = Progress::unless(quiet, length);
            let tell = |logs: u64| progress.tell(logs.min(length), || format!("{logs} logs read back"));
            read_back::logs_during(client, span, tell).await.context("the logs cannot be read back")?
        } else {
            HashMap::new()
        };
        let mut progress = Progress::unless(quiet, self.0.len() as u64);
        let checking = self.0.into_iter().map(|(student, acknowledged)| {
            let student_id = school.students.get(student).and_then(|name| students.get(name)).copied();
            let there = student_id.and_then(|id| there.remove(&id)).unwrap_or_default();
            Ledger::of_learner(client, student_id, acknowledged, there)
        });
        let mut checking = stream::iter(checking).buffer_unordered(AT_ONCE);
        let (mut whole, mut learners) = (Ledger::default(), 0);
        while let Some(checked) = checking.next().await {
            whole.add(checked.context("the logs cannot be read back")?);
            learners += 1;
            progress.tell(learners, || format!("{} logs of {learners} learners checked", whole.acknowledged));
        }
        Ok(whole)
    }

    /// Whether learners have more than a page of logs each. The server sorts all that a learner has for each page of them:
    /// of a long load every log is read sooner than every learner.
    fn is_dense(&self) -> bool {
        self.len() > (self.0.len() * PAGE) as u64
    }

    fn len(&self) -> u64 {
        self.0.values().map(|logs| logs.len() as u64).sum()
    }
}

impl Ledger {
    /// Whether everything is there, once.
    pub(super) fn is_clean(&self) -> bool {
        self.lost == 0 && self.doubled == 0
    }

    /// What was acknowledged to a learner, held against what is known to be there; before any of it is called lost, against
    /// all that the learner has.
    async fn of_learner(
        client: &Client,
        student_id: Option<i64>,
        acknowledged: Vec<Uuid>,
        there: Vec<Uuid>,
    ) -> Result<Self, Failure> {
        // A log that was posted twice is one log.
        let acknowledged = acknowledged.into_iter().collect();
        let ledger = Self::of(&acknowledged, &there);
        match student_id {
            Some(student_id) if ledger.lost > 0 => {
                Ok(Self::of(&acknowledged, &read_back::logs_of(client, student_id).await?))
            }
            _ => Ok(ledger),
        }
    }

    fn of(acknowledged: &HashSet<Uuid>, there: &[Uuid]) -> Self {
        let mut times: HashMap<Uuid, u64> = HashMap::with_capacity(there.len());
        for log_id in there {
            *times.entry(*log_id).or_default() += 1;
        }
        let times = acknowledged.iter().map(|log_id| times.get(log_id).copied().unwrap_or_default());
        times.fold(Self::default(), |ledger, times| Self {
            acknowledged: ledger.acknowledged + 1,
            lost: ledger.lost + u64::from(times == 0),
            doubled: ledger.doubled + u64::from(times > 1),
        })
    }

    fn add(&mut self, other: Self) {
        let Self { acknowledged, lost, doubled } = other;
        self.acknowledged += acknowledged;
        self.lost += lost;
        self.doubled += doubled;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ids<const N: usize>(numbers: [u128; N]) -> Vec<Uuid> {
        numbers.map(Uuid::from_u128).to_vec()
    }

    fn ledger<const N: usize, const M: usize>(acknowledged: [u128; N], there: [u128; M]) -> Ledger {
        Ledger::of(&ids(acknowledged).into_iter().collect(), &ids(there))
    }

    #[test]
    fn what_is_not_there_is_lost_and_what_is_there_twice_is_doubled() {
        let unclean = ledger([1, 2, 3, 3], [3, 1, 9, 1]);
        assert_eq!(unclean, Ledger { acknowledged: 3, lost: 1, doubled: 1 });
        assert!(!unclean.is_clean());
        assert!(ledger([1, 2], [2, 1]).is_clean());
        assert_eq!(ledger([1, 2], []).lost, 2);
    }

    #[test]
    fn of_a_batch_the_rejected_ones_were_not_acknowledged() {
        let name = |student, log| LogName { student, log_id: Uuid::from_u128(log) };
        let mut acknowledged = Acknowledged::default();
        acknowledged.enter(&[name(0, 1), name(1, 2), name(0, 3)], [1]);
        assert_eq!((acknowledged.0.len(), acknowledged.0[&0].clone()), (1, ids([1, 3])));
    }
}
