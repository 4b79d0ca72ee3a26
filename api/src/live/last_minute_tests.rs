use proptest::prelude::*;

use super::*;

/// So many milliseconds after some moment.
fn at(milliseconds: i64) -> DateTime<Utc> {
    DateTime::from_timestamp_millis(1_638_227_340_000 + milliseconds).unwrap()
}

/// A log, and when it is there to be read.
#[derive(Debug, Clone)]
struct Arrived {
    received_at: i64,
    committed_at: i64,
    student_id: i64,
    lesson_id: i64,
}

fn log(received_at: i64, student_id: i64, lesson_id: i64) -> Arrived {
    Arrived { received_at, committed_at: received_at, student_id, lesson_id }
}

/// What the database answers, from those that are committed; the learner says the classroom.
struct School {
    logs: Vec<Arrived>,
    generation: i64,
    classrooms: [&'static str; 2],
}

impl School {
    fn of(logs: Vec<Arrived>) -> Self {
        Self { logs, generation: 0, classrooms: ["even", "odd"] }
    }

    fn within(&self, now: i64, range: &Range<DateTime<Utc>>) -> impl Iterator<Item = &Arrived> {
        self.logs.iter().filter(move |log| log.committed_at <= now && range.contains(&at(log.received_at)))
    }

    fn counts(&self, now: i64, range: &Range<DateTime<Utc>>) -> Vec<ArrivalCount> {
        let mut counts = HashMap::<_, i64>::new();
        for log in self.within(now, range) {
            *counts.entry(tenth_of(at(log.received_at))).or_default() += 1;
        }
        counts.into_iter().map(|(tenth, streaming_logs)| ArrivalCount { tenth, streaming_logs }).collect()
    }

    fn latest(&self, now: i64, range: &Range<DateTime<Utc>>) -> Vec<LatestOfLearner> {
        let mut logs: Vec<_> = self.within(now, range).collect();
        logs.sort_by_key(|log| (log.student_id, -log.received_at, log.lesson_id));
        logs.dedup_by_key(|log| log.student_id);
        let latest = |log: &Arrived| LatestOfLearner {
            student_id: log.student_id,
            classroom: self.classrooms[log.student_id as usize % 2].to_owned(),
            lesson_id: log.lesson_id,
            received_at: at(log.received_at),
        };
        logs.into_iter().map(latest).collect()
    }

    /// One read, as the hub does it; what was counted, and how many logs were looked at for that.
    fn read(&self, minute: &mut LastMinute, now: i64) -> (Watched, usize) {
        let mut looked_at = 0;
        for range in minute.due(at(now)) {
            looked_at += self.within(now, &range).count();
            if let Some(changed) = minute.replace(&range, self.counts(now, &range)) {
                minute.see(self.latest(now, &changed));
            }
        }
        let watched = minute.count(at(now));
        minute.note_roster(self.generation);
        (watched, looked_at)
    }

    /// What there is to know, counted by itself.
    fn watched(&self, now: i64) -> Watched {
        self.read(&mut LastMinute::default(), now).0
    }
}

fn lessons(watched: &Watched) -> &[(i64, i64)] {
    &watched.lessons
}

#[test]
fn a_learner_watches_the_lesson_of_the_latest_log_for_a_minute() {
    let school = School::of(vec![log(0, 2, 7), log(5_000, 2, 8), log(6_000, 3, 8), log(6_000, 4, 7)]);
    let mut minute = LastMinute::default();
    let (watched, _) = school.read(&mut minute, 7_000);
    assert_eq!(
        watched,
        Watched {
            streaming_logs: 4,
            active_students: 3,
            by_classroom: HashMap::from([("even".to_owned(), 2), ("odd".to_owned(), 1)]),
            lessons: vec![(8, 2), (7, 1)],
        }
    );
    let (watched, _) = school.read(&mut minute, 64_999);
    assert_eq!((watched.active_students, lessons(&watched)), (3, &[(8, 2), (7, 1)][..]));
    let (watched, _) = school.read(&mut minute, 65_000);
    assert_eq!(
        (watched.streaming_logs, lessons(&watched)),
        (3, &[(7, 1), (8, 1)][..]),
        "the tenth is not over"
    );
    let (watched, _) = school.read(&mut minute, 66_100);
    assert_eq!(watched, Watched::default());
}

#[test]
fn what_is_counted_again_counts_once() {
    let school = School::of((0..100).map(|number| log(number * 100, number % 7, 1)).collect());
    let mut minute = LastMinute::default();
    for now in (0..=10_000).step_by(100) {
        let (watched, _) = school.read(&mut minute, now);
        assert_eq!(watched.streaming_logs, (now / 100 + 1).min(100));
    }
}

#[test]
fn a_read_looks_at_little_more_than_what_is_new() {
    let school = School::of((0..120_000).map(|number| log(number, number % 500, 1)).collect());
    let mut minute = LastMinute::default();
    let (_, at_first) = school.read(&mut minute, 59_900);
    assert_eq!(at_first, 59_901);
    // The roster's generation is known only now.
    school.read(&mut minute, 60_000);
    let looked_at: usize = (1..=100).map(|read| school.read(&mut minute, 60_000 + read * 100).1).sum();
    assert!(looked_at < 100 * 2_200 + 10 * 3_100, "{looked_at}");
}

#[test]
fn what_is_committed_late_is_found_at_once_or_within_half_a_minute() {
    let late = Arrived { committed_at: 11_500, ..log(10_000, 2, 1) };
    let very_late = Arrived { committed_at: 25_000, ..log(10_000, 3, 1) };
    let school = School::of(vec![late, very_late]);
    let mut minute = LastMinute::default();
    let mut logs_at = |now| school.read(&mut minute, now).0.streaming_logs;
    let found: Vec<_> = (9_000..60_000).step_by(100).map(|now| (now, logs_at(now))).collect();
    let first = |logs: i64| found.iter().find(|(_, found)| *found == logs).unwrap().0;
    assert_eq!(first(1), 11_500);
    assert!((25_000..=55_000).contains(&first(2)), "{}", first(2));
}

#[test]
fn with_another_roster_everything_is_read_anew() {
    let mut school = School::of(vec![log(0, 2, 7), log(0, 3, 7)]);
    let mut minute = LastMinute::default();
    school.read(&mut minute, 10_000);
    school.logs.pop();
    school.classrooms[0] = "moved";
    school.generation = 1;
    school.read(&mut minute, 10_100);
    let (watched, _) = school.read(&mut minute, 10_200);
    assert_eq!(watched, school.watched(10_200));
    assert_eq!((watched.streaming_logs, watched.by_classroom["moved"]), (1, 1));
}

#[test]
fn a_clock_that_is_put_back_leaves_nothing_behind() {
    let school = School::of(vec![log(0, 2, 7), log(3_600_000, 3, 8)]);
    let mut minute = LastMinute::default();
    assert_eq!(school.read(&mut minute, 3_600_100).0.streaming_logs, 1);
    for now in [1_000, 2_000, 30_000] {
        let (watched, _) = school.read(&mut minute, now);
        assert_eq!(watched, school.watched(now), "at {now}");
        assert_eq!((watched.streaming_logs, lessons(&watched)), (1, &[(7, 1)][..]), "at {now}");
    }
}

#[test]
fn only_the_lessons_of_most_learners_are_named() {
    let logs =
        (1..=12).flat_map(|lesson| (0..=lesson / 4).map(move |place| log(0, lesson * 10 + place, lesson)));
    let watched = School::of(logs.collect()).watched(0);
    let expected = [(12, 4), (8, 3), (9, 3), (10, 3), (11, 3), (4, 2), (5, 2), (6, 2), (7, 2), (1, 1)];
    assert_eq!(lessons(&watched), expected);
}

proptest! {
    #[test]
    fn reads_with_any_pauses_know_what_one_read_of_the_minute_knows(
        logs in prop::collection::vec((0..200_000_i64, 0..2_000_i64, 0..9_i64, 0..4_i64), 0..60),
        pauses in prop::collection::vec(1..9_000_i64, 1..60),
    ) {
        let arrived = |(received_at, lateness, student_id, lesson_id)| {
            Arrived { committed_at: received_at + lateness, ..log(received_at, student_id, lesson_id) }
        };
        let school = School::of(logs.into_iter().map(arrived).collect());
        let (mut minute, mut now) = (LastMinute::default(), 0);
        for pause in pauses {
            now += pause;
            prop_assert_eq!(school.read(&mut minute, now).0, school.watched(now));
        }
    }
}
