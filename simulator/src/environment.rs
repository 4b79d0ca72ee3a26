//! What time it is, and where randomness comes from: the only place that asks the operating system.

use chrono::{DateTime, SubsecRound, Utc};
use rand::Rng;
use rand::rngs::ThreadRng;
use uuid::Uuid;

/// Now, to the microsecond that the server keeps.
#[expect(clippy::disallowed_methods, reason = "the one place where time comes in")]
pub(crate) fn now() -> DateTime<Utc> {
    Utc::now().trunc_subsecs(6)
}

/// A generator that nobody can foresee.
#[expect(clippy::disallowed_methods, reason = "the one place where randomness comes in")]
pub(crate) fn rng() -> ThreadRng {
    rand::rng()
}

/// A new name for a log. It does not come from the seed: a second run with the same seed tells the same story, but its
/// logs are other logs.
pub(crate) fn new_log_id() -> Uuid {
    let mut bytes = [0; 16];
    rng().fill_bytes(&mut bytes);
    uuid::Builder::from_random_bytes(bytes).into_uuid()
}
