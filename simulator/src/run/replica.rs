//! One replica: enrols its learners, then posts one log at each tick.

use std::sync::Arc;
use std::time::Duration;

use anyhow::Context;
use chrono::{DateTime, Utc};
use rand::RngExt;
use rand::rngs::StdRng;
use rand::seq::IndexedRandom;
use serde::Serialize;
use tokio::sync::watch;
use tokio::time::MissedTickBehavior;
use uuid::Uuid;

use super::tally::Tally;
use crate::client::{Client, Failure, Request};
use crate::enrolment::{Lesson, enrol, lessons};
use crate::environment;
use crate::viewing::Viewing;

/// How many of a replica's learners watch at the same time.
const AT_ONCE: usize = 8;

/// One replica.
pub(super) struct Replica {
    pub(super) client: Client,
    pub(super) name: String,
    pub(super) learners: u32,
    pub(super) interval: Duration,
    pub(super) tally: Arc<Tally>,
    pub(super) rng: StdRng,
}

/// A learner in front of a lesson.
struct Seat {
    student: String,
    lesson: String,
    viewing: Viewing,
}

#[derive(Serialize)]
struct Log<'a> {
    log_id: Uuid,
    student: &'a str,
    lesson: &'a str,
    event_type: &'a str,
    watch_time_seconds: u32,
    completion_percentage: u32,
    event_timestamp: DateTime<Utc>,
}

impl Replica {
    /// Posts until it is told to stop; the log in flight is finished first.
    pub(super) async fn run(mut self, mut stop: watch::Receiver<bool>) -> anyhow::Result<()> {
        let enrolled = tokio::select! {
            enrolled = self.enrol() => enrolled?,
            _ = stop.wait_for(|&stop| stop) => return Ok(()),
        };
        let (students, lessons) = enrolled;
        let mut seats = Vec::new();
        let mut ticks = tokio::time::interval(self.interval);
        // After an outage the rate is the usual one: what was not posted did not happen.
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            tokio::select! {
                biased;
                _ = stop.wait_for(|&stop| stop) => return Ok(()),
                _ = ticks.tick() => {}
            }
            let log = serde_json::to_vec(&self.next_log(&mut seats, &students, &lessons)?)?;
            let request = Request::post("/streaming-logs", "application/json", log);
            tokio::select! {
                outcome = self.client.answer(&request) => self.note(outcome.map(|answer| answer.status.as_u16()))?,
                // A server that is away is not waited for: the log in flight gets a moment.
                () = told_and_waited(stop.clone()) => return Ok(()),
            }
        }
    }

    async fn enrol(&self) -> anyhow::Result<(Vec<String>, Vec<Lesson>)> {
        let students =
            enrol(&self.client, &self.name, self.learners).await.context("the learners are not enrolled")?;
        let lessons = lessons(&self.client).await.context("the lessons cannot be read")?;
        anyhow::ensure!(!lessons.is_empty(), "the server knows no lesson: post one to /lessons");
        tracing::info!(replica = self.name, learners = students.len(), lessons = lessons.len(), "enrolled");
        Ok((students, lessons))
    }

    fn next_log<'a>(
        &mut self,
        seats: &'a mut Vec<Seat>,
        students: &[String],
        lessons: &[Lesson],
    ) -> anyhow::Result<Log<'a>> {
        seats.retain(|seat| !seat.viewing.is_over());
        if seats.len() < AT_ONCE.min(students.len()) {
            let seat = self.take_seat(seats, students, lessons);
            seats.push(seat.context("there is nobody to learn, or nothing")?);
        }
        let place = self.rng.random_range(0..seats.len());
        let seat = seats.get_mut(place).context("there is no such seat")?;
        let event = seat.viewing.next(&mut self.rng);
        Ok(Log {
            log_id: environment::new_log_id(),
            student: &seat.student,
            lesson: &seat.lesson,
            event_type: event.event_type,
            watch_time_seconds: event.watch_time_seconds,
            completion_percentage: event.completion_percentage,
            event_timestamp: environment::now(),
        })
    }

    /// Somebody who watches nothing yet: nobody is in two lessons at once.
    fn take_seat(&mut self, seats: &[Seat], students: &[String], lessons: &[Lesson]) -> Option<Seat> {
        let is_free = |student: &&String| seats.iter().all(|seat| seat.student != **student);
        let free: Vec<&String> = students.iter().filter(is_free).collect();
        let student = free.choose(&mut self.rng)?;
        let lesson = lessons.choose(&mut self.rng)?;
        Some(Seat {
            student: (*student).clone(),
            lesson: lesson.external_id.clone(),
            viewing: Viewing::of(lesson.duration_seconds),
        })
    }

    fn note(&self, outcome: Result<u16, Failure>) -> Result<(), Failure> {
        match outcome {
            Ok(201) => self.tally.stored(environment::now()),
            Ok(_) => self.tally.duplicate(environment::now()),
            // A learner was erased, say: the next log may be of another one.
            Err(Failure::Refused(problem)) if matches!(problem.status.as_u16(), 409 | 422) => {
                tracing::warn!(replica = self.name, code = problem.code, "a log was rejected");
                self.tally.rejected();
            }
            Err(failure) => return Err(failure),
        }
        Ok(())
    }
}

/// How long a log in flight may still take once it is time to stop.
const LAST_MOMENT: Duration = Duration::from_secs(5);

async fn told_and_waited(mut stop: watch::Receiver<bool>) {
    // The sender lives as long as the process waits for a signal.
    let _ = stop.wait_for(|&stop| stop).await;
    tokio::time::sleep(LAST_MOMENT).await;
}

#[cfg(test)]
mod tests {
    use std::collections::{HashMap, HashSet};

    use rand::SeedableRng;
    use serde_json::Value;

    use super::*;
    use crate::client::ClientArgs;

    /// The first logs of a replica, without their ids and times.
    fn story(seed: u64, students: &[String], least: usize) -> Vec<[Value; 4]> {
        let client = Client::new(&ClientArgs::of_test("http://127.0.0.1:1".to_owned()), None).unwrap();
        let (name, interval, tally) = ("test".to_owned(), Duration::ZERO, Arc::default());
        let rng = StdRng::seed_from_u64(seed);
        let mut replica = Replica { client, name, learners: students.len() as u32, interval, tally, rng };
        let lesson = |id: &str| Lesson { external_id: id.to_owned(), duration_seconds: Some(300) };
        let lessons = [lesson("docker"), lesson("airflow")];
        let mut seats = Vec::new();
        let mut log = |_| {
            let log =
                serde_json::to_value(replica.next_log(&mut seats, students, &lessons).unwrap()).unwrap();
            assert!(seats.len() <= AT_ONCE.min(students.len()));
            let watching: HashSet<_> = seats.iter().map(|seat| &seat.student).collect();
            assert_eq!(watching.len(), seats.len(), "somebody is in two lessons at once");
            ["student", "lesson", "event_type", "completion_percentage"].map(|field| log[field].clone())
        };
        (0..least).map(&mut log).collect()
    }

    fn students(count: usize) -> Vec<String> {
        (0..count).map(|number| format!("learner-{number}")).collect()
    }

    #[test]
    fn the_same_seed_tells_the_same_story() {
        assert_eq!(story(7, &students(20), 200), story(7, &students(20), 200));
        assert_ne!(story(7, &students(20), 200), story(8, &students(20), 200));
    }

    #[test]
    fn a_viewing_is_told_from_its_start_and_never_goes_back() {
        let mut watching = HashMap::new();
        for [student, lesson, event_type, completion] in story(1, &students(3), 500) {
            let completion = completion.as_u64().unwrap();
            let before = watching.insert(student.to_string(), (lesson.clone(), completion));
            if event_type != "lesson_started" {
                let (same, before) = before.unwrap();
                assert!(same == lesson && before <= completion, "{student}: {before} then {completion}");
            }
        }
        assert_eq!(watching.len(), 3);
    }
}
