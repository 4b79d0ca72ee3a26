//! `POST /classrooms`: makes classrooms.

use actix_web::web::{Data, Payload};
use actix_web::{HttpRequest, HttpResponse, post};

use super::batch::Batch;
use super::classroom::{CLASSROOM_COLUMNS, classroom_change};
use super::roster_body::read_roster;
use super::{Classroom, NamedClassroom, RosterAnswer};
use crate::auth::{Require, Roster};
use crate::clock::Clock;
use crate::error::Problem;
use crate::one_or_many::OneOrMany;
use crate::refusals::UpsertRefusals;
use crate::store::Store;

/// Make classrooms
///
/// One object, an array, or a CSV whose header row names its column. A classroom that is there stays as it is. In a list
/// a bad row is answered with its index and never blocks its neighbours.
#[utoipa::path(
    tag = "roster",
    request_body(content(
        (OneOrMany<NamedClassroom> = "application/json"),
        (String = "text/csv", example = "classroom\nIA_2025\nWeb_2025\n")
    )),
    responses(
        (status = 200, description = "A list was judged, or the one classroom was known", body = RosterAnswer<Classroom>),
        (status = 201, description = "The one classroom is new", body = Classroom,
            headers(("Location" = String, description = "Where it can be read"))),
        UpsertRefusals
    ),
    security(("token" = ["roster"]))
)]
#[post("/classrooms")]
pub async fn post_classrooms(
    _: Require<Roster>,
    request: HttpRequest,
    payload: Payload,
    store: Data<Store>,
    clock: Data<Clock>,
) -> Result<HttpResponse, Problem> {
    let (roster, _room) = read_roster(&request, payload, &CLASSROOM_COLUMNS).await?;
    let mut batch = Batch::parse(roster, classroom_change)?;
    let outcomes = store.upsert_classrooms(batch.take_changes(), clock.now()).await?;
    batch.answer(outcomes, async |row| Ok(Classroom::from(row))).await
}
