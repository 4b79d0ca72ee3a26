//! `DELETE /students/{student_id}`: erases a learner.

use actix_web::web::{Data, Json, Path};
use actix_web::{HttpRequest, delete};
use chrono::{DateTime, Utc};
use rand::RngExt;
use serde::Serialize;
use utoipa::ToSchema;
use uuid::Uuid;

use crate::auth::{Require, Roster};
use crate::clock::Clock;
use crate::entropy;
use crate::error::Problem;
use crate::id::Id;
use crate::refusals::FindRefusals;
use crate::store::{Calendar, Erased, Erasure, Receipt, Store};

/// What is handed out for an erasure. Keep it: by its id the erasure can be confirmed, and lifted.
#[derive(Debug, PartialEq, Eq, Serialize, ToSchema)]
#[schema(example = json!({
    "receipt_id": "6f0f5c1e-3a55-4f7c-9d57-2f4c1b0aed7e", "erased_at": "2026-01-31T09:30:00.000000Z", "student_id": 42,
    "erased": {"streaming_logs": 812, "viewing_days": 40, "completions": 7, "rejected_logs": 1}
}))]
pub struct ErasureReceipt {
    /// What the erasure is called.
    receipt_id: Uuid,
    /// When it was done.
    erased_at: DateTime<Utc>,
    /// Our id of whoever was erased.
    student_id: i64,
    /// How much went with the learner.
    erased: ErasedRows,
}

/// How much went with a learner.
#[derive(Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct ErasedRows {
    /// Logs.
    streaming_logs: u64,
    /// Days on which a lesson was viewed, by lesson.
    viewing_days: u64,
    /// Completed lessons.
    completions: u64,
    /// Refused logs that named the learner.
    rejected_logs: u64,
}

impl From<Receipt> for ErasureReceipt {
    fn from(receipt: Receipt) -> Self {
        let Receipt { receipt_id, erased_at, student_id, erased } = receipt;
        let Erased { streaming_logs, viewing_days, completions, rejected_logs } = erased;
        let erased = ErasedRows { streaming_logs, viewing_days, completions, rejected_logs };
        Self { receipt_id, erased_at, student_id, erased }
    }
}

/// Erase a learner
///
/// With the learner go the logs, every count that they made, the completions and the rejected logs that name the
/// learner. It cannot be undone. Days that are closed keep counts that name nobody.
///
/// A tombstone stays: logs and roster rows that name the learner are refused as `erased` from now on, also once a backup of
/// before has been restored. It is a hash that tells nobody who it was.
#[utoipa::path(
    tag = "roster",
    params(("student_id" = i64, Path, description = "Our id of the learner", example = 1)),
    responses(
        (status = 200, description = "The learner is gone from every table and every figure", body = ErasureReceipt),
        FindRefusals
    ),
    security(("token" = ["roster"]))
)]
#[delete("/students/{student_id}")]
pub async fn delete_student(
    caller: Require<Roster>,
    request: HttpRequest,
    student_id: Path<Id>,
    store: Data<Store>,
    calendar: Data<Calendar>,
    clock: Data<Clock>,
) -> Result<Json<ErasureReceipt>, Problem> {
    let receipt_id = uuid::Builder::from_random_bytes(entropy::rng().random()).into_uuid();
    let (student_id, by, at) = (student_id.number(), caller.actor(&request), clock.now());
    let erasure = Erasure { student_id, receipt_id, by, at };
    let receipt = store.erase_student(**calendar, erasure).await?;
    let receipt = receipt.ok_or_else(|| Problem::not_found("There is no learner of this id."))?;
    Ok(Json(receipt.into()))
}
