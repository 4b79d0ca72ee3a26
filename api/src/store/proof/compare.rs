//! Where the rollups say something else than the raw log.

use std::collections::BTreeMap;
use std::fmt::Display;

use chrono::NaiveDate;

use super::slices::{Completed, Counted, Recount};
use crate::store::Calendar;
use crate::store::record::ViewingDay;

/// One place where a rollup differs from the raw log; printed as one line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Difference(String);

impl Difference {
    pub(super) fn new(place: impl Display, rollup: impl Display, log: impl Display) -> Self {
        Self(format!("{place}: the rollup says {rollup}, the log says {log}"))
    }

    pub(super) fn derived(place: &str, rollup: &str, derived: &str) -> Self {
        Self(format!("{place}: the rollup says {rollup}, what it derives from says {derived}"))
    }

    pub(super) fn orphans(kind: &str, ids: &[i64]) -> Self {
        let ids = ids.iter().map(i64::to_string).collect::<Vec<_>>().join(", ");
        Self(format!("streaming_logs: logs of {kind} that does not exist: {ids}"))
    }
}

impl Display for Difference {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0)
    }
}

/// Every difference of a slice.
pub(super) fn differences(
    calendar: &Calendar,
    closed_before: Option<NaiveDate>,
    recount: &Recount,
    counted: &Counted,
) -> Vec<Difference> {
    let mut found = Vec::new();
    for (key, in_rollup, in_log) in pairs(&counted.viewing_days, &recount.tally.viewing_days) {
        if in_rollup != in_log {
            let (student_id, day, lesson_id) = key;
            let place = format!("viewing_days of student {student_id}, {day}, lesson {lesson_id}");
            found.push(Difference::new(place, counts(in_rollup), counts(in_log)));
        }
    }
    let recounted = recount.tally.completions.iter().map(|(&key, &at)| (key, (at, calendar.day_of(at))));
    for (key, in_rollup, in_log) in pairs(&counted.completions, &recounted.collect()) {
        // The logs of a closed day are gone; its completion stays and precedes every later one.
        let is_closed = in_rollup.zip(closed_before).is_some_and(|((_, day), closed)| *day < closed);
        if in_rollup != in_log && !is_closed {
            let moment = |it: Option<&Completed>| {
                it.map_or_else(|| "nothing".to_owned(), |(at, day)| format!("{at} on {day}"))
            };
            let place = format!("completions of student {}, lesson {}", key.0, key.1);
            found.push(Difference::new(place, moment(in_rollup), moment(in_log)));
        }
    }
    found
}

/// Both sides of every key that one of them has.
fn pairs<'m, K: Ord + Copy, V>(
    one: &'m BTreeMap<K, V>,
    other: &'m BTreeMap<K, V>,
) -> Vec<(K, Option<&'m V>, Option<&'m V>)> {
    let only_in_other = other.keys().filter(|key| !one.contains_key(key));
    one.keys().chain(only_in_other).map(|key| (*key, one.get(key), other.get(key))).collect()
}

fn counts(day: Option<&ViewingDay>) -> String {
    let Some(day) = day else { return "nothing".to_owned() };
    let ViewingDay {
        streaming_logs,
        watch_time_logs,
        watch_time_seconds,
        completion_logs,
        completion_percentage_sum,
        furthest_percentage,
    } = day;
    let furthest = furthest_percentage.map_or_else(|| "none".to_owned(), |furthest| format!("{furthest} %"));
    format!(
        "{streaming_logs} logs, {watch_time_seconds} s in {watch_time_logs}, \
         {completion_percentage_sum} % in {completion_logs}, furthest {furthest}"
    )
}
