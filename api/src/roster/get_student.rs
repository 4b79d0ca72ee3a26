//! `GET /students/{student_id}`: one learner.

use actix_web::get;
use actix_web::web::{Data, Json, Path};

use super::Student;
use crate::auth::{Learners, Require};
use crate::error::Problem;
use crate::id::Id;
use crate::refusals::FindRefusals;
use crate::store::Store;

/// Get a learner
#[utoipa::path(
    tag = "roster",
    params(("student_id" = i64, Path, description = "Our id of the learner", example = 1)),
    responses((status = 200, description = "The learner", body = Student), FindRefusals),
    security(("token" = ["learners"]))
)]
#[get("/students/{student_id}")]
pub async fn get_student(
    caller: Require<Learners>,
    student_id: Path<Id>,
    store: Data<Store>,
) -> Result<Json<Student>, Problem> {
    let student = store.student(caller.classes(), student_id.number()).await?;
    student
        .map(|learner| Json(learner.into()))
        .ok_or_else(|| Problem::not_found("There is no learner of this id."))
}
