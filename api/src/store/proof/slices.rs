//! The raw log, read in slices of learners and counted.

use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, NaiveDate, Utc};
use sea_orm::{ConnectionTrait, DatabaseTransaction, DbErr, QueryResult};

use crate::store::query::Query;
use crate::store::record::{LoggedViewing, Tally, ViewingDay};
use crate::store::{Calendar, Dialect, FIRST_DAY};

/// Learners whose viewings are held in memory at once; their logs are counted as they are read.
const LEARNERS: i64 = 100;

/// Learners with ids above `after`, up to and including `upto`.
#[derive(Debug, Clone, Copy)]
pub(super) struct Slice {
    after: i64,
    upto: i64,
}

/// Where and by which rules to read.
#[derive(Clone, Copy)]
pub(super) struct Reading<'c, C> {
    pub(super) on: &'c C,
    pub(super) dialect: Dialect,
    pub(super) calendar: Calendar,
    /// Days before this one are closed: nothing recounts them.
    pub(super) closed_before: Option<NaiveDate>,
}

/// What the raw log of a slice says.
#[derive(Default)]
pub(super) struct Recount {
    pub(super) tally: Tally,
    pub(super) logs: u64,
    pub(super) students: BTreeSet<i64>,
    pub(super) lessons: BTreeSet<i64>,
}

/// What the rollups of a slice say.
pub(super) struct Counted {
    pub(super) viewing_days: BTreeMap<(i64, NaiveDate, i64), ViewingDay>,
    pub(super) completions: BTreeMap<(i64, i64), Completed>,
}

/// When a learner completed a lesson: the moment, and the day that counts it.
pub(super) type Completed = (DateTime<Utc>, NaiveDate);

impl<C: ConnectionTrait> Reading<'_, C> {
    /// How many learners there are, to tell the progress by.
    pub(super) async fn count_learners(&self) -> Result<u64, DbErr> {
        let count = Query::new(self.dialect, "SELECT COUNT(*) FROM students").one(self.on).await?;
        let count: i64 = count.map_or(Ok(0), |row| row.try_get_by_index(0))?;
        Ok(u64::try_from(count).unwrap_or_default())
    }

    /// The slice after another one. The last one has no upper end, so that rows without a learner are seen as well.
    pub(super) async fn next_slice(&self, previous: Option<Slice>) -> Result<Option<Slice>, DbErr> {
        let after = match previous {
            None => i64::MIN,
            Some(Slice { upto: i64::MAX, .. }) => return Ok(None),
            Some(Slice { upto, .. }) => upto,
        };
        let last = Query::new(self.dialect, include_str!("../sql/slice_end.sql"));
        let last = last.bind("after", after).bind("position", LEARNERS - 1).one(self.on).await?;
        let upto = last.map_or(Ok(i64::MAX), |row| row.try_get_by_index(0))?;
        Ok(Some(Slice { after, upto }))
    }

    /// Reads the rollups of a slice.
    pub(super) async fn counted(&self, slice: Slice) -> Result<Counted, DbErr> {
        let viewing_days = self.of_slice(include_str!("../sql/slice_viewing_days.sql"), slice);
        let viewing_days = viewing_days.bind_day("from", self.closed_before.unwrap_or(FIRST_DAY));
        let completions = self.of_slice(include_str!("../sql/slice_completions.sql"), slice);
        Ok(Counted {
            viewing_days: viewing_days
                .all(self.on)
                .await?
                .iter()
                .map(viewing_day)
                .collect::<Result<_, _>>()?,
            completions: completions.all(self.on).await?.iter().map(completion).collect::<Result<_, _>>()?,
        })
    }

    fn of_slice(&self, sql: &str, slice: Slice) -> Query {
        Query::new(self.dialect, sql).bind("after", slice.after).bind("upto", slice.upto)
    }
}

impl Reading<'_, DatabaseTransaction> {
    /// Counts the raw log of a slice anew.
    pub(super) async fn recount(&self, slice: Slice) -> Result<Recount, DbErr> {
        let from = self.closed_before.map_or(DateTime::UNIX_EPOCH, |day| self.calendar.start_of(day));
        let logs = self.of_slice(include_str!("../sql/slice_streaming_logs.sql"), slice);
        let mut recount = Recount::default();
        let count = |row: &QueryResult| {
            let log = logged_viewing(row)?;
            recount.tally.add(&self.calendar, &log);
            recount.logs += 1;
            recount.students.insert(log.student_id);
            recount.lessons.insert(log.lesson_id);
            Ok(())
        };
        logs.bind_time("from", from).each(self.on, count).await?;
        Ok(recount)
    }
}

fn logged_viewing(row: &QueryResult) -> Result<LoggedViewing, DbErr> {
    Ok(LoggedViewing {
        student_id: row.try_get("", "student_id")?,
        lesson_id: row.try_get("", "lesson_id")?,
        watch_time_seconds: row.try_get("", "watch_time_seconds")?,
        completion_percentage: row.try_get("", "completion_percentage")?,
        event_timestamp: row.try_get("", "event_timestamp")?,
    })
}

fn viewing_day(row: &QueryResult) -> Result<((i64, NaiveDate, i64), ViewingDay), DbErr> {
    let key = (row.try_get("", "student_id")?, row.try_get("", "day")?, row.try_get("", "lesson_id")?);
    let counts = ViewingDay {
        streaming_logs: row.try_get("", "streaming_logs")?,
        watch_time_logs: row.try_get("", "watch_time_logs")?,
        watch_time_seconds: row.try_get("", "watch_time_seconds")?,
        completion_logs: row.try_get("", "completion_logs")?,
        completion_percentage_sum: row.try_get("", "completion_percentage_sum")?,
        furthest_percentage: row.try_get("", "furthest_percentage")?,
    };
    Ok((key, counts))
}

fn completion(row: &QueryResult) -> Result<((i64, i64), Completed), DbErr> {
    let key = (row.try_get("", "student_id")?, row.try_get("", "lesson_id")?);
    Ok((key, (row.try_get("", "completed_at")?, row.try_get("", "day")?)))
}
