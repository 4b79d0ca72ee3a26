//! Which day a moment belongs to, and what completes a lesson: the rules that every figure is counted by.

use std::ops::RangeInclusive;

use chrono::{DateTime, Days, NaiveDate, NaiveTime, TimeZone, Utc};
use chrono_tz::Tz;

/// No log is older than 1970 in UTC; west of Greenwich that is still the day before.
pub(super) const FIRST_DAY: NaiveDate = NaiveDate::from_ymd_opt(1969, 12, 31).unwrap();

/// The platform's time zone and completion threshold.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Calendar {
    /// Days are calendar days in this zone.
    pub zone: Tz,
    /// The `completion_percentage` from which on a lesson counts as completed, 1 to 100.
    pub threshold: i32,
}

impl Calendar {
    /// The calendar day of a moment.
    pub fn day_of(&self, moment: DateTime<Utc>) -> NaiveDate {
        moment.with_timezone(&self.zone).date_naive()
    }

    /// Every day that can have a log, up to today.
    pub fn days_so_far(&self, now: DateTime<Utc>) -> RangeInclusive<NaiveDate> {
        FIRST_DAY..=self.day_of(now)
    }

    /// The first moment of a day. Where clocks skip midnight, that is the first moment after the gap.
    pub fn start_of(&self, day: NaiveDate) -> DateTime<Utc> {
        self.moment_of(day, NaiveTime::MIN)
    }

    /// The moment when clocks first show this time on a day. Where they skip it, that is the first moment after the gap.
    pub fn moment_of(&self, day: NaiveDate, time: NaiveTime) -> DateTime<Utc> {
        let wanted = day.and_time(time);
        // A gap is at most some hours long; a whole skipped day (Samoa, 2011) begins with the next one.
        let candidates = (0..=48).map(|half_hours| wanted + chrono::TimeDelta::minutes(30 * half_hours));
        let moment = candidates.filter_map(|local| self.zone.from_local_datetime(&local).earliest()).next();
        moment.map_or_else(|| wanted.and_utc(), |local| local.with_timezone(&Utc))
    }

    /// The first moment after a day.
    pub fn end_of(&self, day: NaiveDate) -> DateTime<Utc> {
        self.start_of(day.checked_add_days(Days::new(1)).unwrap_or(day))
    }

    /// The first day whose logs are kept, where they are kept for so many days before today.
    pub fn first_day_kept(&self, now: DateTime<Utc>, keep_days: u32) -> NaiveDate {
        self.day_of(now).checked_sub_days(Days::new(keep_days.into())).unwrap_or(NaiveDate::MIN)
    }

    /// Whether a log with this percentage completes its lesson.
    pub fn completes(&self, completion_percentage: Option<i32>) -> bool {
        completion_percentage.is_some_and(|percentage| percentage >= self.threshold)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn calendar(zone: Tz) -> Calendar {
        Calendar { zone, threshold: 90 }
    }

    fn day(text: &str) -> NaiveDate {
        text.parse().unwrap()
    }

    #[test]
    fn a_day_belongs_to_the_zone() {
        let moment = "2021-11-29T23:30:00Z".parse().unwrap();
        assert_eq!(calendar(Tz::UTC).day_of(moment), day("2021-11-29"));
        assert_eq!(calendar(Tz::Europe__Paris).day_of(moment), day("2021-11-30"));
    }

    #[test]
    fn days_of_changing_clocks_have_23_and_25_hours() {
        let paris = calendar(Tz::Europe__Paris);
        let hours = |text| (paris.end_of(day(text)) - paris.start_of(day(text))).num_hours();
        assert_eq!(hours("2026-03-29"), 23);
        assert_eq!(hours("2026-10-25"), 25);
        assert_eq!(hours("2026-10-26"), 24);
    }

    #[test]
    fn a_time_that_clocks_skip_or_show_twice_is_one_moment() {
        let paris = calendar(Tz::Europe__Paris);
        let at = |text| {
            let time = NaiveTime::from_hms_opt(2, 30, 0).unwrap();
            paris.moment_of(day(text), time).to_rfc3339()
        };
        assert_eq!(at("2026-03-28"), "2026-03-28T01:30:00+00:00");
        // Half past two is three o'clock of summer time, and comes twice when summer ends: the first one counts.
        assert_eq!(at("2026-03-29"), "2026-03-29T01:00:00+00:00");
        assert_eq!(at("2026-10-25"), "2026-10-25T00:30:00+00:00");
    }

    #[test]
    fn a_day_whose_midnight_is_skipped_starts_after_the_gap() {
        let santiago = calendar(Tz::America__Santiago);
        let start = santiago.start_of(day("2023-09-03"));
        assert_eq!(start.to_rfc3339(), "2023-09-03T04:00:00+00:00");
        assert_eq!(santiago.day_of(start), day("2023-09-03"));
    }
}
