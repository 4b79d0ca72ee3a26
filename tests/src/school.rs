//! The words that stories are told in: learners who are enrolled, and logs of what they did.

use reqwest::Method;
use serde::Deserialize;
use serde_json::{Value, json};

use crate::Client;

/// The external id of a lesson that every installation begins with.
pub const DOCKER: &str = "introduction-a-docker";

/// The external id of the other one.
pub const AIRFLOW: &str = "maitriser-airflow";

/// The answer to a batch of logs.
#[derive(Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Verdicts {
    /// Logs that are new.
    pub accepted: u64,
    /// Logs that were stored before.
    pub duplicates: u64,
    /// Logs that were refused.
    pub rejected: Vec<Rejected>,
}

/// One refused item of a batch.
#[derive(Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Rejected {
    /// Which one, from 0.
    pub index: usize,
    /// Why, for programs.
    pub code: String,
    /// Why, for people.
    pub reason: String,
    /// Where.
    pub pointer: Option<String>,
}

impl Verdicts {
    /// Verdicts of a batch in which nothing was refused.
    pub fn clean(accepted: u64, duplicates: u64) -> Self {
        Self { accepted, duplicates, rejected: Vec::new() }
    }

    /// The index and the code of each refused item.
    pub fn refusals(&self) -> Vec<(usize, &str)> {
        self.rejected.iter().map(|item| (item.index, item.code.as_str())).collect()
    }
}

/// A log of a learner, in the Docker lesson unless `more` names another one.
pub fn log(student: &str, event_timestamp: &str, more: Value) -> Value {
    let mut log = json!({
        "student": student, "lesson": DOCKER, "event_type": "played", "event_timestamp": event_timestamp,
    });
    let more = more.as_object().expect("more fields").clone();
    log.as_object_mut().expect("an object").extend(more);
    log
}

impl Client {
    /// Enrols a learner, or moves the learner to this classroom; returns our id of the learner.
    pub async fn enrol(&self, student: &str, classroom: &str) -> i64 {
        let learner =
            json!({"external_id": student, "name": format!("Name of {student}"), "classroom": classroom});
        let answer = self.patiently(|| self.request(Method::POST, "/students").json(&learner)).await;
        assert!([200, 201].contains(&answer.status), "{}", answer.body);
        answer.body["student_id"].as_i64().expect("a student_id")
    }

    /// Erases a learner, and returns the receipt.
    pub async fn erase(&self, student_id: i64) -> Value {
        self.delete(&format!("/students/{student_id}")).await.expect(200)
    }

    /// Posts logs as an array and returns the verdicts.
    pub async fn post_logs(&self, logs: &[Value]) -> Verdicts {
        let answer = self.post_json("/streaming-logs", &Value::from(logs)).await.expect(200);
        serde_json::from_value(answer).expect("verdicts")
    }

    /// Posts logs that must all be new, and comes again where it is told to: then they may be there already,
    /// and are known by their ids or by what they say.
    pub async fn store(&self, logs: &[Value]) {
        let mut sent = 0;
        let request = || {
            sent += 1;
            self.request(Method::POST, "/streaming-logs").json(logs)
        };
        let answer = self.patiently(request).await.expect(200);
        let verdicts: Verdicts = serde_json::from_value(answer).expect("verdicts");
        let there = if sent > 1 { verdicts.duplicates } else { 0 };
        assert_eq!(verdicts, Verdicts::clean(logs.len() as u64 - there, there));
    }

    /// The figures of a day.
    pub async fn daily(&self, date: &str) -> Value {
        self.get(&format!("/analytics/daily?date={date}")).await.expect(200)
    }

    /// The rejected logs, all on one page.
    pub async fn rejected_logs(&self) -> Vec<Value> {
        let page = self.get("/rejected-logs?limit=1000").await.expect(200);
        assert_eq!(page["next"], Value::Null, "more than a page of rejected logs");
        page["items"].as_array().expect("items").clone()
    }

    /// Our id of a lesson.
    pub async fn lesson_id(&self, external_id: &str) -> i64 {
        let lessons = self.get("/lessons?limit=1000").await.expect(200);
        crate::item(&lessons["items"], "external_id", external_id)["lesson_id"].as_i64().expect("a lesson_id")
    }
}
