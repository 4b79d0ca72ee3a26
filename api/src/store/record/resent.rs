//! SQLite's short way for what is sent again: looked up row by row, where nothing is to be written but their number.

use std::borrow::Cow;
use std::sync::Arc;

use chrono::{DateTime, Utc};
use rusqlite::types::Type;
use rusqlite::{OptionalExtension, Row, Transaction};

use super::assumed::Assumed;
use super::candidate::Content;
use super::row_by_row::{execute_each, is_of_the_same_roster, on_a_thread};
use crate::error::StoreError;
use crate::store::Store;

const STORED_LOG: &str =
    "SELECT lesson_id, event_type, watch_time_seconds, completion_percentage, event_timestamp
    FROM streaming_logs WHERE student_id = ? AND log_id = ?";

const ADD_DUPLICATES: &str = "INSERT INTO intake_days AS counted (day, accepted, duplicate, rejected, late)
    VALUES (?, 0, ?, 0, 0)
    ON CONFLICT (day) DO UPDATE SET duplicate = counted.duplicate + excluded.duplicate";

impl Store {
    /// Whether all of them were stored before, just as they are; then they are counted as duplicates.
    pub(super) async fn are_resent(&self, assumed: Arc<Assumed>) -> Result<bool, StoreError> {
        let turn = self.turn();
        on_a_thread(move || turn.take(|connection| Ok(count_if_resent(connection.transaction()?, &assumed)?)))
            .await
    }
}

fn count_if_resent(tx: Transaction<'_>, assumed: &Assumed) -> rusqlite::Result<bool> {
    let resent = is_of_the_same_roster(&tx, assumed)? && all_are_stored(&tx, assumed)?;
    if resent {
        let (days, duplicates, _) = assumed.intake.columns();
        let counted = days.iter().zip(duplicates).map(|(day, duplicates)| (day.to_string(), duplicates));
        execute_each(&tx, ADD_DUPLICATES, counted)?;
        tx.commit()?;
    }
    Ok(resent)
}

fn all_are_stored(tx: &Transaction<'_>, assumed: &Assumed) -> rusqlite::Result<bool> {
    let mut stored = tx.prepare_cached(STORED_LOG)?;
    for log in assumed.candidates() {
        let (student_id, log_id) = log.key;
        let content = stored.query_row((student_id, log_id.into_bytes()), content_of).optional()?;
        if !content.is_some_and(|content| log.says_the_same_as(&content)) {
            return Ok(false);
        }
    }
    Ok(true)
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
