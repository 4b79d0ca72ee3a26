//! `DELETE /students/{student_id}`: erases a learner.

use actix_web::web::{Data, Path};
use actix_web::{HttpResponse, delete};

use crate::auth::{Require, Roster};
use crate::error::Problem;
use crate::id::Id;
use crate::refusals::FindRefusals;
use crate::store::{Calendar, Store};

/// Erase a learner
///
/// With the learner go the logs, every count that they made, the completions and the rejected logs that name the
/// learner. It cannot be undone. Days that are closed keep counts that name nobody.
#[utoipa::path(
    tag = "roster",
    params(("student_id" = i64, Path, description = "Our id of the learner", example = 1)),
    responses((status = 204, description = "The learner is gone from every table and every figure"), FindRefusals),
    security(("token" = ["roster"]))
)]
#[delete("/students/{student_id}")]
pub async fn delete_student(
    _: Require<Roster>,
    student_id: Path<Id>,
    store: Data<Store>,
    calendar: Data<Calendar>,
) -> Result<HttpResponse, Problem> {
    if store.erase_student(**calendar, student_id.number()).await? {
        return Ok(HttpResponse::NoContent().finish());
    }
    Err(Problem::not_found("There is no learner of this id."))
}
