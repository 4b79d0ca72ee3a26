//! What arrived lately in some classrooms, for those who may watch no others. It is kept between two reads like the rest of the
//! [last minute](super::last_minute), by classroom, so that it does not matter in how many sets a classroom is; and it is
//! forgotten with it.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::ops::Range;

use chrono::{DateTime, Utc};

use super::last_minute::taken;
use crate::store::{ARRIVALS, Arrival, ClassroomArrival, ClassroomArrivalCount};

/// Classrooms that somebody watches who may watch no others.
#[derive(Debug, Default)]
pub(super) struct Classrooms(HashMap<String, Lately>);

#[derive(Debug, Default)]
struct Lately {
    /// Logs, by the beginning of the tenth in which they arrived.
    tenths: BTreeMap<DateTime<Utc>, i64>,
    /// The latest of all, as a frame has them.
    latest: Vec<Arrival>,
}

impl Classrooms {
    /// Forgets those that nobody watches any more; answers those of which nothing is known yet.
    pub(super) fn unknown(&mut self, watched: &BTreeSet<String>) -> BTreeSet<String> {
        self.0.retain(|classroom, _| watched.contains(classroom));
        watched.iter().filter(|classroom| !self.0.contains_key(*classroom)).cloned().collect()
    }

    /// Those of which something is known.
    pub(super) fn known(&self) -> BTreeSet<String> {
        self.0.keys().cloned().collect()
    }

    /// Takes note of classrooms, with what arrived there within the whole minute and their latest logs.
    pub(super) fn meet(
        &mut self,
        classrooms: BTreeSet<String>,
        counts: Vec<ClassroomArrivalCount>,
        arrivals: Vec<ClassroomArrival>,
    ) {
        self.0.extend(classrooms.into_iter().map(|classroom| (classroom, Lately::default())));
        self.add(counts, arrivals);
    }

    /// Puts new counts of a range in the place of the old ones, and takes note of the latest logs there.
    pub(super) fn replace(
        &mut self,
        range: &Range<DateTime<Utc>>,
        counts: Vec<ClassroomArrivalCount>,
        arrivals: Vec<ClassroomArrival>,
    ) {
        for lately in self.0.values_mut() {
            taken(&mut lately.tenths, range);
        }
        self.add(counts, arrivals);
    }

    fn add(&mut self, counts: Vec<ClassroomArrivalCount>, arrivals: Vec<ClassroomArrival>) {
        for ClassroomArrivalCount { classroom, count } in counts {
            if let Some(lately) = self.0.get_mut(&classroom) {
                lately.tenths.insert(count.tenth, count.streaming_logs);
            }
        }
        let mut arrived = HashMap::<_, Vec<_>>::new();
        for ClassroomArrival { classroom, arrival } in arrivals {
            arrived.entry(classroom).or_default().push(arrival);
        }
        for (classroom, arrivals) in arrived {
            if let Some(lately) = self.0.get_mut(&classroom) {
                let known = std::mem::take(&mut lately.latest);
                lately.latest = latest_of(known.into_iter().chain(arrivals));
            }
        }
    }

    /// Forgets the counts of what arrived before; the latest logs stay, however old.
    pub(super) fn forget_before(&mut self, oldest: DateTime<Utc>) {
        for lately in self.0.values_mut() {
            lately.tenths = lately.tenths.split_off(&oldest);
        }
    }

    /// How many logs of these classrooms are counted.
    pub(super) fn streaming_logs(&self, classrooms: &BTreeSet<String>) -> i64 {
        self.of(classrooms).flat_map(|lately| lately.tenths.values()).sum()
    }

    /// The latest logs of these classrooms together.
    pub(super) fn latest(&self, classrooms: &BTreeSet<String>) -> Vec<Arrival> {
        latest_of(self.of(classrooms).flat_map(|lately| lately.latest.iter().cloned()))
    }

    fn of<'c>(&'c self, classrooms: &'c BTreeSet<String>) -> impl Iterator<Item = &'c Lately> {
        classrooms.iter().filter_map(|classroom| self.0.get(classroom))
    }
}

/// The latest of some logs, each once: newest first, then by learner and id.
fn latest_of(arrivals: impl Iterator<Item = Arrival>) -> Vec<Arrival> {
    let mut latest: Vec<_> = arrivals.collect();
    latest.sort_by(|one, other| {
        let by_arrival = other.received_at.cmp(&one.received_at);
        by_arrival.then_with(|| (one.student_id, one.log_id).cmp(&(other.student_id, other.log_id)))
    });
    latest.dedup();
    latest.truncate(ARRIVALS);
    latest
}

#[cfg(test)]
#[path = "classrooms_tests.rs"]
mod tests;
