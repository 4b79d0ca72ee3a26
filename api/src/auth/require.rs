//! Authority in a handler's signature: `_: Require<Ingest>` is all that it takes.

use std::future::{Ready, ready};
use std::marker::PhantomData;

use actix_web::dev::Payload;
use actix_web::http::Uri;
use actix_web::http::header::{self, HeaderMap, HeaderName};
use actix_web::{FromRequest, HttpRequest, web};

use super::scope::{Read, Scope, Scopes};
use super::tokens::{Caller, Tokens};
use crate::error::Problem;

/// The subprotocol by which a browser sends its token to a WebSocket, because it can set no header there: it offers
/// `Sec-WebSocket-Protocol: edtech.bearer, <token>`, and is answered with this name alone.
pub const BEARER_SUBPROTOCOL: &str = "edtech.bearer";

/// The client id of those who need no token.
pub const ANONYMOUS: &str = "anonymous";

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
    /// The caller's client id; [`ANONYMOUS`] where reading is open.
    pub fn client(&self) -> &str {
        &self.caller.client
    }
}

impl<S: Scope> FromRequest for Require<S> {
    type Error = Problem;
    type Future = Ready<Result<Self, Problem>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        let access = request.app_data::<web::Data<Access>>();
        let access = access.ok_or_else(|| Problem::internal("the app was built without its access rules"));
        let caller = access.and_then(|access| access.caller::<S>(request));
        ready(caller.map(|caller| Self { caller, scope: PhantomData }))
    }
}

impl Access {
    fn caller<S: Scope>(&self, request: &HttpRequest) -> Result<Caller, Problem> {
        let open = S::NAME == Read::NAME && self.open_reading && comes_from_this_machine(request);
        match bearer(request.headers()) {
            Some(token) => {
                let caller = self.tokens.read(token)?;
                if open || caller.scopes.contains::<S>() { Ok(caller) } else { Err(insufficient::<S>()) }
            }
            None if open => Ok(Caller { client: ANONYMOUS.to_owned(), scopes: Scopes::none() }),
            None => Err(Problem::unauthorized(
                "token_missing",
                "This needs a token: get one from POST /auth/token.",
            )),
        }
    }
}

fn insufficient<S: Scope>() -> Problem {
    let challenge = format!(r#"Bearer error="insufficient_scope", scope="{}""#, S::NAME);
    Problem::forbidden(format!("This needs a token with the scope `{}`.", S::NAME))
        .with_header(header::WWW_AUTHENTICATE, challenge)
}

fn bearer(headers: &HeaderMap) -> Option<&str> {
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
/// policy. Both show in what the browser sends along.
fn comes_from_this_machine(request: &HttpRequest) -> bool {
    let names_loopback = |name: HeaderName| {
        let value = request.headers().get(name)?.to_str().ok()?.parse::<Uri>().ok()?;
        Some(value.host().is_some_and(is_loopback))
    };
    names_loopback(header::HOST) == Some(true)
        && (!request.headers().contains_key(header::ORIGIN) || names_loopback(header::ORIGIN) == Some(true))
}

fn is_loopback(host: &str) -> bool {
    let address = host.trim_start_matches('[').trim_end_matches(']').parse::<std::net::IpAddr>();
    host.eq_ignore_ascii_case("localhost") || address.is_ok_and(|address| address.is_loopback())
}

#[cfg(test)]
mod tests;
