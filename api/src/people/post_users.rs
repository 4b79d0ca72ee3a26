//! `POST /users`: makes a user.

use actix_web::http::header::{CACHE_CONTROL, LOCATION};
use actix_web::web::{Data, Payload};
use actix_web::{HttpRequest, HttpResponse, post};

use super::user::{BODY_LIMIT, answer};
use super::{PostedUser, UserWithPassword};
use crate::auth::{Admin, Require, Secrets};
use crate::body::read_json;
use crate::clock::Clock;
use crate::entropy;
use crate::error::Problem;
use crate::refusals::PostUserRefusals;
use crate::store::{NewUser, Store};

/// Make a user
///
/// An educator sees the learners of the classrooms named here and of no other, an analyst figures of all classrooms and no
/// learner, an operator runs the platform. The name is also none that a client has.
#[utoipa::path(
    tag = "people",
    request_body = PostedUser,
    responses(
        (status = 201, description = "The user, and the password where it was drawn", body = UserWithPassword,
            headers(("Location" = String, description = "Where the user can be read"))),
        PostUserRefusals
    ),
    security(("token" = ["admin"]))
)]
#[post("/users")]
pub async fn post_users(
    caller: Require<Admin>,
    request: HttpRequest,
    payload: Payload,
    store: Data<Store>,
    secrets: Data<Secrets>,
    clock: Data<Clock>,
) -> Result<HttpResponse, Problem> {
    let mut posted: PostedUser = read_json(&request, payload, BODY_LIMIT).await?;
    let (name, password) = posted.name_and_password(&mut entropy::rng())?;
    let (role, sent) = (posted.role.into(), posted.classrooms());
    let (classrooms, password_hash) = (sent.iter().cloned().collect(), password.hash(&secrets).await?);
    caller.still_holds(&store, clock.now()).await?;
    let new = NewUser { name, role, classrooms, password_hash };
    let outcome = store.create_user(new, caller.actor(&request), clock.now()).await?;
    let answer = answer(outcome, Some(password), &sent)?;
    let (location, uncached) = ((LOCATION, answer.location()), (CACHE_CONTROL, "no-store"));
    Ok(HttpResponse::Created().insert_header(location).insert_header(uncached).json(answer))
}
