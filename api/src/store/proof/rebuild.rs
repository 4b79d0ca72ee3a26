//! `rebuild`: count everything anew from the raw log, by today's rules, and replace the rollups in one transaction.

use std::sync::Arc;

use chrono::NaiveDate;
use entity::setting;
use sea_orm::{ConnectionTrait, DatabaseTransaction, DbErr, EntityTrait};

use super::Progress;
use super::slices::Reading;
use crate::error::StoreError;
use crate::store::fold::fold;
use crate::store::gate::{change_names, keep_ingestion_out};
use crate::store::query::Query;
use crate::store::record::Recording;
use crate::store::replicas::SERVING_LOCK;
use crate::store::{Calendar, Dialect, FIRST_DAY, Store, derived};

/// Why nothing was rebuilt.
#[derive(Debug, thiserror::Error)]
pub enum RebuildError {
    /// A server would go on counting by the old rules.
    #[error("a server is running on this database: stop every replica, then run `edtech-api rebuild` again")]
    Serving,
    /// The logs of closed days are gone, and what was counted of them cannot be counted by other days.
    #[error(
        "the days before {closed_before} are closed, and were counted in {theirs}: their logs are gone, so that nothing counts \
         them anew in {ours}. Set EDTECH_TIME_ZONE={theirs}"
    )]
    Closed {
        /// Days before this one.
        closed_before: NaiveDate,
        /// The zone that was asked for.
        ours: String,
        /// The one that they were counted in.
        theirs: String,
    },
    /// The database could not do it; nothing was changed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl Store {
    /// Replaces every rollup by what the raw log gives under `calendar`, and makes that the rule. Returns the number of
    /// logs counted. Closed days stay as they are.
    pub async fn rebuild(
        &self,
        calendar: Calendar,
        progress: Arc<dyn Fn(u64, u64) + Send + Sync>,
    ) -> Result<u64, RebuildError> {
        let dialect = self.dialect;
        self.write(move |tx| {
            let progress = Arc::clone(&progress);
            Box::pin(async move {
                if is_served(tx, dialect).await? {
                    return Ok(Err(RebuildError::Serving));
                }
                // A server that lost its lock with its connection may still store and fold; retention may close days.
                keep_ingestion_out(tx, dialect).await?;
                let settings = setting::Entity::find().one(tx).await?;
                let refusal = settings.as_ref().and_then(|it| closed_in_another_zone(it, &calendar));
                if let Some(refusal) = refusal {
                    return Ok(Err(refusal));
                }
                let closed_before = settings.and_then(|settings| settings.closed_before);
                let reading = Reading { on: tx, dialect, calendar, closed_before };
                rebuild(&reading, progress.as_ref()).await.map(Ok)
            })
        })
        .await?
    }
}

/// Every serving replica holds this lock together with the others; we need it alone, until the commit. SQLite's data
/// directory is locked by the command.
async fn is_served(tx: &DatabaseTransaction, dialect: Dialect) -> Result<bool, DbErr> {
    if dialect == Dialect::Sqlite {
        return Ok(false);
    }
    tx.execute_unprepared("SET LOCAL statement_timeout = 0").await?;
    let lock = Query::new(dialect, "SELECT pg_try_advisory_xact_lock({lock})").bind("lock", SERVING_LOCK);
    let is_free: bool = lock.one(tx).await?.map_or(Ok(false), |row| row.try_get_by_index(0))?;
    Ok(!is_free)
}

/// Days of another zone begin at other moments: at the border logs would be counted twice, or by nobody.
fn closed_in_another_zone(settings: &setting::Model, calendar: &Calendar) -> Option<RebuildError> {
    let (ours, theirs) = (calendar.zone.name().to_owned(), settings.time_zone.clone());
    let closed_before = settings.closed_before.filter(|_| ours != theirs)?;
    Some(RebuildError::Closed { closed_before, ours, theirs })
}

async fn rebuild(reading: &Reading<'_, DatabaseTransaction>, progress: Progress<'_>) -> Result<u64, DbErr> {
    let &Reading { on: tx, dialect, calendar, closed_before } = reading;
    // Whoever counts by what it remembers asks first whether the rules are still the same.
    change_names(tx, dialect).await?;
    // Of what was appended some is no rollup of the log: what came in, and how often a day has changed.
    fold(tx, dialect).await?;
    clear(reading).await?;
    let learners = reading.count_learners().await?;
    let (mut logs, mut done, mut slice) = (0, 0, None);
    loop {
        slice = reading.next_slice(slice).await?;
        let Some(slice) = slice else { break };
        let recount = reading.recount(slice).await?;
        Recording { tx, dialect, calendar, erasure_key: None }.write_base(&recount.tally).await?;
        logs += recount.logs;
        done += recount.students.len() as u64;
        progress(done.min(learners), learners);
    }
    derived::derive_all(tx, dialect, closed_before.unwrap_or(FIRST_DAY)).await?;
    let settings = Query::new(dialect, include_str!("../sql/update_settings.sql"))
        .bind("time_zone", calendar.zone.name())
        .bind("completion_threshold", calendar.threshold);
    settings.execute(tx).await?;
    Ok(logs)
}

/// Removes the rollups of every open day. The days that had figures get a new revision: they may have none afterwards.
async fn clear(reading: &Reading<'_, DatabaseTransaction>) -> Result<(), DbErr> {
    let day = reading.closed_before.unwrap_or(FIRST_DAY);
    let minute = reading.calendar.start_of(day);
    let with_day = [
        include_str!("../sql/raise_counted_days.sql"),
        "DELETE FROM viewing_days WHERE day >= {from}",
        "DELETE FROM completions WHERE day >= {from}",
    ];
    for sql in with_day {
        Query::new(reading.dialect, sql).bind_day("from", day).execute(reading.on).await?;
    }
    let minutes = Query::new(reading.dialect, "DELETE FROM log_minutes WHERE minute >= {from}");
    minutes.bind_time("from", minute).execute(reading.on).await?;
    Ok(())
}
