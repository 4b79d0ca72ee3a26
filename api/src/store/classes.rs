//! Whose learners somebody may see.

use std::collections::BTreeSet;
use std::sync::Arc;

use super::query::{Query, Rows};

/// The classrooms whose learners somebody may see, in figures and by name.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Classes {
    /// Every one, also those that are yet to come.
    All,
    /// These alone, by name; perhaps none.
    Only(Arc<BTreeSet<String>>),
}

impl Classes {
    /// These alone.
    pub fn only(classrooms: impl IntoIterator<Item = String>) -> Self {
        Self::Only(Arc::new(classrooms.into_iter().collect()))
    }

    /// Whether the learners of this classroom are among them.
    pub fn contain(&self, classroom: &str) -> bool {
        match self {
            Self::All => true,
            Self::Only(classrooms) => classrooms.contains(classroom),
        }
    }
}

/// All or these, as the source of a statement.
const ALL_CLASSROOMS: &str = "classrooms";
const THESE_CLASSROOMS: &str = "(SELECT classroom FROM classrooms WHERE classroom IN (SELECT item.classroom FROM {classes})) AS classrooms";

/// Goes on after a condition, where rows have a `classroom`.
const AND_OF_CLASSES: &str = "AND classroom IN (SELECT item.classroom FROM {classes})";

/// Goes on after a condition that finds rows with a `student_id` by itself: `IS TRUE` keeps both databases from going through
/// the learners instead, with all that was ever logged of each.
const AND_OF_THEIR_LEARNERS: &str = "AND (student_id IN (SELECT student_id FROM students \
    WHERE classroom IN (SELECT item.classroom FROM {classes}))) IS TRUE";

impl Query {
    /// Has only these classrooms count in a template that names `{classrooms}`, `{and_of_classes}` or
    /// `{and_of_their_learners}`. Where all may be seen nothing is asked for.
    pub(super) fn of(self, classes: &Classes) -> Self {
        match classes {
            Classes::All => self
                .name("classrooms", ALL_CLASSROOMS)
                .name("and_of_classes", "")
                .name("and_of_their_learners", ""),
            Classes::Only(classrooms) => self
                .name("classrooms", THESE_CLASSROOMS)
                .name("and_of_classes", AND_OF_CLASSES)
                .name("and_of_their_learners", AND_OF_THEIR_LEARNERS)
                .classes(classrooms),
        }
    }

    /// Puts classrooms in the place of `{classes}`, to be used as a table called `item`.
    pub(super) fn classes(self, classrooms: &BTreeSet<String>) -> Self {
        self.set("classes", Rows::new().text("classroom", classrooms))
    }
}

#[cfg(test)]
mod tests;
