//! What a client is told of its logs.

use actix_web::http::StatusCode;
use serde::Serialize;
use utoipa::ToSchema;
use uuid::Uuid;

use crate::error::{Fault, Problem};
use crate::rejected_item::RejectedItem;
use crate::store::{Rejection, Verdict};

/// The answer to a single log.
#[derive(Debug, Serialize, ToSchema)]
pub struct StoredLog {
    /// Its id: the client's own, or the one that was derived for it.
    pub(super) log_id: Uuid,
    /// Whether it is new.
    pub(super) status: StoredStatus,
}

/// Whether a stored log is new.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum StoredStatus {
    /// Stored and counted by this request.
    Stored,
    /// Stored and counted before; this request changed nothing.
    Duplicate,
}

/// The answer to an array or to lines: a verdict for each item.
#[derive(Debug, Default, Serialize, ToSchema)]
pub struct Verdicts {
    /// Logs that are new: stored and counted.
    pub(super) accepted: u64,
    /// Logs that were stored before.
    pub(super) duplicates: u64,
    /// Logs that were refused, in the order in which they were sent; each is kept as a rejected log.
    pub(super) rejected: Vec<RejectedItem>,
}

/// The answer with status 200.
#[derive(Debug, Serialize, ToSchema)]
#[serde(untagged)]
pub enum IngestAnswer {
    /// To a single log that was stored before.
    One(StoredLog),
    /// To an array or to lines.
    Many(Verdicts),
}

impl Verdicts {
    pub(super) fn of(verdicts: Vec<Verdict>) -> Self {
        let mut answer = Self::default();
        for (index, verdict) in verdicts.into_iter().enumerate() {
            match verdict {
                Verdict::Stored(_) => answer.accepted += 1,
                Verdict::Duplicate(_) => answer.duplicates += 1,
                Verdict::Rejected(Rejection { code, reason, pointer }) => {
                    answer.rejected.push(RejectedItem { index, code, reason, pointer });
                }
                Verdict::Gone => {}
            }
        }
        answer
    }
}

/// A refused single log as a problem: 409 where it clashes with a stored one, else 422.
pub(super) fn problem(rejection: Rejection) -> Problem {
    let Rejection { code, reason, pointer } = rejection;
    let status = match code {
        "log_id_conflict" => StatusCode::CONFLICT,
        _ => StatusCode::UNPROCESSABLE_ENTITY,
    };
    let fault = Fault { pointer: pointer.unwrap_or_default(), code, detail: reason.clone() };
    Problem::new(status, code, reason).with_errors(vec![fault])
}
