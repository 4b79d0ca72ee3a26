//! What the live socket shows, read from what is committed.

use chrono::{DateTime, NaiveDate, TimeDelta, Utc};
use sea_orm::{DbErr, QueryResult};
use uuid::Uuid;

use super::Store;
use super::figures::{DaySpan, Enrolled, FiguresReport, LIVE, figures_of};
use super::query::Query;
use crate::error::StoreError;

/// How far back the rates look, in seconds.
pub const RATES_SECONDS: u32 = 60;

/// How many of the latest arrivals are shown.
pub const ARRIVALS: usize = 20;

/// Today as it was at one moment.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct LiveFigures {
    /// The platform as a whole.
    pub totals: Enrolled,
    /// Every classroom, by name.
    pub classrooms: Vec<(String, Enrolled)>,
    /// What arrived within the last [`RATES_SECONDS`], whatever day it is from.
    pub arrived: Arrived,
    /// The latest arrivals, newest first, then by learner and id: at most [`ARRIVALS`].
    pub latest: Vec<Arrival>,
}

/// What arrived lately.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Arrived {
    /// Logs.
    pub streaming_logs: i64,
    /// Learners with at least one of them.
    pub active_students: i64,
}

/// A log that arrived, without a name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Arrival {
    /// The client's name for it, or the one derived from its content.
    pub log_id: Uuid,
    /// Whose it is.
    pub student_id: i64,
    /// What was streamed.
    pub lesson_id: i64,
    /// What happened.
    pub event_type: String,
    /// Seconds watched since the previous log of the same viewing.
    pub watch_time_seconds: Option<i32>,
    /// 0 to 100.
    pub completion_percentage: Option<i32>,
    /// When it happened.
    pub event_timestamp: DateTime<Utc>,
    /// When it reached us.
    pub received_at: DateTime<Utc>,
}

impl Store {
    /// The figures of a day, and what arrived lately. `known` is what was read before: the search for the latest
    /// arrivals begins there.
    pub async fn live_figures(
        &self,
        day: NaiveDate,
        now: DateTime<Utc>,
        known: &[Arrival],
    ) -> Result<LiveFigures, StoreError> {
        // First the arrivals, then the figures: these count whatever is shown to have arrived.
        let latest = self.latest_arrivals(now, known).await?;
        let rows = self
            .figures_query(LIVE, DaySpan::of(day))
            .bind_time("rates_since", now - TimeDelta::seconds(RATES_SECONDS.into()))
            .all(&self.reader)
            .await?;
        let mut report = FiguresReport::default();
        let mut arrived = Arrived::default();
        for row in &rows {
            match row.try_get::<String>("", "part")?.as_str() {
                "rates" => arrived = arrived_of(row)?,
                _ => report.add(row)?,
            }
        }
        let FiguresReport { totals, classrooms, .. } = report.sorted();
        Ok(LiveFigures { totals, classrooms, arrived, latest })
    }

    /// Looks no further back than it must: from the oldest known arrival on, or through ever longer ranges.
    async fn latest_arrivals(
        &self,
        now: DateTime<Utc>,
        known: &[Arrival],
    ) -> Result<Vec<Arrival>, StoreError> {
        let oldest_known = known.get(ARRIVALS - 1).map(|arrival| arrival.received_at);
        let ranges = [TimeDelta::minutes(1), TimeDelta::hours(1), TimeDelta::days(1)];
        let mut found = Vec::new();
        for since in oldest_known.into_iter().chain(ranges.map(|range| now - range)) {
            found = self.arrivals_since(since).await?;
            if found.len() == ARRIVALS {
                break;
            }
        }
        Ok(found)
    }

    async fn arrivals_since(&self, since: DateTime<Utc>) -> Result<Vec<Arrival>, StoreError> {
        let latest = Query::new(self.dialect, include_str!("sql/latest_arrivals.sql"))
            .bind_time("since", since)
            .bind("limit", ARRIVALS as i64);
        let rows = latest.all(&self.reader).await?;
        Ok(rows.iter().map(arrival_of).collect::<Result<_, DbErr>>()?)
    }
}

fn arrived_of(row: &QueryResult) -> Result<Arrived, DbErr> {
    let figures = figures_of(row)?;
    Ok(Arrived { streaming_logs: figures.streaming_logs, active_students: figures.active_students })
}

fn arrival_of(row: &QueryResult) -> Result<Arrival, DbErr> {
    Ok(Arrival {
        log_id: row.try_get("", "log_id")?,
        student_id: row.try_get("", "student_id")?,
        lesson_id: row.try_get("", "lesson_id")?,
        event_type: row.try_get("", "event_type")?,
        watch_time_seconds: row.try_get("", "watch_time_seconds")?,
        completion_percentage: row.try_get("", "completion_percentage")?,
        event_timestamp: row.try_get("", "event_timestamp")?,
        received_at: row.try_get("", "received_at")?,
    })
}
