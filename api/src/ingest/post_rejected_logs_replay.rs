//! `POST /rejected-logs/replay`: what a later roster makes valid is stored after all.

use actix_web::web::{Data, Json};
use actix_web::{HttpRequest, post};
use bytes::Bytes;
use chrono::{DateTime, Utc};
use serde::Serialize;
use utoipa::{IntoParams, ToSchema};

use super::Intake;
use super::get_rejected_logs::position;
use super::parse::parse;
use crate::auth::{Require, Roster};
use crate::clock::Clock;
use crate::entropy;
use crate::error::Problem;
use crate::name::Name;
use crate::parameters::{Parameter, Parameters};
use crate::refusals::ListRefusals;
use crate::store::{Item, RejectedLogFilter, RejectedLogKey, RejectedLogRow, Store, Submission, Verdict};

/// How many rejected logs go through the queue at once.
const PAGE: u64 = 500;

/// Which rejected logs to try again; without parameters all that were kept whole.
#[derive(Debug, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct ReplayQuery {
    /// Sent by this API client.
    #[param(value_type = Option<String>, example = "school", pattern = r"^[^\u0000-\u001f\u007f-\u009f]*$")]
    client: Option<Name>,
    /// Refused with this code.
    #[param(value_type = Option<String>, example = "unknown_student", pattern = r"^[^\u0000-\u001f\u007f-\u009f]*$")]
    code: Option<Name>,
    /// The one that is called so.
    #[param(value_type = Option<String>)]
    id: Option<RejectedLogKey>,
}

impl Parameter for RejectedLogKey {
    const LOOKS_LIKE: &'static str = "the `id` of a rejected log";

    fn read(text: &str) -> Option<Self> {
        text.parse().ok()
    }
}

impl ReplayQuery {
    fn of(request: &HttpRequest) -> Result<Self, Problem> {
        let mut parameters = Parameters::of(request);
        let query = Self {
            client: parameters.take("client"),
            code: parameters.take("code"),
            id: parameters.take("id"),
        };
        parameters.finish().map(|()| query)
    }
}

/// What became of the rejected logs that were tried again.
#[derive(Debug, Default, Serialize, ToSchema)]
pub struct Replayed {
    /// Logs that are stored and counted now, and no longer listed.
    accepted: u64,
    /// Logs that had been stored by another way meanwhile, and are no longer listed.
    duplicates: u64,
    /// Logs that are refused again; the list has their new reason.
    still_rejected: u64,
}

/// Try rejected logs again
///
/// Each is stored and taken off the list in one transaction. One that names no time happened when it first came. A
/// payload that was too long to keep is left on the list.
#[utoipa::path(
    tag = "ingestion",
    params(ReplayQuery),
    responses((status = 200, description = "Every one was tried", body = Replayed), ListRefusals),
    security(("token" = ["roster"]))
)]
#[post("/rejected-logs/replay")]
pub async fn post_rejected_logs_replay(
    caller: Require<Roster>,
    request: HttpRequest,
    store: Data<Store>,
    intake: Data<Intake>,
    clock: Data<Clock>,
) -> Result<Json<Replayed>, Problem> {
    let ReplayQuery { client, code, id: key } = ReplayQuery::of(&request)?;
    let (client, code) = (client.map(Into::into), code.map(Into::into));
    let filter = RejectedLogFilter { client, code, key, whole_only: true };
    let mut replayed = Replayed::default();
    let mut after = None;
    loop {
        let rows = store.rejected_logs(&filter, after.as_ref(), PAGE).await?;
        let Some(last) = rows.last() else { return Ok(Json(replayed)) };
        after = Some(position(last));
        let room = intake.room_for(rows.iter().map(|row| row.payload.len()))?;
        replayed.add(intake.submit(room, submission(caller.client(), clock.now(), rows)).await?);
    }
}

impl Replayed {
    fn add(&mut self, verdicts: Vec<Verdict>) {
        for verdict in verdicts {
            match verdict {
                Verdict::Stored(_) => self.accepted += 1,
                Verdict::Duplicate(_) => self.duplicates += 1,
                Verdict::Rejected(_) => self.still_rejected += 1,
                Verdict::Gone => {}
            }
        }
    }
}

fn submission(client: &str, received_at: DateTime<Utc>, rows: Vec<RejectedLogRow>) -> Submission {
    let mut rng = entropy::rng();
    let items = rows.into_iter().map(|row| {
        let payload = Bytes::from(row.payload);
        let (parsed, named) = parse(&payload, row.first_seen, &mut rng);
        let key = RejectedLogKey { client: row.client, payload_hash: row.payload_hash };
        Item { payload: payload.slice(..named.within), parsed, named: named.learners, replays: Some(key) }
    });
    Submission { client: client.to_owned(), received_at, items: items.collect() }
}
