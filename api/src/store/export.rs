//! Everything on one learner that is not read elsewhere, page by page.

use chrono::{DateTime, NaiveDate, Utc};
use entity::rejected_log;
use sea_orm::sea_query::{Expr, ExprTrait};
use sea_orm::{ColumnTrait, EntityTrait, FromQueryResult, QueryFilter, QueryOrder, QuerySelect};

use super::patch_student::{line, ref_by_id, ref_by_name};
use super::query::Query;
use super::{Dialect, LessonRow, RejectedLogKey, Store, StudentRow};
use crate::error::StoreError;

/// What a learner did with a lesson on a day.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ViewedDay {
    /// The day, in the platform's time zone.
    pub day: NaiveDate,
    /// The lesson.
    pub lesson_id: i64,
    /// How many logs.
    pub streaming_logs: i64,
    /// How long it was watched.
    pub watch_time_seconds: i64,
}

/// A lesson that a learner completed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Completed {
    /// The lesson.
    pub lesson_id: i64,
    /// When.
    pub completed_at: DateTime<Utc>,
    /// The day of it, in the platform's time zone.
    pub day: NaiveDate,
}

impl Store {
    /// The days of a learner in the order of day and lesson; at most `limit`, those after `after`.
    pub async fn viewed_days(
        &self,
        student_id: i64,
        after: Option<&ViewedDay>,
        limit: u64,
    ) -> Result<Vec<ViewedDay>, StoreError> {
        let (day, lesson_id) = after.map_or((NaiveDate::MIN, i64::MIN), |last| (last.day, last.lesson_id));
        let days =
            Query::new(self.dialect, include_str!("sql/viewed_days.sql")).bind("student_id", student_id);
        let days = days.bind_day("day", Ord::max(day, super::FIRST_DAY)).bind("lesson_id", lesson_id);
        let rows = days.bind("limit", limit as i64).all(&self.reader).await?;
        let viewed = |row: &sea_orm::QueryResult| {
            Ok(ViewedDay {
                day: row.try_get("", "day")?,
                lesson_id: row.try_get("", "lesson_id")?,
                streaming_logs: row.try_get("", "streaming_logs")?,
                watch_time_seconds: row.try_get("", "watch_time_seconds")?,
            })
        };
        rows.iter().map(viewed).collect()
    }

    /// The completions of a learner in the order of the lesson; at most `limit`, those after `after`.
    pub async fn completions(
        &self,
        student_id: i64,
        after: Option<&Completed>,
        limit: u64,
    ) -> Result<Vec<Completed>, StoreError> {
        let completions = Query::new(self.dialect, include_str!("sql/completions_of_student.sql"));
        let after = after.map_or(i64::MIN, |last| last.lesson_id);
        let completions = completions.bind("student_id", student_id).bind("after", after);
        let rows = completions.bind("limit", limit as i64).all(&self.reader).await?;
        let completed = |row: &sea_orm::QueryResult| {
            Ok(Completed {
                lesson_id: row.try_get("", "lesson_id")?,
                completed_at: row.try_get("", "completed_at")?,
                day: row.try_get("", "day")?,
            })
        };
        rows.iter().map(completed).collect()
    }

    /// The lessons that a learner met, in the order of their id; at most `limit`, those after `after`.
    pub async fn lessons_of(
        &self,
        student_id: i64,
        after: Option<i64>,
        limit: u64,
    ) -> Result<Vec<LessonRow>, StoreError> {
        let lessons = Query::new(self.dialect, include_str!("sql/lessons_of_student.sql"));
        let lessons = lessons.bind("after", after.unwrap_or(i64::MIN)).bind("student_id", student_id);
        let rows = lessons.bind("limit", limit as i64).all(&self.reader).await?;
        Ok(rows.iter().map(|row| LessonRow::from_query_result(row, "")).collect::<Result<_, _>>()?)
    }

    /// Refused logs that name a learner, in the order of client and hash; at most `limit`, those after `after`.
    pub async fn rejected_logs_of(
        &self,
        student: &StudentRow,
        after: Option<&RejectedLogKey>,
        limit: u64,
    ) -> Result<Vec<rejected_log::Model>, StoreError> {
        use rejected_log::Column;
        let mut logs = rejected_log::Entity::find()
            .filter(names(self.dialect, &ref_by_id(student)).or(names(self.dialect, &ref_by_name(student))));
        if let Some(RejectedLogKey { client, payload_hash }) = after {
            let in_it = Column::Client.eq(client.as_str()).and(Column::PayloadHash.gt(payload_hash.clone()));
            logs = logs.filter(sea_orm::Condition::any().add(Column::Client.gt(client.as_str())).add(in_it));
        }
        let logs = logs.order_by_asc(Column::Client).order_by_asc(Column::PayloadHash).limit(limit);
        Ok(logs.all(&self.reader).await?)
    }
}

/// Whether one of the lines of `learner_ref` is this.
fn names(dialect: Dialect, learner_ref: &str) -> Expr {
    let is_among = match dialect {
        Dialect::Sqlite => "instr(char(10) || learner_ref || char(10), ?) > 0",
        Dialect::Postgres => "strpos(chr(10) || learner_ref || chr(10), $1) > 0",
    };
    Expr::cust_with_values(is_among, [line(learner_ref)])
}
