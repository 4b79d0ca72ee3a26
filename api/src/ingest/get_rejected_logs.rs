//! `GET /rejected-logs`: what was refused, and why.

use actix_web::web::Data;
use actix_web::{HttpRequest, HttpResponse, get};
use chrono::{DateTime, Utc};
use serde::Serialize;
use utoipa::{IntoParams, ToSchema};

use crate::auth::{Require, Roster};
use crate::error::Problem;
use crate::name::Name;
use crate::paging::{Page, PageRequest};
use crate::parameters::Parameters;
use crate::refusals::ListRefusals;
use crate::store::{RejectedLogFilter, RejectedLogKey, RejectedLogPosition, RejectedLogRow, Store};

/// Which rejected logs are asked for.
#[derive(Debug, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct RejectedLogQuery {
    /// Sent by this API client.
    #[param(value_type = Option<String>, example = "school", pattern = r"^[^\u0000-\u001f\u007f-\u009f]*$")]
    client: Option<Name>,
    /// Refused with this code.
    #[param(value_type = Option<String>, example = "unknown_student", pattern = r"^[^\u0000-\u001f\u007f-\u009f]*$")]
    code: Option<Name>,
    /// How many on a page, 1 to 1000; 100 by default.
    #[param(minimum = 1, maximum = 1000)]
    limit: Option<u32>,
    /// The `next` of the page before.
    cursor: Option<String>,
}

impl RejectedLogQuery {
    fn of(request: &HttpRequest) -> Result<Self, Problem> {
        let mut parameters = Parameters::of(request);
        let query = Self {
            client: parameters.take("client"),
            code: parameters.take("code"),
            limit: parameters.take("limit"),
            cursor: parameters.take("cursor"),
        };
        parameters.finish().map(|()| query)
    }
}

/// A log that was refused.
#[derive(Debug, Serialize, ToSchema)]
pub struct RejectedLog {
    /// What it is called.
    id: String,
    /// The API client that sent it.
    client: String,
    /// Why, for programs.
    code: String,
    /// Why, for people.
    reason: String,
    /// JSON pointer to the fault, where it has a place.
    pointer: Option<String>,
    /// What was sent; bytes that are no text are replaced.
    payload: String,
    /// Whether the payload was too long to keep: then it cannot be replayed.
    truncated: bool,
    /// How often it was sent.
    times: i64,
    /// When it first came.
    first_seen: DateTime<Utc>,
    /// When it last came.
    last_seen: DateTime<Utc>,
}

impl From<RejectedLogRow> for RejectedLog {
    fn from(row: RejectedLogRow) -> Self {
        let RejectedLogRow {
            client,
            payload_hash,
            code,
            reason,
            pointer,
            learner_ref: _,
            payload,
            truncated,
            times,
            first_seen,
            last_seen,
        } = row;
        let payload = String::from_utf8_lossy(&payload).into_owned();
        let key = RejectedLogKey { client, payload_hash };
        let (id, client) = (key.to_string(), key.client);
        Self { id, client, code, reason, pointer, payload, truncated, times, first_seen, last_seen }
    }
}

/// Where a list of rejected logs goes on after this one.
pub(super) fn position(row: &RejectedLogRow) -> RejectedLogPosition {
    let key = RejectedLogKey { client: row.client.clone(), payload_hash: row.payload_hash.clone() };
    RejectedLogPosition { last_seen: row.last_seen, key }
}

/// List rejected logs
///
/// Latest first; the same payload of the same client is one entry that counts its times.
#[utoipa::path(
    tag = "ingestion",
    params(RejectedLogQuery),
    responses((status = 200, description = "A page of rejected logs", body = Page<RejectedLog>), ListRefusals),
    security(("token" = ["roster"]))
)]
#[get("/rejected-logs")]
pub async fn get_rejected_logs(
    _: Require<Roster>,
    request: HttpRequest,
    store: Data<Store>,
) -> Result<HttpResponse, Problem> {
    let RejectedLogQuery { client, code, limit, cursor } = RejectedLogQuery::of(&request)?;
    let page: PageRequest<RejectedLogPosition> = PageRequest::parse(limit, cursor.as_deref())?;
    let (client, code) = (client.map(Into::into), code.map(Into::into));
    let filter = RejectedLogFilter { client, code, key: None, whole_only: false };
    let rows = store.rejected_logs(&filter, page.after.as_ref(), page.rows()).await?;
    Ok(page.page(rows, position).map(RejectedLog::from).answer(&request))
}
