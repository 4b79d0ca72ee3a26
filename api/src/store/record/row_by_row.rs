//! SQLite's short way: a prepared statement for each row, in a transaction, on a connection of its own.
//!
//! SQLite lives in this process: to run a statement is a call. Through the pool it would be a way to another thread and
//! back, for which a set of rows has to be written out as JSON; that took longer than the work.

use std::collections::BTreeSet;
use std::sync::Arc;

use chrono::{DateTime, NaiveDate, Utc};
use rusqlite::{OptionalExtension, Params, Transaction};

use super::assumed::{Assumed, Refuted};
use super::candidate::Candidate;
use super::tally::{Tally, ViewingDay};
use crate::error::StoreError;
use crate::store::dialect::text_of_time;
use crate::store::{Calendar, Store};

const INSERT_LOG: &str =
    "INSERT INTO streaming_logs (log_id, student_id, lesson_id, event_type, watch_time_seconds,
    completion_percentage, event_timestamp, received_at) VALUES (?, ?, ?, ?, ?, ?, ?, ?)";

/// What the rollups do not know yet: appended here, folded into them soon. See store/fold.rs.
const APPEND_VIEWING: &str =
    "INSERT INTO viewing_changes (student_id, lesson_id, day, streaming_logs, watch_time_logs,
    watch_time_seconds, completion_logs, completion_percentage_sum, furthest_percentage, completed)
    VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)";

const APPEND_MINUTE: &str = "INSERT INTO minute_changes (minute, streaming_logs) VALUES (?, ?)";

const COMPLETED_BEFORE: &str =
    "SELECT completed_at, day FROM completions WHERE student_id = ? AND lesson_id = ?";

const COMPLETE: &str = "INSERT INTO completions (student_id, lesson_id, completed_at, day) VALUES (?, ?, ?, ?)
    ON CONFLICT (student_id, lesson_id) DO UPDATE SET completed_at = excluded.completed_at, day = excluded.day";

const RAISE_REVISION: &str = "INSERT INTO day_revisions AS raised (day, revision) VALUES (?, 1)
    ON CONFLICT (day) DO UPDATE SET revision = raised.revision + 1";

const ADD_INTAKE: &str = "INSERT INTO intake_days AS counted (day, accepted, duplicate, rejected, late)
    VALUES (?, ?, 0, 0, ?)
    ON CONFLICT (day) DO UPDATE SET accepted = counted.accepted + excluded.accepted, late = counted.late + excluded.late";

impl Store {
    /// Stores and counts all of them, or none.
    pub(super) async fn store_row_by_row(
        &self,
        calendar: Calendar,
        assumed: Arc<Assumed>,
    ) -> Result<Result<(), Refuted>, StoreError> {
        let rows = LogRows::of(&assumed);
        let logs = rows.0.len();
        let store = move |tx: Transaction<'_>| store(tx, calendar, &assumed, rows).or_else(refutation);
        let stored = self.in_turn_of_group(logs, store).await?;
        self.appended.notify_one();
        Ok(stored)
    }
}

/// Where it fails, or is not to be, dropping the transaction undoes it.
fn store(
    tx: Transaction<'_>,
    calendar: Calendar,
    assumed: &Assumed,
    LogRows(logs): LogRows,
) -> rusqlite::Result<Result<(), Refuted>> {
    if !is_of_the_same_roster(&tx, assumed)? {
        return Ok(Err(Refuted::Outdated));
    }
    execute_each(&tx, INSERT_LOG, logs)?;
    count(&tx, calendar, &assumed.tally)?;
    let (days, accepted, late) = assumed.intake.columns();
    let intake =
        days.iter().zip(accepted).zip(late).map(|((day, accepted), late)| (text(day), accepted, late));
    execute_each(&tx, ADD_INTAKE, intake)?;
    tx.commit()?;
    Ok(Ok(()))
}

/// Whether the roster is the one that is remembered.
pub(super) fn is_of_the_same_roster(tx: &Transaction<'_>, assumed: &Assumed) -> rusqlite::Result<bool> {
    let mut generation = tx.prepare_cached("SELECT roster_generation FROM settings")?;
    Ok(generation.query_row([], |row| row.get::<_, i64>(0))? == assumed.generation)
}

fn count(tx: &Transaction<'_>, calendar: Calendar, tally: &Tally) -> rusqlite::Result<()> {
    let viewings = tally.viewing_days.iter();
    let appended =
        viewings.map(|(&(student, day, lesson), counts)| change(student, lesson, text(&day), counts, 0));
    execute_each(tx, APPEND_VIEWING, appended)?;
    let minutes = tally.minutes.iter().map(|(&minute, logs)| (text_of_time(minute), logs));
    execute_each(tx, APPEND_MINUTE, minutes)?;
    let mut changed_days: BTreeSet<_> = tally.days().iter().map(text).collect();
    for (&pair, &moment) in &tally.completions {
        changed_days.extend(complete(tx, calendar, pair, moment)?);
    }
    execute_each(tx, RAISE_REVISION, changed_days.into_iter().map(|day| [day]))
}

/// Notes a completion, unless the pair was complete before; returns the day that loses it to an earlier one.
fn complete(
    tx: &Transaction<'_>,
    calendar: Calendar,
    (student, lesson): (i64, i64),
    moment: DateTime<Utc>,
) -> rusqlite::Result<Option<String>> {
    let (completed_at, day) = (text_of_time(moment), text(&calendar.day_of(moment)));
    let mut known = tx.prepare_cached(COMPLETED_BEFORE)?;
    let known = known.query_row((student, lesson), |row| Ok((row.get::<_, String>(0)?, row.get(1)?)));
    let later: Option<String> = match known.optional()? {
        Some((at, _)) if completed_at >= at => return Ok(None),
        known => known.map(|(_, day)| day),
    };
    let nothing = ViewingDay::default();
    let lost = later.clone().map(|later| change(student, lesson, later, &nothing, -1));
    let won = change(student, lesson, day.clone(), &nothing, 1);
    execute_each(tx, APPEND_VIEWING, lost.into_iter().chain([won]))?;
    execute_each(tx, COMPLETE, [(student, lesson, completed_at, day)])?;
    Ok(later)
}

pub(super) fn execute_each<P: Params>(
    tx: &Transaction<'_>,
    sql: &str,
    rows: impl IntoIterator<Item = P>,
) -> rusqlite::Result<()> {
    let mut statement = tx.prepare_cached(sql)?;
    for row in rows {
        statement.execute(row)?;
    }
    Ok(())
}

/// For `streaming_logs`: written before it is our turn.
struct LogRows(Vec<LogRow>);

type LogRow = ([u8; 16], i64, i64, String, Option<i32>, Option<i32>, String, String);

impl LogRows {
    fn of(assumed: &Assumed) -> Self {
        let row = |log: Candidate<'_>| {
            let (content, received_at) = (log.content, text_of_time(log.received_at));
            (
                log.key.1.into_bytes(),
                log.key.0,
                content.lesson_id,
                content.event_type.into_owned(),
                content.watch_time_seconds,
                content.completion_percentage,
                text_of_time(content.event_timestamp),
                received_at,
            )
        };
        Self(assumed.candidates().map(row).collect())
    }
}

/// For `viewing_changes`.
fn change(student: i64, lesson: i64, day: String, counts: &ViewingDay, completed: i64) -> impl Params {
    let ViewingDay {
        streaming_logs,
        watch_time_logs,
        watch_time_seconds,
        completion_logs,
        completion_percentage_sum,
        furthest_percentage,
    } = *counts;
    (
        student,
        lesson,
        day,
        streaming_logs,
        watch_time_logs,
        watch_time_seconds,
        completion_logs,
        completion_percentage_sum,
        furthest_percentage,
        completed,
    )
}

fn text(day: &NaiveDate) -> String {
    day.to_string()
}

/// A key that exists, of a log: one of them was stored before.
fn refutation(error: rusqlite::Error) -> Result<Result<(), Refuted>, StoreError> {
    match error.sqlite_error() {
        Some(refusal) if refusal.extended_code == rusqlite::ffi::SQLITE_CONSTRAINT_PRIMARYKEY => {
            Ok(Err(Refuted::NotNew))
        }
        _ => Err(error.into()),
    }
}
