//! `POST /lessons`: makes and changes lessons, by the ids of the LMS.

use actix_web::web::{Data, Payload};
use actix_web::{HttpRequest, HttpResponse, post};

use super::batch::Batch;
use super::lesson::{LESSON_COLUMNS, lesson_change};
use super::roster_body::read_roster;
use super::{Lesson, PostedLesson, RosterAnswer};
use crate::auth::{Require, Roster};
use crate::clock::Clock;
use crate::error::Problem;
use crate::one_or_many::OneOrMany;
use crate::refusals::UpsertRefusals;
use crate::store::Store;

/// Make or change lessons
///
/// One object, an array, or a CSV whose header row names its columns. An `external_id` that is known is changed: what
/// is left out stays as it is, what is empty is cleared. In a list a bad row is answered with its index and never blocks
/// its neighbours; rows of the same `external_id` apply in their order.
#[utoipa::path(
    tag = "roster",
    request_body(content(
        (OneOrMany<PostedLesson> = "application/json"),
        (String = "text/csv", example = "external_id,title,subject,duration_seconds\nintroduction-a-docker,Introduction à Docker,DevOps,1800\n")
    )),
    responses(
        (status = 200, description = "A list was judged, or the one lesson was known", body = RosterAnswer<Lesson>),
        (status = 201, description = "The one lesson is new", body = Lesson,
            headers(("Location" = String, description = "Where it can be read"))),
        UpsertRefusals
    ),
    security(("token" = ["roster"]))
)]
#[post("/lessons")]
pub async fn post_lessons(
    _: Require<Roster>,
    request: HttpRequest,
    payload: Payload,
    store: Data<Store>,
    clock: Data<Clock>,
) -> Result<HttpResponse, Problem> {
    let (roster, _room) = read_roster(&request, payload, &LESSON_COLUMNS).await?;
    let mut batch = Batch::parse(roster, lesson_change)?;
    let outcomes = store.upsert_lessons(batch.take_changes(), clock.now()).await?;
    batch.answer(outcomes, async |row| Ok(Lesson::from(row))).await
}
