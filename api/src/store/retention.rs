//! Retention: old logs are removed, what was counted of them stays.
//!
//! First the days are closed, so that nothing is counted of them any longer; then their logs are removed in batches, each
//! a transaction of its own, with a pause after each that is as long as it took. Ingestion goes on meanwhile. A run that
//! is broken off is taken up by the next one.

use std::time::{Duration, Instant};

use chrono::{DateTime, NaiveDate, TimeDelta, Utc};
use sea_orm::sqlx::postgres::PgConnection;
use sea_orm::sqlx::{self, ConnectOptions};
use sea_orm::{DatabaseTransaction, DbErr, EntityTrait};

use super::audit::{Actor, AuditEntry, AuditTarget, note};
use super::gate::keep_ingestion_out;
use super::overwriting::without_overwriting;
use super::query::Query;
use super::{Calendar, Dialect, Store};
use crate::error::StoreError;

/// Logs that are removed in one transaction: some tens of milliseconds.
const BATCH: u64 = 5_000;

/// A pause after a batch, at least.
const SHORTEST_PAUSE: Duration = Duration::from_millis(1);

/// Names the turn; any number that nobody else uses.
const TURN: i64 = 0x0ED7_EC48;

/// The right to remove logs, as long as it lives.
struct Turn {
    _connection: Option<PgConnection>,
}

/// Told how many logs are removed, of about how many.
pub type Removing<'p> = &'p (dyn Fn(u64, u64) + Send + Sync);

/// What a run of retention did.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Retained {
    /// Days before this one are closed.
    pub closed_before: NaiveDate,
    /// Logs that were removed.
    pub removed: u64,
}

impl Store {
    /// The moment from which on no log was removed.
    pub async fn logs_kept_from(&self, calendar: &Calendar) -> Result<DateTime<Utc>, StoreError> {
        let closed_before = self.closed_before().await?;
        Ok(closed_before.map_or(DateTime::<Utc>::MIN_UTC, |day| calendar.start_of(day)))
    }

    /// How many logs are from before a day.
    pub async fn count_logs_before(&self, calendar: Calendar, day: NaiveDate) -> Result<u64, StoreError> {
        let count =
            Query::new(self.dialect, "SELECT COUNT(*) FROM streaming_logs WHERE event_timestamp < {before}");
        let count = count.bind_time("before", calendar.start_of(day)).one(&self.reader).await?;
        let count: i64 = count.map_or(Ok(0), |row| row.try_get_by_index(0))?;
        Ok(u64::try_from(count).unwrap_or_default())
    }

    /// Closes the days before this one and removes their logs. A day that was closed stays closed: with an earlier day
    /// only what is left to remove is removed. None where another run is under way.
    pub async fn remove_logs_before(
        &self,
        calendar: Calendar,
        day: NaiveDate,
        (by, now): (&Actor, DateTime<Utc>),
        progress: Removing<'_>,
    ) -> Result<Option<Retained>, StoreError> {
        let Some(_turn) = self.take_turn().await? else {
            return Ok(None);
        };
        let (closed_before, removed_before) = self.close_days_before(day).await?;
        let from =
            removed_before.map_or(DateTime::UNIX_EPOCH - TimeDelta::days(1), |day| calendar.start_of(day));
        let windows = self.windows(from, calendar.start_of(closed_before)).await?;
        let total = windows.iter().map(|window| window.logs).sum();
        let (mut removed, mut passed) = (0, 0);
        for window in &windows {
            removed += self.remove_window(window).await?;
            passed += window.logs;
            progress(passed, total);
        }
        self.note_removed_before(closed_before, removed, (by, now)).await?;
        Ok(Some(Retained { closed_before, removed }))
    }

    /// Whether anything was counted before a day whose logs are not removed yet.
    pub async fn may_remove_logs_before(
        &self,
        calendar: Calendar,
        day: NaiveDate,
    ) -> Result<bool, StoreError> {
        let settings = entity::setting::Entity::find().one(&self.reader).await?;
        let removed_before = settings.and_then(|settings| settings.logs_removed_before);
        let from = removed_before.map_or(DateTime::UNIX_EPOCH, |day| calendar.start_of(day));
        let any = "SELECT 1 FROM counted_log_minutes WHERE minute >= {from} AND minute < {to} LIMIT 1";
        let any = Query::new(self.dialect, any).bind_time("from", from);
        let any = any.bind_time("to", calendar.start_of(day)).one(&self.reader).await?;
        Ok(any.is_some())
    }

    /// Of several replicas one at a time does the work: the lock belongs to a connection, and ends with it.
    async fn take_turn(&self) -> Result<Option<Turn>, StoreError> {
        if self.dialect == Dialect::Sqlite {
            return Ok(Some(Turn { _connection: None }));
        }
        let unavailable = |error: sqlx::Error| StoreError::Unavailable(error.into());
        let mut connection = self.settings.writing_connection()?.connect().await.map_err(unavailable)?;
        let lock = sqlx::query_scalar("SELECT pg_try_advisory_lock($1)").bind(TURN);
        let is_ours: bool = lock.fetch_one(&mut connection).await.map_err(unavailable)?;
        Ok(is_ours.then_some(Turn { _connection: Some(connection) }))
    }

    /// The gate makes sure that nobody still counts for such a day.
    async fn close_days_before(&self, day: NaiveDate) -> Result<(NaiveDate, Option<NaiveDate>), StoreError> {
        let dialect = self.dialect;
        let settings = self
            .write(move |tx| {
                Box::pin(async move {
                    keep_ingestion_out(tx, dialect).await?;
                    let close = include_str!("sql/close_days.sql");
                    Query::new(dialect, close).bind_day("day", day).execute(tx).await?;
                    let settings = entity::setting::Entity::find().one(tx).await?;
                    settings.ok_or_else(|| DbErr::RecordNotFound("settings".to_owned()))
                })
            })
            .await?;
        Ok((settings.closed_before.unwrap_or(day), settings.logs_removed_before))
    }

    /// Stretches of whole minutes that hold a batch each, by what the minutes count. They count what is removed as
    /// well, so a stretch may turn out to be empty.
    async fn windows(&self, from: DateTime<Utc>, to: DateTime<Utc>) -> Result<Vec<Window>, StoreError> {
        let minutes = Query::new(self.dialect, include_str!("sql/minutes_between.sql"));
        let minutes = minutes.bind_time("from", from).bind_time("to", to).all(&self.reader).await?;
        let mut windows: Vec<Window> = Vec::new();
        for row in minutes {
            let minute: DateTime<Utc> = row.try_get_by_index(0)?;
            let logs: i64 = row.try_get_by_index(1)?;
            let logs = u64::try_from(logs).unwrap_or_default();
            match windows.last_mut().filter(|window| window.logs + logs <= BATCH) {
                Some(window) => window.extend(minute, logs),
                None => windows.push(Window { from: minute, to: minute + TimeDelta::minutes(1), logs }),
            }
        }
        Ok(windows)
    }

    async fn remove_window(&self, window: &Window) -> Result<u64, StoreError> {
        let (dialect, from, to) = (self.dialect, window.from, window.to);
        let mut removed = 0;
        loop {
            let begun = Instant::now();
            let batch = self
                .write(move |tx| Box::pin(async move { remove_batch(tx, dialect, from, to).await }))
                .await?;
            removed += batch;
            tokio::time::sleep(begun.elapsed().max(SHORTEST_PAUSE)).await;
            // A batch may be short because others, an erasure perhaps, have removed some of it meanwhile.
            let is_empty = if window.logs > BATCH { batch == 0 } else { batch < BATCH };
            if is_empty {
                return Ok(removed);
            }
        }
    }

    async fn note_removed_before(
        &self,
        day: NaiveDate,
        removed: u64,
        (by, now): (&Actor, DateTime<Utc>),
    ) -> Result<(), StoreError> {
        let dialect = self.dialect;
        let target = AuditTarget::Other("streaming_logs".to_owned());
        let entry = AuditEntry::done(now, by.clone(), "retention", target);
        let entry = entry.with_detail(format!("{removed} logs of before {day}"));
        self.write(move |tx| {
            let entry = entry.clone();
            Box::pin(async move {
                // Every group shares this row: without an end to them there would be no turn for us.
                keep_ingestion_out(tx, dialect).await?;
                let removed_before = "UPDATE settings SET logs_removed_before = {day}";
                Query::new(dialect, removed_before).bind_day("day", day).execute(tx).await?;
                if removed > 0 {
                    note(tx, dialect, &[entry]).await?;
                }
                Ok(())
            })
        })
        .await
    }
}

/// A stretch of time, and how many logs were counted in it.
struct Window {
    from: DateTime<Utc>,
    to: DateTime<Utc>,
    logs: u64,
}

impl Window {
    fn extend(&mut self, minute: DateTime<Utc>, logs: u64) {
        self.to = minute + TimeDelta::minutes(1);
        self.logs += logs;
    }
}

async fn remove_batch(
    tx: &DatabaseTransaction,
    dialect: Dialect,
    from: DateTime<Utc>,
    to: DateTime<Utc>,
) -> Result<u64, DbErr> {
    let remove = Query::new(dialect, include_str!("sql/remove_logs.sql"));
    let remove = remove.bind_time("from", from).bind_time("to", to).bind("limit", BATCH as i64);
    without_overwriting(tx, dialect, remove.execute(tx)).await
}
