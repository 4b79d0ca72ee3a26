//! Middleware: looks at each answer, and notes those that are worth an entry.

use actix_web::Error;
use actix_web::body::MessageBody;
use actix_web::dev::{ServiceRequest, ServiceResponse};
use actix_web::middleware::Next;
use actix_web::web::Data;

use super::journal::Journal;
use super::seen::Seen;
use crate::auth;
use crate::clock::Clock;
use crate::store::{ActorKind, AuditEntry, DONE};

/// Notes what was read, refused or signed in.
pub async fn follow(
    request: ServiceRequest,
    next: Next<impl MessageBody>,
) -> Result<ServiceResponse<impl MessageBody>, Error> {
    let answer = next.call(request).await?;
    if let Some(entry) = Seen::in_answer(&answer).and_then(|seen| entry(&answer, seen))
        && let Some(journal) = answer.request().app_data::<Data<Journal>>()
    {
        journal.note(entry);
    }
    Ok(answer)
}

fn entry<B>(answer: &ServiceResponse<B>, seen: Seen) -> Option<AuditEntry> {
    let Seen { action, target, outcome } = seen;
    let actor = auth::actor(answer.request());
    // Nobody was signed in who could have signed out.
    let is_nothing = action == "sign_out" && outcome == DONE && actor.kind == ActorKind::Anonymous;
    let entry = || AuditEntry { outcome, ..AuditEntry::done(Clock.now(), actor, action, target) };
    (!is_nothing).then(entry)
}
