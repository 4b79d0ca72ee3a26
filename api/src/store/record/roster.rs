//! Learners and lessons of a group, found in one go.

use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;

use chrono::NaiveDate;
use sea_orm::{ConnectionTrait, DbErr, EntityTrait, QueryResult};

use super::Recording;
use super::erased::ERASED;
use crate::store::query::{Query, Rows};
use crate::store::settings::assert_counted_by;
use crate::store::{Dialect, Reference, Rejection, StreamingLog};

/// What the database knows of the learners and lessons that a group names.
pub(super) struct Roster {
    pub(super) students: Known,
    pub(super) lessons: Known,
    pub(super) closed_before: Option<NaiveDate>,
}

/// The learners, or the lessons, that exist.
pub(super) struct Known {
    kind: Kind,
    /// With the classroom of a learner; a lesson has none.
    ids: HashMap<i64, Arc<str>>,
    by_external_id: HashMap<String, i64>,
    /// Those who were erased, as rejected logs name them.
    pub(super) erased: BTreeSet<String>,
}

/// One of the two tables that logs refer to.
#[derive(Clone, Copy)]
struct Kind {
    table: &'static str,
    id: &'static str,
    classroom: &'static str,
    reference: &'static str,
    unknown: &'static str,
    mismatch: &'static str,
}

const STUDENTS: Kind = Kind {
    table: "students",
    id: "student_id",
    classroom: "named.classroom",
    reference: "student",
    unknown: "unknown_student",
    mismatch: "student_mismatch",
};
const LESSONS: Kind = Kind {
    table: "lessons",
    id: "lesson_id",
    classroom: "''",
    reference: "lesson",
    unknown: "unknown_lesson",
    mismatch: "lesson_mismatch",
};

impl Recording<'_> {
    /// Every learner and lesson that these logs name. Who has passed the gate may rely on it until the commit.
    pub(super) async fn roster_of(&self, logs: &[&StreamingLog]) -> Result<Roster, DbErr> {
        let settings = entity::setting::Entity::find().one(self.tx).await?;
        settings.iter().try_for_each(|it| assert_counted_by(it, &self.calendar))?;
        let mut roster = Roster::empty(settings.and_then(|settings| settings.closed_before));
        roster.students.learn(self.tx, self.dialect, logs.iter().map(|log| &log.learner)).await?;
        roster.lessons.learn(self.tx, self.dialect, logs.iter().map(|log| &log.lesson)).await?;
        Ok(roster)
    }
}

impl Roster {
    /// Nobody, and nothing to learn.
    pub(super) fn empty(closed_before: Option<NaiveDate>) -> Self {
        Self { students: Known::nothing(STUDENTS), lessons: Known::nothing(LESSONS), closed_before }
    }

    /// Adds what another one knows.
    pub(super) fn extend(&mut self, other: Self) {
        self.students.extend(other.students);
        self.lessons.extend(other.lessons);
    }
}

impl Known {
    fn nothing(kind: Kind) -> Self {
        Self { kind, ids: HashMap::new(), by_external_id: HashMap::new(), erased: BTreeSet::new() }
    }

    fn extend(&mut self, other: Self) {
        self.ids.extend(other.ids);
        self.by_external_id.extend(other.by_external_id);
    }

    /// Takes over some learners of another one.
    pub(super) fn copy(&mut self, other: &Self, ids: impl Iterator<Item = i64>) {
        self.ids.extend(ids.filter_map(|id| Some((id, Arc::clone(other.ids.get(&id)?)))));
    }

    /// The classroom of a learner.
    pub(super) fn classroom_of(&self, id: i64) -> Option<&Arc<str>> {
        self.ids.get(&id)
    }

    /// How many it knows.
    pub(super) fn len(&self) -> usize {
        self.ids.len()
    }

    /// Asks the database for those that are named.
    pub(super) async fn learn<'r>(
        &mut self,
        on: &impl ConnectionTrait,
        dialect: Dialect,
        references: impl Iterator<Item = &'r Reference>,
    ) -> Result<(), DbErr> {
        let mut ids = BTreeSet::new();
        let mut external_ids = BTreeSet::new();
        for reference in references {
            ids.extend(reference.id);
            external_ids.extend(reference.external_id.as_deref());
        }
        if !ids.is_empty() {
            let by_id = self.named(dialect, "JOIN {rows} ON named.{id} = item.id");
            self.note(by_id.rows(Rows::new().bigint("id", ids)).all(on).await?)?;
        }
        if !external_ids.is_empty() {
            let by_name = self.named(dialect, "JOIN {rows} ON named.external_id = item.external_id");
            self.note(by_name.rows(Rows::new().text("external_id", external_ids)).all(on).await?)?;
        }
        Ok(())
    }

    /// Asks the database for those that came last.
    pub(super) async fn learn_latest(
        &mut self,
        on: &impl ConnectionTrait,
        dialect: Dialect,
        limit: usize,
    ) -> Result<(), DbErr> {
        let latest = self.named(dialect, "ORDER BY named.{id} DESC LIMIT {limit}");
        self.note(latest.bind("limit", limit as i64).all(on).await?)
    }

    /// Reads them; `which` goes on after `FROM students AS named`.
    fn named(&self, dialect: Dialect, which: &'static str) -> Query {
        let Kind { table, id, classroom, .. } = self.kind;
        let named = Query::new(dialect, include_str!("../sql/named.sql")).name("which", which);
        named.name("table", table).name("id", id).name("classroom", classroom)
    }

    fn note(&mut self, rows: Vec<QueryResult>) -> Result<(), DbErr> {
        for row in rows {
            let id: i64 = row.try_get_by_index(0)?;
            self.by_external_id.insert(row.try_get_by_index(1)?, id);
            self.ids.insert(id, row.try_get_by_index::<String>(2)?.into());
        }
        Ok(())
    }

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
        known.ok_or_else(|| self.unknown(self.kind.reference, || format!("ref:{external_id}")))
    }

    fn by_id(&self, id: i64) -> Result<i64, Rejection> {
        if self.ids.contains_key(&id) {
            Ok(id)
        } else {
            Err(self.unknown(self.kind.id, || format!("id:{id}")))
        }
    }

    fn unknown(&self, field: &str, learner_ref: impl Fn() -> String) -> Rejection {
        if !self.erased.is_empty() && self.erased.contains(&learner_ref()) {
            let reason = "this learner was erased: nothing of theirs is taken or kept";
            return Rejection::at(format!("/{field}"), ERASED, reason);
        }
        let table = self.kind.table;
        let reason = format!("no such {}: post it to /{table}, then replay", self.kind.reference);
        Rejection::at(format!("/{field}"), self.kind.unknown, reason)
    }
}
