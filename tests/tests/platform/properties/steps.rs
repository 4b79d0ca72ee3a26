//! What may happen: a small school, so that things meet.

use edtech_tests::{AIRFLOW, DOCKER};
use proptest::collection::vec;
use proptest::option;
use proptest::prelude::*;
use proptest::sample::select;
use serde_json::{Value, json};
use uuid::Uuid;

pub(super) const LEARNERS: [&str; 4] = ["ada", "bob", "cyd", "dan"];
pub(super) const CLASSROOMS: [&str; 3] = ["Data_2025", "IA_2025", "a new one"];

/// The first two are there from the beginning.
pub(super) const LESSONS: [&str; 3] = [DOCKER, AIRFLOW, "kubernetes"];

/// Around the ends of days in Paris, on the days when its clocks change, and around the ends of days in UTC.
const TIMES: [&str; 12] = [
    "2026-03-28T22:59:59.999999Z",
    "2026-03-28T23:00:00Z",
    "2026-03-29T00:59:59.999999Z",
    "2026-03-29T03:00:00+02:00",
    "2026-03-29T21:59:59.999999Z",
    "2026-03-30T00:00:00+02:00",
    "2026-03-30T12:00:00Z",
    "2026-03-30T12:00:00.000001Z",
    "2026-03-30T21:59:59Z",
    "2026-03-30T22:00:00Z",
    "2026-03-30T23:59:59.999999Z",
    "2026-03-31T00:00:00Z",
];

/// One step of a story.
#[derive(Debug, Clone)]
pub(super) enum Step {
    /// A client posts a batch, once or several times.
    Post { logs: Vec<PostedLog>, times: usize },
    /// A learner is enrolled, moved, or posted with nothing new.
    Enrol { learner: usize, classroom: usize },
    /// A learner is erased.
    Erase { learner: usize },
    /// A lesson is made known.
    AddLesson { lesson: usize },
    /// A lesson is deleted, if it may be.
    DeleteLesson { lesson: usize },
    /// Rejected logs are tried again.
    Replay,
}

/// A log as a client posts it.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct PostedLog {
    pub(super) learner: usize,
    pub(super) log_id: Option<u8>,
    pub(super) content: Content,
}

/// What a log says, apart from whose it is.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Content {
    pub(super) lesson: usize,
    pub(super) event_type: &'static str,
    pub(super) time: usize,
    pub(super) watch_time_seconds: Option<i32>,
    /// 101 is a fault.
    pub(super) completion_percentage: Option<i32>,
}

impl PostedLog {
    /// The log as JSON, always written the same way.
    pub(super) fn json(&self) -> Value {
        let Content { lesson, event_type, time, watch_time_seconds, completion_percentage } = &self.content;
        json!({
            "log_id": self.log_id.map(|id| Uuid::from_u128(id.into())),
            "student": LEARNERS[self.learner],
            "lesson": LESSONS[*lesson],
            "event_type": event_type,
            "event_timestamp": TIMES[*time],
            "watch_time_seconds": watch_time_seconds,
            "completion_percentage": completion_percentage,
        })
    }
}

/// Any story of up to thirty steps that begins with somebody enrolled.
pub(super) fn steps() -> impl Strategy<Value = Vec<Step>> {
    let first = enrolment();
    (first, vec(step(), 1..30)).prop_map(|(first, rest)| [vec![first], rest].concat())
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        10 => (vec(posted_log(), 1..25), 1_usize..=2).prop_map(|(logs, times)| Step::Post { logs, times }),
        5 => enrolment(),
        2 => (0..LEARNERS.len()).prop_map(|learner| Step::Erase { learner }),
        1 => (0..LESSONS.len()).prop_map(|lesson| Step::AddLesson { lesson }),
        1 => (0..LESSONS.len()).prop_map(|lesson| Step::DeleteLesson { lesson }),
        3 => Just(Step::Replay),
    ]
}

fn enrolment() -> impl Strategy<Value = Step> {
    (0..LEARNERS.len(), 0..CLASSROOMS.len())
        .prop_map(|(learner, classroom)| Step::Enrol { learner, classroom })
}

fn posted_log() -> impl Strategy<Value = PostedLog> {
    // Half of the logs have an id of the client's, of so few that some stand for different contents.
    (0..LEARNERS.len(), option::of(0_u8..20), content()).prop_map(|(learner, log_id, content)| PostedLog {
        learner,
        log_id,
        content,
    })
}

fn content() -> impl Strategy<Value = Content> {
    let percentage =
        select(vec![None, Some(0), Some(25), Some(89), Some(90), Some(90), Some(91), Some(100), Some(101)]);
    let watched = select(vec![None, Some(0), Some(30), Some(i32::MAX)]);
    (0..LESSONS.len(), select(vec!["played", "completed"]), 0..TIMES.len(), watched, percentage).prop_map(
        |(lesson, event_type, time, watch_time_seconds, completion_percentage)| Content {
            lesson,
            event_type,
            time,
            watch_time_seconds,
            completion_percentage,
        },
    )
}
