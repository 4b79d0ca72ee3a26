//! The judge: counts the raw log by itself, in plain Rust, and compares every answer of the platform with that.

mod learners;

use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, Days, NaiveDate, SecondsFormat, TimeDelta, Utc};
use chrono_tz::Tz;
use serde_json::{Value, json};

pub use learners::funnel;

use crate::{Client, Database, assert_same_figures, item};

/// The percentage from which on a lesson is completed, as every platform of a test has it.
const THRESHOLD: i32 = 90;

const LOGS: &str = "SELECT sl.student_id, s.classroom, l.external_id AS lesson, sl.watch_time_seconds,
    sl.completion_percentage, sl.event_timestamp
    FROM streaming_logs sl LEFT JOIN students s ON s.student_id = sl.student_id
    LEFT JOIN lessons l ON l.lesson_id = sl.lesson_id";

/// One stored log with what counts of it.
struct Log {
    student_id: i64,
    classroom: String,
    lesson: String,
    day: NaiveDate,
    at: DateTime<Utc>,
    watch_time_seconds: Option<i32>,
    completion_percentage: Option<i32>,
    /// Whether this is the log that completed the lesson for this learner.
    completes: bool,
}

/// Compares `/analytics/engagement`, `/lessons` and the progress in each, `/classrooms`, `/daily` of each day, `/timeseries`
/// and `/students` with the raw log.
pub async fn assert_figures_are_those_of_the_raw_log(database: &Database, client: &Client, zone: Tz) {
    Judge::of(database, zone).await.check(client).await;
}

/// The same, of the learners of these classrooms, for somebody who may see no others.
pub async fn assert_figures_are_those_of_these_classrooms(
    database: &Database,
    client: &Client,
    zone: Tz,
    classrooms: &[&str],
) {
    let mut judge = Judge::of(database, zone).await;
    judge.logs.retain(|log| classrooms.contains(&log.classroom.as_str()));
    judge.classrooms.retain(|classroom, _| classrooms.contains(&classroom.as_str()));
    judge.check(client).await;
}

struct Judge {
    logs: Vec<Log>,
    zone: Tz,
    /// How many learners are in each classroom.
    classrooms: BTreeMap<String, i64>,
    /// Our id of each.
    lessons: BTreeMap<String, i64>,
}

impl Judge {
    async fn of(database: &Database, zone: Tz) -> Self {
        let mut logs = Vec::new();
        for row in database.rows(LOGS).await {
            let at: DateTime<Utc> = row.try_get("", "event_timestamp").expect("event_timestamp");
            logs.push(Log {
                student_id: row.try_get("", "student_id").expect("student_id"),
                classroom: row.try_get("", "classroom").expect("a log of a learner who exists"),
                lesson: row.try_get("", "lesson").expect("a log of a lesson that exists"),
                day: at.with_timezone(&zone).date_naive(),
                at,
                watch_time_seconds: row.try_get("", "watch_time_seconds").expect("watch_time_seconds"),
                completion_percentage: row
                    .try_get("", "completion_percentage")
                    .expect("completion_percentage"),
                completes: false,
            });
        }
        note_completions(&mut logs);
        let enrolled = "SELECT c.classroom, COUNT(s.student_id) FROM classrooms c
            LEFT JOIN students s ON s.classroom = c.classroom GROUP BY c.classroom";
        let pair = |row: &sea_orm::QueryResult| {
            (row.try_get_by_index(0).expect("a name"), row.try_get_by_index(1).expect("a number"))
        };
        let classrooms = database.rows(enrolled).await.iter().map(pair).collect();
        let lessons = database.rows("SELECT external_id, lesson_id FROM lessons").await;
        let lessons = lessons.iter().map(pair).collect();
        Self { logs, zone, classrooms, lessons }
    }

    async fn check(&self, client: &Client) {
        self.check_all_time(client).await;
        self.check_each_day(client).await;
        self.check_timeseries(client).await;
        self.check_progress(client).await;
        self.check_learners(client).await;
    }

    async fn check_all_time(&self, client: &Client) {
        let everything: &dyn Fn(&Log) -> bool = &|_| true;
        for analysis in ["engagement", "lessons", "classrooms"] {
            let answer = client.get(&format!("/analytics/{analysis}")).await.expect(200);
            assert_same_figures(
                &answer["totals"],
                &self.totals(everything),
                &format!("totals of {analysis}"),
            );
            match analysis {
                "lessons" => self.check_lessons(&answer["items"], everything, "all time"),
                "classrooms" => self.check_classrooms(&answer["items"], everything, "all time"),
                _ => self.check_days(&answer["items"]),
            }
        }
    }

    /// Every day from the first to the last with a log is listed, also those between them without one.
    fn check_days(&self, items: &Value) {
        let (first, last) =
            (self.logs.iter().map(|log| log.day).min(), self.logs.iter().map(|log| log.day).max());
        let listed: Vec<&str> =
            items.as_array().expect("items").iter().filter_map(|it| it["date"].as_str()).collect();
        let days = first.into_iter().flat_map(|first| first.iter_days().take_while(|day| Some(*day) <= last));
        let days: Vec<NaiveDate> = days.collect();
        assert_eq!(listed, days.iter().map(NaiveDate::to_string).collect::<Vec<_>>(), "days of engagement");
        for day in days {
            let expected = self.totals(&|log| log.day == day);
            assert_same_figures(
                item(items, "date", &day.to_string()),
                &expected,
                &format!("engagement on {day}"),
            );
        }
    }

    async fn check_each_day(&self, client: &Client) {
        let days = self.days();
        // The days around each are where a log would go that is counted on the wrong day.
        let around = days
            .iter()
            .flat_map(|day| [day.checked_sub_days(Days::new(1)), day.checked_add_days(Days::new(1))]);
        let around: BTreeSet<NaiveDate> = around.flatten().chain(days.iter().copied()).collect();
        for day in around {
            let daily = client.daily(&day.to_string()).await;
            let on_day: &dyn Fn(&Log) -> bool = &|log| log.day == day;
            let place = day.to_string();
            assert_same_figures(&daily["totals"], &self.totals(on_day), &format!("totals on {day}"));
            self.check_classrooms(&daily["classrooms"], on_day, &place);
            self.check_lessons(&daily["lessons"], on_day, &place);
        }
    }

    fn check_classrooms(&self, items: &Value, chosen: &dyn Fn(&Log) -> bool, when: &str) {
        assert_eq!(items.as_array().map(Vec::len), Some(self.classrooms.len()), "classrooms listed, {when}");
        for (classroom, students) in &self.classrooms {
            let mut expected = self.figures(&|log| log.classroom == *classroom && chosen(log));
            expected["students"] = json!(students);
            assert_same_figures(
                item(items, "classroom", classroom),
                &expected,
                &format!("{classroom}, {when}"),
            );
        }
    }

    fn check_lessons(&self, items: &Value, chosen: &dyn Fn(&Log) -> bool, when: &str) {
        assert_eq!(items.as_array().map(Vec::len), Some(self.lessons.len()), "lessons listed, {when}");
        for lesson in self.lessons.keys() {
            let expected = self.figures(&|log| log.lesson == *lesson && chosen(log));
            assert_same_figures(item(items, "external_id", lesson), &expected, &format!("{lesson}, {when}"));
        }
    }

    /// Hours over all the logs: each item counts what lies between its time and the next one's.
    async fn check_timeseries(&self, client: &Client) {
        let (Some(first), Some(last)) =
            (self.logs.iter().map(|log| log.at).min(), self.logs.iter().map(|log| log.at).max())
        else {
            return;
        };
        if last - first > TimeDelta::days(90) {
            return;
        }
        let end = last + TimeDelta::seconds(1);
        let text = |moment: DateTime<Utc>| moment.to_rfc3339_opts(SecondsFormat::Micros, true);
        for bucket in ["hour", "day"] {
            let query =
                format!("/analytics/timeseries?bucket={bucket}&from={}&to={}", text(first), text(end));
            let series = client.get(&query).await.expect(200);
            let items = series["items"].as_array().expect("items");
            let starts: Vec<DateTime<Utc>> = items.iter().map(|item| time(&item["time"])).collect();
            let ends = starts.iter().skip(1).copied().chain([end]);
            for ((item, start), end) in items.iter().zip(&starts).zip(ends) {
                let logs = self.logs.iter().filter(|log| (*start..end).contains(&log.at)).count();
                assert_eq!(item["streaming_logs"], logs, "{bucket} of {start} in {}", self.zone);
            }
            let sum: i64 = items.iter().filter_map(|item| item["streaming_logs"].as_i64()).sum();
            assert_eq!(sum, self.logs.len() as i64, "logs in {bucket} buckets");
        }
    }

    fn days(&self) -> BTreeSet<NaiveDate> {
        self.logs.iter().map(|log| log.day).collect()
    }

    fn totals(&self, chosen: &dyn Fn(&Log) -> bool) -> Value {
        let mut totals = self.figures(chosen);
        totals["students"] = json!(self.classrooms.values().sum::<i64>());
        totals
    }

    fn figures(&self, chosen: &dyn Fn(&Log) -> bool) -> Value {
        let logs: Vec<&Log> = self.logs.iter().filter(|log| chosen(log)).collect();
        let learners: BTreeSet<i64> = logs.iter().map(|log| log.student_id).collect();
        let watched: Vec<i32> = logs.iter().filter_map(|log| log.watch_time_seconds).collect();
        let reached: Vec<i32> = logs.iter().filter_map(|log| log.completion_percentage).collect();
        json!({
            "active_students": learners.len(),
            "streaming_logs": logs.len(),
            "watch_time_seconds": sum(&watched),
            "avg_watch_time_seconds": average(&watched),
            "avg_completion_percentage": average(&reached),
            "completed": logs.iter().filter(|log| log.completes).count(),
        })
    }
}

/// The first log in order of time that reaches the threshold completes the lesson for its learner.
fn note_completions(logs: &mut [Log]) {
    logs.sort_by_key(|log| log.at);
    let mut completed = BTreeSet::new();
    for log in logs {
        let reached = log.completion_percentage.is_some_and(|percentage| percentage >= THRESHOLD);
        log.completes = reached && completed.insert((log.student_id, log.lesson.clone()));
    }
}

fn sum(numbers: &[i32]) -> i64 {
    numbers.iter().map(|&number| i64::from(number)).sum()
}

fn average(numbers: &[i32]) -> Option<f64> {
    (!numbers.is_empty()).then(|| sum(numbers) as f64 / numbers.len() as f64)
}

fn time(text: &Value) -> DateTime<Utc> {
    let text = text.as_str().expect("a time");
    DateTime::parse_from_rfc3339(text).unwrap_or_else(|error| panic!("{text}: {error}")).to_utc()
}
