//! One lane of a load: a connection that posts one request after another.

use std::sync::Arc;
use std::time::Duration;

use anyhow::Context;
use bytes::Bytes;
use hyper::StatusCode;
use tokio::sync::watch;
use tokio::time::{Instant, sleep, sleep_until, timeout};

use super::plan::{Place, Plan};
use super::stream::LogStream;
use super::tally::{Outcome, SharedTally, Verdicts};
use crate::client::Client;
use crate::connection::{Connection, PATIENCE, Route};

/// A connection without an answer is opened anew after this long, so that a server that is away is not hammered.
const AFTER_AN_ERROR: Duration = Duration::from_millis(100);

/// How long a request on its way may still take once it is time to stop.
const LAST_MOMENT: Duration = Duration::from_secs(5);

/// One lane.
pub(super) struct Lane {
    /// Whose, from 0.
    pub(super) replica: usize,
    pub(super) begun: Instant,
    /// Logs in a request.
    pub(super) batch: u32,
    pub(super) plan: Arc<Plan>,
    pub(super) client: Client,
    pub(super) route: Route,
    pub(super) connection: Connection,
    pub(super) stream: LogStream,
    pub(super) tally: SharedTally,
    pub(super) stop: watch::Receiver<bool>,
}

impl Lane {
    /// Posts until the plan is fulfilled, or until it is told to stop.
    pub(super) async fn run(mut self) {
        while !*self.stop.borrow() {
            let Some(Place { share, due }) = self.plan.next_place(self.begun.elapsed()) else { return };
            // With a rate, latency counts from when the request was due: a server that stalls is not spared those
            // that queue up behind it.
            let due = due.map(|due| self.begun + due);
            if let Some(due) = due {
                tokio::select! {
                    biased;
                    _ = self.stop.wait_for(|&stop| stop) => return,
                    () = sleep_until(due) => {}
                }
            }
            let body = self.body(share);
            let due = due.unwrap_or_else(Instant::now);
            let outcome = self.outcome(body).await;
            let is_unanswered = matches!(outcome, Outcome::Unanswered(_));
            self.tally.with(|tally| tally.note(self.replica, due, self.stream.names(), outcome));
            if is_unanswered {
                sleep(AFTER_AN_ERROR).await;
            }
        }
    }

    fn body(&mut self, share: f64) -> Bytes {
        match self.batch {
            1 => self.stream.one(share).into(),
            logs => self.stream.lines(logs as usize, share).into(),
        }
    }

    async fn outcome(&mut self, body: Bytes) -> Outcome {
        let Self { client, connection, route, stop, .. } = self;
        let exchange = async {
            let token = timeout(PATIENCE, client.token()).await.context("no token in time")??;
            let (status, answer) = connection.send(route, &token, body).await?;
            if status == StatusCode::UNAUTHORIZED {
                client.forget(&token).await;
            }
            anyhow::Ok((status, answer))
        };
        let answer = tokio::select! {
            answer = exchange => answer,
            () = told_and_waited(stop) => return Outcome::Unanswered("no answer before the end".to_owned()),
        };
        answer.map_or_else(|error| Outcome::unanswered(&error), |(status, body)| self.judged(status, &body))
    }

    fn judged(&self, status: StatusCode, answer: &[u8]) -> Outcome {
        match status {
            StatusCode::CREATED => Outcome::Answered(Verdicts { accepted: 1, ..Verdicts::default() }),
            StatusCode::OK if self.batch == 1 => {
                Outcome::Answered(Verdicts { duplicates: 1, ..Verdicts::default() })
            }
            StatusCode::OK => match serde_json::from_slice::<Verdicts>(answer) {
                Ok(verdicts) if verdicts.logs() == u64::from(self.batch) => Outcome::Answered(verdicts),
                // A log without a verdict would be lost in silence.
                Ok(_) => Outcome::Refused("not a verdict for each log".to_owned()),
                Err(_) => Outcome::Refused("unreadable".to_owned()),
            },
            status => Outcome::Refused(status.as_u16().to_string()),
        }
    }
}

async fn told_and_waited(stop: &mut watch::Receiver<bool>) {
    // Nobody can say it any more: then there is nothing to wait for, either.
    if stop.wait_for(|&stop| stop).await.is_err() {
        std::future::pending::<()>().await;
    }
    sleep(LAST_MOMENT).await;
}
