//! All that there is on a learner, record by record: a page at a time, so that a copy takes no more memory than that.

use futures_util::Stream;
use futures_util::stream::unfold;
use serde_json::{Value, json};

use crate::error::StoreError;
use crate::store::{
    AuditEntryRow, AuditFilter, AuditPosition, Classes, Completed, LessonRow, LogFilter, LogPosition,
    RejectedLogKey, RejectedLogRow, Store, StreamingLogRow, StudentRow, ViewedDay,
};

/// How many records are read at once.
const PAGE: u64 = 500;

/// A kind of record.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Part {
    StreamingLogs,
    ViewingDays,
    Completions,
    Lessons,
    RejectedLogs,
    AuditLog,
}

/// In the order in which they are told.
pub(super) const PARTS: [Part; 6] = [
    Part::StreamingLogs,
    Part::ViewingDays,
    Part::Completions,
    Part::Lessons,
    Part::RejectedLogs,
    Part::AuditLog,
];

impl Part {
    /// What the records are called.
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::StreamingLogs => "streaming_logs",
            Self::ViewingDays => "viewing_days",
            Self::Completions => "completions",
            Self::Lessons => "lessons",
            Self::RejectedLogs => "rejected_logs",
            Self::AuditLog => "audit_log",
        }
    }
}

/// Some records of one kind, perhaps none.
pub(super) struct RecordPage {
    pub(super) part: Part,
    pub(super) records: Vec<Value>,
    /// Whether it is the last of its kind.
    pub(super) is_last: bool,
}

/// Where a kind of records goes on.
enum Place {
    Beginning,
    Log(LogPosition),
    Day(ViewedDay),
    Completed(Completed),
    Lesson(i64),
    Rejected(RejectedLogKey),
    Entry(AuditPosition),
}

/// Everything, page by page: at least one page of each kind. It ends with the first error.
pub(super) fn pages(store: Store, student: StudentRow) -> impl Stream<Item = Result<RecordPage, StoreError>> {
    unfold(Some((store, student, 0, Place::Beginning)), |state| async move {
        let (store, student, at, place) = state?;
        let part = *PARTS.get(at)?;
        match page(&store, &student, part, place).await {
            Ok((records, Some(next))) => {
                let page = RecordPage { part, records, is_last: false };
                Some((Ok(page), Some((store, student, at, next))))
            }
            Ok((records, None)) => {
                let page = RecordPage { part, records, is_last: true };
                Some((Ok(page), Some((store, student, at + 1, Place::Beginning))))
            }
            Err(error) => Some((Err(error), None)),
        }
    })
}

/// The records of a kind from a place on, and where they go on.
async fn page(
    store: &Store,
    student: &StudentRow,
    part: Part,
    place: Place,
) -> Result<(Vec<Value>, Option<Place>), StoreError> {
    let id = student.student_id;
    Ok(match part {
        Part::StreamingLogs => {
            let after = if let Place::Log(position) = place { Some(position) } else { None };
            let filter = LogFilter { student_id: Some(id), ..LogFilter::default() };
            let rows = store.streaming_logs(&Classes::All, &filter, after.as_ref(), PAGE).await?;
            told(rows, log, |row| Place::Log(position_of(row)))
        }
        Part::ViewingDays => {
            let after = if let Place::Day(last) = place { Some(last) } else { None };
            told(store.viewed_days(id, after.as_ref(), PAGE).await?, day, |row| Place::Day(row.clone()))
        }
        Part::Completions => {
            let after = if let Place::Completed(last) = place { Some(last) } else { None };
            let rows = store.completions(id, after.as_ref(), PAGE).await?;
            told(rows, completed, |row| Place::Completed(row.clone()))
        }
        Part::Lessons => {
            let after = if let Place::Lesson(last) = place { Some(last) } else { None };
            told(store.lessons_of(id, after, PAGE).await?, lesson, |row| Place::Lesson(row.lesson_id))
        }
        Part::RejectedLogs => {
            let after = if let Place::Rejected(last) = place { Some(last) } else { None };
            let rows = store.rejected_logs_of(student, after.as_ref(), PAGE).await?;
            told(rows, |row| rejected(student, row), |row| Place::Rejected(key_of(row)))
        }
        Part::AuditLog => {
            let after = if let Place::Entry(last) = place { Some(last) } else { None };
            let rows = store.audit_entries(&AuditFilter::of_learner(id), after.as_ref(), PAGE).await?;
            told(rows, entry, |row| Place::Entry(AuditPosition { at: row.at, id: row.id }))
        }
    })
}

/// Rows in the words of the copy. A page that is not full is the last one.
fn told<R>(
    rows: Vec<R>,
    one: impl Fn(&R) -> Value,
    place: impl Fn(&R) -> Place,
) -> (Vec<Value>, Option<Place>) {
    let is_full = rows.len() as u64 == PAGE;
    let next = rows.last().filter(|_| is_full).map(place);
    (rows.iter().map(one).collect(), next)
}

/// The learner's row of the roster.
pub(super) fn student(row: &StudentRow) -> Value {
    let StudentRow { student_id, external_id, name, classroom, created_at } = row;
    json!({
        "student_id": student_id, "external_id": external_id, "name": name, "classroom": classroom,
        "created_at": created_at,
    })
}

fn log(row: &StreamingLogRow) -> Value {
    let StreamingLogRow {
        student_id: _,
        log_id,
        lesson_id,
        event_type,
        watch_time_seconds,
        completion_percentage,
        event_timestamp,
        received_at,
    } = row;
    json!({
        "log_id": log_id, "lesson_id": lesson_id, "event_type": event_type, "watch_time_seconds": watch_time_seconds,
        "completion_percentage": completion_percentage, "event_timestamp": event_timestamp, "received_at": received_at,
    })
}

fn position_of(row: &StreamingLogRow) -> LogPosition {
    LogPosition { event_timestamp: row.event_timestamp, student_id: row.student_id, log_id: row.log_id }
}

fn day(row: &ViewedDay) -> Value {
    let ViewedDay { day, lesson_id, streaming_logs, watch_time_seconds } = row;
    json!({
        "day": day, "lesson_id": lesson_id, "streaming_logs": streaming_logs,
        "watch_time_seconds": watch_time_seconds,
    })
}

fn completed(row: &Completed) -> Value {
    let Completed { lesson_id, completed_at, day } = row;
    json!({"lesson_id": lesson_id, "completed_at": completed_at, "day": day})
}

fn lesson(row: &LessonRow) -> Value {
    json!({"lesson_id": row.lesson_id, "title": row.title, "subject": row.subject})
}

/// A log that was refused. A payload that names others as well is not the learner's to have.
fn rejected(student: &StudentRow, row: &RejectedLogRow) -> Value {
    let own = [format!("id:{}", student.student_id), format!("ref:{}", student.external_id)];
    let mut named = row.learner_ref.iter().flat_map(|names| names.lines());
    let is_own = named.all(|name| own.iter().any(|own| own == name));
    let RejectedLogRow {
        client,
        code,
        reason,
        pointer,
        payload,
        truncated,
        times,
        first_seen,
        last_seen,
        ..
    } = row;
    json!({
        "client": client, "code": code, "reason": reason, "pointer": pointer,
        "payload": is_own.then(|| String::from_utf8_lossy(payload)), "truncated": truncated, "times": times,
        "first_seen": first_seen, "last_seen": last_seen,
    })
}

fn key_of(row: &RejectedLogRow) -> RejectedLogKey {
    RejectedLogKey { client: row.client.clone(), payload_hash: row.payload_hash.clone() }
}

fn entry(row: &AuditEntryRow) -> Value {
    let AuditEntryRow { at, actor, action, outcome, times, .. } = row;
    json!({"at": at, "actor": actor, "action": action, "outcome": outcome, "times": times})
}
