//! `GET /audit-log`: who did what.

use actix_web::web::Data;
use actix_web::{HttpRequest, HttpResponse, get};
use chrono::{DateTime, Utc};
use serde::Serialize;
use utoipa::{IntoParams, ToSchema};

use crate::auth::{Admin, Require};
use crate::error::Problem;
use crate::name::Name;
use crate::paging::{Page, PageRequest};
use crate::parameters::Parameters;
use crate::refusals::ListRefusals;
use crate::store::{AuditEntryRow, AuditFilter, AuditPosition, Store};

/// Which entries are asked for.
#[derive(Debug, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct AuditQuery {
    /// Of this user or client.
    #[param(value_type = Option<String>, example = "school", pattern = r"^[^\u0000-\u001f\u007f-\u009f]*$")]
    actor: Option<Name>,
    /// Of this kind.
    #[param(value_type = Option<String>, example = "read_student", pattern = r"^[^\u0000-\u001f\u007f-\u009f]*$")]
    action: Option<Name>,
    /// Done to this; a learner is `student:` and our id.
    #[param(value_type = Option<String>, example = "student:42", pattern = r"^[^\u0000-\u001f\u007f-\u009f]*$")]
    target: Option<Name>,
    /// From this moment on.
    from: Option<DateTime<Utc>>,
    /// Before this moment.
    to: Option<DateTime<Utc>>,
    /// How many on a page, 1 to 1000; 100 by default.
    #[param(minimum = 1, maximum = 1000)]
    limit: Option<u32>,
    /// The `next` of the page before.
    cursor: Option<String>,
}

impl AuditQuery {
    fn of(request: &HttpRequest) -> Result<Self, Problem> {
        let mut parameters = Parameters::of(request);
        let query = Self {
            actor: parameters.take("actor"),
            action: parameters.take("action"),
            target: parameters.take("target"),
            from: parameters.take("from"),
            to: parameters.take("to"),
            limit: parameters.take("limit"),
            cursor: parameters.take("cursor"),
        };
        parameters.finish().map(|()| query)
    }
}

/// What somebody did, or was kept from doing.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = AuditEntry, example = json!({
    "id": 7, "at": "2026-01-31T09:30:00.000000Z", "actor": "school", "actor_kind": "client", "action": "erase_student",
    "target": "student:42", "outcome": "done", "times": 1, "address": "192.0.2.7",
    "request_id": "6f0f5c1e-3a55-4f7c-9d57-2f4c1b0aed7e", "detail": null
}))]
pub struct Entry {
    /// In the order in which entries were written.
    id: i64,
    /// When it happened.
    at: DateTime<Utc>,
    /// The name of the user or client; `unknown` where somebody claimed a name that nobody has.
    actor: String,
    /// `user`, `client`, `anonymous`, `cli` or `platform`.
    actor_kind: String,
    /// What was done.
    action: String,
    /// To what; a learner is named by our id alone.
    #[schema(required)]
    target: Option<String>,
    /// `done`, or the code of the refusal.
    outcome: String,
    /// How often: what is refused again and again within a minute is told once more, with the number of times.
    times: i64,
    /// The network address that it came from.
    #[schema(required)]
    address: Option<String>,
    /// The request that it came with.
    #[schema(required)]
    request_id: Option<String>,
    /// What more there is to say.
    #[schema(required)]
    detail: Option<String>,
}

impl From<AuditEntryRow> for Entry {
    fn from(row: AuditEntryRow) -> Self {
        let AuditEntryRow {
            id,
            at,
            actor,
            actor_kind,
            action,
            target,
            outcome,
            times,
            address,
            request_id,
            detail,
        } = row;
        Self { id, at, actor, actor_kind, action, target, outcome, times, address, request_id, detail }
    }
}

/// List the audit log
///
/// Latest first. Reads and refusals are there within a second, changes at once.
#[utoipa::path(
    tag = "privacy",
    params(AuditQuery),
    responses((status = 200, description = "A page of entries", body = Page<Entry>), ListRefusals),
    security(("token" = ["admin"]))
)]
#[get("/audit-log")]
pub async fn get_audit_log(
    _: Require<Admin>,
    request: HttpRequest,
    store: Data<Store>,
) -> Result<HttpResponse, Problem> {
    let AuditQuery { actor, action, target, from, to, limit, cursor } = AuditQuery::of(&request)?;
    let page: PageRequest<AuditPosition> = PageRequest::parse(limit, cursor.as_deref())?;
    let text = |name: Option<Name>| name.map(String::from);
    let filter = AuditFilter { actor: text(actor), action: text(action), target: text(target), from, to };
    let rows = store.audit_entries(&filter, page.after.as_ref(), page.rows()).await?;
    let position = |row: &AuditEntryRow| AuditPosition { at: row.at, id: row.id };
    Ok(page.page(rows, position).map(Entry::from).answer(&request))
}
