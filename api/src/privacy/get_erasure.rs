//! `GET /erasures/{receipt_id}`: confirms an erasure.

use actix_web::get;
use actix_web::web::{Data, Json, Path};
use chrono::{DateTime, Utc};
use serde::Serialize;
use utoipa::ToSchema;
use uuid::Uuid;

use crate::auth::{Admin, Require};
use crate::error::Problem;
use crate::refusals::FindRefusals;
use crate::store::{Erased, Store, Tombstone};

/// An erasure that was done. Whose it was is told by its receipt alone.
#[derive(Debug, Serialize, ToSchema)]
pub struct ConfirmedErasure {
    /// What the erasure is called.
    receipt_id: Uuid,
    /// When it was done.
    erased_at: DateTime<Utc>,
    /// How much went.
    erased: Gone,
    /// Since when the learner may come back; null as long as the tombstone stands.
    #[schema(required)]
    lifted_at: Option<DateTime<Utc>>,
}

/// How much went with a learner.
#[derive(Debug, Serialize, ToSchema)]
pub struct Gone {
    /// Logs.
    streaming_logs: u64,
    /// Days on which a lesson was viewed, by lesson.
    viewing_days: u64,
    /// Completed lessons.
    completions: u64,
    /// Refused logs that named the learner.
    rejected_logs: u64,
}

impl From<Tombstone> for ConfirmedErasure {
    fn from(tombstone: Tombstone) -> Self {
        let Tombstone {
            receipt_id,
            erased_at,
            erased,
            lifted_at,
            name_hash: _,
            id_hash: _,
            row_hash: _,
            key_id: _,
        } = tombstone;
        let Erased { streaming_logs, viewing_days, completions, rejected_logs } = erased;
        let erased = Gone { streaming_logs, viewing_days, completions, rejected_logs };
        Self { receipt_id, erased_at, erased, lifted_at }
    }
}

/// Confirm an erasure
#[utoipa::path(
    tag = "privacy",
    params(("receipt_id" = Uuid, Path, description = "What its receipt calls it")),
    responses((status = 200, description = "It was done", body = ConfirmedErasure), FindRefusals),
    security(("token" = ["admin"]))
)]
#[get("/erasures/{receipt_id}")]
pub async fn get_erasure(
    _: Require<Admin>,
    receipt_id: Path<Uuid>,
    store: Data<Store>,
) -> Result<Json<ConfirmedErasure>, Problem> {
    let tombstone = store.erasure(receipt_id.into_inner()).await?;
    let tombstone = tombstone.ok_or_else(|| Problem::not_found("There is no erasure of this receipt."))?;
    Ok(Json(tombstone.into()))
}
