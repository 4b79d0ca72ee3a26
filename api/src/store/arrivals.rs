//! What arrived lately, by arrival and whatever day it is from.

use std::collections::{BTreeSet, HashMap};
use std::ops::Range;

use chrono::{DateTime, TimeDelta, Utc};
use sea_orm::{DbErr, FromQueryResult};
use uuid::Uuid;

use super::query::{Query, Rows};
use super::{Calendar, Store};
use crate::error::StoreError;

/// How many of the latest arrivals are shown.
pub const ARRIVALS: usize = 20;

/// How far is looked back for them, as long as there are too few.
const LOOKED_BACK: [TimeDelta; 3] = [TimeDelta::minutes(1), TimeDelta::hours(1), TimeDelta::days(1)];

/// How many logs are gone through, about, for the latest ones of a classroom: a tenth of a second's work.
const GONE_THROUGH: i64 = 100_000;

/// Nothing arrives later than now, unless the clock of a replica is ahead.
const AHEAD: TimeDelta = TimeDelta::minutes(1);

/// A log that arrived, without a name.
#[derive(Debug, Clone, PartialEq, Eq, FromQueryResult)]
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

/// Logs that arrived within a tenth of a second.
#[derive(Debug, Clone, Copy, PartialEq, Eq, FromQueryResult)]
pub struct ArrivalCount {
    /// When the tenth began.
    pub tenth: DateTime<Utc>,
    /// How many there are.
    pub streaming_logs: i64,
}

/// A log that arrived, and the classroom of its learner.
#[derive(Debug, Clone, PartialEq, Eq, FromQueryResult)]
pub struct ClassroomArrival {
    /// The class that the learner is in today.
    pub classroom: String,
    /// The log.
    #[sea_orm(nested)]
    pub arrival: Arrival,
}

/// Logs of a classroom that arrived within a tenth of a second.
#[derive(Debug, Clone, PartialEq, Eq, FromQueryResult)]
pub struct ClassroomArrivalCount {
    /// The class that their learners are in today.
    pub classroom: String,
    /// Which tenth, and how many there are.
    #[sea_orm(nested)]
    pub count: ArrivalCount,
}

/// A learner, by the latest log that arrived.
#[derive(Debug, Clone, PartialEq, Eq, FromQueryResult)]
pub struct LatestOfLearner {
    /// Who it is.
    pub student_id: i64,
    /// The class that the learner is in today.
    pub classroom: String,
    /// What was streamed.
    pub lesson_id: i64,
    /// When the log reached us.
    pub received_at: DateTime<Utc>,
}

impl Store {
    /// The latest arrivals, newest first, then by learner and id: at most [`ARRIVALS`]. Looks no further back than it
    /// must: from the oldest of those that were known before, or through ever longer ranges.
    pub async fn latest_arrivals(
        &self,
        now: DateTime<Utc>,
        known: &[Arrival],
    ) -> Result<Vec<Arrival>, StoreError> {
        let oldest_known = known.get(ARRIVALS - 1).map(|arrival| arrival.received_at);
        let mut found = Vec::new();
        for since in oldest_known.into_iter().chain(LOOKED_BACK.map(|range| now - range)) {
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
        self.read_each(latest).await
    }

    /// The latest arrivals of each of these classrooms among those of a range: at most [`ARRIVALS`] of each, in no order.
    pub async fn arrivals_of_classrooms(
        &self,
        range: &Range<DateTime<Utc>>,
        classrooms: &BTreeSet<String>,
    ) -> Result<Vec<ClassroomArrival>, StoreError> {
        let latest = self.within(include_str!("sql/latest_arrivals_of_classes.sql"), range);
        self.read_each(latest.classes(classrooms).bind("limit", ARRIVALS as i64)).await
    }

    /// The same, whenever they arrived: for those that are quiet it is looked further back, for a day at most, and no further
    /// than the platform was quiet too. All that arrived since is gone through, and everybody who watches waits for it.
    pub async fn latest_arrivals_of_classrooms(
        &self,
        calendar: &Calendar,
        now: DateTime<Utc>,
        classrooms: &BTreeSet<String>,
        logs_a_minute: i64,
    ) -> Result<Vec<ClassroomArrival>, StoreError> {
        let (mut found, mut quiet) = (Vec::new(), classrooms.clone());
        let [_, hour, day] = LOOKED_BACK;
        let [within_hour, within_day] = self.logs_lately(calendar, now - hour, now - day).await?;
        // A recording that is replayed has minutes of long ago.
        let within_hour = within_hour.max(hour.num_minutes() * logs_a_minute);
        let is_near = |back: &TimeDelta| match *back {
            back if back == day => within_day <= GONE_THROUGH,
            back if back == hour => within_hour.min(within_day) <= GONE_THROUGH,
            _ => true,
        };
        for back in LOOKED_BACK.into_iter().filter(is_near) {
            found.retain(|arrival: &ClassroomArrival| !quiet.contains(&arrival.classroom));
            let arrivals = self.arrivals_of_classrooms(&(now - back..now + AHEAD), &quiet).await?;
            quiet.retain(|classroom| {
                arrivals.iter().filter(|it| it.classroom == *classroom).count() < ARRIVALS
            });
            found.extend(arrivals);
            if quiet.is_empty() {
                break;
            }
        }
        Ok(found)
    }

    async fn logs_lately(
        &self,
        calendar: &Calendar,
        hour_ago: DateTime<Utc>,
        day_ago: DateTime<Utc>,
    ) -> Result<[i64; 2], StoreError> {
        let lately = Query::new(self.dialect, include_str!("sql/logs_lately.sql"))
            .bind_time("hour_ago", hour_ago)
            .bind_day("day_before", calendar.day_of(day_ago));
        let row = lately.one(&self.reader).await?;
        let row = row.ok_or_else(|| DbErr::RecordNotFound("logs lately".to_owned()))?;
        Ok([row.try_get("", "within_hour")?, row.try_get("", "within_day")?])
    }

    /// How many logs of each of these classrooms arrived in each tenth of a second of a range; tenths without one are
    /// left out.
    pub async fn count_arrivals_of_classrooms(
        &self,
        range: &Range<DateTime<Utc>>,
        classrooms: &BTreeSet<String>,
    ) -> Result<Vec<ClassroomArrivalCount>, StoreError> {
        let count = self.within(include_str!("sql/count_arrivals_of_classes.sql"), range);
        self.read_each(count.classes(classrooms)).await
    }

    /// How many logs arrived in each tenth of a second of a range; tenths without one are left out.
    pub async fn count_arrivals(
        &self,
        range: &Range<DateTime<Utc>>,
    ) -> Result<Vec<ArrivalCount>, StoreError> {
        self.read_each(self.within(include_str!("sql/count_arrivals.sql"), range)).await
    }

    /// The latest log of each learner among those that arrived in a range.
    pub async fn latest_of_learners(
        &self,
        range: &Range<DateTime<Utc>>,
    ) -> Result<Vec<LatestOfLearner>, StoreError> {
        self.read_each(self.within(include_str!("sql/latest_of_learners.sql"), range)).await
    }

    /// What people call these lessons, by id, as far as they exist.
    pub async fn lesson_titles(
        &self,
        lessons: impl IntoIterator<Item = i64>,
    ) -> Result<HashMap<i64, String>, StoreError> {
        let titles = "SELECT lessons.lesson_id, lessons.title FROM {rows} \
            JOIN lessons ON lessons.lesson_id = item.lesson_id";
        let titles = Query::new(self.dialect, titles).rows(Rows::new().bigint("lesson_id", lessons));
        let titles = titles.all(&self.reader).await?;
        let titles = titles.iter().map(|row| Ok((row.try_get("", "lesson_id")?, row.try_get("", "title")?)));
        Ok(titles.collect::<Result<_, DbErr>>()?)
    }

    fn within(&self, sql: &str, range: &Range<DateTime<Utc>>) -> Query {
        Query::new(self.dialect, sql).bind_time("from", range.start).bind_time("to", range.end)
    }

    async fn read_each<T: FromQueryResult>(&self, query: Query) -> Result<Vec<T>, StoreError> {
        let rows = query.all(&self.reader).await?;
        Ok(rows.iter().map(|row| T::from_query_result(row, "")).collect::<Result<_, DbErr>>()?)
    }
}
