//! A group that was not recorded to its end: what is known of it stays known.

use sea_orm::DbErr;

use crate::error::StoreError;
use crate::store::Verdict;

/// Why a group was not recorded to its end, and what of it was.
#[derive(Debug)]
pub struct Unfinished {
    /// Why.
    pub error: StoreError,
    /// The verdicts of those submissions of which every item is judged, in their places; nothing where none is.
    pub judged: Vec<Option<Vec<Verdict>>>,
}

impl From<StoreError> for Unfinished {
    fn from(error: StoreError) -> Self {
        Self { error, judged: Vec::new() }
    }
}

impl From<DbErr> for Unfinished {
    fn from(error: DbErr) -> Self {
        StoreError::from(error).into()
    }
}

impl Unfinished {
    /// The same of a group of which this was what is left once these verdicts were known.
    pub(super) fn of_what_is_left(self, known: Vec<Vec<Option<Verdict>>>) -> Self {
        let mut rest = self.judged.into_iter();
        let judged = known.into_iter().map(|known| match rest.next().flatten() {
            Some(judged) => Some(completed(known, judged)),
            None => known.into_iter().collect(),
        });
        Self { error: self.error, judged: judged.collect() }
    }
}

/// The verdicts of a submission that were known, with those of the rest in their places.
pub(super) fn completed(known: Vec<Option<Verdict>>, rest: Vec<Verdict>) -> Vec<Verdict> {
    let mut rest = rest.into_iter();
    known.into_iter().map(|known| known.or_else(|| rest.next()).unwrap_or(Verdict::Gone)).collect()
}
