//! What became of everything that was posted.

use std::collections::BTreeMap;
use std::fmt::Display;

use serde::{Deserialize, Serialize};

/// What became of everything that was posted.
#[derive(Debug, Default, Serialize)]
pub(super) struct Tally {
    pub(super) accepted: u64,
    pub(super) duplicates: u64,
    /// By code.
    pub(super) rejected: BTreeMap<String, u64>,
    pub(super) students: RosterTally,
    pub(super) lessons: RosterTally,
    /// How long the logs took; the roster is posted before.
    pub(super) seconds: f64,
}

/// What became of a roster.
#[derive(Debug, Default, Serialize)]
pub(super) struct RosterTally {
    pub(super) created: u64,
    pub(super) updated: u64,
    pub(super) unchanged: u64,
    pub(super) rejected: u64,
}

/// The server's verdicts on a batch.
#[derive(Debug, Default, Deserialize)]
pub(super) struct Verdicts {
    accepted: u64,
    duplicates: u64,
    rejected: Vec<Rejected>,
}

#[derive(Debug, Deserialize)]
struct Rejected {
    code: String,
}

impl Verdicts {
    /// How many logs were judged.
    pub(super) fn logs(&self) -> u64 {
        self.accepted + self.duplicates + self.rejected.len() as u64
    }
}

impl Tally {
    /// Adds a batch.
    pub(super) fn add(&mut self, verdicts: Verdicts) {
        self.accepted += verdicts.accepted;
        self.duplicates += verdicts.duplicates;
        for Rejected { code } in verdicts.rejected {
            *self.rejected.entry(code).or_default() += 1;
        }
    }

    /// How many logs have their verdict.
    pub(super) fn logs(&self) -> u64 {
        self.accepted + self.duplicates + self.rejected.values().sum::<u64>()
    }

    /// Whether nothing was rejected.
    pub(super) fn is_clean(&self) -> bool {
        self.rejected.is_empty() && self.students.rejected + self.lessons.rejected == 0
    }
}

impl Display for Tally {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self { accepted, duplicates, rejected, students, lessons, seconds } = self;
        let refused: u64 = rejected.values().sum();
        writeln!(f, "lessons     {lessons}")?;
        writeln!(f, "students    {students}")?;
        writeln!(f, "logs        {accepted} accepted, {duplicates} duplicates, {refused} rejected")?;
        for (code, count) in rejected {
            writeln!(f, "            {count} {code}")?;
        }
        let rate = self.logs() as f64 / seconds.max(f64::EPSILON);
        write!(f, "time        {seconds:.1} s, {rate:.0} logs/s")
    }
}

impl Display for RosterTally {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self { created, updated, unchanged, rejected } = self;
        write!(f, "{created} created, {updated} updated, {unchanged} unchanged, {rejected} rejected")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn verdicts_add_up_by_code() {
        let mut tally = Tally::default();
        assert!(tally.is_clean());
        let verdicts =
            r#"{"accepted": 2, "duplicates": 1, "rejected": [{"index": 0, "code": "a"}, {"code": "a"}]}"#;
        for _ in 0..2 {
            let verdicts: Verdicts = serde_json::from_str(verdicts).unwrap();
            assert_eq!(verdicts.logs(), 5);
            tally.add(verdicts);
        }
        assert_eq!(tally.logs(), 10);
        assert_eq!((tally.accepted, tally.duplicates, tally.rejected["a"]), (4, 2, 4));
        assert!(!tally.is_clean());
        assert!(tally.to_string().contains("4 accepted, 2 duplicates, 4 rejected"), "{tally}");
    }

    #[test]
    fn programs_read_the_tally_as_one_object() {
        let tally = Tally { rejected: BTreeMap::from([("a".to_owned(), 1)]), ..Tally::default() };
        let roster = r#"{"created":0,"updated":0,"unchanged":0,"rejected":0}"#;
        assert_eq!(
            serde_json::to_string(&tally).unwrap(),
            format!(
                r#"{{"accepted":0,"duplicates":0,"rejected":{{"a":1}},"students":{roster},"lessons":{roster},"seconds":0.0}}"#
            )
        );
    }
}
