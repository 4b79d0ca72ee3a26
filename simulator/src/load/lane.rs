//! One lane of a load: a connection that posts its share, one request after another.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use hyper::StatusCode;
use serde::Deserialize;
use tokio::time::{Instant, sleep_until};

use super::connection::Connection;
use super::plan::Plan;
use super::stream::LogStream;
use super::tally::{Outcome, Tally};
use crate::client::Client;

/// A connection without an answer is opened anew after this long, so that a server that is away is not hammered.
const AFTER_AN_ERROR: Duration = Duration::from_millis(100);

/// One lane.
pub(super) struct Lane {
    /// Which one, from 0.
    pub(super) number: u32,
    pub(super) plan: Arc<Plan>,
    pub(super) client: Client,
    pub(super) connection: Connection,
    pub(super) stream: LogStream,
}

#[derive(Deserialize)]
struct Verdicts {
    accepted: u64,
    duplicates: u64,
    rejected: Vec<serde::de::IgnoredAny>,
}

impl Lane {
    /// Posts until the plan is fulfilled; returns what became of it.
    pub(super) async fn run(mut self) -> anyhow::Result<Tally> {
        let mut tally = Tally::new(self.plan.begun);
        let mut turn = 0;
        while let Some(share) = self.plan.next_share() {
            // With a rate, latency counts from when the request was due: a server that stalls is not spared those
            // that queue up behind it.
            let due = self.plan.due(self.number, turn);
            turn += 1;
            if let Some(due) = due {
                sleep_until(due).await;
            }
            let body = self.body(share);
            let sent = due.unwrap_or_else(Instant::now);
            let token = self.client.token().await?;
            let answer = self.connection.post(&token, self.content_type(), body).await;
            let outcome = answer.map_or_else(|error| Outcome::unanswered(&error), |it| self.outcome(it));
            let is_unanswered = matches!(outcome, Outcome::Unanswered(_));
            tally.note(sent, outcome);
            if is_unanswered {
                tokio::time::sleep(AFTER_AN_ERROR).await;
            }
        }
        Ok(tally)
    }

    fn body(&mut self, progress: f64) -> Bytes {
        match self.plan.batch {
            1 => self.stream.one(progress).into(),
            logs => self.stream.lines(logs as usize, progress).into(),
        }
    }

    fn content_type(&self) -> &'static str {
        if self.plan.batch == 1 { "application/json" } else { "application/x-ndjson" }
    }

    fn outcome(&self, (status, answer): (StatusCode, Bytes)) -> Outcome {
        match status {
            StatusCode::CREATED => Outcome::answered(1, 0, 0),
            StatusCode::OK if self.plan.batch == 1 => Outcome::answered(0, 1, 0),
            StatusCode::OK => match serde_json::from_slice(&answer) {
                Ok(Verdicts { accepted, duplicates, rejected }) => {
                    Outcome::answered(accepted, duplicates, rejected.len() as u64)
                }
                Err(_) => Outcome::Refused("unreadable".to_owned()),
            },
            status => Outcome::Refused(status.as_u16().to_string()),
        }
    }
}
