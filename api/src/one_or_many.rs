//! A body that is one thing or an array of them, as the specification puts it.

use serde::Serialize;
use utoipa::ToSchema;

/// One, or an array. Documents bodies whose parts are parsed one by one.
#[derive(Serialize, ToSchema)]
#[serde(untagged)]
pub enum OneOrMany<T> {
    /// Answered by a status.
    One(T),
    /// Answered by a verdict on each.
    Many(Vec<T>),
}
