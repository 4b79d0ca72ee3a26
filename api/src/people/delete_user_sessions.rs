//! `DELETE /users/{name}/sessions`: signs a user out everywhere.

use actix_web::web::{Data, Path};
use actix_web::{HttpRequest, HttpResponse, delete};

use super::user::no_user;
use crate::auth::{Admin, Require};
use crate::clock::Clock;
use crate::error::Problem;
use crate::name::Name;
use crate::refusals::FindRefusals;
use crate::store::Store;

/// Sign a user out everywhere
///
/// Every session ends at once, live sockets within a minute. The password stays.
#[utoipa::path(
    tag = "people",
    params(("name" = String, Path, description = "The name to sign in with", example = "ada")),
    responses((status = 204, description = "Nobody is signed in with this name any longer"), FindRefusals),
    security(("token" = ["admin"]))
)]
#[delete("/users/{name}/sessions")]
pub async fn delete_user_sessions(
    caller: Require<Admin>,
    request: HttpRequest,
    name: Path<Name>,
    store: Data<Store>,
    clock: Data<Clock>,
) -> Result<HttpResponse, Problem> {
    match store.end_sessions_of_user(name.as_str(), caller.actor(&request), clock.now()).await? {
        Some(_) => Ok(HttpResponse::NoContent().finish()),
        None => Err(no_user()),
    }
}
