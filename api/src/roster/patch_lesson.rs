//! `PATCH /lessons/{lesson_id}`: changes one lesson.

use actix_web::web::{Data, Json, Path, Payload};
use actix_web::{HttpRequest, patch};

use super::lesson::lesson_patch;
use super::roster_body::{read_object, refused};
use super::{Lesson, PatchedLesson};
use crate::auth::{Require, Roster};
use crate::error::Problem;
use crate::id::Id;
use crate::refusals::PatchRefusals;
use crate::store::{Patched, Store};

/// Change a lesson
///
/// What is left out stays as it is.
#[utoipa::path(
    tag = "roster",
    params(("lesson_id" = i64, Path, description = "Our id of the lesson", example = 1)),
    request_body = PatchedLesson,
    responses((status = 200, description = "The lesson as it is now", body = Lesson), PatchRefusals),
    security(("token" = ["roster"]))
)]
#[patch("/lessons/{lesson_id}")]
pub async fn patch_lesson(
    _: Require<Roster>,
    request: HttpRequest,
    payload: Payload,
    lesson_id: Path<Id>,
    store: Data<Store>,
) -> Result<Json<Lesson>, Problem> {
    let patch = lesson_patch(read_object(&request, payload).await?).map_err(refused)?;
    match store.patch_lesson(lesson_id.number(), patch).await? {
        Patched::Done(row) => Ok(Json(row.into())),
        Patched::Absent => Err(Problem::not_found("There is no lesson of this id.")),
        Patched::Taken => Err(Problem::conflict("external_id_taken", "Another lesson has this external_id.")),
    }
}
