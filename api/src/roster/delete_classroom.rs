//! `DELETE /classrooms/{classroom}`: removes a classroom that nobody is in and no figure needs.

use actix_web::web::{Data, Path};
use actix_web::{HttpResponse, delete};

use crate::auth::{Require, Roster};
use crate::error::Problem;
use crate::name::Name;
use crate::refusals::DeleteRefusals;
use crate::store::{Deleted, Store};

/// Delete a classroom
///
/// A classroom with learners stays: move them first. One that closed days have counted stays as well.
#[utoipa::path(
    tag = "roster",
    params(("classroom" = String, Path, description = "Its name", example = "IA_2025")),
    responses((status = 204, description = "It is gone"), DeleteRefusals),
    security(("token" = ["roster"]))
)]
#[delete("/classrooms/{classroom}")]
pub async fn delete_classroom(
    _: Require<Roster>,
    classroom: Path<Name>,
    store: Data<Store>,
) -> Result<HttpResponse, Problem> {
    match store.delete_classroom(classroom.into_inner().into()).await? {
        Deleted::Done => Ok(HttpResponse::NoContent().finish()),
        Deleted::Absent => Err(Problem::not_found("There is no classroom of this name.")),
        Deleted::InUse => Err(Problem::conflict(
            "classroom_in_use",
            "Learners are in this classroom, or days that are closed have counted what was streamed in it. Move its learners \
             to another one first; what was counted stays under its name.",
        )),
    }
}
