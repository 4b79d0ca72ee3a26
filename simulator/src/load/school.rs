//! The school that a load is posted for: its learners and its lessons, enrolled before the clock starts.

use anyhow::Context;
use serde::Serialize;

use crate::client::{Client, Request};
use crate::enrolment::enrol;

/// How long each lesson lasts, in seconds: about ten logs of a viewing.
pub(super) const LESSON_SECONDS: u32 = 420;

/// External ids, by number.
pub(super) struct School {
    pub(super) students: Vec<String>,
    pub(super) lessons: Vec<String>,
}

#[derive(Serialize)]
struct Lesson<'a> {
    external_id: &'a str,
    title: String,
    subject: &'static str,
    duration_seconds: u32,
}

impl School {
    /// Enrols so many learners in so many lessons; twice changes nothing.
    pub(super) async fn enrol(
        client: &Client,
        name: &str,
        learners: u32,
        lessons: u32,
    ) -> anyhow::Result<Self> {
        let students = enrol(client, name, learners).await.context("the learners are not enrolled")?;
        let lessons: Vec<String> = (0..lessons).map(|number| format!("{name}-lesson-{number}")).collect();
        let rows: Vec<Lesson<'_>> = lessons.iter().map(|external_id| Lesson::of(external_id)).collect();
        let rows = Request::post("/lessons", "application/json", serde_json::to_vec(&rows)?);
        client.answer(&rows).await.context("the lessons are not enrolled")?;
        Ok(Self { students, lessons })
    }
}

impl<'a> Lesson<'a> {
    fn of(external_id: &'a str) -> Self {
        let title = format!("Lesson {external_id}");
        Self { external_id, title, subject: "Load", duration_seconds: LESSON_SECONDS }
    }
}
