//! How long this machine stood still: of what took too long then nobody knows whose fault it was.

use std::sync::atomic::{AtomicU64, Ordering};
use std::thread;
use std::time::{Duration, Instant};

/// Between two looks at the clock.
const EACH: Duration = Duration::from_millis(50);

/// Whoever wakes up so much too late had no turn.
const TOO_LATE: Duration = Duration::from_millis(300);

static LOST_MS: AtomicU64 = AtomicU64::new(0);

/// Looks at the clock from now on, as long as the program runs.
pub fn watch() {
    thread::spawn(|| {
        loop {
            let slept = Instant::now();
            thread::sleep(EACH);
            let late = slept.elapsed().saturating_sub(EACH);
            if late > TOO_LATE {
                LOST_MS.fetch_add(late.as_millis() as u64, Ordering::Relaxed);
            }
        }
    });
}

/// How long it has stood still since then.
pub fn so_far() -> Duration {
    Duration::from_millis(LOST_MS.load(Ordering::Relaxed))
}
