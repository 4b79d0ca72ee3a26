//! `DELETE /users/{name}`: removes a user.

use actix_web::web::{Data, Path};
use actix_web::{HttpRequest, HttpResponse, delete};

use super::user::{no_user, oneself};
use crate::auth::{Admin, Require};
use crate::clock::Clock;
use crate::error::Problem;
use crate::name::Name;
use crate::refusals::DeleteRefusals;
use crate::store::Store;

/// Remove a user
///
/// Every session of the user ends at once, live sockets within a minute. Nobody removes oneself.
#[utoipa::path(
    tag = "people",
    params(("name" = String, Path, description = "The name to sign in with", example = "ada")),
    responses((status = 204, description = "The user is gone"), DeleteRefusals),
    security(("token" = ["admin"]))
)]
#[delete("/users/{name}")]
pub async fn delete_user(
    caller: Require<Admin>,
    request: HttpRequest,
    name: Path<Name>,
    store: Data<Store>,
    clock: Data<Clock>,
) -> Result<HttpResponse, Problem> {
    if caller.is_user(name.as_str()) {
        return Err(oneself("Nobody removes oneself: let another operator do it."));
    }
    match store.remove_user(name.as_str(), caller.actor(&request), clock.now()).await? {
        true => Ok(HttpResponse::NoContent().finish()),
        false => Err(no_user()),
    }
}
