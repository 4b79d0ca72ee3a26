//! `PATCH /classrooms/{classroom}`: gives a classroom another name.

use actix_web::web::{Data, Json, Path, Payload};
use actix_web::{HttpRequest, patch};

use super::classroom::classroom_change;
use super::roster_body::{read_object, refused};
use super::{Classroom, NamedClassroom};
use crate::auth::{Require, Roster};
use crate::error::Problem;
use crate::name::Name;
use crate::refusals::PatchRefusals;
use crate::store::{ClassroomChange, Patched, Store};

/// Rename a classroom
///
/// Its learners and their history come along: every figure, of any day, is told under the new name.
#[utoipa::path(
    tag = "roster",
    params(("classroom" = String, Path, description = "Its name so far", example = "IA_2025")),
    request_body = NamedClassroom,
    responses((status = 200, description = "The classroom as it is now", body = Classroom), PatchRefusals),
    security(("token" = ["roster"]))
)]
#[patch("/classrooms/{classroom}")]
pub async fn patch_classroom(
    _: Require<Roster>,
    request: HttpRequest,
    payload: Payload,
    classroom: Path<Name>,
    store: Data<Store>,
) -> Result<Json<Classroom>, Problem> {
    let change = classroom_change(read_object(&request, payload).await?).map_err(refused)?;
    let ClassroomChange { classroom: new_name } = change;
    match store.rename_classroom(classroom.into_inner().into(), new_name).await? {
        Patched::Done(row) => Ok(Json(row.into())),
        Patched::Absent => Err(Problem::not_found("There is no classroom of this name.")),
        Patched::Taken => Err(Problem::conflict("classroom_exists", "Another classroom has this name.")),
    }
}
