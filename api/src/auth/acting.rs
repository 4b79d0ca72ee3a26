//! Who acts in a request, for the audit log.

use actix_web::{HttpMessage, HttpRequest};

use super::caller::{Caller, CallerKind};
use super::require::Require;
use super::scope::{Ingest, Scope};
use crate::forwarded::client_address;
use crate::request_id;
use crate::store::{Actor, ActorKind};

/// Who was found to be calling, kept with the request for those who see only its answer.
#[derive(Debug, Clone)]
struct Found {
    name: String,
    kind: ActorKind,
}

/// Keeps who is calling, whatever is answered. Nobody asks it of those who may send logs, of whom there are thousands a second.
pub(super) fn remember<S: Scope>(request: &HttpRequest, caller: &Caller, is_let_in: bool) {
    if S::NAME != Ingest::NAME || !is_let_in {
        remember_as(request, &caller.client, kind(caller));
    }
}

/// Keeps who a request says to be, before it is known whether it is so.
pub(super) fn remember_claim(request: &HttpRequest, name: &str) {
    remember_as(request, name, ActorKind::Claimed);
}

/// Keeps which user has signed in.
pub(super) fn remember_user(request: &HttpRequest, name: &str) {
    remember_as(request, name, ActorKind::User);
}

fn remember_as(request: &HttpRequest, name: &str, kind: ActorKind) {
    request.extensions_mut().insert(Found { name: name.to_owned(), kind });
}

fn kind(caller: &Caller) -> ActorKind {
    match caller.kind {
        CallerKind::Nobody => ActorKind::Anonymous,
        CallerKind::Client => ActorKind::Client,
        CallerKind::User => ActorKind::User,
    }
}

/// Who acts in this request, as far as it has come.
pub fn actor(request: &HttpRequest) -> Actor {
    let found = request.extensions().get::<Found>().cloned();
    let Found { name, kind } =
        found.unwrap_or_else(|| Found { name: super::ANONYMOUS.to_owned(), kind: ActorKind::Anonymous });
    actor_of(request, name, kind)
}

fn actor_of(request: &HttpRequest, name: String, kind: ActorKind) -> Actor {
    let request_id = Some(request_id::current()).filter(|id| !id.is_empty());
    Actor { name, kind, address: address(request), request_id }
}

impl<S> Require<S> {
    /// Who acts, for what is noted together with the act.
    pub fn actor(&self, request: &HttpRequest) -> Actor {
        actor_of(request, self.caller().client.clone(), kind(self.caller()))
    }
}

/// The network address that a request came from.
fn address(request: &HttpRequest) -> Option<String> {
    Some(client_address(request).to_string())
}
