//! What the platform promises of verdicts, as simply as it can be said: sets in memory.

use std::collections::{BTreeMap, BTreeSet};

use edtech_tests::Verdicts;
use serde_json::{Value, json};

use super::steps::{Content, LESSONS, PostedLog};

/// How many were accepted, how many were duplicates, and the refused ones: index and code.
pub(super) type Told = (u64, u64, Vec<(usize, String)>);

/// The verdicts of the platform, as the model tells them.
pub(super) fn told(verdicts: &Verdicts) -> Told {
    let refusals = verdicts.refusals().into_iter().map(|(index, code)| (index, code.to_owned()));
    (verdicts.accepted, verdicts.duplicates, refusals.collect())
}

/// What makes a log the same log: the client's id, or without one all that it says.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
enum Identity {
    Given(u8),
    Derived(Content),
}

/// The school, the log and what was refused.
#[derive(Debug)]
pub(super) struct Model {
    /// Who is enrolled, and our ids of them.
    students: BTreeMap<usize, i64>,
    /// Who was erased, and stays out.
    erased: BTreeSet<usize>,
    lessons: BTreeSet<usize>,
    logs: BTreeMap<(usize, Identity), Content>,
    rejected: BTreeSet<PostedLog>,
}

impl Default for Model {
    fn default() -> Self {
        let lessons = (0..LESSONS.len() - 1).collect();
        Self {
            students: BTreeMap::new(),
            erased: BTreeSet::new(),
            lessons,
            logs: BTreeMap::new(),
            rejected: BTreeSet::new(),
        }
    }
}

/// What becomes of one log.
enum Verdict {
    Stored,
    Duplicate,
    Refused(&'static str),
}

impl Model {
    pub(super) fn stored_logs(&self) -> usize {
        self.logs.len()
    }

    pub(super) fn enrol(&mut self, learner: usize, student_id: i64) {
        let known = self.students.insert(learner, student_id);
        assert!(known.is_none_or(|known| known == student_id), "an enrolled learner keeps the id");
    }

    /// Forgets a learner; the id to erase, if there is such a learner.
    pub(super) fn erase(&mut self, learner: usize) -> Option<i64> {
        let student_id = self.students.remove(&learner)?;
        self.erased.insert(learner);
        self.logs.retain(|(of, _), _| *of != learner);
        self.rejected.retain(|log| log.learner != learner);
        Some(student_id)
    }

    pub(super) fn keeps_out(&self, learner: usize) -> bool {
        self.erased.contains(&learner)
    }

    pub(super) fn knows_lesson(&self, lesson: usize) -> bool {
        self.lessons.contains(&lesson)
    }

    /// Whether it is new.
    pub(super) fn add_lesson(&mut self, lesson: usize) -> bool {
        self.lessons.insert(lesson)
    }

    /// Whether it may go: nothing was ever streamed of it.
    pub(super) fn delete_lesson(&mut self, lesson: usize) -> bool {
        let used = self.logs.values().any(|content| content.lesson == lesson);
        !used && self.lessons.remove(&lesson)
    }

    pub(super) fn post(&mut self, logs: &[PostedLog]) -> Told {
        let mut told = Told::default();
        for (index, log) in logs.iter().enumerate() {
            match self.take(log) {
                Verdict::Stored => told.0 += 1,
                Verdict::Duplicate => told.1 += 1,
                Verdict::Refused(code) => {
                    told.2.push((index, code.to_owned()));
                    if !self.keeps_out(log.learner) {
                        self.rejected.insert(log.clone());
                    }
                }
            }
        }
        told
    }

    /// Tries every rejected log again. Of several that claim one id any may win: the platform says which are `left`.
    pub(super) fn replay(&mut self, left: &BTreeSet<String>) -> Value {
        let (mut accepted, mut duplicates, mut still_rejected) = (0, 0, 0);
        let mut tried: Vec<PostedLog> = self.rejected.iter().cloned().collect();
        tried.sort_by_key(|log| left.contains(&log.json().to_string()));
        for log in tried {
            match self.take(&log) {
                Verdict::Stored => accepted += 1,
                Verdict::Duplicate => duplicates += 1,
                Verdict::Refused(_) => {
                    still_rejected += 1;
                    continue;
                }
            }
            self.rejected.remove(&log);
        }
        let ours: BTreeSet<String> = self.rejected.iter().map(|log| log.json().to_string()).collect();
        assert_eq!(ours, *left, "rejected logs after a replay");
        json!({"accepted": accepted, "duplicates": duplicates, "still_rejected": still_rejected})
    }

    fn take(&mut self, log: &PostedLog) -> Verdict {
        let PostedLog { learner, log_id, content } = log;
        if content.completion_percentage.is_some_and(|percentage| percentage > 100) {
            return Verdict::Refused("out_of_range");
        }
        if self.keeps_out(*learner) {
            return Verdict::Refused("erased");
        }
        if !self.students.contains_key(learner) {
            return Verdict::Refused("unknown_student");
        }
        if !self.lessons.contains(&content.lesson) {
            return Verdict::Refused("unknown_lesson");
        }
        let identity = log_id.map_or_else(|| Identity::Derived(content.clone()), Identity::Given);
        match self.logs.get(&(*learner, identity.clone())) {
            Some(stored) if stored == content => Verdict::Duplicate,
            Some(_) => Verdict::Refused("log_id_conflict"),
            None => {
                self.logs.insert((*learner, identity), content.clone());
                Verdict::Stored
            }
        }
    }
}
