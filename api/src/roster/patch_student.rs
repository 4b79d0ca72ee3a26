//! `PATCH /students/{student_id}`: changes one learner.

use actix_web::web::{Data, Json, Path, Payload};
use actix_web::{HttpRequest, patch};

use super::roster_body::{read_object, refused};
use super::student::student_patch;
use super::{PatchedStudent, Student};
use crate::auth::{Require, Roster};
use crate::clock::Clock;
use crate::error::Problem;
use crate::id::Id;
use crate::refusals::PatchRefusals;
use crate::store::{Patched, Store};

/// Change a learner
///
/// A learner who changes classroom takes the history along: every figure, of any day, follows.
#[utoipa::path(
    tag = "roster",
    params(("student_id" = i64, Path, description = "Our id of the learner", example = 1)),
    request_body = PatchedStudent,
    responses((status = 200, description = "The learner as it is now", body = Student), PatchRefusals),
    security(("token" = ["roster"]))
)]
#[patch("/students/{student_id}")]
pub async fn patch_student(
    _: Require<Roster>,
    request: HttpRequest,
    payload: Payload,
    student_id: Path<Id>,
    store: Data<Store>,
    clock: Data<Clock>,
) -> Result<Json<Student>, Problem> {
    let patch = student_patch(read_object(&request, payload).await?).map_err(refused)?;
    let external_id = patch.external_id.clone();
    match store.patch_student(student_id.number(), patch, clock.now()).await? {
        Patched::Done(row) => Ok(Json(store.learner(row).await?.into())),
        Patched::Absent => Err(Problem::not_found("There is no learner of this id.")),
        Patched::Taken => Err(taken(&store, &external_id.unwrap_or_default()).await?),
    }
}

/// Nobody comes back by another learner's change of name.
async fn taken(store: &Store, external_id: &str) -> Result<Problem, Problem> {
    Ok(match store.is_erased(external_id).await? {
        true => Problem::conflict("erased", "A learner of this external_id was erased, and stays out."),
        false => Problem::conflict("external_id_taken", "Another learner has this external_id."),
    })
}
