//! The last minute of arrivals, kept between two reads: who watches what, and how many logs came.
//!
//! Counting a minute anew would read a million logs at the rate of a district, ten times a second. So each read counts
//! only what came since a little before the last one, tenth by tenth of a second, and whatever it counts *replaces* what
//! was known of these tenths: nothing counts twice. Only where a tenth has another count than before are its learners
//! looked at, since logs never change. Those of an erased learner go, and then all of it begins anew.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::ops::Range;
use std::sync::Arc;

use chrono::{DateTime, DurationRound, TimeDelta, Utc};

use super::classrooms::Classrooms;
use crate::store::{ArrivalCount, LatestOfLearner};

/// What counts as lately.
pub(super) const MINUTE: TimeDelta = TimeDelta::seconds(60);

/// What arrivals are counted by: fine enough for ten reads a second to look at hardly more than what is new.
const TENTH: TimeDelta = TimeDelta::milliseconds(100);

/// How far behind the last read the next one begins. Logs become visible when they are committed and not in the order of
/// their arrival: with full queues some tenths of a second later, and clocks of replicas may be apart by as much.
const OVERLAP: TimeDelta = TimeDelta::seconds(2);

/// What is committed even later is found by a sweep that goes through the minute again and again: a step a second, which
/// costs about as much as a read does, and three times as long as the time that has passed. So it gains two seconds each
/// second, and is through in half a minute.
const SWEEP_EACH: TimeDelta = TimeDelta::seconds(1);
const SWEEP_PACE: i32 = 3;

/// How many lessons are shown.
const LESSONS: usize = 10;

/// What is known of the logs that arrived lately.
#[derive(Debug, Default)]
pub(super) struct LastMinute {
    /// Of the roster, as it was after the last read.
    generation: Option<i64>,
    read_at: Option<DateTime<Utc>>,
    swept_at: DateTime<Utc>,
    swept_to: DateTime<Utc>,
    /// Logs, by the beginning of the tenth in which they arrived.
    tenths: BTreeMap<DateTime<Utc>, i64>,
    /// Learners, by id.
    learners: HashMap<i64, Watching>,
    /// What those are told who may watch some classrooms alone.
    pub(super) classrooms: Classrooms,
}

#[derive(Debug)]
struct Watching {
    since: DateTime<Utc>,
    classroom: String,
    lesson_id: i64,
}

/// The last minute, counted.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Watched {
    /// Logs.
    pub(super) streaming_logs: i64,
    /// Learners with at least one of them.
    pub(super) active_students: i64,
    /// The same learners by classroom; classrooms without one are left out.
    pub(super) by_classroom: HashMap<String, i64>,
    /// The same learners by the lesson of their latest log: the lessons of most learners first, then by id.
    pub(super) lessons: Vec<(i64, i64)>,
}

impl LastMinute {
    /// Forgets everything: the next read is of the whole minute.
    pub(super) fn forget(&mut self) {
        *self = Self::default();
    }

    /// Whether nothing was read since it began, or began anew.
    pub(super) fn knows_no_roster(&self) -> bool {
        self.generation.is_none()
    }

    /// Takes note of the roster's generation, asked for after a read. Where it is another one than before (a learner moved, or
    /// was erased), that read may have been too early to see it: then it has to be done again, of the whole minute.
    pub(super) fn note_roster(&mut self, generation: i64) -> bool {
        let is_news = self.generation != Some(generation);
        if is_news {
            *self = Self { generation: Some(generation), ..Self::default() };
        }
        is_news
    }

    /// The ranges to count now, and to hand to [`replace`](Self::replace): the whole minute at first.
    pub(super) fn due(&mut self, now: DateTime<Utc>) -> Vec<Range<DateTime<Utc>>> {
        // A clock that was put back: what was known would be lately until it has caught up.
        if self.read_at.is_some_and(|read_at| now < read_at - OVERLAP) {
            *self = Self { generation: self.generation, ..Self::default() };
        }
        let Range { start: oldest, end } = whole_minute(now);
        let newest = self.read_at.map_or(oldest, |read_at| oldest.max(tenth_of(read_at.min(now) - OVERLAP)));
        if newest == oldest {
            // Nobody has read for a while: more may have arrived in a classroom than a minute shows.
            self.classrooms = Classrooms::default();
        }
        let mut due = vec![newest..end];
        let passed = now - self.swept_at;
        if passed >= SWEEP_EACH {
            let from = if self.swept_to < newest { self.swept_to.max(oldest) } else { oldest };
            self.swept_at = now;
            self.swept_to = newest.min(tenth_of(from + passed * SWEEP_PACE));
            due.extend(Some(from..self.swept_to).filter(|sweep| !sweep.is_empty()));
        }
        self.read_at = Some(now);
        due
    }

    /// Puts a new count of a range in the place of the old one; answers from where to where they differ, so that the
    /// learners there may be looked at and handed to [`see`](Self::see).
    pub(super) fn replace(
        &mut self,
        range: &Range<DateTime<Utc>>,
        counts: Vec<ArrivalCount>,
    ) -> Option<Range<DateTime<Utc>>> {
        let before = taken(&mut self.tenths, range);
        let counts = counts.into_iter().map(|ArrivalCount { tenth, streaming_logs }| (tenth, streaming_logs));
        let counts: BTreeMap<_, _> = counts.collect();
        let mut differ = counts.iter().filter(|(tenth, logs)| before.get(tenth) != Some(logs));
        let first = differ.next().map(|(tenth, _)| *tenth);
        let last = differ.next_back().map(|(tenth, _)| *tenth).or(first);
        self.tenths.extend(counts);
        first.zip(last).map(|(first, last)| first..last + TENTH)
    }

    /// Takes note of learners and the latest logs of theirs in some range.
    pub(super) fn see(&mut self, latest: Vec<LatestOfLearner>) {
        for LatestOfLearner { student_id, classroom, lesson_id, received_at } in latest {
            let is_news = self.learners.get(&student_id).is_none_or(|known| known.since <= received_at);
            if is_news {
                self.learners.insert(student_id, Watching { since: received_at, classroom, lesson_id });
            }
        }
    }

    /// Counts what arrived within the last minute, and forgets what arrived before.
    pub(super) fn count(&mut self, now: DateTime<Utc>) -> Watched {
        let oldest = now - MINUTE;
        self.tenths = self.tenths.split_off(&tenth_of(oldest));
        self.classrooms.forget_before(tenth_of(oldest));
        self.learners.retain(|_, watching| watching.since > oldest);
        let mut watched = Watched {
            streaming_logs: self.tenths.values().sum(),
            active_students: self.learners.len() as i64,
            ..Watched::default()
        };
        let mut lessons = HashMap::<i64, i64>::new();
        for Watching { classroom, lesson_id, .. } in self.learners.values() {
            *lessons.entry(*lesson_id).or_default() += 1;
            match watched.by_classroom.get_mut(classroom) {
                Some(students) => *students += 1,
                None => drop(watched.by_classroom.insert(classroom.clone(), 1)),
            }
        }
        watched.lessons = most_watched(lessons);
        watched
    }

    /// The same for those who may see some classrooms, for each set, once it was counted: learners are gone through
    /// once, however many sets there are.
    pub(super) fn count_in(&self, sets: &[Arc<BTreeSet<String>>]) -> Vec<Watched> {
        let mut classrooms = HashMap::<&str, HashMap<i64, i64>>::new();
        if !sets.is_empty() {
            for Watching { classroom, lesson_id, .. } in self.learners.values() {
                *classrooms.entry(classroom).or_default().entry(*lesson_id).or_default() += 1;
            }
        }
        sets.iter().map(|set| self.watched_in(set, &classrooms)).collect()
    }

    /// `by_lesson` says how many learners of each classroom watch each lesson.
    fn watched_in(&self, set: &BTreeSet<String>, by_lesson: &HashMap<&str, HashMap<i64, i64>>) -> Watched {
        let streaming_logs = self.classrooms.streaming_logs(set);
        let mut watched = Watched { streaming_logs, ..Watched::default() };
        let mut lessons = HashMap::<i64, i64>::new();
        for classroom in set {
            let Some(theirs) = by_lesson.get(classroom.as_str()) else { continue };
            let students = theirs.values().sum();
            watched.active_students += students;
            watched.by_classroom.insert(classroom.clone(), students);
            for (&lesson_id, students) in theirs {
                *lessons.entry(lesson_id).or_default() += students;
            }
        }
        watched.lessons = most_watched(lessons);
        watched
    }
}

/// The lessons of most learners first, then by id.
fn most_watched(lessons: HashMap<i64, i64>) -> Vec<(i64, i64)> {
    let mut lessons: Vec<_> = lessons.into_iter().collect();
    lessons.sort_unstable_by_key(|&(lesson_id, students)| (-students, lesson_id));
    lessons.truncate(LESSONS);
    lessons
}

/// All that arrived lately. Nothing arrives later than now, unless the clock of a replica is ahead.
pub(super) fn whole_minute(now: DateTime<Utc>) -> Range<DateTime<Utc>> {
    tenth_of(now - MINUTE)..tenth_of(now + MINUTE)
}

/// Takes a range out of what is counted.
pub(super) fn taken(
    tenths: &mut BTreeMap<DateTime<Utc>, i64>,
    range: &Range<DateTime<Utc>>,
) -> BTreeMap<DateTime<Utc>, i64> {
    let mut taken = tenths.split_off(&range.start);
    tenths.append(&mut taken.split_off(&range.end));
    taken
}

fn tenth_of(moment: DateTime<Utc>) -> DateTime<Utc> {
    // It fails only beyond the years that nanoseconds can count, which no clock shows.
    moment.duration_trunc(TENTH).unwrap_or(moment)
}

#[cfg(test)]
#[path = "last_minute_tests.rs"]
mod tests;
