//! What time it is: the only place that asks the operating system.

use chrono::{DateTime, SubsecRound, Utc};

/// The present moment, to the microsecond that both databases keep.
#[derive(Debug, Clone, Copy, Default)]
pub struct Clock;

impl Clock {
    /// Now, in UTC, truncated to microseconds.
    #[expect(clippy::disallowed_methods, reason = "the one place where time comes in")]
    pub fn now(self) -> DateTime<Utc> {
        Utc::now().trunc_subsecs(6)
    }
}
