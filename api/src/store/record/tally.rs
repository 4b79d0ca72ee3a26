//! What a set of logs adds to the rollups: the one place that says how logs are counted.

use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, DurationRound, NaiveDate, TimeDelta, Utc};
use sea_orm::{DbErr, QueryResult};

use super::Recording;
use super::candidate::Candidate;
use super::day_counts::{Changes, Completion};
use super::roster::Roster;
use crate::store::Calendar;
use crate::store::query::{Query, Rows};

/// What counts of one log.
pub(in crate::store) struct LoggedViewing {
    pub(in crate::store) student_id: i64,
    pub(in crate::store) lesson_id: i64,
    pub(in crate::store) watch_time_seconds: Option<i32>,
    pub(in crate::store) completion_percentage: Option<i32>,
    pub(in crate::store) event_timestamp: DateTime<Utc>,
}

/// The counts of some logs, by the keys of the rollups and in their order.
#[derive(Default)]
pub(in crate::store) struct Tally {
    /// By learner, day and lesson.
    pub(in crate::store) viewing_days: BTreeMap<(i64, NaiveDate, i64), ViewingDay>,
    /// The first completing moment, by learner and lesson.
    pub(in crate::store) completions: BTreeMap<(i64, i64), DateTime<Utc>>,
    /// Logs in each minute of UTC.
    pub(in crate::store) minutes: BTreeMap<DateTime<Utc>, i64>,
}

/// One row of `viewing_days` without its key.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(in crate::store) struct ViewingDay {
    pub(in crate::store) streaming_logs: i64,
    pub(in crate::store) watch_time_logs: i64,
    pub(in crate::store) watch_time_seconds: i64,
    pub(in crate::store) completion_logs: i64,
    pub(in crate::store) completion_percentage_sum: i64,
    /// The largest percentage that any of the logs carries.
    pub(in crate::store) furthest_percentage: Option<i32>,
}

impl Tally {
    /// Counts one log.
    pub(in crate::store) fn add(&mut self, calendar: &Calendar, log: &LoggedViewing) {
        let day = calendar.day_of(log.event_timestamp);
        self.viewing_days.entry((log.student_id, day, log.lesson_id)).or_default().add(log);
        *self.minutes.entry(minute_of(log.event_timestamp)).or_default() += 1;
        if calendar.completes(log.completion_percentage) {
            let first =
                self.completions.entry((log.student_id, log.lesson_id)).or_insert(log.event_timestamp);
            *first = log.event_timestamp.min(*first);
        }
    }
}

impl ViewingDay {
    /// Adds what another row counts.
    pub(super) fn add_all(&mut self, other: &Self) {
        let Self {
            streaming_logs,
            watch_time_logs,
            watch_time_seconds,
            completion_logs,
            completion_percentage_sum,
            furthest_percentage,
        } = other;
        self.streaming_logs += streaming_logs;
        self.watch_time_logs += watch_time_logs;
        self.watch_time_seconds += watch_time_seconds;
        self.completion_logs += completion_logs;
        self.completion_percentage_sum += completion_percentage_sum;
        self.furthest_percentage = self.furthest_percentage.max(*furthest_percentage);
    }

    fn add(&mut self, log: &LoggedViewing) {
        self.streaming_logs += 1;
        if let Some(seconds) = log.watch_time_seconds {
            self.watch_time_logs += 1;
            self.watch_time_seconds += i64::from(seconds);
        }
        if let Some(percentage) = log.completion_percentage {
            self.completion_logs += 1;
            self.completion_percentage_sum += i64::from(percentage);
        }
        self.furthest_percentage = self.furthest_percentage.max(log.completion_percentage);
    }
}

/// The minute of UTC that a moment lies in.
pub(in crate::store) fn minute_of(moment: DateTime<Utc>) -> DateTime<Utc> {
    moment.duration_trunc(TimeDelta::minutes(1)).unwrap_or(moment)
}

impl Tally {
    /// For `viewing_days`.
    pub(super) fn viewing_rows(&self) -> Rows {
        let keys = || self.viewing_days.keys();
        let counts = || self.viewing_days.values();
        Rows::new()
            .bigint("student_id", keys().map(|key| key.0))
            .day("day", keys().map(|key| key.1))
            .bigint("lesson_id", keys().map(|key| key.2))
            .bigint("streaming_logs", counts().map(|it| it.streaming_logs))
            .bigint("watch_time_logs", counts().map(|it| it.watch_time_logs))
            .bigint("watch_time_seconds", counts().map(|it| it.watch_time_seconds))
            .bigint("completion_logs", counts().map(|it| it.completion_logs))
            .bigint("completion_percentage_sum", counts().map(|it| it.completion_percentage_sum))
            .bigint("furthest_percentage", counts().map(|it| it.furthest_percentage.map_or(-1, i64::from)))
    }

    /// For `completions`.
    pub(super) fn completion_rows(&self, calendar: &Calendar) -> Rows {
        let days = self.completions.values().map(|&moment| calendar.day_of(moment));
        Rows::new()
            .bigint("student_id", self.completions.keys().map(|key| key.0))
            .bigint("lesson_id", self.completions.keys().map(|key| key.1))
            .time("completed_at", self.completions.values().copied())
            .day("day", days)
    }

    /// For `log_minutes`.
    pub(super) fn minute_rows(&self) -> Rows {
        Rows::new()
            .time("minute", self.minutes.keys().copied())
            .bigint("streaming_logs", self.minutes.values().copied())
    }

    /// The days that count any of these logs.
    pub(super) fn days(&self) -> BTreeSet<NaiveDate> {
        self.viewing_days.keys().map(|&(_, day, _)| day).collect()
    }
}

impl Recording<'_> {
    /// Adds new logs to every rollup and raises the revision of every day that this changed.
    pub(super) async fn count(&self, new_logs: &[&Candidate<'_>], roster: &Roster) -> Result<(), DbErr> {
        if new_logs.is_empty() {
            return Ok(());
        }
        let mut tally = Tally::default();
        for log in new_logs {
            tally.add(&self.calendar, &log.viewing());
        }
        self.write_tally(&tally, roster).await
    }

    /// Adds a tally to every rollup.
    pub(super) async fn write_tally(&self, tally: &Tally, roster: &Roster) -> Result<(), DbErr> {
        let mut changes = Changes::of(tally, roster);
        let begun = self.add_viewing_days(tally).await?;
        let mut changed_days = tally.days();
        changed_days.extend(self.complete(tally, &mut changes).await?);
        self.activate(&begun, &mut changes).await?;
        self.write_changes(&changes).await?;
        self.execute(include_str!("../sql/add_log_minutes.sql"), tally.minute_rows()).await?;
        self.raise_revisions(changed_days).await
    }

    /// Adds a tally to the rollups that all others derive from.
    pub(in crate::store) async fn write_base(&self, tally: &Tally) -> Result<(), DbErr> {
        // What is derived is derived of everything later.
        let nobody = Roster::empty(None);
        let mut changes = Changes::of(&Tally::default(), &nobody);
        self.add_viewing_days(tally).await?;
        self.complete(tally, &mut changes).await?;
        self.execute(include_str!("../sql/add_log_minutes.sql"), tally.minute_rows()).await?;
        self.raise_revisions(tally.days()).await
    }

    /// Returns the viewings that begin with this: those whose row is new.
    async fn add_viewing_days(&self, tally: &Tally) -> Result<Vec<(i64, NaiveDate, i64)>, DbErr> {
        let mut begun = Vec::new();
        for row in self.returning(include_str!("../sql/add_viewing_days.sql"), tally.viewing_rows()).await? {
            let key =
                (row.try_get("", "student_id")?, row.try_get("", "day")?, row.try_get("", "lesson_id")?);
            let streaming_logs: i64 = row.try_get("", "streaming_logs")?;
            // A row that was there held at least one log more.
            if tally.viewing_days.get(&key).is_some_and(|counts| counts.streaming_logs == streaming_logs) {
                begun.push(key);
            }
        }
        Ok(begun)
    }

    /// Notes first completions and moves those that a late log precedes; returns the days that lost one.
    async fn complete(&self, tally: &Tally, changes: &mut Changes<'_>) -> Result<Vec<NaiveDate>, DbErr> {
        if tally.completions.is_empty() {
            return Ok(Vec::new());
        }
        let rows = tally.completion_rows(&self.calendar);
        let inserted = self.returning(include_str!("../sql/insert_completions.sql"), rows).await?;
        for row in &inserted {
            changes.complete(&completion(row)?, 1);
        }
        if inserted.len() == tally.completions.len() {
            return Ok(Vec::new());
        }
        self.advance_completions(tally, changes).await
    }

    /// Some pairs were complete before: locks those that completed later than the logs at hand say, then moves them.
    async fn advance_completions(
        &self,
        tally: &Tally,
        changes: &mut Changes<'_>,
    ) -> Result<Vec<NaiveDate>, DbErr> {
        let rows = tally.completion_rows(&self.calendar);
        let later = self.returning(include_str!("../sql/lock_later_completions.sql"), rows).await?;
        if later.is_empty() {
            return Ok(Vec::new());
        }
        let mut lost_days = Vec::new();
        for row in &later {
            let lost = completion(row)?;
            changes.complete(&lost, -1);
            lost_days.push(lost.day);
            if let Some(&moment) = tally.completions.get(&(lost.student_id, lost.lesson_id)) {
                changes.complete(&Completion { day: self.calendar.day_of(moment), ..lost }, 1);
            }
        }
        let rows = tally.completion_rows(&self.calendar);
        self.execute(include_str!("../sql/advance_completions.sql"), rows).await?;
        Ok(lost_days)
    }

    async fn raise_revisions(&self, days: BTreeSet<NaiveDate>) -> Result<(), DbErr> {
        self.execute(include_str!("../sql/raise_day_revisions.sql"), Rows::new().day("day", days)).await?;
        Ok(())
    }

    pub(super) async fn execute(&self, sql: &str, rows: Rows) -> Result<u64, DbErr> {
        Query::new(self.dialect, sql).rows(rows).execute(self.tx).await
    }
}

fn completion(row: &QueryResult) -> Result<Completion, DbErr> {
    Ok(Completion {
        student_id: row.try_get("", "student_id")?,
        lesson_id: row.try_get("", "lesson_id")?,
        day: row.try_get("", "day")?,
    })
}
