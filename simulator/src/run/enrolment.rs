//! Who learns, and what there is to learn. Enrolling twice changes nothing.

use serde::{Deserialize, Serialize};

use crate::client::{Client, Failure, Request};

/// The classrooms of a fresh installation.
const CLASSROOMS: [&str; 8] = [
    "Data_2025",
    "IA_2025",
    "Web_2025",
    "Cloud_2025",
    "Cybersec_2025",
    "DevOps_2025",
    "Mobile_2025",
    "GameDev_2025",
];

/// Learners in one request.
const AT_ONCE: usize = 1_000;

#[derive(Serialize)]
struct Learner<'a> {
    external_id: &'a str,
    name: String,
    classroom: &'a str,
}

/// A lesson to stream.
#[derive(Debug, Clone, Deserialize)]
pub(super) struct Lesson {
    pub(super) external_id: String,
    pub(super) duration_seconds: Option<u32>,
}

#[derive(Deserialize)]
struct Page {
    items: Vec<Lesson>,
    next: Option<String>,
}

/// Enrols the learners of a replica; returns their external ids.
pub(super) async fn enrol(client: &Client, replica: &str, learners: u32) -> anyhow::Result<Vec<String>> {
    let ids: Vec<String> = (0..learners).map(|number| format!("{replica}-{number}")).collect();
    let learner = |(id, classroom): (&'_ String, &'static str)| (id.clone(), classroom);
    let placed: Vec<_> = ids.iter().zip(CLASSROOMS.into_iter().cycle()).map(learner).collect();
    for some in placed.chunks(AT_ONCE) {
        let some = some.iter().map(|(id, classroom)| Learner {
            external_id: id,
            name: format!("Learner {id}"),
            classroom,
        });
        let body = serde_json::to_vec(&some.collect::<Vec<_>>())?;
        client.answer(&Request::post("/students", "application/json", body)).await?;
    }
    Ok(ids)
}

/// Every lesson that the server knows.
pub(super) async fn lessons(client: &Client) -> Result<Vec<Lesson>, Failure> {
    let mut lessons = Vec::new();
    let mut path = "/lessons?limit=1000".to_owned();
    loop {
        let page: Page = client.send(&Request::get(path)).await?;
        lessons.extend(page.items);
        let Some(cursor) = page.next else { return Ok(lessons) };
        path = format!("/lessons?limit=1000&cursor={cursor}");
    }
}
