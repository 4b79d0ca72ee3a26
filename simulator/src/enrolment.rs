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

/// Lessons on one page.
const PAGE: &str = "1000";

#[derive(Serialize)]
struct Learner<'a> {
    external_id: &'a str,
    name: String,
    classroom: &'a str,
}

#[derive(Deserialize)]
struct Enrolled {
    rejected: Vec<Rejected>,
}

#[derive(Deserialize)]
struct Rejected {
    code: String,
    reason: String,
}

/// A lesson to stream.
#[derive(Debug, Clone, Deserialize)]
pub(crate) struct Lesson {
    pub(crate) external_id: String,
    pub(crate) duration_seconds: Option<u32>,
}

#[derive(Deserialize)]
struct Page {
    items: Vec<Lesson>,
    next: Option<String>,
}

/// Enrols the learners of a replica; returns their external ids.
pub(crate) async fn enrol(client: &Client, replica: &str, learners: u32) -> anyhow::Result<Vec<String>> {
    let ids: Vec<String> = (0..learners).map(|number| format!("{replica}-{number}")).collect();
    let placed: Vec<_> = ids.iter().zip(CLASSROOMS.into_iter().cycle()).collect();
    for some in placed.chunks(AT_ONCE) {
        let some = some.iter().map(|&(external_id, classroom)| Learner {
            external_id,
            name: format!("Learner {external_id}"),
            classroom,
        });
        let body = serde_json::to_vec(&some.collect::<Vec<_>>())?;
        let enrolled = client.send(&Request::post("/students", "application/json", body)).await?;
        all_taken(enrolled)?;
    }
    Ok(ids)
}

/// A learner who is not enrolled would have every log rejected: better told at the start.
fn all_taken(Enrolled { rejected }: Enrolled) -> anyhow::Result<()> {
    match rejected.first() {
        None => Ok(()),
        Some(Rejected { code, reason }) => {
            anyhow::bail!("{} learners are rejected, the first as {code}: {reason}", rejected.len())
        }
    }
}

/// Every lesson that the server knows.
pub(crate) async fn lessons(client: &Client) -> Result<Vec<Lesson>, Failure> {
    let mut lessons = Vec::new();
    let mut query = vec![("limit", PAGE.to_owned())];
    loop {
        let page: Page = client.send(&Request::get("/lessons", query)).await?;
        lessons.extend(page.items);
        let Some(cursor) = page.next else { return Ok(lessons) };
        query = vec![("limit", PAGE.to_owned()), ("cursor", cursor)];
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_learner_who_is_rejected_stops_the_enrolment() {
        let answer = |text: &str| all_taken(serde_json::from_str(text).unwrap());
        assert!(answer(r#"{"created": 1, "updated": 0, "unchanged": 0, "rejected": []}"#).is_ok());
        let refused =
            r#"{"rejected": [{"index": 0, "code": "too_long", "reason": "is too long", "pointer": ""}]}"#;
        let error = answer(refused).unwrap_err().to_string();
        assert_eq!(error, "1 learners are rejected, the first as too_long: is too long");
    }
}
