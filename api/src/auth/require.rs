//! Authority in a handler's signature: `_: Require<Ingest>` is all that it takes.

use std::future::{Ready, ready};
use std::marker::PhantomData;

use actix_web::dev::Payload;
use actix_web::http::Uri;
use actix_web::http::header::{self, HeaderMap, HeaderName};
use actix_web::{FromRequest, HttpRequest, web};
use chrono::{DateTime, Utc};
use futures_util::future::{Either, LocalBoxFuture};

use super::acting;
use super::caller::{Caller, CallerKind, Standing};
use super::cookie::SessionCookie;
use super::origin::vouch_for_cookie;
use super::scope::{Read, Scope, Scopes};
use super::sessions;
use super::tokens::Tokens;
use crate::clock::Clock;
use crate::error::Problem;
use crate::forwarded::is_forwarded;
use crate::store::{Classes, OpenSession, SessionKey, Store};

/// The subprotocol by which a browser sends its token to a WebSocket, because it can set no header there: it offers
/// `Sec-WebSocket-Protocol: edtech.bearer, <token>`, and is answered with this name alone.
pub const BEARER_SUBPROTOCOL: &str = "edtech.bearer";

/// Who may come in: the keys, and whether reading is open.
pub struct Access {
    /// Signs and reads tokens.
    pub tokens: Tokens,
    /// Whether the scope `read` needs no token: on the loopback demo alone.
    pub open_reading: bool,
}

/// The proof that the caller holds a scope. A handler that takes it is never run for anybody else.
#[derive(Debug)]
pub struct Require<S> {
    caller: Caller,
    scope: PhantomData<S>,
}

impl<S> Require<S> {
    /// Who calls.
    pub fn caller(&self) -> &Caller {
        &self.caller
    }

    /// The caller's name; [`ANONYMOUS`](super::ANONYMOUS) where reading is open.
    pub fn client(&self) -> &str {
        &self.caller.client
    }

    /// Whether the caller is the user of this name; a token may say any name, and is nobody's account.
    pub fn is_user(&self, name: &str) -> bool {
        self.caller.kind == CallerKind::User && self.caller.client == name
    }

    /// Whose learners the caller may see.
    pub fn classes(&self) -> &Classes {
        &self.caller.classes
    }

    /// What lets the caller in, for as long as it does.
    pub fn standing(&self) -> &Standing {
        &self.caller.standing
    }
}

impl<S: Scope> Require<S> {
    /// Asks once more, where rights are given: a body may have been long on its way, and the caller has lost them meanwhile.
    pub async fn still_holds(&self, store: &Store, now: DateTime<Utc>) -> Result<(), Problem> {
        let holds = self.standing().still_lets::<S>(store, now).await?;
        if holds { Ok(()) } else { Err(session_ended()) }
    }
}

impl<S: Scope> FromRequest for Require<S> {
    type Error = Problem;
    type Future = Either<Ready<Result<Self, Problem>>, LocalBoxFuture<'static, Result<Self, Problem>>>;

    /// A token answers for itself, at once; a session is looked up.
    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        let proof = |caller| Self { caller, scope: PhantomData };
        match claim::<S>(request) {
            Ok(Claim::Granted(caller)) => Either::Left(ready(Ok(proof(caller)))),
            Ok(Claim::Session(session)) => {
                Either::Right(Box::pin(async move { session.caller::<S>().await.map(proof) }))
            }
            Err(problem) => Either::Left(ready(Err(problem))),
        }
    }
}

/// What a request says of its caller.
enum Claim {
    /// All that there is to know.
    Granted(Caller),
    /// That it belongs to a session.
    Session(ClaimedSession),
}

/// A session that may have ended.
struct ClaimedSession {
    key: SessionKey,
    /// Whether the caller needs no session for this.
    open: bool,
    request: HttpRequest,
    store: web::Data<Store>,
    clock: web::Data<Clock>,
}

fn claim<S: Scope>(request: &HttpRequest) -> Result<Claim, Problem> {
    let access = shared::<Access>(request)?;
    let open = S::NAME == Read::NAME && access.opens_reading_to(request);
    if let Some(token) = bearer(request.headers()) {
        let caller = access.tokens.read(token)?;
        let is_let_in = open || caller.scopes.contains::<S>();
        acting::remember::<S>(request, &caller, is_let_in);
        return if is_let_in { Ok(Claim::Granted(caller)) } else { Err(insufficient::<S>()) };
    }
    let cookie = SessionCookie::of(request.headers());
    match cookie.map(|cookie| vouch_for_cookie(request).map(|()| cookie.key())) {
        Some(Ok(key)) => {
            let (store, clock) = (shared::<Store>(request)?.clone(), shared::<Clock>(request)?.clone());
            let request = request.clone();
            Ok(Claim::Session(ClaimedSession { key, open, request, store, clock }))
        }
        _ if open => Ok(Claim::Granted(Caller::anonymous())),
        Some(Err(problem)) => Err(problem),
        None => Err(nobody()),
    }
}

impl ClaimedSession {
    /// Who is signed in. What a browser still shows of a session that has ended takes nothing away from its caller.
    async fn caller<S: Scope>(self) -> Result<Caller, Problem> {
        let Self { key, open, request, store, clock } = self;
        let Some(OpenSession { account, .. }) = sessions::go_on(&store, &key, clock.now()).await? else {
            return if open { Ok(Caller::anonymous()) } else { Err(session_ended()) };
        };
        let (scopes, classes) = (Scopes::of_account(&account), account.classes());
        let may = scopes.contains::<S>();
        let standing = if may || !open { Standing::of_session(key, &classes) } else { Standing::Open };
        let (client, kind) = (account.name().to_owned(), CallerKind::of(&account));
        let caller = Caller { client, kind, scopes, classes, standing };
        acting::remember::<S>(&request, &caller, may || open);
        if may || open { Ok(caller) } else { Err(insufficient::<S>()) }
    }
}

impl Access {
    /// Whether this caller reads without a token.
    pub(super) fn opens_reading_to(&self, request: &HttpRequest) -> bool {
        self.open_reading && comes_from_this_machine(request)
    }
}

/// What the app was built with.
pub(super) fn shared<T: 'static>(request: &HttpRequest) -> Result<&web::Data<T>, Problem> {
    request.app_data::<web::Data<T>>().ok_or_else(|| Problem::internal("the app was built without its state"))
}

fn insufficient<S: Scope>() -> Problem {
    let challenge = format!(r#"Bearer error="insufficient_scope", scope="{}""#, S::NAME);
    Problem::forbidden(format!("This needs the scope `{}`, which this caller does not have.", S::NAME))
        .with_header(header::WWW_AUTHENTICATE, challenge)
}

/// 401: nothing was shown.
pub(super) fn nobody() -> Problem {
    let detail = "This needs a token from POST /auth/token, or a session: sign in to the dashboard.";
    Problem::unauthorized("token_missing", detail)
}

/// 401: what was shown is no session any longer.
pub(super) fn session_ended() -> Problem {
    Problem::unauthorized("session_ended", "This session has ended: sign in again.")
}

/// The token that a request shows.
pub(super) fn bearer(headers: &HeaderMap) -> Option<&str> {
    by_authorization(headers).or_else(|| by_subprotocol(headers))
}

fn by_authorization(headers: &HeaderMap) -> Option<&str> {
    let (scheme, token) = headers.get(header::AUTHORIZATION)?.to_str().ok()?.split_once(' ')?;
    scheme.eq_ignore_ascii_case("bearer").then(|| token.trim())
}

fn by_subprotocol(headers: &HeaderMap) -> Option<&str> {
    let offered = headers.get_all(header::SEC_WEBSOCKET_PROTOCOL).filter_map(|value| value.to_str().ok());
    let mut offered = offered.flat_map(|names| names.split(',')).map(str::trim);
    offered.find(|name| *name == BEARER_SUBPROTOCOL)?;
    offered.next()
}

/// Open reading is for programs and pages of this machine. A page from elsewhere, open in a browser here, could reach
/// the loopback address too: by a name of its own that resolves to it, or by a WebSocket, which knows no same-origin
/// policy. Both show in what the browser sends along. Nor is it for whoever a proxy on this machine lets through.
fn comes_from_this_machine(request: &HttpRequest) -> bool {
    let names_loopback = |name: HeaderName| {
        let value = request.headers().get(name)?.to_str().ok()?.parse::<Uri>().ok()?;
        Some(value.host().is_some_and(is_loopback))
    };
    !is_forwarded(request)
        && names_loopback(header::HOST) == Some(true)
        && (!request.headers().contains_key(header::ORIGIN) || names_loopback(header::ORIGIN) == Some(true))
}

fn is_loopback(host: &str) -> bool {
    let address = host.trim_start_matches('[').trim_end_matches(']').parse::<std::net::IpAddr>();
    host.eq_ignore_ascii_case("localhost") || address.is_ok_and(|address| address.is_loopback())
}

#[cfg(test)]
mod tests;
