//! `GET /users/{name}`: one user.

use actix_web::get;
use actix_web::web::{Data, Json, Path};

use super::User;
use super::user::no_user;
use crate::auth::{Admin, Require};
use crate::error::Problem;
use crate::name::Name;
use crate::refusals::FindRefusals;
use crate::store::Store;

/// Get a user
#[utoipa::path(
    tag = "people",
    params(("name" = String, Path, description = "The name to sign in with", example = "ada")),
    responses((status = 200, description = "The user", body = User), FindRefusals),
    security(("token" = ["admin"]))
)]
#[get("/users/{name}")]
pub async fn get_user(
    _: Require<Admin>,
    name: Path<Name>,
    store: Data<Store>,
) -> Result<Json<User>, Problem> {
    let user = store.user(name.as_str()).await?;
    user.map(|user| Json(user.into())).ok_or_else(no_user)
}
