//! What goes over the socket: a snapshot of today, then deltas, each a step from one state to the next.

use bytes::Bytes;
use chrono::{DateTime, NaiveDate, SecondsFormat, Utc};
use serde::{Serialize, Serializer};
use utoipa::ToSchema;
use uuid::Uuid;

use super::delta::Delta;
use crate::figures::{ClassroomFigures, EnrolledFigures};
use crate::store::{Arrival, LiveFigures, RATES_SECONDS};

/// Today, as a client knows it.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct Today {
    /// The day, in the platform's time zone.
    pub(super) date: NaiveDate,
    /// The platform as a whole.
    pub(super) totals: EnrolledFigures,
    /// Every classroom, by name.
    pub(super) classrooms: Vec<ClassroomFigures>,
    /// What arrived within the last minute.
    pub(super) rates: Rates,
    /// The latest logs by arrival, newest first, then by learner and id: at most 20.
    pub(super) recent: Vec<RecentLog>,
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
        Self::new("snapshot", at, today)
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

    /// The text of the frame for one connection, in two pieces: a short one of its own, and the one that all share.
    pub(super) fn numbered(&self, seq: u64) -> [Bytes; 2] {
        let Self { kind, rest } = self;
        [format!(r#"{{"type":"{kind}","seq":{seq},"#).into(), rest.clone()]
    }
}

impl Today {
    /// What was read of a day, in the terms of the socket.
    pub(super) fn new(date: NaiveDate, figures: LiveFigures) -> Self {
        let LiveFigures { totals, classrooms, arrived, latest } = figures;
        Self {
            date,
            totals: totals.into(),
            classrooms: classrooms.into_iter().map(Into::into).collect(),
            rates: Rates {
                streaming_logs_per_second: arrived.streaming_logs as f64 / f64::from(RATES_SECONDS),
                active_students: arrived.active_students,
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
