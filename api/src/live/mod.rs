//! 3b. Pushed: what changed, to everyone who watches, once it is committed.
//!
//! One [`Hub`] owns what is known of today. It reads the database again when something was committed, makes one frame
//! of what changed, and hands it to the sessions. Each session is one socket: a slow one falls behind and starts over
//! with a snapshot, one that stops reading is cut, and neither makes the hub or another session wait.

pub mod get_live;

mod classrooms;
mod delta;
mod frames;
mod hub;
mod incoming;
mod last_minute;
mod outgoing;
mod pass;
mod reading;
mod session;
mod views;

pub use get_live::*;
pub use hub::{Hub, LiveHandle};
