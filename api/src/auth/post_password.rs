//! `POST /auth/password`: another password of one's own.

use actix_web::web::{Data, Payload};
use actix_web::{HttpRequest, HttpResponse, post};
use serde::Deserialize;
use utoipa::ToSchema;

use super::acting::actor;
use super::credentials::invalid_credentials;
use super::post_session::BODY_LIMIT;
use super::require::session_ended;
use super::signed_in::SignedIn;
use super::{Password, Secrets, Throttle};
use crate::body::read_json;
use crate::clock::Clock;
use crate::error::{Problem, ProblemBody};
use crate::store::{Store, User};

/// The password so far, and the one to come.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"password": "…", "new_password": "…"}))]
pub struct PasswordRequest {
    /// The password so far.
    password: String,
    /// The password from now on: at least 12 characters, at most 1024 bytes, and not the name.
    #[schema(min_length = 12, max_length = 1024)]
    new_password: String,
}

/// Change one's own password
///
/// For a user who has signed in, whatever the role. Every other session of this user ends; this one goes on.
#[utoipa::path(
    tag = "access",
    request_body = PasswordRequest,
    responses(
        (status = 204, description = "From now on it is the new password"),
        (status = 400, description = "The body is no JSON", body = ProblemBody,
            content_type = "application/problem+json"),
        (status = 401, description = "`invalid_credentials`: the password so far is another one. `token_missing`, \
            `session_ended`: nobody has signed in, or no longer", body = ProblemBody,
            content_type = "application/problem+json"),
        (status = 403, description = "`users_only`: a client asks. `cross_origin`: a page of somebody else asks", body = ProblemBody,
            content_type = "application/problem+json"),
        (status = 408, description = "The body came too slowly", body = ProblemBody,
            content_type = "application/problem+json"),
        (status = 413, description = "The body is too large", body = ProblemBody,
            content_type = "application/problem+json"),
        (status = 415, description = "The body is of another type than JSON", body = ProblemBody,
            content_type = "application/problem+json"),
        (status = 422, description = "`invalid_password`: the new password cannot be one", body = ProblemBody,
            content_type = "application/problem+json"),
        (status = 429, description = "`too_many_attempts`: too many wrong secrets from here", body = ProblemBody,
            content_type = "application/problem+json",
            headers(("Retry-After" = u32, description = "Seconds to wait"))),
        (status = 503, description = "Too many ask at once, or the database is away", body = ProblemBody,
            content_type = "application/problem+json"),
    ),
    security(("session" = []))
)]
#[post("/auth/password")]
pub async fn post_password(
    caller: SignedIn,
    request: HttpRequest,
    payload: Payload,
    store: Data<Store>,
    secrets: Data<Secrets>,
    throttle: Data<Throttle>,
    clock: Data<Clock>,
) -> Result<HttpResponse, Problem> {
    let SignedIn { user, session } = caller;
    let PasswordRequest { password, new_password } = read_json(&request, payload, BODY_LIMIT).await?;
    let new_password = Password::chosen(new_password, &user.name)
        .map_err(|fault| Problem::unprocessable("invalid_password", fault, "/new_password"))?;
    throttle.watch(&request, &user.name, vouch_for_user(&user, password, &secrets)).await?;
    let new_hash = secrets.hash(new_password.expose().to_owned()).await?;
    // Whoever changed it meanwhile has ended this session by that.
    let by = actor(&request);
    match store.change_own_password(&user, &new_hash, &session, by, clock.now()).await? {
        true => Ok(HttpResponse::NoContent().finish()),
        false => Err(session_ended()),
    }
}

/// A session alone, perhaps one that was left open, makes no account somebody else's: the password so far does.
async fn vouch_for_user(user: &User, password: String, secrets: &Secrets) -> Result<(), Problem> {
    match secrets.verify(password, Some(&user.password_hash)).await? {
        true => Ok(()),
        false => Err(invalid_credentials()),
    }
}
