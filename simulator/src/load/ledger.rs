//! The ledger: every log that the server acknowledged, held against what it has.

use std::collections::{HashMap, HashSet};

use anyhow::Context;
use futures_util::{StreamExt, stream};
use schemars::JsonSchema;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::school::School;
use super::stream::LogName;
use crate::client::{Client, Failure, Request};
use crate::progress::Progress;

/// Learners whose logs are read at the same time.
const AT_ONCE: usize = 8;

/// The most that one page holds.
const PAGE: &str = "1000";

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

#[derive(Deserialize)]
struct Page<T> {
    items: Vec<T>,
    next: Option<String>,
}

#[derive(Deserialize)]
struct Student {
    student_id: i64,
    external_id: String,
}

#[derive(Deserialize)]
struct Log {
    log_id: Uuid,
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

    /// Reads back what the server has, learner by learner.
    pub(super) async fn check(self, client: &Client, school: &School, quiet: bool) -> anyhow::Result<Ledger> {
        let mut progress = Progress::unless(quiet, self.0.len() as u64);
        let students = students(client).await.context("the learners cannot be read back")?;
        let reading = self.0.into_iter().map(|(student, acknowledged)| {
            let student_id = school.students.get(student).and_then(|name| students.get(name)).copied();
            async move { Ok::<_, Failure>(Ledger::of(acknowledged, logs(client, student_id).await?)) }
        });
        let mut reading = stream::iter(reading).buffer_unordered(AT_ONCE);
        let (mut whole, mut learners) = (Ledger::default(), 0);
        while let Some(read) = reading.next().await {
            whole.add(read.context("the logs cannot be read back")?);
            learners += 1;
            progress
                .tell(learners, || format!("{} logs of {learners} learners read back", whole.acknowledged));
        }
        Ok(whole)
    }
}

impl Ledger {
    /// Whether everything is there, once.
    pub(super) fn is_clean(&self) -> bool {
        self.lost == 0 && self.doubled == 0
    }

    /// What was acknowledged to a learner, held against what is there.
    fn of(acknowledged: Vec<Uuid>, there: Vec<Uuid>) -> Self {
        let mut times: HashMap<Uuid, u64> = HashMap::with_capacity(there.len());
        for log_id in there {
            *times.entry(log_id).or_default() += 1;
        }
        // A log that was posted twice is one log.
        let acknowledged: HashSet<Uuid> = acknowledged.into_iter().collect();
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

/// The server's ids of all learners, by external id.
async fn students(client: &Client) -> Result<HashMap<String, i64>, Failure> {
    let students: Vec<Student> = pages(client, "/students", Vec::new()).await?;
    Ok(students.into_iter().map(|student| (student.external_id, student.student_id)).collect())
}

/// All logs of a learner; none of one whom the server does not know.
async fn logs(client: &Client, student_id: Option<i64>) -> Result<Vec<Uuid>, Failure> {
    let Some(student_id) = student_id else { return Ok(Vec::new()) };
    let of_student = vec![("student_id", student_id.to_string())];
    let logs: Vec<Log> = pages(client, "/streaming-logs", of_student).await?;
    Ok(logs.into_iter().map(|log| log.log_id).collect())
}

/// Every page of a list.
async fn pages<T: DeserializeOwned>(
    client: &Client,
    path: &'static str,
    filter: Vec<(&'static str, String)>,
) -> Result<Vec<T>, Failure> {
    let (mut items, mut cursor) = (Vec::new(), None);
    loop {
        let mut query = filter.clone();
        query.push(("limit", PAGE.to_owned()));
        query.extend(cursor.map(|cursor| ("cursor", cursor)));
        let page: Page<T> = client.send(&Request::get(path, query)).await?;
        items.extend(page.items);
        cursor = page.next;
        if cursor.is_none() {
            return Ok(items);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ids<const N: usize>(numbers: [u128; N]) -> Vec<Uuid> {
        numbers.map(Uuid::from_u128).to_vec()
    }

    #[test]
    fn what_is_not_there_is_lost_and_what_is_there_twice_is_doubled() {
        let ledger = Ledger::of(ids([1, 2, 3, 3]), ids([3, 1, 9, 1]));
        assert_eq!(ledger, Ledger { acknowledged: 3, lost: 1, doubled: 1 });
        assert!(!ledger.is_clean());
        assert!(Ledger::of(ids([1, 2]), ids([2, 1])).is_clean());
        assert_eq!(Ledger::of(ids([1, 2]), Vec::new()).lost, 2);
    }

    #[test]
    fn of_a_batch_the_rejected_ones_were_not_acknowledged() {
        let name = |student, log| LogName { student, log_id: Uuid::from_u128(log) };
        let mut acknowledged = Acknowledged::default();
        acknowledged.enter(&[name(0, 1), name(1, 2), name(0, 3)], [1]);
        assert_eq!((acknowledged.0.len(), acknowledged.0[&0].clone()), (1, ids([1, 3])));
    }
}
