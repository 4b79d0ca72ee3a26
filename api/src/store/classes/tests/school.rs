//! A small school, and what was stored of it, counted by itself.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use bytes::Bytes;
use chrono::{DateTime, NaiveDate, Utc};
use chrono_tz::Tz;
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::select;
use uuid::Uuid;

use crate::store::{
    Actor, Calendar, DaySpan, Erasure, Figures, Furthest, Item, LessonFilter, Reference, Store, StreamingLog,
    Submission, Verdict,
};

pub(super) const CALENDAR: Calendar = Calendar { zone: Tz::Europe__Paris, threshold: 90 };

/// Of these everybody is enrolled in one; none of them is there from the beginning.
pub(super) const CLASSROOMS: [&str; 3] = ["class A", "class B", "class C"];

pub(super) const DAYS: [NaiveDate; 3] = [
    NaiveDate::from_ymd_opt(2026, 3, 28).unwrap(),
    NaiveDate::from_ymd_opt(2026, 3, 29).unwrap(),
    NaiveDate::from_ymd_opt(2026, 3, 30).unwrap(),
];

/// Lessons that every installation begins with.
const LESSONS: [&str; 2] = ["introduction-a-docker", "maitriser-airflow"];

const LEARNERS: usize = 6;

/// Around the ends of these days, in Paris.
const TIMES: [&str; 8] = [
    "2026-03-28T10:00:00Z",
    "2026-03-28T22:59:59.999999Z",
    "2026-03-28T23:10:00Z",
    "2026-03-28T23:10:30Z",
    "2026-03-29T21:59:59Z",
    "2026-03-29T22:00:00Z",
    "2026-03-30T11:59:59.999999Z",
    "2026-03-30T12:00:00Z",
];

/// One step of a story.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Step {
    /// Logs are posted.
    Post(Vec<Posted>),
    /// A learner goes to another classroom.
    Move { learner: usize, classroom: usize },
    /// A learner is erased, and another one comes.
    Erase { learner: usize },
    /// What was appended is folded in.
    Fold,
}

#[derive(Debug, Clone, PartialEq)]
pub(super) struct Posted {
    learner: usize,
    lesson: usize,
    time: usize,
    watch_time_seconds: Option<i32>,
    completion_percentage: Option<i32>,
}

pub(super) fn steps() -> impl Strategy<Value = Vec<Step>> {
    let step = prop_oneof![
        6 => vec(posted(), 1..25).prop_map(Step::Post),
        3 => (0..LEARNERS, 0..CLASSROOMS.len())
            .prop_map(|(learner, classroom)| Step::Move { learner, classroom }),
        1 => (0..LEARNERS).prop_map(|learner| Step::Erase { learner }),
        3 => Just(Step::Fold),
    ];
    vec(step, 1..14)
}

fn posted() -> impl Strategy<Value = Posted> {
    let percentage = select(vec![None, Some(0), Some(25), Some(89), Some(90), Some(100)]);
    let watched = select(vec![None, Some(0), Some(30), Some(i32::MAX)]);
    (0..LEARNERS, 0..LESSONS.len(), 0..TIMES.len(), watched, percentage).prop_map(
        |(learner, lesson, time, watch_time_seconds, completion_percentage)| Posted {
            learner,
            lesson,
            time,
            watch_time_seconds,
            completion_percentage,
        },
    )
}

pub(super) fn at(text: &str) -> DateTime<Utc> {
    text.parse().unwrap()
}

pub(super) fn is_within(span: DaySpan, day: NaiveDate) -> bool {
    span.from.is_none_or(|from| from <= day) && span.to.is_none_or(|to| day <= to)
}

/// A stored log, with what counts of it.
pub(super) struct Kept {
    student_id: i64,
    pub(super) classroom: &'static str,
    pub(super) lesson_id: i64,
    pub(super) at: DateTime<Utc>,
    pub(super) day: NaiveDate,
    watch_time_seconds: Option<i32>,
    completion_percentage: Option<i32>,
    completes: bool,
}

/// A learner as enrolled now. Whoever is erased is kept out: somebody else takes the place.
#[derive(Debug, Clone)]
struct Learner {
    student_id: i64,
    external_id: String,
    classroom: usize,
}

/// A school after some steps.
pub(super) struct School<'s> {
    pub(super) store: &'s Store,
    pub(super) lessons: Vec<i64>,
    learners: Vec<Learner>,
    logs: Vec<(usize, Posted)>,
    kept: Vec<Kept>,
}

impl<'s> School<'s> {
    pub(super) async fn after(store: &'s Store, steps: &[Step]) -> Self {
        store.agree_on_settings(&CALENDAR).await.unwrap();
        let mut lessons = Vec::new();
        for name in LESSONS {
            let filter = LessonFilter { external_id: Some(name.to_owned()) };
            lessons.push(store.lessons(&filter, None, 1).await.unwrap()[0].lesson_id);
        }
        let mut school = Self { store, lessons, learners: Vec::new(), logs: Vec::new(), kept: Vec::new() };
        for learner in 0..LEARNERS {
            let enrolled = school.enrol(format!("learner {learner}"), learner % CLASSROOMS.len()).await;
            school.learners.push(enrolled);
        }
        for step in steps {
            school.take(step).await;
        }
        school.keep();
        school
    }

    async fn take(&mut self, step: &Step) {
        match step {
            Step::Post(posted) => self.post(posted).await,
            &Step::Move { learner, classroom } => {
                let moved = self.enrol(self.learners[learner].external_id.clone(), classroom).await;
                self.learners[learner] = moved;
            }
            &Step::Erase { learner } => self.erase(learner).await,
            Step::Fold => self.store.fold_before_the_end().await,
        }
    }

    async fn enrol(&self, external_id: String, classroom: usize) -> Learner {
        let now = at("2026-03-31T00:00:00Z");
        let student_id = self.store.enrol(&external_id, CLASSROOMS[classroom], now).await;
        Learner { student_id, external_id, classroom }
    }

    async fn erase(&mut self, learner: usize) {
        let Learner { student_id, external_id, classroom } = self.learners[learner].clone();
        let receipt_id = Uuid::from_u128(student_id.cast_unsigned().into());
        let erasure = Erasure { student_id, receipt_id, by: Actor::cli(), at: at("2026-03-31T00:00:00Z") };
        assert!(self.store.erase_student(CALENDAR, erasure).await.unwrap().is_some());
        self.logs.retain(|&(of, _)| of != learner);
        self.learners[learner] = self.enrol(format!("{external_id}'s successor"), classroom).await;
    }

    async fn post(&mut self, posted: &[Posted]) {
        let item = |posted: &Posted| Item {
            payload: Bytes::from_static(b"{}"),
            parsed: Ok(log(posted, &self.learners[posted.learner].external_id)),
            named: Vec::new(),
            replays: None,
        };
        let items = posted.iter().map(item).collect();
        let submission = Submission { client: "school".to_owned(), received_at: at(TIMES[0]), items };
        let verdicts = self.store.record(CALENDAR, Arc::new(vec![submission])).await.unwrap();
        for (posted, verdict) in posted.iter().zip(verdicts.into_iter().flatten()) {
            match verdict {
                Verdict::Stored(_) => self.logs.push((posted.learner, posted.clone())),
                Verdict::Duplicate(_) => {}
                other => panic!("{other:?}"),
            }
        }
    }

    /// The first log of a learner and a lesson that reaches the threshold completes it.
    fn keep(&mut self) {
        let kept = |(learner, posted): &(usize, Posted)| {
            let Learner { student_id, classroom, .. } = self.learners[*learner];
            let at = at(TIMES[posted.time]);
            Kept {
                student_id,
                classroom: CLASSROOMS[classroom],
                lesson_id: self.lessons[posted.lesson],
                at,
                day: CALENDAR.day_of(at),
                watch_time_seconds: posted.watch_time_seconds,
                completion_percentage: posted.completion_percentage,
                completes: false,
            }
        };
        let mut logs: Vec<Kept> = self.logs.iter().map(kept).collect();
        logs.sort_by_key(|log| log.at);
        let mut completed = BTreeSet::new();
        for log in &mut logs {
            log.completes = CALENDAR.completes(log.completion_percentage)
                && completed.insert((log.student_id, log.lesson_id));
        }
        self.kept = logs;
    }

    pub(super) fn enrolled(&self, set: &BTreeSet<&str>) -> i64 {
        self.learners.iter().filter(|learner| set.contains(CLASSROOMS[learner.classroom])).count() as i64
    }

    pub(super) fn figures(&self, chosen: &dyn Fn(&Kept) -> bool) -> Figures {
        let logs: Vec<&Kept> = self.kept.iter().filter(|log| chosen(log)).collect();
        let learners: BTreeSet<i64> = logs.iter().map(|log| log.student_id).collect();
        let watched = || logs.iter().filter_map(|log| log.watch_time_seconds).map(i64::from);
        let reached = || logs.iter().filter_map(|log| log.completion_percentage).map(i64::from);
        Figures {
            active_students: learners.len() as i64,
            streaming_logs: logs.len() as i64,
            watch_time_logs: watched().count() as i64,
            watch_time_seconds: watched().sum(),
            completion_logs: reached().count() as i64,
            completion_percentage_sum: reached().sum(),
            completed: logs.iter().filter(|log| log.completes).count() as i64,
        }
    }

    pub(super) fn furthest(&self, chosen: &dyn Fn(&Kept) -> bool) -> Furthest {
        let mut learners = BTreeMap::<i64, Option<i32>>::new();
        for log in self.kept.iter().filter(|log| chosen(log)) {
            let furthest = learners.entry(log.student_id).or_default();
            *furthest = (*furthest).max(log.completion_percentage);
        }
        let mut counted = BTreeMap::<i32, i64>::new();
        learners.values().flatten().for_each(|&percentage| *counted.entry(percentage).or_default() += 1);
        let without_percentage = learners.values().filter(|furthest| furthest.is_none()).count() as i64;
        Furthest { percentages: counted.into_iter().collect(), without_percentage }
    }
}

fn log(posted: &Posted, learner: &str) -> StreamingLog {
    let named = |name: &str| Reference { id: None, external_id: Some(name.to_owned()) };
    // What says the same is the same log.
    let number = posted.time as u128
        | (posted.lesson as u128) << 8
        | (posted.watch_time_seconds.map_or(1, |seconds| u128::from(seconds.cast_unsigned()) + 2)) << 16
        | (posted.completion_percentage.map_or(1, |percentage| u128::from(percentage.cast_unsigned()) + 2))
            << 64;
    StreamingLog {
        log_id: Some(Uuid::from_u128(number)),
        learner: named(learner),
        lesson: named(LESSONS[posted.lesson]),
        event_type: "progress".to_owned(),
        watch_time_seconds: posted.watch_time_seconds,
        completion_percentage: posted.completion_percentage,
        event_timestamp: at(TIMES[posted.time]),
        event_timestamp_is_given: true,
    }
}
