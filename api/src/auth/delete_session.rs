//! `DELETE /auth/session`: sign out.

use actix_web::web::Data;
use actix_web::{HttpRequest, HttpResponse, delete};

use super::acting::remember_claim;
use super::cookie::SessionCookie;
use super::origin::vouch_for_cookie;
use crate::clock::Clock;
use crate::error::{Problem, ProblemBody};
use crate::store::Store;

/// Sign out
///
/// Ends the session, everywhere and at once; its live sockets close within a minute. Without a session there is nothing to
/// do, which is as well.
#[utoipa::path(
    tag = "access",
    responses(
        (status = 204, description = "Nobody is signed in any longer"),
        (status = 403, description = "`cross_origin`: a page of somebody else asks", body = ProblemBody,
            content_type = "application/problem+json"),
        (status = 503, description = "The database is away", body = ProblemBody,
            content_type = "application/problem+json"),
    ),
)]
#[delete("/auth/session")]
pub async fn delete_session(
    request: HttpRequest,
    store: Data<Store>,
    clock: Data<Clock>,
) -> Result<HttpResponse, Problem> {
    let mut answer = HttpResponse::NoContent();
    if let Some(cookie) = SessionCookie::of(request.headers()) {
        vouch_for_cookie(&request)?;
        if let Some(session) = store.session(&cookie.key(), clock.now()).await? {
            remember_claim(&request, session.account.name());
        }
        store.end_session(&cookie.key()).await?;
        answer.insert_header(SessionCookie::taken(&request));
    }
    Ok(answer.finish())
}
