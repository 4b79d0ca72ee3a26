//! What the judge says of each learner: how far in a lesson, and how long silent.

use std::collections::BTreeMap;

use chrono::{Days, NaiveDate, Utc};
use serde_json::{Value, json};

use super::{Judge, Log, THRESHOLD};
use crate::{Client, assert_same_figures};

/// The funnel of learners whose furthest percentages these are, as the platform answers it.
pub fn funnel(furthest: &[Option<i32>]) -> Value {
    let with_percentage: Vec<i32> = furthest.iter().flatten().copied().collect();
    let within = |from: i32, to: i32| with_percentage.iter().filter(|&&it| from <= it && it <= to).count();
    let started = json!({"percentage": 0, "students": furthest.len()});
    let reached = [25, 50, 75, THRESHOLD].map(|at| json!({"percentage": at, "students": within(at, 100)}));
    let reached = [&[started][..], &reached].concat();
    let tenth = |from: i32, to: i32| json!({"from": from, "to": to, "students": within(from, to)});
    let tenths = (0..9).map(|tenth| (10 * tenth, 10 * tenth + 9)).chain([(90, 100)]);
    json!({
        "reached": reached,
        "histogram": tenths.map(|(from, to)| tenth(from, to)).collect::<Vec<_>>(),
        "without_percentage": furthest.len() - with_percentage.len(),
    })
}

impl Judge {
    /// Of all time, of each day, and of all days but the last.
    pub(super) async fn check_progress(&self, client: &Client) {
        let days: Vec<NaiveDate> = self.days().into_iter().collect();
        for (lesson, lesson_id) in &self.lessons {
            let path = format!("/analytics/lessons/{lesson_id}/progress");
            self.check_progress_of(client, lesson, &path, &|_| true).await;
            for day in &days {
                let path = format!("{path}?date={day}");
                self.check_progress_of(client, lesson, &path, &|log| log.day == *day).await;
            }
            if let [first, .., last, _] = days[..] {
                let path = format!("{path}?from={first}&to={last}");
                self.check_progress_of(client, lesson, &path, &|log| log.day <= last).await;
            }
        }
    }

    async fn check_progress_of(
        &self,
        client: &Client,
        lesson: &str,
        path: &str,
        chosen: &dyn Fn(&Log) -> bool,
    ) {
        let answer = client.get(path).await.expect(200);
        let chosen = |log: &Log| log.lesson == lesson && chosen(log);
        assert_same_figures(&answer["figures"], &self.figures(&chosen), path);
        let mut furthest: BTreeMap<i64, Option<i32>> = BTreeMap::new();
        for log in self.logs.iter().filter(|log| chosen(log)) {
            let so_far = furthest.entry(log.student_id).or_default();
            *so_far = log.completion_percentage.max(*so_far);
        }
        let expected = funnel(&furthest.into_values().collect::<Vec<_>>());
        assert_same_figures(&answer, &expected, path);
    }

    /// When each learner was last active, and who was not of late.
    pub(super) async fn check_learners(&self, client: &Client) {
        let mut last_days: BTreeMap<i64, NaiveDate> = BTreeMap::new();
        for log in &self.logs {
            let last = last_days.entry(log.student_id).or_insert(log.day);
            *last = log.day.max(*last);
        }
        let learners = client.get("/students?limit=1000").await.expect(200);
        for learner in learners["items"].as_array().expect("items") {
            let last = learner["student_id"].as_i64().and_then(|id| last_days.get(&id));
            assert_eq!(learner["last_active_on"], json!(last), "{learner}");
        }
        let days = 3650;
        let today = Utc::now().with_timezone(&self.zone).date_naive();
        let first = today - Days::new(days - 1);
        let is_active = |id: i64| {
            self.logs.iter().any(|log| log.student_id == id && first <= log.day && log.day <= today)
        };
        let all = learners["items"].as_array().expect("items").clone();
        let silent: Vec<Value> =
            all.into_iter().filter(|it| !is_active(it["student_id"].as_i64().expect("an id"))).collect();
        let answer = client.get(&format!("/students?limit=1000&silent_for_days={days}")).await.expect(200);
        assert_eq!(answer["items"], json!(silent), "learners without a log since {first}");
    }
}
