//! The people who may sign in: made, changed and removed by those who run the platform.
//!
//! What a person may do is read at each use, so that a change holds at once.

pub mod delete_user;
pub mod delete_user_sessions;
pub mod get_user;
pub mod get_users;
pub mod patch_user;
pub mod post_users;

mod user;

pub use user::{PatchedUser, PostedUser, User, UserWithPassword};
