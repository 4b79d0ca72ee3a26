//! A person who has signed in, whatever the role: for what people do with their own account.

use actix_web::dev::Payload;
use actix_web::http::StatusCode;
use actix_web::{FromRequest, HttpRequest};
use futures_util::future::LocalBoxFuture;

use super::acting::remember_user;
use super::cookie::SessionCookie;
use super::origin::vouch_for_cookie;
use super::require::{bearer, nobody, session_ended, shared};
use super::{Access, sessions};
use crate::clock::Clock;
use crate::error::Problem;
use crate::store::{Account, SessionKey, Store, User};

/// The proof that a user has signed in, and with which session.
pub(super) struct SignedIn {
    pub(super) user: User,
    pub(super) session: SessionKey,
}

impl FromRequest for SignedIn {
    type Error = Problem;
    type Future = LocalBoxFuture<'static, Result<Self, Problem>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        let request = request.clone();
        Box::pin(async move { Self::of(&request).await })
    }
}

impl SignedIn {
    /// As everywhere a token counts where both come: here for nothing.
    async fn of(request: &HttpRequest) -> Result<Self, Problem> {
        if let Some(token) = bearer(request.headers()) {
            shared::<Access>(request)?.tokens.read(token)?;
            return Err(no_user());
        }
        let cookie = SessionCookie::of(request.headers()).ok_or_else(nobody)?;
        vouch_for_cookie(request)?;
        let (store, session) = (shared::<Store>(request)?, cookie.key());
        let now = shared::<Clock>(request)?.now();
        let open = sessions::go_on(store, &session, now).await?.ok_or_else(session_ended)?;
        match open.account {
            Account::User(user) => {
                remember_user(request, &user.name);
                Ok(Self { user, session })
            }
            Account::Client(_) => Err(no_user()),
        }
    }
}

/// 403: a client has no password of its own to keep.
fn no_user() -> Problem {
    let detail =
        "This is for users who have signed in. The secret of a client is kept by `edtech-api client`.";
    Problem::new(StatusCode::FORBIDDEN, "users_only", detail)
}
