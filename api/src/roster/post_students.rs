//! `POST /students`: makes and changes learners, by the ids of the LMS.

use actix_web::web::{Data, Payload};
use actix_web::{HttpRequest, HttpResponse, post};

use super::batch::Batch;
use super::roster_body::read_roster;
use super::student::{STUDENT_COLUMNS, student_change};
use super::{PostedStudent, RosterAnswer, Student};
use crate::auth::{Require, Roster};
use crate::clock::Clock;
use crate::error::Problem;
use crate::one_or_many::OneOrMany;
use crate::refusals::UpsertRefusals;
use crate::store::Store;

/// Make or change learners
///
/// One object, an array, or a CSV whose header row names its columns. An `external_id` that is known is changed: what
/// is left out stays as it is, what is empty is cleared. In a list a bad row is answered with its index and never blocks
/// its neighbours; rows of the same `external_id` apply in their order.
///
/// A classroom that does not exist yet is made. A learner who changes classroom takes the history along.
#[utoipa::path(
    tag = "roster",
    request_body(content(
        (OneOrMany<PostedStudent> = "application/json"),
        (String = "text/csv", example = "external_id,name,classroom\nlms-1017,Ada Lovelace,IA_2025\n")
    )),
    responses(
        (status = 200, description = "A list was judged, or the one learner was known", body = RosterAnswer<Student>),
        (status = 201, description = "The one learner is new", body = Student,
            headers(("Location" = String, description = "Where it can be read"))),
        UpsertRefusals
    ),
    security(("token" = ["roster"]))
)]
#[post("/students")]
pub async fn post_students(
    _: Require<Roster>,
    request: HttpRequest,
    payload: Payload,
    store: Data<Store>,
    clock: Data<Clock>,
) -> Result<HttpResponse, Problem> {
    let (roster, _room) = read_roster(&request, payload, &STUDENT_COLUMNS).await?;
    let mut batch = Batch::parse(roster, student_change)?;
    let outcomes = store.upsert_students(batch.take_changes(), clock.now()).await?;
    batch.answer(outcomes, async |row| Ok(Student::from(store.learner(row).await?))).await
}
