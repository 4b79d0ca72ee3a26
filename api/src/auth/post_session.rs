//! `POST /auth/session`: sign in.

use actix_web::http::header::CACHE_CONTROL;
use actix_web::web::{Data, Payload};
use actix_web::{HttpRequest, HttpResponse, post};
use serde::Deserialize;
use utoipa::ToSchema;

use super::acting::remember_claim;
use super::cookie::SessionCookie;
use super::credentials::{account_of, invalid_credentials};
use super::get_session::Session;
use super::origin::{AskedBy, cross_origin};
use super::{Access, Secrets, Throttle, sessions};
use crate::body::read_json;
use crate::clock::Clock;
use crate::entropy;
use crate::error::{Problem, ProblemBody};
use crate::store::Store;

/// The largest body, in bytes: a name and a secret or two.
pub(super) const BODY_LIMIT: usize = 16 * 1024;

/// What somebody shows to sign in.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"name": "ada", "password": "…"}))]
pub struct SessionRequest {
    /// The name of a user, or of a client.
    name: String,
    /// The user's password, or the client's secret.
    password: String,
}

/// Sign in
///
/// For people, in a browser; programs get a token. A client signs in as well: so the first user can be made. The session is a
/// cookie that no script can read, is as good as a token with all that its user or client may do, and ends twelve hours after
/// its last use, or once somebody signs in over it. What changes something, and the live socket, it lets pages of this server alone do.
#[utoipa::path(
    tag = "access",
    request_body = SessionRequest,
    responses(
        (status = 200, description = "Signed in; the cookie comes along", body = Session,
            headers(("Set-Cookie" = String, description = "`edtech_session`"))),
        (status = 400, description = "The body is no JSON", body = ProblemBody,
            content_type = "application/problem+json"),
        (status = 401, description = "`invalid_credentials`: no such name, or another password", body = ProblemBody,
            content_type = "application/problem+json"),
        (status = 403, description = "`cross_origin`: a page of somebody else asks", body = ProblemBody,
            content_type = "application/problem+json"),
        (status = 408, description = "The body came too slowly", body = ProblemBody,
            content_type = "application/problem+json"),
        (status = 413, description = "The body is too large", body = ProblemBody,
            content_type = "application/problem+json"),
        (status = 415, description = "The body is of another type than JSON", body = ProblemBody,
            content_type = "application/problem+json"),
        (status = 422, description = "The body is another JSON than this", body = ProblemBody,
            content_type = "application/problem+json"),
        (status = 429, description = "`too_many_attempts`: too many wrong secrets from here", body = ProblemBody,
            content_type = "application/problem+json",
            headers(("Retry-After" = u32, description = "Seconds to wait"))),
        (status = 503, description = "Too many ask at once, or the database is away", body = ProblemBody,
            content_type = "application/problem+json"),
    ),
)]
#[post("/auth/session")]
pub async fn post_session(
    request: HttpRequest,
    payload: Payload,
    store: Data<Store>,
    access: Data<Access>,
    secrets: Data<Secrets>,
    throttle: Data<Throttle>,
    clock: Data<Clock>,
) -> Result<HttpResponse, Problem> {
    // There is no cookie yet to be vouched for, but nobody shall be signed in as somebody else without knowing.
    if AskedBy::of(&request) == AskedBy::Another {
        return Err(cross_origin());
    }
    let SessionRequest { name, password } = read_json(&request, payload, BODY_LIMIT).await?;
    remember_claim(&request, &name);
    let account = throttle.watch(&request, &name, account_of(&name, password, &store, &secrets)).await?;
    let cookie = SessionCookie::random(&mut entropy::rng());
    let session = sessions::begin(&store, &cookie, account, clock.now()).await?;
    let session = session.ok_or_else(invalid_credentials)?;
    // Its browser forgets it now: nobody else shall have it either.
    if let Some(before) = SessionCookie::of(request.headers()) {
        store.end_session(&before.key()).await?;
    }
    Ok(HttpResponse::Ok()
        .insert_header((CACHE_CONTROL, "no-store"))
        .insert_header(cookie.given(&request))
        .json(Session::of(Some(session), access.opens_reading_to(&request))))
}
