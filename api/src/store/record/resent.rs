//! What is sent again: looked up before anything is stored, and counted as duplicates. On PostgreSQL that is one statement
//! ([`at_once`](super::at_once)), on SQLite a look for each row.

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use chrono::{DateTime, NaiveDate, Utc};
use rusqlite::types::Type;
use rusqlite::{OptionalExtension, Row, Transaction};

use super::assumed::Assumed;
use super::candidate::Content;
use super::row_by_row::{execute_each, is_of_the_same_roster};
use crate::error::StoreError;
use crate::store::{Calendar, Dialect, Store};

const STORED_LOG: &str =
    "SELECT lesson_id, event_type, watch_time_seconds, completion_percentage, event_timestamp
    FROM streaming_logs WHERE student_id = ? AND log_id = ?";

const ADD_DUPLICATES: &str = "INSERT INTO intake_days AS counted (day, accepted, duplicate, rejected, late)
    VALUES (?, 0, ?, 0, 0)
    ON CONFLICT (day) DO UPDATE SET duplicate = counted.duplicate + excluded.duplicate";

impl Store {
    /// Which of them were stored before, just as they are, by their places; they are counted as duplicates. None where the
    /// roster is not what we remember.
    pub(super) async fn resent_among(
        &self,
        calendar: Calendar,
        assumed: &Arc<Assumed>,
    ) -> Result<BTreeSet<usize>, StoreError> {
        if assumed.is_empty() {
            return Ok(BTreeSet::new());
        }
        if self.dialect == Dialect::Postgres {
            return self.sort_out_at_once(&calendar, assumed).await;
        }
        let assumed = Arc::clone(assumed);
        let logs = assumed.candidates().count();
        self.in_turn_of_group(logs, move |tx| Ok(sort_out(tx, calendar, &assumed)?)).await
    }
}

fn sort_out(tx: Transaction<'_>, calendar: Calendar, assumed: &Assumed) -> rusqlite::Result<BTreeSet<usize>> {
    let mut resent = BTreeSet::new();
    if !is_of_the_same_roster(&tx, assumed)? {
        return Ok(resent);
    }
    let mut by_day: BTreeMap<NaiveDate, i64> = BTreeMap::new();
    let mut stored = tx.prepare_cached(STORED_LOG)?;
    for log in assumed.candidates() {
        let (student_id, log_id) = log.key;
        let content = stored.query_row((student_id, log_id.into_bytes()), content_of).optional()?;
        if content.is_some_and(|content| log.says_the_same_as(&content)) {
            resent.insert(log.position);
            *by_day.entry(calendar.day_of(log.received_at)).or_default() += 1;
        }
    }
    drop(stored);
    execute_each(&tx, ADD_DUPLICATES, by_day.iter().map(|(day, logs)| (day.to_string(), logs)))?;
    tx.commit()?;
    Ok(resent)
}

fn content_of(row: &Row<'_>) -> rusqlite::Result<Content<'static>> {
    let moment: String = row.get(4)?;
    let moment = moment.parse::<DateTime<Utc>>();
    Ok(Content {
        lesson_id: row.get(0)?,
        event_type: Cow::Owned(row.get(1)?),
        watch_time_seconds: row.get(2)?,
        completion_percentage: row.get(3)?,
        event_timestamp: moment
            .map_err(|error| rusqlite::Error::FromSqlConversionFailure(4, Type::Text, error.into()))?,
    })
}
