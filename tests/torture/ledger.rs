//! What was sent and what came of it, kept outside of the platform, and held against the database afterwards.

use std::collections::{HashMap, HashSet};
use std::sync::{Arc, Mutex, MutexGuard};

use edtech_tests::{Command, Database};
use uuid::Uuid;

use crate::report::Outcome;

/// A log's name: its learner's external id, and its id.
pub type Key = (String, Uuid);

/// Every log that was sent, by what its sender was told. Cheap to clone, shared by all posters.
#[derive(Debug, Clone, Default)]
pub struct Ledger(Arc<Mutex<Books>>);

#[derive(Debug, Default)]
struct Books {
    sent: HashSet<Key>,
    acknowledged: HashSet<Key>,
    refused: HashMap<Key, String>,
}

/// What the database holds of it.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub struct Kept {
    /// Logs that were acknowledged.
    pub acknowledged: usize,
    /// Rows of the database.
    pub stored: usize,
    /// Acknowledged, and not there.
    pub lost: usize,
    /// There more than once, or counted more often than they are there.
    pub twice: i64,
    /// There, and sent by nobody.
    pub strange: usize,
    /// Answered that they cannot be stored, although nothing is wrong with them.
    pub refused: usize,
    /// What `verify` found; empty where all is well.
    pub differences: String,
}

const STORED: &str = "SELECT s.external_id, l.log_id FROM streaming_logs l
    JOIN students s ON s.student_id = l.student_id";

/// By how much figures are more than the rows that they are made of; the worse of two.
const COUNTED_TOO_OFTEN: &str = "SELECT CAST(MAX(counted) - MAX(stored) AS BIGINT) FROM (
    SELECT COALESCE((SELECT SUM(streaming_logs) FROM counted_viewing_days), 0) AS counted,
           (SELECT COUNT(*) FROM streaming_logs) AS stored
    UNION ALL
    SELECT COALESCE((SELECT SUM(accepted) FROM counted_intake_days), 0), (SELECT COUNT(*) FROM streaming_logs)) AS both_ways";

impl Ledger {
    /// Notes logs that are about to be sent.
    pub fn sent(&self, keys: &[Key]) {
        self.books().sent.extend(keys.iter().cloned());
    }

    /// Notes logs that were answered with a 2xx.
    pub fn acknowledged(&self, keys: &[Key]) {
        self.books().acknowledged.extend(keys.iter().cloned());
    }

    /// Notes a log that was answered with anything that is neither a 2xx nor 'come again'.
    pub fn refused(&self, key: &Key, why: impl Into<String>) {
        self.books().refused.insert(key.clone(), why.into());
    }

    /// Some of the refusals.
    pub fn refusals(&self) -> Vec<String> {
        self.books().refused.values().take(3).cloned().collect()
    }

    /// Holds it against the database, of which nothing was erased; and lets `verify` recompute every figure.
    pub async fn kept(&self, database: &Database) -> Kept {
        let rows = database.rows(STORED).await;
        let stored: Vec<Key> = rows
            .iter()
            .map(|row| {
                (row.try_get_by_index(0).expect("a learner"), row.try_get_by_index(1).expect("a log_id"))
            })
            .collect();
        let once: HashSet<&Key> = stored.iter().collect();
        let repeated = (stored.len() - once.len()) as i64;
        let counted = database.number(COUNTED_TOO_OFTEN).await;
        let verify = Command::api(database, ["verify"]).env("RUST_LOG", "off").run().await;
        let books = self.books();
        Kept {
            acknowledged: books.acknowledged.len(),
            stored: stored.len(),
            lost: books.acknowledged.iter().filter(|key| !once.contains(key)).count(),
            twice: repeated.max(counted),
            strange: once.iter().filter(|key| !books.sent.contains(**key)).count(),
            refused: books.refused.len(),
            differences: if verify.code == Some(0) { String::new() } else { verify.stdout + &verify.stderr },
        }
    }

    /// The same as figures of an outcome.
    pub async fn judge(&self, database: &Database, outcome: Outcome) -> Outcome {
        let kept = self.kept(database).await;
        let outcome = kept.told(outcome);
        if kept.refused > 0 { outcome.figure("for example", self.refusals().join(", ")) } else { outcome }
    }

    fn books(&self) -> MutexGuard<'_, Books> {
        self.0.lock().expect("a ledger that nobody broke")
    }
}

impl Kept {
    fn told(&self, outcome: Outcome) -> Outcome {
        let verified = if self.differences.is_empty() { "clean" } else { &self.differences };
        outcome
            .judged("acknowledged", self.acknowledged > 0, &self.acknowledged.to_string(), "some")
            .exactly("lost", self.lost, 0)
            .exactly("counted twice", self.twice, 0)
            .exactly("sent by nobody", self.strange, 0)
            .exactly("refused", self.refused, 0)
            .judged("`verify`", self.differences.is_empty(), verified, "clean")
    }
}
