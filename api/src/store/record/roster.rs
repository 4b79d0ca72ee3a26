//! Learners and lessons of a group: resolved and locked in one go, so that no log is ever an orphan.
//!
//! The lock (`FOR KEY SHARE`) lets everybody else read, ingest and move the learner, but makes a deletion wait until
//! the group is committed. On SQLite the one writer is lock enough.

use std::collections::{BTreeSet, HashMap, HashSet};

use chrono::NaiveDate;
use sea_orm::{DbErr, EntityTrait};

use super::Recording;
use crate::store::query::{Query, Rows};
use crate::store::{Reference, Rejection, StreamingLog};

/// What the database knows of the learners and lessons that a group names.
pub(super) struct Roster {
    pub(super) students: Known,
    pub(super) lessons: Known,
    pub(super) closed_before: Option<NaiveDate>,
}

/// The learners, or the lessons, that exist.
pub(super) struct Known {
    kind: Kind,
    ids: HashSet<i64>,
    by_external_id: HashMap<String, i64>,
}

/// One of the two tables that logs refer to.
#[derive(Clone, Copy)]
struct Kind {
    table: &'static str,
    id: &'static str,
    reference: &'static str,
    unknown: &'static str,
    mismatch: &'static str,
}

const STUDENTS: Kind = Kind {
    table: "students",
    id: "student_id",
    reference: "student",
    unknown: "unknown_student",
    mismatch: "student_mismatch",
};
const LESSONS: Kind = Kind {
    table: "lessons",
    id: "lesson_id",
    reference: "lesson",
    unknown: "unknown_lesson",
    mismatch: "lesson_mismatch",
};

impl Recording<'_> {
    /// Locks every learner and lesson that these logs name.
    pub(super) async fn lock_roster(&self, logs: &[&StreamingLog]) -> Result<Roster, DbErr> {
        let settings = entity::setting::Entity::find().one(self.tx).await?;
        Ok(Roster {
            students: self.lock(STUDENTS, logs.iter().map(|log| &log.learner)).await?,
            lessons: self.lock(LESSONS, logs.iter().map(|log| &log.lesson)).await?,
            closed_before: settings.and_then(|settings| settings.closed_before),
        })
    }

    async fn lock<'r>(
        &self,
        kind: Kind,
        references: impl Iterator<Item = &'r Reference>,
    ) -> Result<Known, DbErr> {
        let mut ids = BTreeSet::new();
        let mut external_ids = BTreeSet::new();
        for reference in references {
            ids.extend(reference.id);
            external_ids.extend(reference.external_id.as_deref());
        }
        let mut known = Known { kind, ids: HashSet::new(), by_external_id: HashMap::new() };
        if !ids.is_empty() {
            let rows = Rows::new().bigint("id", ids);
            self.lock_rows(include_str!("../sql/lock_by_id.sql"), rows, &mut known).await?;
        }
        if !external_ids.is_empty() {
            let rows = Rows::new().text("external_id", external_ids);
            self.lock_rows(include_str!("../sql/lock_by_external_id.sql"), rows, &mut known).await?;
        }
        Ok(known)
    }

    async fn lock_rows(&self, sql: &str, rows: Rows, known: &mut Known) -> Result<(), DbErr> {
        let query = Query::new(self.dialect, sql).name("table", known.kind.table).name("id", known.kind.id);
        for row in query.rows(rows).all(self.tx).await? {
            let id: i64 = row.try_get_by_index(0)?;
            known.ids.insert(id);
            known.by_external_id.insert(row.try_get_by_index(1)?, id);
        }
        Ok(())
    }
}

impl Known {
    /// The id of what a reference names, or why there is none.
    pub(super) fn find(&self, reference: &Reference) -> Result<i64, Rejection> {
        let by_external_id =
            reference.external_id.as_ref().map(|name| self.by_external_id(name)).transpose()?;
        let by_id = reference.id.map(|id| self.by_id(id)).transpose()?;
        match (by_id, by_external_id) {
            (Some(one), Some(other)) if one != other => {
                let Kind { id, reference, mismatch, .. } = self.kind;
                let reason = format!("{id} and {reference} name two different {}", self.kind.table);
                Err(Rejection::at(format!("/{reference}"), mismatch, reason))
            }
            (Some(id), _) | (None, Some(id)) => Ok(id),
            (None, None) => {
                Err(Rejection::at(format!("/{}", self.kind.reference), "missing_field", "is missing"))
            }
        }
    }

    fn by_external_id(&self, external_id: &str) -> Result<i64, Rejection> {
        let known = self.by_external_id.get(external_id).copied();
        known.ok_or_else(|| self.unknown(self.kind.reference))
    }

    fn by_id(&self, id: i64) -> Result<i64, Rejection> {
        if self.ids.contains(&id) { Ok(id) } else { Err(self.unknown(self.kind.id)) }
    }

    fn unknown(&self, field: &str) -> Rejection {
        let table = self.kind.table;
        let reason = format!("no such {}: post it to /{table}, then replay", self.kind.reference);
        Rejection::at(format!("/{field}"), self.kind.unknown, reason)
    }
}
