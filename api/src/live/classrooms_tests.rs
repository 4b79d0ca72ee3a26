use chrono::TimeDelta;
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::subsequence;
use std::sync::Arc;
use uuid::Uuid;

use super::*;
use crate::live::last_minute::{LastMinute, Watched, whole_minute};
use crate::store::{ArrivalCount, LatestOfLearner};

const CLASSROOMS: [&str; 3] = ["A", "B", "C"];

/// So many milliseconds after some moment.
fn at(milliseconds: i64) -> DateTime<Utc> {
    DateTime::from_timestamp_millis(1_638_227_340_000 + milliseconds).unwrap()
}

/// A log, when it is there to be read, and the classroom of its learner.
struct Arrived {
    committed_at: i64,
    classroom: &'static str,
    arrival: Arrival,
}

/// What the database answers, from those that are committed.
struct School(Vec<Arrived>);

impl School {
    /// Logs by arrival, lateness, learner and lesson.
    fn of(logs: impl IntoIterator<Item = (i64, i64, i64, i64)>) -> Self {
        let arrived = |(id, (received_at, lateness, student_id, lesson_id)): (u128, _)| Arrived {
            committed_at: received_at + lateness,
            classroom: CLASSROOMS[student_id as usize % 3],
            arrival: Arrival {
                log_id: Uuid::from_u128(id),
                student_id,
                lesson_id,
                event_type: "progress".to_owned(),
                watch_time_seconds: None,
                completion_percentage: None,
                event_timestamp: at(0),
                received_at: at(received_at),
            },
        };
        Self((0..).zip(logs).map(arrived).collect())
    }

    fn within(&self, now: i64, range: &Range<DateTime<Utc>>) -> impl Iterator<Item = &Arrived> {
        self.0.iter().filter(move |log| log.committed_at <= now && range.contains(&log.arrival.received_at))
    }

    fn counts(&self, now: i64, range: &Range<DateTime<Utc>>) -> Vec<ArrivalCount> {
        let mut counts = BTreeMap::<_, i64>::new();
        for log in self.within(now, range) {
            *counts.entry(tenth_of(log)).or_default() += 1;
        }
        counts.into_iter().map(|(tenth, streaming_logs)| ArrivalCount { tenth, streaming_logs }).collect()
    }

    fn counts_in(
        &self,
        now: i64,
        range: &Range<DateTime<Utc>>,
        classrooms: &BTreeSet<String>,
    ) -> Vec<ClassroomArrivalCount> {
        let of = |classroom: &String| {
            let logs = self.0.iter().filter(|log| log.classroom == classroom);
            let logs = logs.map(|&Arrived { committed_at, classroom, ref arrival }| Arrived {
                committed_at,
                classroom,
                arrival: arrival.clone(),
            });
            let counts = Self(logs.collect()).counts(now, range).into_iter();
            let count = |count| ClassroomArrivalCount { classroom: classroom.clone(), count };
            counts.map(count).collect::<Vec<_>>()
        };
        classrooms.iter().flat_map(of).collect()
    }

    fn arrivals_in(
        &self,
        now: i64,
        range: &Range<DateTime<Utc>>,
        classrooms: &BTreeSet<String>,
    ) -> Vec<ClassroomArrival> {
        let of = |classroom: &String| {
            let logs = self.within(now, range).filter(|log| log.classroom == classroom);
            let latest = latest_of(logs.map(|log| log.arrival.clone())).into_iter();
            let named = |arrival| ClassroomArrival { classroom: classroom.clone(), arrival };
            latest.map(named).collect::<Vec<_>>()
        };
        classrooms.iter().flat_map(of).collect()
    }

    fn learners(&self, now: i64, range: &Range<DateTime<Utc>>) -> Vec<LatestOfLearner> {
        let mut logs: Vec<_> = self.within(now, range).collect();
        logs.sort_by_key(|log| {
            let Arrival { student_id, received_at, lesson_id, .. } = log.arrival;
            (student_id, std::cmp::Reverse(received_at), lesson_id)
        });
        logs.dedup_by_key(|log| log.arrival.student_id);
        let latest = |log: &Arrived| LatestOfLearner {
            student_id: log.arrival.student_id,
            classroom: log.classroom.to_owned(),
            lesson_id: log.arrival.lesson_id,
            received_at: log.arrival.received_at,
        };
        logs.into_iter().map(latest).collect()
    }

    /// One read, as the hub does it: what there is to tell of the platform and of each set.
    fn read(
        &self,
        minute: &mut LastMinute,
        now: i64,
        sets: &[Arc<BTreeSet<String>>],
    ) -> (Watched, Vec<(Watched, Vec<Arrival>)>) {
        let due = minute.due(at(now));
        let new = minute.classrooms.unknown(&sets.iter().flat_map(|set| (**set).clone()).collect());
        for range in due {
            if let Some(changed) = minute.replace(&range, self.counts(now, &range)) {
                minute.see(self.learners(now, &changed));
                let known = minute.classrooms.known();
                let counts = self.counts_in(now, &changed, &known);
                minute.classrooms.replace(&changed, counts, self.arrivals_in(now, &changed, &known));
            }
        }
        let counts = self.counts_in(now, &whole_minute(at(now)), &new);
        let day = at(now) - TimeDelta::days(1)..at(now) + TimeDelta::minutes(1);
        let arrivals = self.arrivals_in(now, &day, &new);
        minute.classrooms.meet(new, counts, arrivals);
        let everything = minute.count(at(now));
        let watched = minute.count_in(sets).into_iter();
        let told = watched.zip(sets).map(|(watched, set)| (watched, minute.classrooms.latest(set))).collect();
        minute.note_roster(0);
        (everything, told)
    }
}

fn tenth_of(log: &Arrived) -> DateTime<Utc> {
    let milliseconds = log.arrival.received_at.timestamp_millis();
    DateTime::from_timestamp_millis(milliseconds - milliseconds.rem_euclid(100)).unwrap()
}

fn set(classrooms: &[&str]) -> Arc<BTreeSet<String>> {
    Arc::new(classrooms.iter().map(|&name| name.to_owned()).collect())
}

fn ids(arrivals: &[Arrival]) -> Vec<u128> {
    arrivals.iter().map(|arrival| arrival.log_id.as_u128()).collect()
}

#[test]
fn whoever_watches_some_classrooms_is_told_of_these_alone() {
    // Learners 3 and 6 are in A, 1 is in B.
    let school = School::of([(0, 0, 3, 7), (100, 0, 1, 8), (200, 0, 6, 8), (300, 0, 1, 9)]);
    let mut minute = LastMinute::default();
    let (everything, told) = school.read(&mut minute, 1_000, &[set(&["A"]), set(&["B", "C"]), set(&[])]);
    assert_eq!((everything.streaming_logs, everything.active_students), (4, 3));
    let [(of_a, latest_of_a), (of_b, latest_of_b), (of_none, latest_of_none)] = &told[..] else {
        panic!("{told:?}")
    };
    assert_eq!((of_a.streaming_logs, &of_a.lessons[..]), (2, &[(7, 1), (8, 1)][..]));
    assert_eq!((of_b.streaming_logs, &of_b.lessons[..]), (2, &[(9, 1)][..]));
    assert_eq!(of_a.by_classroom, HashMap::from([("A".to_owned(), 2)]));
    assert_eq!(of_b.by_classroom, HashMap::from([("B".to_owned(), 1)]));
    assert_eq!((ids(latest_of_a), ids(latest_of_b)), (vec![2, 0], vec![3, 1]));
    assert_eq!((of_none, ids(latest_of_none)), (&Watched::default(), vec![]));
}

#[test]
fn the_latest_logs_of_a_quiet_classroom_stay() {
    let busy = (0..500).map(|place| (place * 100, 0, 1, 1));
    let school = School::of([(0, 0, 3, 1)].into_iter().chain(busy));
    let mut minute = LastMinute::default();
    for now in (0..200_000).step_by(700) {
        let (_, told) = school.read(&mut minute, now, &[set(&["A"]), set(&["B"])]);
        assert_eq!(ids(&told[0].1), [0], "at {now}");
        assert_eq!(told[0].0.streaming_logs, i64::from(now < 60_000 + 100), "at {now}");
        assert!(told[1].1.len() <= ARRIVALS);
    }
}

/// Most reads follow each other; after some nobody watches for longer than a minute.
fn pause() -> impl Strategy<Value = i64> {
    prop_oneof![9 => 1..9_000_i64, 1 => 59_000..90_000_i64]
}

proptest! {
    /// Sets come and go, commits are late: each read tells what a first one would, and classrooms add up to the platform.
    #[test]
    fn reads_with_any_pauses_tell_each_set_what_a_first_read_would(
        logs in vec((0..200_000_i64, 0..2_000_i64, 0..12_i64, 0..4_i64), 0..80),
        reads in vec((pause(), vec(subsequence(&CLASSROOMS[..], 0..=3), 0..4)), 1..50),
    ) {
        let school = School::of(logs);
        let (mut minute, mut now) = (LastMinute::default(), 0);
        for (pause, sets) in reads {
            now += pause;
            let alone = CLASSROOMS.iter().map(|&name| vec![name]);
            let sets: Vec<_> = sets.into_iter().chain(alone).map(|names| set(&names)).collect();
            let told = school.read(&mut minute, now, &sets);
            let (everything, of_each) = &told;
            prop_assert_eq!(&told, &school.read(&mut LastMinute::default(), now, &sets));
            let alone = &of_each[of_each.len() - 3..];
            let logs: i64 = alone.iter().map(|(watched, _)| watched.streaming_logs).sum();
            let learners: i64 = alone.iter().map(|(watched, _)| watched.active_students).sum();
            prop_assert_eq!((logs, learners), (everything.streaming_logs, everything.active_students));
        }
    }

    /// The same where only some are watched at a time.
    #[test]
    fn a_classroom_that_was_not_watched_for_a_while_is_known_again(
        logs in vec((0..200_000_i64, 0..2_000_i64, 0..12_i64, 0..4_i64), 0..80),
        reads in vec((pause(), vec(subsequence(&CLASSROOMS[..], 0..=3), 0..4)), 1..50),
    ) {
        let school = School::of(logs);
        let (mut minute, mut now) = (LastMinute::default(), 0);
        for (pause, sets) in reads {
            now += pause;
            let sets: Vec<_> = sets.into_iter().map(|names| set(&names)).collect();
            let told = school.read(&mut minute, now, &sets);
            prop_assert_eq!(&told, &school.read(&mut LastMinute::default(), now, &sets));
        }
    }
}
