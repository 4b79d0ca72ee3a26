//! How many logs arrived on a day, and what became of them.

use chrono::TimeDelta;
use sea_orm::DbErr;
use std::collections::BTreeMap;

use super::Recording;
use super::admit::Admission;
use super::candidate::Candidate;
use crate::store::Verdict;
use crate::store::query::{Query, Rows};

/// A log that reaches us this long after it happened is late.
const LATE: TimeDelta = TimeDelta::hours(24);

/// One row of `intake_days` without its key.
#[derive(Default)]
struct Intake {
    accepted: i64,
    duplicate: i64,
    rejected: i64,
    late: i64,
}

impl Recording<'_> {
    /// Adds the verdicts to the day of arrival. A replay that is refused again is no new arrival.
    pub(super) async fn count_intake(
        &self,
        admission: &Admission<'_>,
        new_logs: &[&Candidate<'_>],
    ) -> Result<(), DbErr> {
        let mut days: BTreeMap<_, Intake> = BTreeMap::new();
        for entry in &admission.entries {
            let day = days.entry(self.calendar.day_of(entry.received_at)).or_default();
            match &entry.verdict {
                Some(Verdict::Stored(_)) => day.accepted += 1,
                Some(Verdict::Duplicate(_)) => day.duplicate += 1,
                Some(Verdict::Rejected(_)) if entry.item.replays.is_none() => day.rejected += 1,
                Some(Verdict::Rejected(_) | Verdict::Gone) | None => {}
            }
        }
        for log in new_logs.iter().filter(|log| log.received_at - log.content.event_timestamp > LATE) {
            days.entry(self.calendar.day_of(log.received_at)).or_default().late += 1;
        }
        let rows = Rows::new()
            .day("day", days.keys().copied())
            .bigint("accepted", days.values().map(|it| it.accepted))
            .bigint("duplicate", days.values().map(|it| it.duplicate))
            .bigint("rejected", days.values().map(|it| it.rejected))
            .bigint("late", days.values().map(|it| it.late));
        Query::new(self.dialect, include_str!("../sql/add_intake_days.sql"))
            .rows(rows)
            .execute(self.tx)
            .await?;
        Ok(())
    }
}
