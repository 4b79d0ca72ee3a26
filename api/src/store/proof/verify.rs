//! `verify`: recompute everything from the raw log and name each difference. Changes nothing, also beside a server.

use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, TimeDelta, Utc};
use sea_orm::{ConnectionTrait, DatabaseTransaction, DbErr};

use super::Progress;
use super::compare::{Difference, differences};
use super::slices::{Reading, Slice};
use crate::error::StoreError;
use crate::store::query::{Query, Rows};
use crate::store::settings::closed_before;
use crate::store::{Calendar, FIRST_DAY, Store, derived};

/// What a verification found.
#[derive(Debug, Default)]
pub struct Verification {
    /// Logs that were counted anew.
    pub logs: u64,
    /// Every place where a rollup differs from them.
    pub differences: Vec<Difference>,
    /// Days before this one were not looked at: their logs were removed by retention.
    pub closed_before: Option<chrono::NaiveDate>,
}

impl Store {
    /// Recomputes every figure from the raw log and compares. Each slice sees one snapshot, so a server may go on, and
    /// retention may close days meanwhile.
    pub async fn verify(
        &self,
        calendar: Calendar,
        progress: Progress<'_>,
    ) -> Result<Verification, StoreError> {
        let mut verification = Verification::default();
        let mut minutes = BTreeMap::new();
        let mut slice = None;
        let learners = self.reading(&self.reader, calendar, None).count_learners().await?;
        let mut done = 0;
        loop {
            let snapshot = self.snapshot().await?;
            let reading = self.reading(&snapshot, calendar, closed_before(&snapshot).await?);
            slice = reading.next_slice(slice).await?;
            let Some(slice) = slice else { break };
            let seen = verify_slice(&reading, slice, &mut verification, &mut minutes).await?;
            snapshot.commit().await?;
            done += seen;
            progress(done.min(learners), learners);
        }
        self.verify_minutes(calendar, &minutes, &mut verification).await?;
        self.verify_derived(&mut verification).await?;
        Ok(verification)
    }

    fn reading<'c, C: ConnectionTrait>(
        &self,
        on: &'c C,
        calendar: Calendar,
        closed_before: Option<chrono::NaiveDate>,
    ) -> Reading<'c, C> {
        Reading { on, dialect: self.dialect, calendar, closed_before }
    }

    /// What derives from the rollups that were compared so far, all in one snapshot.
    async fn verify_derived(&self, verification: &mut Verification) -> Result<(), StoreError> {
        let snapshot = self.snapshot().await?;
        verification.closed_before = closed_before(&snapshot).await?;
        let from = verification.closed_before.unwrap_or(FIRST_DAY);
        let found = derived::differences(&snapshot, self.dialect, from).await?;
        snapshot.commit().await?;
        let told = found.into_iter().map(|it| Difference::derived(&it.place, &it.in_rollup, &it.derived));
        verification.differences.extend(told);
        Ok(())
    }

    /// Slices are seen one after another while logs arrive, so a minute that differs is looked at again; all of that in one
    /// snapshot, which also tells which minutes are closed by now.
    async fn verify_minutes(
        &self,
        calendar: Calendar,
        recounted: &BTreeMap<DateTime<Utc>, i64>,
        verification: &mut Verification,
    ) -> Result<(), StoreError> {
        let snapshot = self.snapshot().await?;
        let closed_before = closed_before(&snapshot).await?;
        let from = closed_before.map_or(DateTime::UNIX_EPOCH, |day| calendar.start_of(day));
        let rollup =
            Query::new(self.dialect, include_str!("../sql/log_minutes_from.sql")).bind_time("from", from);
        let mut counted: BTreeMap<DateTime<Utc>, i64> = BTreeMap::new();
        for row in rollup.all(&snapshot).await? {
            counted.insert(row.try_get_by_index(0)?, row.try_get_by_index(1)?);
        }
        let open = recounted.range(from..).map(|(minute, _)| minute);
        let minutes: BTreeSet<_> = counted.keys().chain(open).copied().collect();
        for minute in minutes.into_iter().filter(|minute| counted.get(minute) != recounted.get(minute)) {
            verification.differences.extend(self.verify_minute(&snapshot, minute).await?);
        }
        snapshot.commit().await?;
        Ok(())
    }

    async fn verify_minute(
        &self,
        snapshot: &DatabaseTransaction,
        minute: DateTime<Utc>,
    ) -> Result<Option<Difference>, StoreError> {
        let both = Query::new(self.dialect, include_str!("../sql/minute_in_log_and_rollup.sql"))
            .bind_time("from", minute)
            .bind_time("to", minute + TimeDelta::minutes(1));
        let Some(row) = both.one(snapshot).await? else { return Ok(None) };
        let (in_log, in_rollup): (i64, i64) = (row.try_get_by_index(0)?, row.try_get_by_index(1)?);
        let place = || format!("log_minutes at {minute}");
        Ok((in_log != in_rollup).then(|| Difference::new(place(), in_rollup, in_log)))
    }
}

/// Compares one slice; returns how many learners with logs it holds.
async fn verify_slice(
    reading: &Reading<'_, DatabaseTransaction>,
    slice: Slice,
    verification: &mut Verification,
    minutes: &mut BTreeMap<DateTime<Utc>, i64>,
) -> Result<u64, DbErr> {
    let recount = reading.recount(slice).await?;
    let counted = reading.counted(slice).await?;
    let found = differences(&reading.calendar, reading.closed_before, &recount, &counted);
    verification.differences.extend(found);
    verification
        .differences
        .extend(orphans(reading, "a student", "students", "student_id", &recount.students).await?);
    verification
        .differences
        .extend(orphans(reading, "a lesson", "lessons", "lesson_id", &recount.lessons).await?);
    verification.logs += recount.logs;
    for (minute, logs) in recount.tally.minutes {
        *minutes.entry(minute).or_default() += logs;
    }
    Ok(recount.students.len() as u64)
}

async fn orphans(
    reading: &Reading<'_, DatabaseTransaction>,
    kind: &str,
    table: &'static str,
    id: &'static str,
    ids: &BTreeSet<i64>,
) -> Result<Option<Difference>, DbErr> {
    let existing = Query::new(reading.dialect, include_str!("../sql/existing_ids.sql")).name("table", table);
    let existing =
        existing.name("id", id).rows(Rows::new().bigint("id", ids.iter().copied())).all(reading.on).await?;
    let existing: BTreeSet<i64> =
        existing.iter().map(|row| row.try_get_by_index(0)).collect::<Result<_, _>>()?;
    let missing: Vec<i64> = ids.difference(&existing).copied().collect();
    Ok((!missing.is_empty()).then(|| Difference::orphans(kind, &missing)))
}
