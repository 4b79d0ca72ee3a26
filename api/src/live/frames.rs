//! What goes over the socket: a snapshot of today, then deltas, each a step from one state to the next.

use std::collections::HashMap;

use bytes::Bytes;
use chrono::{DateTime, NaiveDate, SecondsFormat, Utc};
use serde::{Serialize, Serializer};
use utoipa::ToSchema;
use uuid::Uuid;

use super::delta::Delta;
use super::last_minute::{MINUTE, Watched};
use crate::figures::{ClassroomFigures, EnrolledFigures};
use crate::store::{Arrival, FiguresReport};

/// Today, as a client knows it.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct Today {
    /// The day, in the platform's time zone.
    pub(super) date: NaiveDate,
    /// The platform as a whole; for those who are bound to classrooms, all of these.
    pub(super) totals: EnrolledFigures,
    /// Every classroom, by name; for those who are bound to classrooms, these alone.
    pub(super) classrooms: Vec<LiveClassroom>,
    /// The lessons that are being watched, those of most learners first, then by id: at most 10.
    pub(super) lessons: Vec<WatchedLesson>,
    /// Logs that arrived on this day and were refused; null for those who are bound to classrooms, since these have none.
    #[schema(required)]
    pub(super) rejected_logs: Option<i64>,
    /// What arrived within the last minute.
    pub(super) rates: Rates,
    /// The latest logs by arrival, newest first, then by learner and id: at most 20.
    pub(super) recent: Vec<RecentLog>,
}

/// A classroom: the day's figures, and who is there now.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct LiveClassroom {
    #[serde(flatten)]
    pub(super) figures: ClassroomFigures,
    /// Its learners whose latest log arrived within the last minute.
    pub(super) watching_students: i64,
}

/// A lesson that is being watched.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct WatchedLesson {
    pub(super) lesson_id: i64,
    /// What people call it.
    #[schema(example = "Introduction à Docker")]
    pub(super) title: String,
    /// Learners whose latest log is of this lesson and arrived within the last minute.
    pub(super) watching_students: i64,
}

/// What arrived within the last minute, whatever day it is from: a replay of old logs moves these too.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, ToSchema)]
pub struct Rates {
    /// Logs, for each second.
    pub(super) streaming_logs_per_second: f64,
    /// Distinct learners with at least one of them.
    pub(super) active_students: i64,
}

/// A log that arrived. It names its learner by id alone.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct RecentLog {
    pub(super) log_id: Uuid,
    pub(super) student_id: i64,
    pub(super) lesson_id: i64,
    #[schema(example = "progress")]
    pub(super) event_type: String,
    /// Seconds watched since the previous log of the same viewing.
    #[schema(required)]
    pub(super) watch_time_seconds: Option<i32>,
    /// 0 to 100.
    #[schema(required)]
    pub(super) completion_percentage: Option<i32>,
    /// When it happened.
    #[serde(serialize_with = "of_one_width")]
    pub(super) event_timestamp: DateTime<Utc>,
    /// When it reached us.
    #[serde(serialize_with = "of_one_width")]
    pub(super) received_at: DateTime<Utc>,
}

/// A frame as a client reads it.
#[expect(dead_code, reason = "for the specification: what is sent is written once for all, as a `Frame`")]
#[derive(ToSchema)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum LiveFrame {
    /// The first frame, and any later one that begins anew: at midnight, or after something was missed.
    Snapshot {
        /// Counts the frames of this connection, from 0.
        seq: u64,
        /// When it was read.
        at: DateTime<Utc>,
        /// The whole state.
        #[serde(flatten)]
        today: Today,
    },
    /// What changed since the frame before, as absolute values.
    Delta {
        /// Counts the frames of this connection.
        seq: u64,
        /// When it was read.
        at: DateTime<Utc>,
        /// Nothing of it, where nothing changed for a while: it holds still.
        #[serde(flatten)]
        delta: Delta,
    },
}

const SNAPSHOT: &str = "snapshot";

/// A frame, written once for every connection; only its number is each connection's own.
#[derive(Debug, Clone)]
pub(super) struct Frame {
    kind: &'static str,
    rest: Bytes,
}

#[derive(Serialize)]
struct Rest<'f, T> {
    #[serde(serialize_with = "of_one_width")]
    at: DateTime<Utc>,
    #[serde(flatten)]
    content: &'f T,
}

impl Frame {
    /// The whole state.
    pub(super) fn snapshot(at: DateTime<Utc>, today: &Today) -> serde_json::Result<Self> {
        Self::new(SNAPSHOT, at, today)
    }

    /// What changed since the frame before.
    pub(super) fn delta(at: DateTime<Utc>, delta: &Delta) -> serde_json::Result<Self> {
        Self::new("delta", at, delta)
    }

    fn new(kind: &'static str, at: DateTime<Utc>, content: &impl Serialize) -> serde_json::Result<Self> {
        let object = Bytes::from(serde_json::to_vec(&Rest { at, content })?);
        // `type` and `seq` come in place of the brace.
        Ok(Self { kind, rest: object.slice(1..) })
    }

    /// Whether it is the whole state.
    pub(super) fn is_snapshot(&self) -> bool {
        self.kind == SNAPSHOT
    }

    /// The text of the frame for one connection, in two pieces: a short one of its own, and the one that all share.
    pub(super) fn numbered(&self, seq: u64) -> [Bytes; 2] {
        let Self { kind, rest } = self;
        [format!(r#"{{"type":"{kind}","seq":{seq},"#).into(), rest.clone()]
    }
}

/// What was read for a frame.
pub(super) struct Read<'r> {
    pub(super) figures: FiguresReport,
    pub(super) watched: Watched,
    /// Of the lessons that are watched, by id.
    pub(super) titles: &'r HashMap<i64, String>,
    /// Where they are told.
    pub(super) rejected_logs: Option<i64>,
    pub(super) latest: Vec<Arrival>,
}

impl Today {
    /// What was read of a day, in the terms of the socket. A lesson without a title has just been removed.
    pub(super) fn new(date: NaiveDate, read: Read<'_>) -> Self {
        let Read {
            figures: FiguresReport { totals, classrooms, .. },
            watched,
            titles,
            rejected_logs,
            latest,
        } = read;
        let classrooms = classrooms.into_iter().map(|(classroom, figures)| LiveClassroom {
            watching_students: watched.by_classroom.get(&classroom).copied().unwrap_or_default(),
            figures: (classroom, figures).into(),
        });
        let lessons = watched.lessons.iter().filter_map(|&(lesson_id, watching_students)| {
            let title = titles.get(&lesson_id)?.clone();
            Some(WatchedLesson { lesson_id, title, watching_students })
        });
        Self {
            date,
            totals: totals.into(),
            classrooms: classrooms.collect(),
            lessons: lessons.collect(),
            rejected_logs,
            rates: Rates {
                streaming_logs_per_second: watched.streaming_logs as f64 / MINUTE.as_seconds_f64(),
                active_students: watched.active_students,
            },
            recent: latest.into_iter().map(Into::into).collect(),
        }
    }
}

impl From<Arrival> for RecentLog {
    fn from(arrival: Arrival) -> Self {
        let Arrival {
            log_id,
            student_id,
            lesson_id,
            event_type,
            watch_time_seconds,
            completion_percentage,
            event_timestamp,
            received_at,
        } = arrival;
        Self {
            log_id,
            student_id,
            lesson_id,
            event_type,
            watch_time_seconds,
            completion_percentage,
            event_timestamp,
            received_at,
        }
    }
}

/// Always six digits after the point, so that the order of these texts is the order of time.
fn of_one_width<S: Serializer>(moment: &DateTime<Utc>, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_str(&moment.to_rfc3339_opts(SecondsFormat::Micros, true))
}
