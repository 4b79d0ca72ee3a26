//! Whether a report still says what it would say if it were made now.

use chrono::NaiveDate;

use super::Facts;
use crate::store::{Calendar, DailyReportRow, DayState};

/// What has changed since a report was made: of several the first.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Staleness {
    /// Nothing has.
    Fresh,
    /// The figures of the day.
    Day,
    /// Those of a day that it is compared with, or on which a silent learner was heard.
    Week,
    /// What arrived on the day, no log of the day among it.
    Arrivals,
}

impl Staleness {
    /// Of a report, on a day that is in this state now.
    pub(in crate::analytics) fn of(
        row: &DailyReportRow,
        facts: &Facts,
        now: &DayState,
        calendar: &Calendar,
    ) -> Self {
        if row.revision != now.revision || facts.time_zone != calendar.zone.name() {
            Self::Day
        } else if facts.week_revision != now.week_revision {
            Self::Week
        } else if facts.intake != now.intake {
            Self::Arrivals
        } else {
            Self::Fresh
        }
    }

    /// Why the report says something else than it would now.
    pub(super) fn reason(self, day: NaiveDate) -> Option<String> {
        let what = match self {
            Self::Fresh => return None,
            Self::Day => format!(
                "The figures of {day} have changed since this report was made: a log came late, a learner moved or was \
                 erased, or all was counted anew."
            ),
            Self::Week => format!(
                "A day of the week before {day} has changed since this report was made: comparisons and the number of \
                 silent learners may be others now."
            ),
            Self::Arrivals => {
                format!(
                    "More logs have arrived on {day} since this report was made: only its data quality differs."
                )
            }
        };
        Some(format!("{what} PUT /analytics/daily/{day}/report makes it anew."))
    }

    /// What this adds to the tag of the report.
    pub(super) fn tag(self) -> &'static str {
        match self {
            Self::Fresh => "",
            Self::Day => "-stale",
            Self::Week => "-stale-week",
            Self::Arrivals => "-stale-arrivals",
        }
    }
}
