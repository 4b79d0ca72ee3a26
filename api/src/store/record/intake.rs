//! How many logs arrived on a day, and what became of them.

use std::collections::BTreeMap;

use chrono::{DateTime, NaiveDate, TimeDelta, Utc};
use sea_orm::DbErr;

use super::Recording;
use super::admit::Admission;
use super::candidate::Candidate;
use crate::store::query::Rows;
use crate::store::{Calendar, Verdict};

/// A log that reaches us this long after it happened is late.
const LATE: TimeDelta = TimeDelta::hours(24);

/// Rows of `intake_days`, by day of arrival.
#[derive(Default)]
pub(super) struct IntakeDays(BTreeMap<NaiveDate, Intake>);

/// One row of `intake_days` without its key.
#[derive(Default)]
struct Intake {
    accepted: i64,
    duplicate: i64,
    rejected: i64,
    late: i64,
}

impl IntakeDays {
    /// Counts a log that is new.
    pub(super) fn accept(
        &mut self,
        calendar: &Calendar,
        received_at: DateTime<Utc>,
        event_timestamp: DateTime<Utc>,
    ) {
        let day = self.day(calendar, received_at);
        day.accepted += 1;
        day.late += i64::from(received_at - event_timestamp > LATE);
    }

    fn day(&mut self, calendar: &Calendar, received_at: DateTime<Utc>) -> &mut Intake {
        self.0.entry(calendar.day_of(received_at)).or_default()
    }

    /// Days, logs that are new, and how many of them are late.
    pub(super) fn columns(&self) -> (Vec<NaiveDate>, Vec<i64>, Vec<i64>) {
        let counts = |count: fn(&Intake) -> i64| self.0.values().map(count).collect();
        (self.0.keys().copied().collect(), counts(|it| it.accepted), counts(|it| it.late))
    }

    /// For `intake_days`.
    pub(super) fn rows(&self) -> Rows {
        Rows::new()
            .day("day", self.0.keys().copied())
            .bigint("accepted", self.0.values().map(|it| it.accepted))
            .bigint("duplicate", self.0.values().map(|it| it.duplicate))
            .bigint("rejected", self.0.values().map(|it| it.rejected))
            .bigint("late", self.0.values().map(|it| it.late))
    }
}

impl Recording<'_> {
    /// Adds the verdicts to the day of arrival. A replay that is refused again is no new arrival.
    pub(super) async fn count_intake(
        &self,
        admission: &Admission<'_>,
        new_logs: &[&Candidate<'_>],
    ) -> Result<(), DbErr> {
        let mut days = IntakeDays::default();
        for log in new_logs {
            days.accept(&self.calendar, log.received_at, log.content.event_timestamp);
        }
        for entry in &admission.entries {
            let day = days.day(&self.calendar, entry.received_at);
            match &entry.verdict {
                Some(Verdict::Duplicate(_)) => day.duplicate += 1,
                Some(Verdict::Rejected(_)) if entry.item.replays.is_none() => day.rejected += 1,
                Some(Verdict::Stored(_) | Verdict::Rejected(_) | Verdict::Gone) | None => {}
            }
        }
        self.execute(include_str!("../sql/add_intake_days.sql"), days.rows()).await?;
        Ok(())
    }
}
