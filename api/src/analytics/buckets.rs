//! Stretches of time that begin when the clocks of the platform's zone show a whole minute, hour or day.

use chrono::{DateTime, Days, DurationRound, Offset, TimeDelta, TimeZone, Timelike, Utc};
use chrono_tz::Tz;
use serde::Serialize;
use utoipa::ToSchema;

use crate::parameters::Parameter;
use crate::store::{Calendar, Window};

/// How long a bucket is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum Bucket {
    /// A minute.
    Minute,
    /// An hour of the platform's zone.
    Hour,
    /// A calendar day of the platform's zone: 23 or 25 hours where clocks change.
    Day,
}

impl Parameter for Bucket {
    const LOOKS_LIKE: &'static str = "minute, hour or day";

    fn read(text: &str) -> Option<Self> {
        [Self::Minute, Self::Hour, Self::Day].into_iter().find(|bucket| bucket.name() == text)
    }
}

impl Bucket {
    /// Its name in the API.
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Minute => "minute",
            Self::Hour => "hour",
            Self::Day => "day",
        }
    }

    /// The longest window that is answered in buckets of this length, in days: some ten thousand buckets at most.
    pub(super) fn longest_days(self) -> i64 {
        match self {
            Self::Minute => 7,
            Self::Hour => 92,
            Self::Day => 3_660,
        }
    }

    /// Where the buckets begin that a window touches, in order; the first may begin before the window does.
    pub(super) fn starts(self, calendar: &Calendar, window: Window) -> Vec<DateTime<Utc>> {
        let mut starts = vec![self.start_of(calendar, window.from)];
        while let Some(&last) = starts.last() {
            let next = self.next(calendar, last);
            if next >= window.to || next <= last {
                break;
            }
            starts.push(next);
        }
        starts
    }

    fn start_of(self, calendar: &Calendar, moment: DateTime<Utc>) -> DateTime<Utc> {
        match self {
            Self::Minute => moment.duration_trunc(TimeDelta::minutes(1)).unwrap_or(moment),
            Self::Hour => start_of_hour(calendar.zone, moment),
            Self::Day => calendar.start_of(calendar.day_of(moment)),
        }
    }

    fn next(self, calendar: &Calendar, start: DateTime<Utc>) -> DateTime<Utc> {
        match self {
            Self::Minute => start + TimeDelta::minutes(1),
            Self::Hour => next_hour(calendar.zone, start),
            Self::Day => next_day(calendar, start),
        }
    }
}

/// When the clocks show another hour: after sixty minutes, or when they are moved meanwhile.
fn next_hour(zone: Tz, start: DateTime<Utc>) -> DateTime<Utc> {
    let shown = i64::from(start.with_timezone(&zone).minute());
    let end = start + TimeDelta::minutes(60 - shown);
    let moved = start_of_hour(zone, end - TimeDelta::minutes(1));
    if moved > start { moved } else { start_of_hour(zone, end) }
}

/// The next day that has a length: Samoa had no 30 December 2011.
fn next_day(calendar: &Calendar, start: DateTime<Utc>) -> DateTime<Utc> {
    let day = calendar.day_of(start);
    let following = (1..=2).filter_map(|days| day.checked_add_days(Days::new(days)));
    let mut starts = following.map(|day| calendar.start_of(day));
    starts.find(|&next| next > start).unwrap_or(start)
}

/// The moment since which the clocks have shown this hour, to the whole minute. Where they were moved within it, that
/// is the moment of the move.
fn start_of_hour(zone: Tz, moment: DateTime<Utc>) -> DateTime<Utc> {
    let minute = moment.duration_trunc(TimeDelta::minutes(1)).unwrap_or(moment);
    let offset = |at: DateTime<Utc>| zone.offset_from_utc_datetime(&at.naive_utc()).fix();
    let shown = i64::from(minute.with_timezone(&zone).minute());
    let mut since = (0..=shown).rev().map(|minutes| minute - TimeDelta::minutes(minutes));
    since.find(|&at| offset(at) == offset(minute)).unwrap_or(minute)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn calendar(zone: Tz) -> Calendar {
        Calendar { zone, threshold: 90 }
    }

    fn window(from: &str, to: &str) -> Window {
        Window { from: from.parse().unwrap(), to: to.parse().unwrap() }
    }

    /// The buckets' starts as the clocks of the zone show them.
    fn starts(bucket: Bucket, zone: Tz, from: &str, to: &str) -> Vec<String> {
        let starts = bucket.starts(&calendar(zone), window(from, to));
        starts.iter().map(|start| start.with_timezone(&zone).format("%dT%H:%M%:z").to_string()).collect()
    }

    #[test]
    fn a_bucket_begins_before_a_window_that_begins_inside_it() {
        let hours = starts(Bucket::Hour, Tz::UTC, "2026-03-01T10:20:30Z", "2026-03-01T12:00:00Z");
        assert_eq!(hours, ["01T10:00+00:00", "01T11:00+00:00"]);
        let minutes = starts(Bucket::Minute, Tz::UTC, "2026-03-01T10:20:30Z", "2026-03-01T10:22:00.000001Z");
        assert_eq!(minutes, ["01T10:20+00:00", "01T10:21+00:00", "01T10:22+00:00"]);
    }

    #[test]
    fn days_follow_the_clocks_of_the_zone() {
        let days = starts(Bucket::Day, Tz::Europe__Paris, "2026-03-28T12:00:00Z", "2026-03-30T22:00:00Z");
        assert_eq!(days, ["28T00:00+01:00", "29T00:00+01:00", "30T00:00+02:00"]);
    }

    #[test]
    fn an_hour_that_is_skipped_is_none_and_one_that_comes_twice_is_two() {
        let spring = starts(Bucket::Hour, Tz::Europe__Paris, "2026-03-29T00:00:00Z", "2026-03-29T02:00:00Z");
        assert_eq!(spring, ["29T01:00+01:00", "29T03:00+02:00"]);
        let autumn = starts(Bucket::Hour, Tz::Europe__Paris, "2026-10-25T00:00:00Z", "2026-10-25T02:00:00Z");
        assert_eq!(autumn, ["25T02:00+02:00", "25T02:00+01:00"]);
    }

    #[test]
    fn hours_of_a_zone_between_the_hours_are_its_own() {
        let kathmandu =
            starts(Bucket::Hour, Tz::Asia__Kathmandu, "2026-03-01T10:00:00Z", "2026-03-01T11:30:00Z");
        assert_eq!(kathmandu, ["01T15:00+05:45", "01T16:00+05:45", "01T17:00+05:45"]);
    }

    #[test]
    fn clocks_that_move_by_half_an_hour_make_short_hours() {
        let zone = Tz::Australia__Lord_Howe;
        let autumn = starts(Bucket::Hour, zone, "2026-04-04T14:00:00Z", "2026-04-04T16:00:00Z");
        assert_eq!(autumn, ["05T01:00+11:00", "05T01:30+10:30", "05T02:00+10:30"]);
        let spring = starts(Bucket::Hour, zone, "2026-10-03T14:30:00Z", "2026-10-03T16:30:00Z");
        assert_eq!(spring, ["04T01:00+10:30", "04T02:30+11:00", "04T03:00+11:00"]);
    }

    #[test]
    fn a_day_that_was_skipped_is_no_bucket() {
        let samoa = starts(Bucket::Day, Tz::Pacific__Apia, "2011-12-29T12:00:00Z", "2011-12-31T12:00:00Z");
        assert_eq!(samoa, ["29T00:00-10:00", "31T00:00+14:00", "01T00:00+14:00"]);
    }

    proptest! {
        #[test]
        fn buckets_cover_the_window_and_are_stable(
            from in 0_i64..4_000_000_000,
            seconds in 1_i64..400_000,
            zone in prop::sample::select(chrono_tz::TZ_VARIANTS.to_vec()),
            bucket in prop::sample::select(vec![Bucket::Hour, Bucket::Day]),
        ) {
            let moment = |seconds| DateTime::from_timestamp(seconds, 0).unwrap();
            let window = Window { from: moment(from), to: moment(from + seconds) };
            let starts = bucket.starts(&calendar(zone), window);
            prop_assert!(starts[0] <= window.from);
            prop_assert!(starts.windows(2).all(|pair| pair[0] < pair[1]));
            prop_assert!(starts.last().is_some_and(|&last| last < window.to));
            // Asked for the rest of the window, from any bucket on, the same buckets come out.
            for (place, &start) in starts.iter().enumerate() {
                if start >= window.from {
                    let rest = bucket.starts(&calendar(zone), Window { from: start, to: window.to });
                    prop_assert_eq!(&rest[..], &starts[place..]);
                }
            }
        }
    }
}
