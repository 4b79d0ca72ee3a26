//! `GET /lessons/{lesson_id}`: one lesson.

use actix_web::get;
use actix_web::web::{Data, Json, Path};

use super::Lesson;
use crate::auth::{Read, Require};
use crate::error::Problem;
use crate::id::Id;
use crate::refusals::FindRefusals;
use crate::store::Store;

/// Get a lesson
#[utoipa::path(
    tag = "roster",
    params(("lesson_id" = i64, Path, description = "Our id of the lesson", example = 1)),
    responses((status = 200, description = "The lesson", body = Lesson), FindRefusals),
    security(("token" = ["read"]))
)]
#[get("/lessons/{lesson_id}")]
pub async fn get_lesson(
    _: Require<Read>,
    lesson_id: Path<Id>,
    store: Data<Store>,
) -> Result<Json<Lesson>, Problem> {
    let lesson = store.lesson(lesson_id.number()).await?;
    lesson.map(|row| Json(row.into())).ok_or_else(|| Problem::not_found("There is no lesson of this id."))
}
