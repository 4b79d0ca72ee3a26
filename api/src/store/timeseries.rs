//! How many logs, and of how many learners, in each stretch of a window of time.

use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, NaiveDate, TimeDelta, Utc};
use sea_orm::{ConnectionTrait, DbErr, QueryResult};

use super::query::{Query, Rows};
use super::record::minute_of;
use super::{Calendar, Classes, Dialect, Store};
use crate::error::StoreError;

/// A class and a district, an hour and a quarter want different plans.
const PLANNED_ANEW: &str = "SET LOCAL plan_cache_mode = force_custom_plan";

/// A stretch of time: its first moment, and the first one after it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Window {
    /// The first moment.
    pub from: DateTime<Utc>,
    /// The first moment after it.
    pub to: DateTime<Utc>,
}

/// What happened in a bucket.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct BucketCount {
    /// Logs.
    pub streaming_logs: i64,
    /// Learners with at least one of them.
    pub active_students: i64,
}

/// A window as whole units that a rollup counts, and what sticks out at either end: that is counted in the log.
struct Cut {
    head: Window,
    whole: Window,
    tail: Window,
}

impl Window {
    /// Cuts off what comes before the first whole unit and after the last one. `start` is the start of a moment's
    /// unit, `end` its end.
    fn cut(
        self,
        start: impl Fn(DateTime<Utc>) -> DateTime<Utc>,
        end: impl Fn(DateTime<Utc>) -> DateTime<Utc>,
    ) -> Cut {
        let Self { from, to } = self;
        let whole_from = if start(from) == from { from } else { end(from).min(to) };
        let whole_to = start(to).max(whole_from);
        Cut {
            head: Self { from, to: whole_from },
            whole: Self { from: whole_from, to: whole_to },
            tail: Self { from: whole_to, to },
        }
    }

    fn cut_at_days(self, calendar: &Calendar) -> Cut {
        self.cut(
            |moment| calendar.start_of(calendar.day_of(moment)),
            |moment| calendar.end_of(calendar.day_of(moment)),
        )
    }

    fn cut_at_minutes(self) -> Cut {
        self.cut(minute_of, |moment| minute_of(moment) + TimeDelta::minutes(1))
    }

    /// Whether a part of a day before this moment has to be counted in the log.
    pub fn cuts_a_day_before(self, calendar: &Calendar, moment: DateTime<Utc>) -> bool {
        self.cut_at_days(calendar).sticks_out_before(moment)
    }

    /// Whether a part of a minute before this moment has to be counted in the log.
    pub fn cuts_a_minute_before(self, moment: DateTime<Utc>) -> bool {
        self.cut_at_minutes().sticks_out_before(moment)
    }
}

impl Cut {
    fn sticks_out_before(&self, moment: DateTime<Utc>) -> bool {
        [self.head, self.tail].iter().any(|part| part.from < part.to && part.from < moment)
    }
}

impl Store {
    /// Counts logs and learners of these classrooms by day: whole days from the rollup, a part of a day from the log.
    /// Days without a log are left out.
    pub async fn count_days(
        &self,
        calendar: &Calendar,
        window: Window,
        classes: &Classes,
    ) -> Result<BTreeMap<NaiveDate, BucketCount>, StoreError> {
        let Cut { head, whole, tail } = window.cut_at_days(calendar);
        let before = |moment| calendar.day_of(moment).pred_opt().unwrap_or(NaiveDate::MIN);
        let rows = Query::new(self.dialect, include_str!("sql/count_days.sql"))
            .of(classes)
            .bind_day("first_day", calendar.day_of(whole.from))
            .bind_day("last_day", before(whole.to))
            .bind_day("head_day", calendar.day_of(head.from))
            .bind_day("tail_day", calendar.day_of(tail.from))
            .ends(head, tail)
            .all(&self.reader)
            .await?;
        Ok(counts_by(&rows, "day", active_students_of)?)
    }

    /// Counts logs by bucket: whole minutes from the rollup, a part of a minute from the log. A bucket is named by
    /// its place among `starts`, which are whole minutes and in order; buckets without a log are left out.
    pub async fn count_minutes(
        &self,
        window: Window,
        starts: &[DateTime<Utc>],
    ) -> Result<BTreeMap<i64, BucketCount>, StoreError> {
        let Cut { head, whole, tail } = window.cut_at_minutes();
        let ends = starts.iter().skip(1).copied().chain([window.to]);
        let rows = Rows::new()
            .bigint("bucket", places(starts))
            .time("first_minute", starts.iter().map(|&start| start.max(whole.from)))
            .time("end_minute", ends.map(|end| end.min(whole.to)));
        let counted = Query::new(self.dialect, include_str!("sql/count_minutes.sql"))
            .rows(rows)
            .bind("head_bucket", 0_i64)
            .bind("tail_bucket", places(starts).last().unwrap_or_default())
            .ends(head, tail)
            .all(&self.reader)
            .await?;
        Ok(counts_by(&counted, "bucket", |_| Ok(0))?)
    }

    /// Counts the logs of some classrooms by bucket, from the log: no rollup of minutes knows classrooms. Buckets are named
    /// as in [`count_minutes`](Self::count_minutes).
    pub async fn count_minutes_of_classrooms(
        &self,
        window: Window,
        starts: &[DateTime<Utc>],
        classrooms: &BTreeSet<String>,
    ) -> Result<BTreeMap<i64, BucketCount>, StoreError> {
        let query = Query::new(self.dialect, include_str!("sql/count_minutes_of_classes.sql"))
            .classes(classrooms)
            .bind_time("from", window.from)
            .bind_time("to", window.to);
        let dialect = self.dialect;
        let minutes = self.read(move |tx| {
            Box::pin(async move {
                if dialect == Dialect::Postgres {
                    tx.execute_unprepared(PLANNED_ANEW).await?;
                }
                query.all(tx).await
            })
        });
        let mut counts = BTreeMap::<i64, BucketCount>::new();
        for row in &minutes.await? {
            let bucket = counts.entry(bucket_of(row.try_get("", "minute")?, starts)).or_default();
            bucket.streaming_logs += row.try_get::<i64>("", "streaming_logs")?;
        }
        Ok(counts)
    }

    /// Counts logs and learners of these classrooms by bucket, from the log: for a window of a day at most. Buckets are
    /// named as in [`count_minutes`](Self::count_minutes).
    pub async fn count_logs(
        &self,
        window: Window,
        starts: &[DateTime<Utc>],
        classes: &Classes,
    ) -> Result<BTreeMap<i64, BucketCount>, StoreError> {
        let counted = count_logs_query(self.dialect, window, starts, classes).all(&self.reader).await?;
        Ok(counts_by(&counted, "bucket", active_students_of)?)
    }
}

/// The statement that counts logs and learners by bucket.
pub(super) fn count_logs_query(
    dialect: Dialect,
    window: Window,
    starts: &[DateTime<Utc>],
    classes: &Classes,
) -> Query {
    let minutes = minutes_of(window, starts);
    let rows = Rows::new()
        .time("minute", minutes.iter().map(|&(minute, _)| minute))
        .bigint("bucket", minutes.iter().map(|&(_, bucket)| bucket));
    Query::new(dialect, include_str!("sql/count_logs.sql"))
        .of(classes)
        .rows(rows)
        .bind_time("from", window.from)
        .bind_time("to", window.to)
}

impl Query {
    fn ends(self, head: Window, tail: Window) -> Self {
        self.bind_time("head_from", head.from)
            .bind_time("head_to", head.to)
            .bind_time("tail_from", tail.from)
            .bind_time("tail_to", tail.to)
    }
}

/// Each minute that the window touches, and the bucket that it lies in.
fn minutes_of(window: Window, starts: &[DateTime<Utc>]) -> Vec<(DateTime<Utc>, i64)> {
    let minutes =
        std::iter::successors(Some(minute_of(window.from)), |&minute| Some(minute + TimeDelta::minutes(1)));
    minutes
        .take_while(|&minute| minute < window.to)
        .map(|minute| (minute, bucket_of(minute, starts)))
        .collect()
}

/// The bucket that a minute lies in, by its place.
fn bucket_of(minute: DateTime<Utc>, starts: &[DateTime<Utc>]) -> i64 {
    starts.partition_point(|&start| start <= minute).saturating_sub(1) as i64
}

fn places(starts: &[DateTime<Utc>]) -> impl Iterator<Item = i64> {
    (0..).take(starts.len())
}

fn active_students_of(row: &QueryResult) -> Result<i64, DbErr> {
    row.try_get("", "active_students")
}

/// A bucket may come in two rows, from the rollup and from the log: never with the same log, nor learners to add up.
fn counts_by<K: Ord + sea_orm::TryGetable>(
    rows: &[QueryResult],
    key: &str,
    active_students: impl Fn(&QueryResult) -> Result<i64, DbErr>,
) -> Result<BTreeMap<K, BucketCount>, DbErr> {
    let mut counts = BTreeMap::<K, BucketCount>::new();
    for row in rows {
        let count = counts.entry(row.try_get("", key)?).or_default();
        count.streaming_logs += row.try_get::<i64>("", "streaming_logs")?;
        count.active_students += active_students(row)?;
    }
    Ok(counts)
}

#[cfg(test)]
mod tests {
    use chrono_tz::Tz;

    use super::*;

    fn window(from: &str, to: &str) -> Window {
        Window { from: from.parse().unwrap(), to: to.parse().unwrap() }
    }

    /// The three parts follow each other without a gap.
    fn parts(cut: &Cut) -> [String; 4] {
        assert_eq!((cut.head.to, cut.whole.to), (cut.whole.from, cut.tail.from));
        [cut.head.from, cut.whole.from, cut.tail.from, cut.tail.to]
            .map(|moment| moment.format("%dT%H:%M:%S").to_string())
    }

    #[test]
    fn a_window_is_whole_minutes_and_what_sticks_out() {
        let cut = window("2026-03-01T10:00:30Z", "2026-03-01T10:05:15Z").cut_at_minutes();
        assert_eq!(parts(&cut), ["01T10:00:30", "01T10:01:00", "01T10:05:00", "01T10:05:15"]);
    }

    #[test]
    fn a_window_inside_one_minute_is_all_head() {
        let cut = window("2026-03-01T10:00:30Z", "2026-03-01T10:00:45Z").cut_at_minutes();
        assert_eq!(parts(&cut), ["01T10:00:30", "01T10:00:45", "01T10:00:45", "01T10:00:45"]);
    }

    #[test]
    fn whole_minutes_leave_nothing_at_either_end() {
        let cut = window("2026-03-01T10:00:00Z", "2026-03-01T10:05:00Z").cut_at_minutes();
        assert_eq!(parts(&cut), ["01T10:00:00", "01T10:00:00", "01T10:05:00", "01T10:05:00"]);
    }

    #[test]
    fn days_are_whole_in_the_calendars_zone() {
        let paris = Calendar { zone: Tz::Europe__Paris, threshold: 90 };
        // The 28th from 12:00 on, the 29th (of 23 hours) in whole, the 30th until 12:00.
        let cut = window("2026-03-28T11:00:00Z", "2026-03-30T10:00:00Z").cut_at_days(&paris);
        assert_eq!(parts(&cut), ["28T11:00:00", "28T23:00:00", "29T22:00:00", "30T10:00:00"]);
    }

    #[test]
    fn each_minute_knows_its_bucket() {
        let starts = ["2026-03-01T10:00:00Z", "2026-03-01T10:02:00Z"].map(|text| text.parse().unwrap());
        let minutes = minutes_of(window("2026-03-01T10:00:30Z", "2026-03-01T10:03:01Z"), &starts);
        let buckets: Vec<_> = minutes.iter().map(|&(_, bucket)| bucket).collect();
        assert_eq!(buckets, [0, 0, 1, 1]);
    }
}
