//! How a person watches a lesson: starts, watches in stretches, pauses, skips, loses interest, or gets to the end.
//!
//! Pure: the story depends on the generator alone. `watch_time_seconds` accounts for the seconds since the viewing's
//! previous log; `completion_percentage` never falls.

use rand::{Rng, RngExt};

/// The length of a lesson that does not tell its own, in seconds.
const USUAL_LENGTH: u32 = 600;

/// The chance that a stretch is the last one: the learner closes the page.
const DROP_OFF: f64 = 0.04;

/// One learner watching one lesson.
#[derive(Debug)]
pub(crate) struct Viewing {
    length: u32,
    /// Seconds of the lesson that are behind the learner.
    position: u32,
    phase: Phase,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Phase {
    Opening,
    Watching,
    Paused,
    Over,
}

/// What happened, as it is posted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Event {
    pub(crate) event_type: &'static str,
    pub(crate) watch_time_seconds: u32,
    pub(crate) completion_percentage: u32,
}

impl Viewing {
    /// A viewing that begins; `length` is the lesson's, in seconds.
    pub(crate) fn of(length: Option<u32>) -> Self {
        Self { length: length.unwrap_or(USUAL_LENGTH).max(1), position: 0, phase: Phase::Opening }
    }

    /// Whether there is nothing more to come.
    pub(crate) fn is_over(&self) -> bool {
        self.phase == Phase::Over
    }

    /// What happens next.
    pub(crate) fn next(&mut self, rng: &mut impl Rng) -> Event {
        match self.phase {
            Phase::Opening => {
                self.phase = Phase::Watching;
                self.event("lesson_started", 0)
            }
            Phase::Paused => {
                self.phase = Phase::Watching;
                self.event("resumed", 0)
            }
            Phase::Watching | Phase::Over => self.stretch(rng),
        }
    }

    fn stretch(&mut self, rng: &mut impl Rng) -> Event {
        let watched = rng.random_range(5..=90).min(self.length - self.position);
        self.position += watched;
        if self.position >= self.length {
            self.phase = Phase::Over;
            return self.event("lesson_completed", watched);
        }
        match rng.random::<f64>() {
            chance if chance < DROP_OFF => {
                self.phase = Phase::Over;
                self.event("lesson_left", watched)
            }
            chance if chance < 0.12 => {
                self.phase = Phase::Paused;
                self.event("paused", watched)
            }
            chance if chance < 0.20 => {
                // Skipped seconds are behind the learner, but were not watched.
                let left = self.length - self.position;
                self.position += rng.random_range(0..=left / 4);
                self.event("seeked", watched)
            }
            _ => self.event("lesson_progress", watched),
        }
    }

    fn event(&self, event_type: &'static str, watch_time_seconds: u32) -> Event {
        // In 64 bits: a course of two years, told as one lesson, has more seconds than a hundredth of `u32::MAX`.
        let percentage = u64::from(self.position) * 100 / u64::from(self.length);
        Event { event_type, watch_time_seconds, completion_percentage: percentage as u32 }
    }
}

#[cfg(test)]
mod tests {
    use rand::SeedableRng;
    use rand::rngs::StdRng;

    use super::*;

    fn story(seed: u64, length: Option<u32>) -> Vec<Event> {
        let mut rng = StdRng::seed_from_u64(seed);
        let mut viewing = Viewing::of(length);
        let mut events = Vec::new();
        while !viewing.is_over() {
            events.push(viewing.next(&mut rng));
        }
        events
    }

    #[test]
    fn a_viewing_starts_grows_and_ends() {
        for seed in 0..500 {
            let events = story(seed, Some(seed as u32 * 7));
            assert_eq!(events[0].event_type, "lesson_started");
            assert!(
                events.windows(2).all(|pair| pair[0].completion_percentage <= pair[1].completion_percentage)
            );
            let watched: u32 = events.iter().map(|event| event.watch_time_seconds).sum();
            assert!(watched <= (seed as u32 * 7).max(1));
            assert!(events.iter().all(|event| event.completion_percentage <= 100));
        }
    }

    #[test]
    fn a_lesson_of_any_length_is_watched() {
        let mut viewing = Viewing { position: u32::MAX - 9, ..Viewing::of(Some(u32::MAX)) };
        let mut rng = StdRng::seed_from_u64(1);
        assert_eq!(viewing.next(&mut rng).completion_percentage, 99);
        assert_eq!(viewing.next(&mut rng).completion_percentage, 100);
        assert_eq!(story(1, Some(0)).last().map(|event| event.completion_percentage), Some(100));
    }

    #[test]
    fn some_finish_and_some_do_not() {
        let last = |seed| story(seed, None).pop().unwrap();
        let finished = (0..500).map(last).filter(|event| event.event_type == "lesson_completed").count();
        assert!((100..450).contains(&finished), "{finished} of 500");
        assert!(
            (0..500)
                .map(last)
                .all(|event| event.event_type != "lesson_completed" || event.completion_percentage == 100)
        );
    }

    #[test]
    fn the_same_seed_tells_the_same_story() {
        assert_eq!(story(7, Some(1200)), story(7, Some(1200)));
        assert_ne!(story(7, Some(1200)), story(8, Some(1200)));
    }

    #[test]
    fn event_types_are_what_the_server_takes() {
        let valid = |name: &str| {
            name.len() <= 32 && name.bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'_')
        };
        assert!((0..200).flat_map(|seed| story(seed, None)).all(|event| valid(event.event_type)));
    }
}
