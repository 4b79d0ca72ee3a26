//! `DELETE /lessons/{lesson_id}`: removes a lesson of which nothing was ever streamed.

use actix_web::web::{Data, Path};
use actix_web::{HttpResponse, delete};

use crate::auth::{Require, Roster};
use crate::error::Problem;
use crate::id::Id;
use crate::refusals::DeleteRefusals;
use crate::store::{Deleted, Store};

/// Delete a lesson
///
/// A lesson that was ever streamed stays: figures are told of it.
#[utoipa::path(
    tag = "roster",
    params(("lesson_id" = i64, Path, description = "Our id of the lesson", example = 1)),
    responses((status = 204, description = "It is gone"), DeleteRefusals),
    security(("token" = ["roster"]))
)]
#[delete("/lessons/{lesson_id}")]
pub async fn delete_lesson(
    _: Require<Roster>,
    lesson_id: Path<Id>,
    store: Data<Store>,
) -> Result<HttpResponse, Problem> {
    match store.delete_lesson(lesson_id.number()).await? {
        Deleted::Done => Ok(HttpResponse::NoContent().finish()),
        Deleted::Absent => Err(Problem::not_found("There is no lesson of this id.")),
        Deleted::InUse => {
            Err(Problem::conflict("lesson_in_use", "This lesson was streamed: its figures need it."))
        }
    }
}
