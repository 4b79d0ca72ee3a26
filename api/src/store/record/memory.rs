//! What a server remembers between two groups: learners and lessons that exist, so that it need not ask for them again.
//!
//! It holds positive answers only, and may be outdated. The transaction that relies on it says of which generation of
//! the roster it is; where that is not the current one, nothing is stored and everything is asked for anew.

use std::sync::atomic::{AtomicBool, Ordering};

use sea_orm::{DbErr, EntityTrait};
use tokio::sync::Mutex;

use super::roster::Roster;
use crate::store::settings::assert_counted_by;
use crate::store::{Calendar, Store, Submission};

/// Learners and lessons that are remembered, at most: some tens of MB. Beyond it everything is forgotten, and those who
/// are active come back with their next log.
const LIMIT: usize = 200_000;

/// Learners and lessons that are asked for in advance, at most: some tens of milliseconds. Without it a server that has
/// just begun, or whose roster has changed, would stop at nearly every group to ask for some of them.
const IN_ADVANCE: usize = 20_000;

/// What a server remembers.
#[derive(Default)]
pub(in crate::store) struct Memory {
    roster: Mutex<Option<Remembered>>,
    suspicion: AtomicBool,
}

/// The roster of a generation, as far as it was asked for.
pub(super) struct Remembered {
    pub(super) roster: Roster,
    pub(super) generation: i64,
}

impl Memory {
    /// Forgets the roster: it has changed.
    pub(super) async fn forget(&self) {
        *self.roster.lock().await = None;
    }

    /// Whether logs that come in were stored before, as when somebody sends everything again.
    pub(super) fn expects_duplicates(&self) -> bool {
        self.suspicion.load(Ordering::Relaxed)
    }

    /// Notes whether the last group held logs that were stored before.
    pub(super) fn note_duplicates(&self, found: bool) {
        self.suspicion.store(found, Ordering::Relaxed);
    }
}

impl Store {
    /// Looks at what is remembered of everybody whom a group names; who is not known yet is asked for first.
    pub(super) async fn recall<T>(
        &self,
        group: &[Submission],
        calendar: &Calendar,
        look: impl FnOnce(&Remembered) -> T,
    ) -> Result<T, DbErr> {
        let mut memory = self.memory.roster.lock().await;
        let remembered = match memory.take() {
            Some(remembered) if remembered.has_room() => remembered,
            _ => self.remember_latest(calendar).await?,
        };
        let remembered = self.complete(remembered, group).await?;
        Ok(look(memory.insert(remembered)))
    }

    /// The generation first: what is asked for afterwards is at least as new.
    async fn remember_latest(&self, calendar: &Calendar) -> Result<Remembered, DbErr> {
        let settings = entity::setting::Entity::find().one(&self.reader).await?;
        settings.iter().try_for_each(|it| assert_counted_by(it, calendar))?;
        let (closed_before, generation) =
            settings.map_or((None, 0), |settings| (settings.closed_before, settings.roster_generation));
        let mut roster = Roster::empty(closed_before);
        roster.students.learn_latest(&self.reader, self.dialect, IN_ADVANCE).await?;
        roster.lessons.learn_latest(&self.reader, self.dialect, IN_ADVANCE).await?;
        Ok(Remembered { roster, generation })
    }

    async fn complete(&self, mut known: Remembered, group: &[Submission]) -> Result<Remembered, DbErr> {
        let logs = || group.iter().flat_map(|it| &it.items).filter_map(|item| item.parsed.as_ref().ok());
        let Roster { students, lessons, closed_before } = &known.roster;
        let learners = logs().map(|log| &log.learner).filter(|it| students.find(it).is_err());
        let missed = logs().map(|log| &log.lesson).filter(|it| lessons.find(it).is_err());
        let mut found = Roster::empty(*closed_before);
        found.students.learn(&self.reader, self.dialect, learners).await?;
        found.lessons.learn(&self.reader, self.dialect, missed).await?;
        known.roster.extend(found);
        Ok(known)
    }
}

impl Remembered {
    fn has_room(&self) -> bool {
        self.roster.students.len().max(self.roster.lessons.len()) < LIMIT
    }
}
