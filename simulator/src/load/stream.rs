//! The logs of a load, as the bytes that are posted.

use std::fmt::Write;
use std::ops::Range;
use std::sync::Arc;

use chrono::{DateTime, SecondsFormat, TimeDelta, Utc};
use clap::ValueEnum;
use rand::rngs::SmallRng;
use rand::{Rng, RngExt};
use uuid::Uuid;

use super::school::{LESSON_SECONDS, School};
use crate::environment;
use crate::viewing::{Event, Viewing};

/// How learners, lessons and moments follow each other.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Pattern {
    /// Learners watch: about ten logs of a learner and a lesson in a row.
    Viewings,
    /// Each log is of any learner, any lesson and any moment: the worst case.
    Random,
}

/// When the logs of a load happened.
#[derive(Debug, Clone, Copy)]
pub(super) enum Era {
    /// As they are posted.
    Now,
    /// From a moment on, for so long: as the load passes, so does the era.
    Since { start: DateTime<Utc>, length: TimeDelta },
}

/// What a log is known by.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct LogName {
    /// Its learner, by number.
    pub(super) student: usize,
    pub(super) log_id: Uuid,
}

/// An endless stream of logs, one lane's share of a load.
pub(super) struct LogStream {
    school: Arc<School>,
    pattern: Pattern,
    era: Era,
    rng: SmallRng,
    watching: Option<Watching>,
    /// What is in the last body.
    names: Vec<LogName>,
}

#[derive(Debug, Clone, Copy)]
enum Posted {
    AsItHappens,
    Later,
}

/// A learner in front of a lesson.
struct Watching {
    student: usize,
    lesson: usize,
    viewing: Viewing,
    /// Seconds since the viewing began.
    seconds: i64,
}

impl Era {
    /// So many days up to now; without any, from when they are posted.
    pub(super) fn of_days(days: u16) -> Self {
        let length = TimeDelta::days(days.into());
        if days == 0 { Self::Now } else { Self::Since { start: environment::now() - length, length } }
    }

    /// The moments of all logs of a load that was posted from `begun` until `ended`.
    pub(super) fn span(self, begun: DateTime<Utc>, ended: DateTime<Utc>) -> Range<DateTime<Utc>> {
        let viewing = TimeDelta::seconds(LESSON_SECONDS.into());
        match self {
            Self::Now => begun - viewing..ended + TimeDelta::seconds(1),
            Self::Since { start, length } => start..start + length + viewing,
        }
    }

    /// The moment of a log; `share` is how much of the era is behind it, `seconds` how much of its viewing.
    fn moment(self, share: f64, posted: Posted, seconds: i64) -> DateTime<Utc> {
        let (begun, longest) = match self {
            // What was kept for a while is over when it is posted.
            Self::Now => (environment::now(), TimeDelta::seconds(LESSON_SECONDS.into())),
            Self::Since { start, length } => {
                let passed = TimeDelta::microseconds((share * length.as_seconds_f64() * 1e6) as i64);
                (start + passed, TimeDelta::zero())
            }
        };
        match posted {
            Posted::AsItHappens => begun,
            Posted::Later => begun - longest + TimeDelta::seconds(seconds),
        }
    }
}

impl LogStream {
    pub(super) fn new(school: Arc<School>, pattern: Pattern, era: Era, rng: SmallRng) -> Self {
        Self { school, pattern, era, rng, watching: None, names: Vec::new() }
    }

    /// One log, for `application/json`: it happens as it is posted. `progress` is how much of the load is behind us, 0
    /// to 1: the era passes with it.
    pub(super) fn one(&mut self, progress: f64) -> Vec<u8> {
        self.names.clear();
        let mut body = String::with_capacity(BYTES_OF_A_LOG);
        self.write_log(&mut body, progress, Posted::AsItHappens);
        body.into_bytes()
    }

    /// So many logs, for `application/x-ndjson`: viewings that were kept for a while.
    pub(super) fn lines(&mut self, logs: usize, progress: f64) -> Vec<u8> {
        self.names.clear();
        let mut body = String::with_capacity(logs * BYTES_OF_A_LOG);
        for _ in 0..logs {
            self.write_log(&mut body, progress, Posted::Later);
            body.push('\n');
        }
        body.into_bytes()
    }

    /// The logs of the last body, in their order.
    pub(super) fn names(&self) -> &[LogName] {
        &self.names
    }

    fn write_log(&mut self, body: &mut String, progress: f64, posted: Posted) {
        let mut watching = match self.watching.take() {
            Some(watching) if self.pattern == Pattern::Viewings => watching,
            _ => self.begin(),
        };
        let event = watching.viewing.next(&mut self.rng);
        watching.seconds += i64::from(event.watch_time_seconds);
        let share = if self.pattern == Pattern::Random { self.rng.random::<f64>() } else { progress };
        let moment = self.era.moment(share, posted, watching.seconds);
        self.write(body, &watching, &event, moment);
        self.watching = Some(watching).filter(|watching| !watching.viewing.is_over());
    }

    fn begin(&mut self) -> Watching {
        Watching {
            student: self.rng.random_range(0..self.school.students.len()),
            lesson: self.rng.random_range(0..self.school.lessons.len()),
            viewing: Viewing::of(Some(LESSON_SECONDS)),
            seconds: 0,
        }
    }

    fn write(&mut self, body: &mut String, watching: &Watching, event: &Event, moment: DateTime<Utc>) {
        let mut log_id = [0; 16];
        self.rng.fill_bytes(&mut log_id);
        let log_id = uuid::Builder::from_random_bytes(log_id).into_uuid();
        self.names.push(LogName { student: watching.student, log_id });
        let (student, lesson) =
            (&self.school.students[watching.student], &self.school.lessons[watching.lesson]);
        let Event { event_type, watch_time_seconds, completion_percentage } = event;
        let moment = moment.to_rfc3339_opts(SecondsFormat::Micros, true);
        // External ids of a load need no escape.
        let written = write!(
            body,
            r#"{{"log_id":"{log_id}","student":"{student}","lesson":"{lesson}","event_type":"{event_type}","watch_time_seconds":{watch_time_seconds},"completion_percentage":{completion_percentage},"event_timestamp":"{moment}"}}"#
        );
        debug_assert!(written.is_ok(), "a text takes everything");
    }
}

/// About.
const BYTES_OF_A_LOG: usize = 256;

#[cfg(test)]
mod tests {
    use rand::SeedableRng;
    use serde_json::Value;

    use super::*;

    fn stream(pattern: Pattern) -> LogStream {
        let names = |kind: &str| (0..50).map(|number| format!("{kind}-{number}")).collect();
        let school = Arc::new(School { students: names("student"), lessons: names("lesson") });
        let era = Era::Since { start: DateTime::UNIX_EPOCH, length: TimeDelta::days(30) };
        LogStream::new(school, pattern, era, SmallRng::seed_from_u64(1))
    }

    fn logs(pattern: Pattern, count: usize) -> Vec<Value> {
        let lines = String::from_utf8(stream(pattern).lines(count, 0.5)).unwrap();
        lines.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
    }

    fn runs(logs: &[Value]) -> usize {
        1 + logs.windows(2).filter(|pair| pair[0]["student"] != pair[1]["student"]).count()
    }

    #[test]
    fn viewings_have_about_ten_logs_in_a_row() {
        let logs = logs(Pattern::Viewings, 5_000);
        let mean = logs.len() / runs(&logs);
        assert!((7..=13).contains(&mean), "{mean}");
        // Half of the way through the era, and the seconds of the viewing.
        assert!(logs.iter().all(|log| log["event_timestamp"].as_str().unwrap().starts_with("1970-01-16T0")));
    }

    #[test]
    fn a_log_by_itself_happens_as_it_is_posted() {
        let mut stream = stream(Pattern::Viewings);
        for (progress, moment) in
            [(0.5, "1970-01-16T00:00:00.000000Z"), (0.75, "1970-01-23T12:00:00.000000Z")]
        {
            let log: Value = serde_json::from_slice(&stream.one(progress)).unwrap();
            assert_eq!(log["event_timestamp"], moment);
        }
    }

    #[test]
    fn random_logs_have_nothing_to_do_with_each_other() {
        let logs = logs(Pattern::Random, 1_000);
        assert!(runs(&logs) > 900);
        let days: std::collections::BTreeSet<_> =
            logs.iter().map(|log| log["event_timestamp"].as_str().unwrap()[..10].to_owned()).collect();
        assert_eq!(days.len(), 30);
    }

    #[test]
    fn a_body_is_known_by_its_logs() {
        let mut stream = stream(Pattern::Random);
        let lines = String::from_utf8(stream.lines(5, 0.5)).unwrap();
        let told = lines.lines().map(|line| serde_json::from_str::<Value>(line).unwrap());
        let told: Vec<_> = told.map(|log| (log["student"].clone(), log["log_id"].clone())).collect();
        let known = stream.names().iter();
        let known = known.map(|name| (format!("student-{}", name.student), name.log_id.to_string()));
        assert_eq!(told, known.map(|(student, id)| (student.into(), id.into())).collect::<Vec<_>>());
        stream.one(0.5);
        assert_eq!(stream.names().len(), 1);
    }

    #[test]
    fn logs_of_now_are_never_from_the_future() {
        let before = environment::now();
        for (posted, seconds) in [(Posted::AsItHappens, 300), (Posted::Later, 0), (Posted::Later, 420)] {
            let moment = Era::Now.moment(0.5, posted, seconds);
            assert!(moment <= environment::now() && moment >= before - TimeDelta::seconds(420));
        }
    }
}
