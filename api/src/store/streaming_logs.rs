//! The raw log, read newest first.

use std::fmt::Display;
use std::str::FromStr;

use chrono::{DateTime, Utc};
use entity::{streaming_log, student};
use sea_orm::sea_query::{Expr, ExprTrait};
use sea_orm::{ColumnTrait, Condition, EntityTrait, QueryFilter, QueryOrder, QuerySelect, QueryTrait};
use uuid::Uuid;

use super::Store;
use crate::error::StoreError;

/// Which logs are asked for.
#[derive(Debug, Clone, Default)]
pub struct LogFilter {
    /// Of this learner.
    pub student_id: Option<i64>,
    /// Of this lesson.
    pub lesson_id: Option<i64>,
    /// Of the learners who are in this classroom today.
    pub classroom: Option<String>,
    /// That happened at or after this moment.
    pub from: Option<DateTime<Utc>>,
    /// That happened before this moment.
    pub to: Option<DateTime<Utc>>,
}

/// Where the list of logs goes on: after this one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LogPosition {
    /// Its moment.
    pub event_timestamp: DateTime<Utc>,
    /// Its learner.
    pub student_id: i64,
    /// Its id.
    pub log_id: Uuid,
}

impl Display for LogPosition {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} {} {}", self.event_timestamp.timestamp_micros(), self.student_id, self.log_id)
    }
}

impl FromStr for LogPosition {
    type Err = ();

    fn from_str(text: &str) -> Result<Self, ()> {
        let mut parts = text.splitn(3, ' ');
        Ok(Self {
            event_timestamp: moment(parts.next()).ok_or(())?,
            student_id: parts.next().and_then(|id| id.parse().ok()).ok_or(())?,
            log_id: parts.next().and_then(|id| id.parse().ok()).ok_or(())?,
        })
    }
}

/// A moment from its microseconds since 1970.
pub(super) fn moment(micros: Option<&str>) -> Option<DateTime<Utc>> {
    DateTime::from_timestamp_micros(micros?.parse().ok()?)
}

impl Store {
    /// Logs in the order newest first, then learner and id; at most `limit`, those after `after`.
    pub async fn streaming_logs(
        &self,
        filter: &LogFilter,
        after: Option<&LogPosition>,
        limit: u64,
    ) -> Result<Vec<streaming_log::Model>, StoreError> {
        use streaming_log::Column;
        let moment = |moment: DateTime<Utc>| Expr::val(self.dialect.time(moment));
        let mut wanted = Condition::all()
            .add_option(filter.student_id.map(|id| Column::StudentId.eq(id)))
            .add_option(filter.lesson_id.map(|id| Column::LessonId.eq(id)))
            .add_option(filter.from.map(|from| Expr::col(Column::EventTimestamp).gte(moment(from))))
            .add_option(filter.to.map(|to| Expr::col(Column::EventTimestamp).lt(moment(to))));
        if let Some(classroom) = &filter.classroom {
            let learners = student::Entity::find()
                .select_only()
                .column(student::Column::StudentId)
                .filter(student::Column::Classroom.eq(classroom.as_str()));
            wanted = wanted.add(Column::StudentId.in_subquery(learners.into_query()));
        }
        if let Some(LogPosition { event_timestamp, student_id, log_id }) = after {
            let at = || Expr::col(Column::EventTimestamp);
            let same_moment = at().eq(moment(*event_timestamp));
            let later_in_it = Condition::any()
                .add(Column::StudentId.gt(*student_id))
                .add(Column::StudentId.eq(*student_id).and(Column::LogId.gt(*log_id)));
            let older = at().lt(moment(*event_timestamp));
            wanted = wanted
                .add(Condition::any().add(older).add(Condition::all().add(same_moment).add(later_in_it)));
        }
        let logs = streaming_log::Entity::find()
            .filter(wanted)
            .order_by_desc(Column::EventTimestamp)
            .order_by_asc(Column::StudentId)
            .order_by_asc(Column::LogId)
            .limit(limit);
        Ok(logs.all(&self.reader).await?)
    }
}
