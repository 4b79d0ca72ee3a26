//! The daily report by schedule, where nobody else asks for it: each day the one of the day before.

use std::time::Duration;

use chrono::{DateTime, Days, NaiveDate, NaiveTime, Utc};
use tokio::time::{MissedTickBehavior, interval};

use super::Tasks;
use super::make::{Attempt, attempt};
use crate::clock::Clock;
use crate::error::{StoreError, chain};
use crate::store::{Calendar, Store};

/// Between two looks at the clock: clocks are set, and machines sleep.
const EACH: Duration = Duration::from_secs(20);

/// Makes the report of a day soon after `at` on the day after, once, whichever replica is first. Runs as long as the server;
/// after a start it makes up for the last one that was due. What fails is tried again at the next look.
pub async fn keep(store: Store, calendar: Calendar, clock: Clock, at: NaiveTime) {
    let mut looks = interval(EACH);
    looks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let mut done = None;
    loop {
        looks.tick().await;
        let day = due(&calendar, clock.now(), at);
        if done == Some(day) {
            continue;
        }
        match make_once(&store, &calendar, clock, day).await {
            Ok(is_made) => {
                done = Some(day);
                tell(day, is_made);
            }
            Err(error) => tracing::warn!(%day, error = %chain(&error), "the daily report could not be made"),
        }
    }
}

/// The latest day whose report should be there.
fn due(calendar: &Calendar, now: DateTime<Utc>, at: NaiveTime) -> NaiveDate {
    let today = calendar.day_of(now);
    let days_ago = if now >= calendar.moment_of(today, at) { 1 } else { 2 };
    today - Days::new(days_ago)
}

/// Makes the report, unless there is one of the whole day: a stale one is for people to make anew. False where somebody else
/// has made it.
async fn make_once(
    store: &Store,
    calendar: &Calendar,
    clock: Clock,
    day: NaiveDate,
) -> Result<bool, StoreError> {
    let kept = store.daily_report(day).await?;
    if kept.is_some_and(|(row, _)| row.generated_at >= calendar.end_of(day)) {
        return Ok(false);
    }
    let attempt = attempt(store, calendar, clock, day, Tasks::default()).await?;
    Ok(matches!(attempt, Attempt::Kept { .. }))
}

fn tell(day: NaiveDate, is_made: bool) {
    if is_made {
        tracing::info!(%day, "the daily report is made");
    } else {
        tracing::debug!(%day, "the daily report is there already");
    }
}

#[cfg(test)]
mod tests {
    use chrono_tz::Tz;

    use super::*;
    use crate::store::TemporaryStore;

    fn due_at(zone: Tz, now: &str, at: &str) -> String {
        let calendar = Calendar { zone, threshold: 90 };
        due(&calendar, now.parse().unwrap(), at.parse().unwrap()).to_string()
    }

    #[test]
    fn a_day_is_due_at_that_time_on_the_next_one() {
        assert_eq!(due_at(Tz::UTC, "2026-03-10T01:59:59Z", "02:00"), "2026-03-08");
        assert_eq!(due_at(Tz::UTC, "2026-03-10T02:00:00Z", "02:00"), "2026-03-09");
        assert_eq!(due_at(Tz::UTC, "2026-03-10T23:00:00Z", "02:00"), "2026-03-09");
        assert_eq!(due_at(Tz::UTC, "2026-03-10T00:00:00Z", "00:00"), "2026-03-09");
        assert_eq!(due_at(Tz::Pacific__Auckland, "2026-03-10T12:00:00Z", "00:30"), "2026-03-10");
    }

    #[test]
    fn a_time_that_clocks_skip_or_show_twice_comes_once() {
        let paris = |now| due_at(Tz::Europe__Paris, now, "02:30");
        // In March 02:30 is skipped, in October it comes twice.
        assert_eq!(paris("2026-03-29T00:59:59Z"), "2026-03-27");
        assert_eq!(paris("2026-03-29T01:00:00Z"), "2026-03-28");
        assert_eq!(paris("2026-10-25T00:29:59Z"), "2026-10-23");
        assert_eq!(paris("2026-10-25T00:30:00Z"), "2026-10-24");
        assert_eq!(paris("2026-10-25T01:29:59Z"), "2026-10-24");
    }

    #[tokio::test]
    async fn a_report_of_a_whole_day_is_made_once() {
        let temporary = TemporaryStore::open().await;
        let calendar = Calendar { zone: Tz::UTC, threshold: 90 };
        let yesterday = calendar.day_of(Clock.now()) - Days::new(1);
        let make = |day| make_once(&temporary.store, &calendar, Clock, day);
        assert!(make(yesterday).await.unwrap());
        assert!(!make(yesterday).await.unwrap());
        assert!(make(yesterday - Days::new(1)).await.unwrap(), "each day has its own");
    }
}
