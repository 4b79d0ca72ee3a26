//! Daily reports: what one is made of, read at one moment, and the row that keeps it.

use std::collections::BTreeMap;

use chrono::{Days, NaiveDate};
use entity::daily_report;
use sea_orm::{ConnectionTrait, DatabaseTransaction, DbErr, EntityTrait, FromQueryResult};
use serde::{Deserialize, Serialize};

use super::figures::{Breakdown, DaySpan, Enrolled, FiguresReport};
use super::lesson_progress::Furthest;
use super::query::Query;
use super::{Classes, DailyReportRow, Dialect, Store};
use crate::error::StoreError;

/// A learner without a log on so many days up to the report's is silent.
pub const SILENT_DAYS: u64 = 7;

/// What a report of a day is made of, all of one moment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DayFacts {
    /// How often the day has changed until then.
    pub state: DayState,
    /// The day, by classroom and by lesson.
    pub day: FiguresReport,
    /// The totals of the day before.
    pub day_before: Enrolled,
    /// The totals of the same weekday, a week before.
    pub same_weekday: Enrolled,
    /// How far learners came on the day, by lesson.
    pub furthest: BTreeMap<i64, Furthest>,
    /// Learners without a log on the seven days up to this one.
    pub silent_students: i64,
    /// The report that there is.
    pub kept: Option<DailyReportRow>,
}

/// What changes whenever a report of the day would.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct DayState {
    /// Of the day itself.
    pub revision: i64,
    /// Of the seven days before, added up: the report compares with them.
    pub week_revision: i64,
    /// What arrived on the day.
    pub intake: DayIntake,
}

/// What arrived on a day, whatever day it is of.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, FromQueryResult)]
pub struct DayIntake {
    /// Logs that were new.
    pub accepted: i64,
    /// Logs that were stored before.
    pub duplicates: i64,
    /// Logs that were refused.
    pub rejected: i64,
    /// Of the new ones, those that happened more than a day before.
    pub late: i64,
}

impl Store {
    /// The report of a day, if one was made, and how the day is now. The report is read first: what changes in between
    /// makes it look older than it is, never newer.
    pub async fn daily_report(
        &self,
        day: NaiveDate,
    ) -> Result<Option<(DailyReportRow, DayState)>, StoreError> {
        let Some(kept) = kept_report(&self.reader, day).await? else { return Ok(None) };
        Ok(Some((kept, DayState::read(&self.reader, self.dialect, day).await?)))
    }

    /// What a report of a day is made of now.
    pub async fn day_facts(&self, day: NaiveDate) -> Result<DayFacts, StoreError> {
        let dialect = self.dialect;
        self.read(move |snapshot| Box::pin(DayFacts::read(snapshot, dialect, day))).await
    }

    /// Keeps a report in the place of the one that there was when its figures were read. False where there is another
    /// one by now.
    pub async fn keep_daily_report(
        &self,
        report: &DailyReportRow,
        instead_of: Option<&DailyReportRow>,
    ) -> Result<bool, StoreError> {
        let keep = match instead_of {
            None => Query::new(self.dialect, include_str!("sql/insert_daily_report.sql")),
            Some(old) => Query::new(self.dialect, include_str!("sql/replace_daily_report.sql"))
                .bind("old_revision", old.revision)
                .bind_time("old_generated_at", old.generated_at),
        };
        let DailyReportRow { day, report, generated_at, revision } = report;
        let keep = keep.bind_day("day", *day).bind("report", report.as_str());
        let keep = keep.bind_time("generated_at", *generated_at).bind("revision", *revision);
        let kept = self.write(move |tx| {
            let keep = keep.clone();
            Box::pin(async move { keep.execute(tx).await })
        });
        Ok(kept.await? > 0)
    }
}

impl DayFacts {
    async fn read(on: &DatabaseTransaction, dialect: Dialect, day: NaiveDate) -> Result<Self, DbErr> {
        let totals = |days_before| {
            let day = DaySpan::of(day - Days::new(days_before));
            FiguresReport::read(on, dialect, day, Breakdown::Days, &Classes::All)
        };
        Ok(Self {
            state: DayState::read(on, dialect, day).await?,
            day: figures_of(on, dialect, day).await?,
            day_before: totals(1).await?.totals,
            same_weekday: totals(7).await?.totals,
            furthest: furthest_of(on, dialect, day).await?,
            silent_students: count_silent_students(on, dialect, day).await?,
            kept: kept_report(on, day).await?,
        })
    }
}

impl DayState {
    async fn read(on: &impl ConnectionTrait, dialect: Dialect, day: NaiveDate) -> Result<Self, DbErr> {
        let state = Query::new(dialect, include_str!("sql/day_state.sql"))
            .bind_day("week_before", day - Days::new(7))
            .bind_day("day_before", day - Days::new(1))
            .bind_day("day", day);
        let row = state.one(on).await?.ok_or_else(|| DbErr::RecordNotFound("day_state".to_owned()))?;
        let (revision, week_revision) = (row.try_get("", "revision")?, row.try_get("", "week_revision")?);
        Ok(Self { revision, week_revision, intake: DayIntake::from_query_result(&row, "")? })
    }
}

async fn figures_of(
    on: &impl ConnectionTrait,
    dialect: Dialect,
    day: NaiveDate,
) -> Result<FiguresReport, DbErr> {
    let breakdown = Breakdown::ClassroomsAndLessons;
    FiguresReport::read(on, dialect, DaySpan::of(day), breakdown, &Classes::All).await
}

async fn kept_report(on: &impl ConnectionTrait, day: NaiveDate) -> Result<Option<DailyReportRow>, DbErr> {
    daily_report::Entity::find_by_id(day).one(on).await
}

async fn furthest_of(
    on: &impl ConnectionTrait,
    dialect: Dialect,
    day: NaiveDate,
) -> Result<BTreeMap<i64, Furthest>, DbErr> {
    let query = Query::new(dialect, include_str!("sql/furthest_of_day.sql")).bind_day("day", day);
    let mut lessons: BTreeMap<i64, Furthest> = BTreeMap::new();
    for row in query.all(on).await? {
        let furthest = lessons.entry(row.try_get("", "lesson_id")?).or_default();
        furthest.add(row.try_get("", "furthest_percentage")?, row.try_get("", "students")?);
    }
    Ok(lessons)
}

async fn count_silent_students(
    on: &impl ConnectionTrait,
    dialect: Dialect,
    day: NaiveDate,
) -> Result<i64, DbErr> {
    let count = Query::new(dialect, include_str!("sql/count_silent_students.sql"))
        .bind_day("first_day", day - Days::new(SILENT_DAYS - 1))
        .bind_day("last_day", day);
    count.one(on).await?.map_or(Ok(0), |row| row.try_get("", "silent_students"))
}
