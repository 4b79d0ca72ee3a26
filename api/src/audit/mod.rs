//! Who did what: noted beside the requests, and read by those who answer for the platform.
//!
//! What changes something is noted by the store in the transaction that does it. What is read, refused or signed in is noted
//! here: seen as it is answered, queued, and written by one task, so that no request waits for it.

pub mod get_audit_log;

mod follow;
mod journal;
mod repeated;
mod seen;

pub use follow::follow;
pub use get_audit_log::Entry;
pub use journal::{Journal, Keeper};
