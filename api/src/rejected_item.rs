//! How a refused item of a batch is told, the same everywhere.

use serde::Serialize;
use utoipa::ToSchema;

/// One item that was refused; its neighbours are not affected.
#[derive(Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct RejectedItem {
    /// Which one: counts items that are not blank, from 0.
    #[schema(example = 17)]
    pub index: usize,
    /// Why, for programs: stable.
    #[schema(example = "missing_field")]
    pub code: &'static str,
    /// Why, for people.
    pub reason: String,
    /// JSON pointer to the fault, where it has a place.
    #[schema(required, example = "/external_id")]
    pub pointer: Option<String>,
}
