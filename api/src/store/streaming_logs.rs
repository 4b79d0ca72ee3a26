//! The raw log, read newest first.

use std::fmt::Display;
use std::str::FromStr;

use chrono::{DateTime, Datelike, Utc};
use entity::{streaming_log, student};
use sea_orm::sea_query::{Expr, ExprTrait};
use sea_orm::{ColumnTrait, Condition, EntityTrait, QueryFilter, QueryOrder, QuerySelect, QueryTrait};
use uuid::Uuid;

use super::learners::in_classes;
use super::{Classes, Store};
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

/// A moment from its microseconds since 1970. A cursor may say anything, and PostgreSQL does not know every year of ours.
pub fn moment(micros: Option<&str>) -> Option<DateTime<Utc>> {
    let moment = DateTime::from_timestamp_micros(micros?.parse().ok()?);
    moment.filter(|moment| (0..=9999).contains(&moment.year()))
}

impl Store {
    /// Logs of the learners of these classrooms, in the order newest first, then learner and id; at most `limit`, those
    /// after `after`.
    pub async fn streaming_logs(
        &self,
        classes: &Classes,
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
        let classroom = filter.classroom.as_deref().map(|name| student::Column::Classroom.eq(name));
        for of_learners in [in_classes(classes), classroom].into_iter().flatten() {
            let learners =
                student::Entity::find().select_only().column(student::Column::StudentId).filter(of_learners);
            wanted = wanted.add(Column::StudentId.in_subquery(learners.into_query()));
        }
        if let Some(LogPosition { event_timestamp, student_id, log_id }) = after {
            let at = || Expr::col(Column::EventTimestamp);
            let older = at().lt(moment(*event_timestamp));
            let later_in_it = Condition::any()
                .add(Column::StudentId.gt(*student_id))
                .add(Column::StudentId.eq(*student_id).and(Column::LogId.gt(*log_id)));
            // The bound by itself, so that a page begins in the index where the one before ended.
            wanted = wanted
                .add(at().lte(moment(*event_timestamp)))
                .add(Condition::any().add(older).add(later_in_it));
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

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::store::{BenchmarkPosition, RejectedLogKey, RejectedLogPosition};

    proptest! {
        #[test]
        fn positions_are_read_as_they_were_written(
            micros in -62_000_000_000_000_000_i64..253_000_000_000_000_000,
            student_id in any::<i64>(),
            id in any::<u128>(),
            client in "[!-~]{1,40}",
            payload_hash in prop::collection::vec(any::<u8>(), 32),
        ) {
            let (at, id) = (DateTime::from_timestamp_micros(micros).unwrap(), Uuid::from_u128(id));
            let log = LogPosition { event_timestamp: at, student_id, log_id: id };
            prop_assert_eq!(log.to_string().parse(), Ok(log));
            let run = BenchmarkPosition { created_at: at, id };
            prop_assert_eq!(run.to_string().parse(), Ok(run));
            let key = RejectedLogKey { client, payload_hash };
            prop_assert_eq!(key.to_string().parse(), Ok(key.clone()));
            let rejected = RejectedLogPosition { last_seen: at, key };
            prop_assert_eq!(rejected.to_string().parse(), Ok(rejected));
        }

        #[test]
        fn no_text_makes_a_position_panic_or_reach_a_year_that_a_database_does_not_know(text in "-?[0-9]{1,19} .{0,30}|.{0,40}") {
            let moments = [
                text.parse().ok().map(|LogPosition { event_timestamp, .. }| event_timestamp),
                text.parse().ok().map(|BenchmarkPosition { created_at, .. }| created_at),
                text.parse().ok().map(|RejectedLogPosition { last_seen, .. }| last_seen),
                moment(text.split(' ').next()),
            ];
            prop_assert!(moments.into_iter().flatten().all(|moment| (0..=9999).contains(&moment.year())));
        }
    }
}
