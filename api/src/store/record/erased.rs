//! Learners who were erased, told from those whom nobody knows. Asked only where the roster has no answer, so that logs of
//! those who are here cost nothing.

use std::collections::BTreeSet;

use sea_orm::DbErr;

use super::Recording;
use super::roster::Roster;
use crate::store::kept_out::erased_among;
use crate::store::{Reference, StreamingLog};

/// The code of a log that names somebody who was erased. Nothing of such a log is kept.
pub(super) const ERASED: &str = "erased";

impl Recording<'_> {
    /// Lets the roster tell which of the learners that it does not know were erased.
    pub(super) async fn tell_erased(&self, roster: &mut Roster, logs: &[&StreamingLog]) -> Result<(), DbErr> {
        let unknown = logs.iter().map(|log| &log.learner).filter(|it| roster.students.find(it).is_err());
        let refs = unknown.flat_map(refs).collect();
        roster.students.erased = self.erased_among(refs).await?;
        Ok(())
    }

    /// Those of these learners who were erased.
    pub(super) async fn erased_among(&self, refs: BTreeSet<String>) -> Result<BTreeSet<String>, DbErr> {
        match self.erasure_key {
            Some(key) => erased_among(self.tx, self.dialect, key, refs).await,
            None => Ok(BTreeSet::new()),
        }
    }
}

/// How rejected logs name whom a reference names.
pub(super) fn refs(reference: &Reference) -> impl Iterator<Item = String> {
    let by_name = reference.external_id.as_ref().map(|name| format!("ref:{name}"));
    by_name.into_iter().chain(reference.id.map(|id| format!("id:{id}")))
}
