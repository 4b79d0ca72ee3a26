//! Where randomness comes from: the only place that asks the operating system.

use rand::rngs::ThreadRng;

/// A cryptographically secure generator for this thread, seeded by the operating system.
#[expect(clippy::disallowed_methods, reason = "the one place where randomness comes in")]
pub fn rng() -> ThreadRng {
    rand::rng()
}
