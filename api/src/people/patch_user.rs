//! `PATCH /users/{name}`: changes a user.

use actix_web::http::header::CACHE_CONTROL;
use actix_web::web::{Data, Path, Payload};
use actix_web::{HttpRequest, HttpResponse, patch};

use super::user::{BODY_LIMIT, answer, oneself};
use super::{PatchedUser, UserWithPassword};
use crate::auth::{Admin, Require, Secrets, UserRole};
use crate::body::read_json;
use crate::clock::Clock;
use crate::entropy;
use crate::error::Problem;
use crate::name::Name;
use crate::refusals::PatchRefusals;
use crate::store::{Store, UserPatch};

/// Change a user
///
/// Another role and other classrooms hold at once, also for those who are signed in; their live sockets close within a
/// minute. Another password ends every session. Nobody takes the role of an operator from oneself, and one's own password
/// is changed by `POST /auth/password`.
#[utoipa::path(
    tag = "people",
    params(("name" = String, Path, description = "The name to sign in with", example = "ada")),
    request_body = PatchedUser,
    responses(
        (status = 200, description = "The user as it is now, and the password where it was drawn",
            body = UserWithPassword),
        PatchRefusals
    ),
    security(("token" = ["admin"]))
)]
#[patch("/users/{name}")]
pub async fn patch_user(
    caller: Require<Admin>,
    request: HttpRequest,
    payload: Payload,
    name: Path<Name>,
    store: Data<Store>,
    secrets: Data<Secrets>,
    clock: Data<Clock>,
) -> Result<HttpResponse, Problem> {
    let mut patched: PatchedUser = read_json(&request, payload, BODY_LIMIT).await?;
    if caller.is_user(name.as_str()) {
        refuse_of_oneself(&patched)?;
    }
    let password = patched.new_password(name.as_str(), &mut entropy::rng())?;
    let password_hash = match &password {
        Some(password) => Some(password.hash(&secrets).await?),
        None => None,
    };
    caller.still_holds(&store, clock.now()).await?;
    let (role, sent) = (patched.role.map(Into::into), patched.classrooms());
    let classrooms = sent.as_ref().map(|names| names.iter().cloned().collect());
    let patch = UserPatch { role, classrooms, password_hash };
    let outcome = store.patch_user(name.as_str(), patch, caller.actor(&request), clock.now()).await?;
    let answer = answer(outcome, password, &sent.unwrap_or_default())?;
    Ok(HttpResponse::Ok().insert_header((CACHE_CONTROL, "no-store")).json(answer))
}

/// A session alone, perhaps of somebody who found it open, makes no account its own.
fn refuse_of_oneself(patched: &PatchedUser) -> Result<(), Problem> {
    if patched.role.is_some_and(|role| role != UserRole::Operator) {
        return Err(oneself("Nobody takes the role of an operator from oneself: let another one do it."));
    }
    match patched.password {
        Some(_) => Err(oneself("Your own password is changed by POST /auth/password.")),
        None => Ok(()),
    }
}
