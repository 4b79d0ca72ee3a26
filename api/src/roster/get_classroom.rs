//! `GET /classrooms/{classroom}`: one classroom.

use actix_web::get;
use actix_web::web::{Data, Json, Path};

use super::Classroom;
use crate::auth::{Read, Require};
use crate::error::Problem;
use crate::name::Name;
use crate::refusals::FindRefusals;
use crate::store::Store;

/// Get a classroom
#[utoipa::path(
    tag = "roster",
    params(("classroom" = String, Path, description = "Its name", example = "IA_2025")),
    responses((status = 200, description = "The classroom", body = Classroom), FindRefusals),
    security(("token" = ["read"]))
)]
#[get("/classrooms/{classroom}")]
pub async fn get_classroom(
    caller: Require<Read>,
    classroom: Path<Name>,
    store: Data<Store>,
) -> Result<Json<Classroom>, Problem> {
    let classroom = store.classroom(caller.classes(), classroom.as_str()).await?;
    classroom
        .map(|row| Json(row.into()))
        .ok_or_else(|| Problem::not_found("There is no classroom of this name."))
}
