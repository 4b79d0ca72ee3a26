//! What clients and machines were answered while the database was in trouble, held against what they have to be.

use std::time::{Duration, Instant};

use super::{LONGEST, TOLD, Trouble};
use crate::load::{Answered, longest};
use crate::report::Outcome;

/// Of so many that are told at once one may wait.
const TRIED_EACH: usize = 10;

/// What clients and machines were answered while something was wrong.
pub(super) struct Seen {
    pub(super) trouble: Trouble,
    pub(super) begin: Instant,
    pub(super) answers: Vec<Answered>,
    pub(super) alive: Vec<Answered>,
    pub(super) ready: Vec<Answered>,
}

impl Seen {
    fn refused(&self) -> Vec<Answered> {
        self.answers.iter().filter(|it| it.status == Some(503)).copied().collect()
    }

    /// How long somebody waited at most for a 503, while it lasted.
    fn slowest_refusal(&self) -> Duration {
        let refused = self.refused().into_iter();
        refused.map(|it| it.at() - it.sent.max(self.begin)).max().unwrap_or_default()
    }

    /// How many were told to come again once it was known, and how many of them had to wait to be told: those with whom the
    /// platform tried whether it is over.
    fn refused_later(&self) -> (usize, usize) {
        let later = self.refused().into_iter().filter(|it| it.sent > self.begin + LONGEST);
        let waits: Vec<Duration> = later.map(|it| it.at() - it.sent).collect();
        (waits.len(), waits.iter().filter(|wait| **wait > TOLD).count())
    }

    /// The same in words.
    pub(super) fn told(&self) -> String {
        let served = self.answers.iter().filter(|it| it.is_success()).count();
        let [refusal, answer] = [self.slowest_refusal(), longest(&self.answers)].map(|it| it.as_secs_f64());
        let refused = self.refused().len();
        let (later, waited) = self.refused_later();
        format!(
            "{served} answers 2xx and {refused} 503, the slowest 503 {refusal:.2} s, of {later} after the first five seconds \
             {waited} waited longer than one, the slowest answer {answer:.2} s"
        )
    }

    /// With what it has to be and is not.
    pub(super) fn held_against(&self, outcome: Outcome) -> Outcome {
        let (trouble, refused) = (self.trouble, self.refused());
        // Half a second late is served late, and not away.
        let is_slow = trouble == Trouble::Late;
        let is_known = |it: &&Answered| it.is_success() || it.status == Some(503);
        let strange = self.answers.iter().filter(|it| !is_known(it)).count();
        let mute = refused.iter().filter(|it| !it.retry_after).count();
        let served = self.answers.iter().filter(|it| it.is_success()).count();
        let dead = self.alive.iter().filter(|it| it.status != Some(200)).count();
        let wanted = Some(if is_slow { 200 } else { 503 });
        let wrong = self.ready.iter().filter(|it| it.status != wanted).count();
        let (refusal, answer) = (self.slowest_refusal(), longest(&self.answers));
        let (later, waited) = self.refused_later();
        let probed = longest(self.alive.iter().chain(&self.ready));
        let called = |what: &str| format!("{trouble:?}: {what}");
        outcome
            .must(&called("neither 2xx nor 503"), strange == 0, strange)
            .must(&called("503 without Retry-After"), mute == 0, mute)
            .must(
                &called("slowest 503"),
                refusal <= if is_slow { LONGEST } else { TOLD },
                format!("{refusal:?}"),
            )
            .must(&called("waited to be told"), waited * TRIED_EACH <= later, format!("{waited} of {later}"))
            .must(&called("slowest answer"), answer <= LONGEST, format!("{answer:?}"))
            .must(&called("refused"), is_slow || !refused.is_empty(), "none")
            .must(&called("served"), trouble != Trouble::Late || served > 0, "none")
            .must(&called("/livez not 200"), dead == 0 && !self.alive.is_empty(), dead)
            .must(&called("/readyz not as it is"), wrong == 0 && !self.ready.is_empty(), wrong)
            .must(&called("slowest probe"), probed <= TOLD, format!("{probed:?}"))
    }
}
