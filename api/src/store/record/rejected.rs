//! Refused logs are kept: for their sender to see, and for a replay.

use std::collections::{BTreeMap, BTreeSet, HashSet};

use chrono::{DateTime, Utc};
use sea_orm::DbErr;
use sha2::{Digest, Sha256};

use super::Recording;
use super::admit::{Admission, Entry};
use super::erased::{ERASED, refs};
use crate::store::query::{Query, Rows};
use crate::store::{RejectedLogKey, Rejection, Verdict};

/// How much of the payload of a rejected log is kept, in bytes; a log is a few hundred.
pub const KEPT_PAYLOAD: usize = 8 * 1024;

/// The longest `learner_ref`, in bytes: what PostgreSQL takes into an index. Two names of any length.
const LEARNER_REF_LIMIT: usize = 2_600;

/// How many different rejected logs are kept for a client: a broken sender must not fill the disk.
const LOGS_PER_CLIENT: i64 = 10_000;

/// One row of `rejected_logs` without its key.
struct Refused<'g> {
    rejection: &'g Rejection,
    named: Vec<String>,
    payload: &'g [u8],
    times: i64,
    last_seen: DateTime<Utc>,
}

type RefusedLogs<'g> = BTreeMap<RejectedLogKey, Refused<'g>>;

impl Recording<'_> {
    /// Keeps what was refused in this group, each payload once.
    pub(super) async fn keep_rejected(&self, admission: &Admission<'_>) -> Result<(), DbErr> {
        let mut refused = refused_logs(&admission.entries);
        self.leave_out_the_erased(&mut refused).await?;
        if refused.is_empty() {
            return Ok(());
        }
        let clients: BTreeSet<String> = refused.keys().map(|key| key.client.clone()).collect();
        for client in &clients {
            self.leave_out_what_is_too_much(client, &mut refused).await?;
        }
        self.upsert(&refused).await
    }

    /// Nothing is kept of whoever was erased, whatever a log is refused for.
    async fn leave_out_the_erased(&self, refused: &mut RefusedLogs<'_>) -> Result<(), DbErr> {
        let refs = refused.values().flat_map(|log| log.named.iter().cloned());
        let erased = self.erased_among(refs.collect()).await?;
        let names_erased = |log: &Refused<'_>| log.named.iter().any(|it| erased.contains(it));
        refused.retain(|_, log| log.rejection.code != ERASED && !names_erased(log));
        Ok(())
    }

    /// Past the client's limit only payloads that are kept already are counted on.
    async fn leave_out_what_is_too_much(
        &self,
        client: &str,
        refused: &mut RefusedLogs<'_>,
    ) -> Result<(), DbErr> {
        let count = Query::new(self.dialect, include_str!("../sql/count_rejected_logs.sql"));
        let count = count.bind("client", client).bind("limit", LOGS_PER_CLIENT).one(self.tx).await?;
        let kept: i64 = count.map_or(Ok(0), |row| row.try_get_by_index(0))?;
        let offered = refused.keys().filter(|key| key.client == client).count() as i64;
        if kept + offered <= LOGS_PER_CLIENT {
            return Ok(());
        }
        let known = self.known(refused.keys().filter(|key| key.client == client)).await?;
        let mut room = LOGS_PER_CLIENT - kept;
        let before = refused.len();
        refused.retain(|key, _| {
            if key.client != client || known.contains(key) {
                return true;
            }
            room -= 1;
            room >= 0
        });
        metrics::counter!("rejected_logs_not_kept_total").increment((before - refused.len()) as u64);
        Ok(())
    }

    /// Which of these rejected logs are there; on PostgreSQL they are locked until the end of the transaction.
    pub(super) async fn known(
        &self,
        keys: impl Iterator<Item = &RejectedLogKey> + Clone,
    ) -> Result<HashSet<RejectedLogKey>, DbErr> {
        let lock = Query::new(self.dialect, include_str!("../sql/lock_rejected_logs.sql"));
        let rows = lock.rows(key_rows(keys)).all(self.tx).await?;
        let key = |row: &sea_orm::QueryResult| {
            Ok(RejectedLogKey {
                client: row.try_get("", "client")?,
                payload_hash: row.try_get("", "payload_hash")?,
            })
        };
        rows.iter().map(key).collect()
    }

    async fn upsert(&self, refused: &RefusedLogs<'_>) -> Result<(), DbErr> {
        let logs = || refused.values();
        let kept = |payload: &[u8]| payload.iter().copied().take(KEPT_PAYLOAD).collect::<Vec<u8>>();
        let rows = key_rows(refused.keys())
            .text("code", logs().map(|log| log.rejection.code))
            .text("reason", logs().map(|log| log.rejection.reason.as_str()))
            .text("pointer", logs().map(|log| log.rejection.pointer.as_deref().unwrap_or_default()))
            .text("learner_ref", logs().map(|log| learner_ref(&log.named)))
            .bytes("payload", logs().map(|log| kept(log.payload)))
            .bigint("truncated", logs().map(|log| i64::from(log.payload.len() > KEPT_PAYLOAD)))
            .bigint("times", logs().map(|log| log.times))
            .time("last_seen", logs().map(|log| log.last_seen));
        let upsert = Query::new(self.dialect, include_str!("../sql/keep_rejected_logs.sql"));
        upsert.rows(rows).bind("longest", LEARNER_REF_LIMIT as i64).execute(self.tx).await?;
        Ok(())
    }
}

fn refused_logs<'a>(entries: &'a [Entry<'_>]) -> RefusedLogs<'a> {
    let mut refused = RefusedLogs::new();
    for entry in entries.iter().filter(|entry| entry.item.replays.is_none()) {
        let Some(Verdict::Rejected(rejection)) = &entry.verdict else { continue };
        let payload_hash = Sha256::digest(&entry.item.payload).to_vec();
        let key = RejectedLogKey { client: entry.client.to_owned(), payload_hash };
        let log = refused.entry(key).or_insert(Refused {
            rejection,
            named: match &entry.item.parsed {
                Ok(log) => refs(&log.learner).collect(),
                Err(_) => entry.item.named.clone(),
            },
            payload: &entry.item.payload,
            times: 0,
            last_seen: entry.received_at,
        });
        log.times += 1;
        log.last_seen = entry.received_at.max(log.last_seen);
    }
    refused
}

/// Everybody whom a log names, each on a line. Where that is too much to be looked up it is nobody, and the payload is
/// searched.
fn learner_ref(named: &[String]) -> String {
    let lines = named.join("\n");
    if lines.len() > LEARNER_REF_LIMIT { String::new() } else { lines }
}

/// The keys as the first two columns of a set.
pub(super) fn key_rows<'k>(keys: impl Iterator<Item = &'k RejectedLogKey> + Clone) -> Rows {
    Rows::new()
        .text("client", keys.clone().map(|key| key.client.as_str()))
        .bytes("payload_hash", keys.map(|key| key.payload_hash.clone()))
}
