//! How long to wait before sending again: longer each time, never in step with others, never shorter than asked for.

use std::time::Duration;

use rand::{Rng, RngExt};

const FIRST: Duration = Duration::from_millis(200);
const LONGEST: Duration = Duration::from_secs(20);

/// The most that a server may ask for: a proxy that says 'tomorrow' does not know when the server is back.
const LONGEST_ASKED_FOR: Duration = Duration::from_secs(5 * 60);

/// The pauses of one request.
pub(super) struct Backoff {
    ceiling: Duration,
}

impl Backoff {
    pub(super) fn new() -> Self {
        Self { ceiling: FIRST }
    }

    /// The next pause: anything up to a ceiling that doubles, on top of what the server asks for.
    pub(super) fn pause(&mut self, asked_for: Option<Duration>, rng: &mut impl Rng) -> Duration {
        let pause = self.ceiling.mul_f64(rng.random_range(0.0..=1.0));
        self.ceiling = LONGEST.min(self.ceiling * 2);
        asked_for.unwrap_or_default().min(LONGEST_ASKED_FOR) + pause
    }
}

#[cfg(test)]
mod tests {
    use rand::SeedableRng;
    use rand::rngs::StdRng;

    use super::*;

    #[test]
    fn pauses_grow_to_a_ceiling_and_are_spread_below_it() {
        let mut rng = StdRng::seed_from_u64(1);
        let mut backoff = Backoff::new();
        let pauses: Vec<_> = (0..200).map(|_| backoff.pause(None, &mut rng)).collect();
        assert!(pauses[0] <= FIRST);
        assert!(pauses.iter().all(|pause| *pause <= LONGEST));
        assert!(
            pauses.iter().any(|pause| *pause > LONGEST / 2)
                && pauses[20..].iter().any(|it| *it < LONGEST / 4)
        );
    }

    #[test]
    fn what_the_server_asks_for_is_waited_in_whole_and_within_reason() {
        let mut rng = StdRng::seed_from_u64(1);
        let asked_for = Duration::from_secs(3);
        assert!(Backoff::new().pause(Some(asked_for), &mut rng) >= asked_for);
        assert!(Backoff::new().pause(Some(Duration::MAX), &mut rng) <= LONGEST_ASKED_FOR + FIRST);
    }
}
