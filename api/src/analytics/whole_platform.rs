//! What is told of the platform as a whole, and of no classroom by itself.

use actix_web::http::StatusCode;

use crate::auth::Require;
use crate::error::Problem;
use crate::store::Classes;

/// Refuses whoever is bound to classrooms.
pub(super) fn whole_platform<S>(caller: &Require<S>) -> Result<(), Problem> {
    match caller.classes() {
        Classes::All => Ok(()),
        Classes::Only(_) => {
            let detail = "This is told of the platform as a whole, and you see some of its classrooms. \
                          `/analytics/daily` tells the same of these.";
            Err(Problem::new(StatusCode::FORBIDDEN, "whole_platform_only", detail))
        }
    }
}
