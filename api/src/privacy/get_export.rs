//! `GET /students/{student_id}/export`: everything on a learner.

use std::io;

use actix_web::http::StatusCode;
use actix_web::http::header::{CACHE_CONTROL, CONTENT_DISPOSITION, VARY};
use actix_web::web::{Data, Path};
use actix_web::{HttpRequest, HttpResponse, get};
use bytes::Bytes;
use futures_util::{Stream, StreamExt, stream};
use serde_json::{Value, json};
use utoipa::ToSchema;

use super::csv_table;
use super::json_document::JsonDocument;
use super::records::{pages, student};
use crate::accept;
use crate::auth::{Require, Roster};
use crate::clock::Clock;
use crate::error::{Problem, StoreError, chain};
use crate::id::Id;
use crate::refusals::ExportRefusals;
use crate::store::{AuditEntry, AuditTarget, Store, StudentRow};

const JSON: &str = "application/json";
const CSV: &str = "text/csv";

/// Everything on a learner. Records have the names and the fields that they have elsewhere.
#[derive(Debug, ToSchema)]
#[expect(dead_code, reason = "documents the answer; it is written as it is read, a page at a time")]
pub struct Export {
    /// When it was made.
    exported_at: chrono::DateTime<chrono::Utc>,
    /// The row of the roster.
    student: Value,
    /// Every log, newest first.
    streaming_logs: Vec<Value>,
    /// What was watched on which day, also on days whose logs are gone.
    viewing_days: Vec<Value>,
    /// Completed lessons.
    completions: Vec<Value>,
    /// The lessons that these are of.
    lessons: Vec<Value>,
    /// Refused logs that name the learner.
    rejected_logs: Vec<Value>,
    /// Who looked at the learner by name, and what else was done to the learner.
    audit_log: Vec<Value>,
}

/// Export everything on a learner
///
/// For the learner to have: JSON, or for `Accept: text/csv` one table with the kind of each record in its first column. It is
/// noted in the audit log.
#[utoipa::path(
    tag = "privacy",
    params(("student_id" = i64, Path, description = "Our id of the learner", example = 1)),
    responses(
        (status = 200, description = "Everything", content((Export = "application/json"), (String = "text/csv"))),
        ExportRefusals
    ),
    security(("token" = ["roster"]))
)]
#[get("/students/{student_id}/export")]
pub async fn get_export(
    caller: Require<Roster>,
    request: HttpRequest,
    student_id: Path<Id>,
    store: Data<Store>,
    clock: Data<Clock>,
) -> Result<HttpResponse, Problem> {
    let form = accept::preferred(&request, &[JSON, CSV]).ok_or_else(not_acceptable)?;
    let learner = store.student(caller.classes(), student_id.number()).await?;
    let learner = learner.ok_or_else(|| Problem::not_found("There is no learner of this id."))?.student;
    let (now, target) = (clock.now(), AuditTarget::Learner(learner.student_id));
    let entry = AuditEntry::done(now, caller.actor(&request), "export_student", target);
    // Before the first byte is on its way.
    store.note(vec![entry.with_detail(form)]).await?;
    let name = format!("attachment; filename=\"student-{}.{}\"", learner.student_id, extension(form));
    let mut answer = HttpResponse::Ok();
    answer.content_type(if form == CSV { "text/csv; charset=utf-8" } else { JSON });
    answer.insert_header((CACHE_CONTROL, "no-store")).insert_header((VARY, "Accept"));
    answer.insert_header((CONTENT_DISPOSITION, name));
    let store = (**store).clone();
    Ok(match form {
        CSV => answer.streaming(csv(store, learner)),
        _ => answer.streaming(document(store, learner, &json!(now))),
    })
}

fn extension(form: &str) -> &'static str {
    if form == CSV { "csv" } else { "json" }
}

/// What cannot be read breaks the answer off, so that nobody takes a part for the whole.
fn document(store: Store, learner: StudentRow, now: &Value) -> impl Stream<Item = io::Result<Bytes>> + use<> {
    let (mut document, beginning) = JsonDocument::begin(now, &student(&learner));
    let pages = pages(store, learner).map(move |page| Ok(document.page(&page.map_err(broken_off)?)));
    let end = stream::once(async { Ok(JsonDocument::end()) });
    stream::once(async { Ok(beginning) }).chain(pages).chain(end)
}

fn csv(store: Store, learner: StudentRow) -> impl Stream<Item = io::Result<Bytes>> + use<> {
    let beginning = csv_table::begin(&student(&learner));
    let pages = pages(store, learner).map(|page| csv_table::page(&page.map_err(broken_off)?));
    stream::once(async { beginning }).chain(pages)
}

fn broken_off(error: StoreError) -> io::Error {
    tracing::error!(error = %chain(&error), "an export was broken off");
    io::Error::other(error)
}

fn not_acceptable() -> Problem {
    let detail = "A copy comes as application/json or as text/csv.";
    Problem::new(StatusCode::NOT_ACCEPTABLE, "not_acceptable", detail)
}
