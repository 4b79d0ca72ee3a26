//! What was tried, how it ended, and what was measured.

use std::fmt::{Display, Write};
use std::time::Duration;

use crate::ground::Kind;

/// How a fault went. It has passed where nothing is missed or late.
#[derive(Debug, Default)]
pub struct Outcome {
    /// How often it was tried.
    pub tries: u64,
    /// What was measured, by name.
    pub figures: Vec<(String, String)>,
    /// What was measured and is not what it has to be.
    pub missed: Vec<String>,
    /// The same of what took too long.
    pub late: Vec<String>,
}

impl Outcome {
    /// Of so many tries.
    pub fn of(tries: u64) -> Self {
        Self { tries, ..Self::default() }
    }

    /// With a figure that is worth knowing.
    pub fn figure(mut self, name: &str, value: impl Display) -> Self {
        self.figures.push((name.to_owned(), value.to_string()));
        self
    }

    /// With a figure that may be at most so much.
    pub fn at_most(self, name: &str, value: f64, limit: f64, unit: &str) -> Self {
        self.judged(
            name,
            value <= limit,
            &format!("{} {unit}", Short(value)),
            &format!("≤ {} {unit}", Short(limit)),
        )
    }

    /// With a duration that may be at most so long.
    pub fn within(self, name: &str, value: Duration, limit: Duration) -> Self {
        let mut outcome = self.at_most(name, value.as_secs_f64(), limit.as_secs_f64(), "s");
        if value > limit {
            outcome.late.extend(outcome.missed.pop());
        }
        outcome
    }

    /// With a figure that has to be exactly this.
    pub fn exactly<T: PartialEq + Display>(self, name: &str, value: T, wanted: T) -> Self {
        self.judged(name, value == wanted, &value.to_string(), &wanted.to_string())
    }

    /// With something that has to hold, and is told only where it does not.
    pub fn must(mut self, what: &str, holds: bool, value: impl Display) -> Self {
        if !holds {
            self.missed.push(format!("{what}: {value}"));
        }
        self
    }

    /// With a figure, and whether it is what it has to be.
    pub fn judged(mut self, name: &str, holds: bool, value: &str, wanted: &str) -> Self {
        let value = value.trim();
        if !holds {
            self.missed.push(format!("{name}: {value}, wanted {}", wanted.trim()));
        }
        self.figures.push((name.to_owned(), format!("{value} ({})", wanted.trim())));
        self
    }

    /// Whatever is not what it has to be.
    fn wrong(&self) -> Vec<&str> {
        self.missed.iter().chain(&self.late).map(String::as_str).collect()
    }
}

/// A number as people write it.
struct Short(f64);

impl Display for Short {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self.0 {
            number if number.fract() == 0.0 || number.abs() >= 1_000.0 => write!(f, "{number:.0}"),
            number if number.abs() >= 10.0 => write!(f, "{number:.1}"),
            number => write!(f, "{number:.2}"),
        }
    }
}

/// A row of the table: a fault on a database.
pub struct Row {
    /// Which one of the list.
    pub number: &'static str,
    /// What it is called.
    pub name: &'static str,
    /// On which database.
    pub kind: Kind,
    /// How it went, or the panic that ended it.
    pub result: Result<Outcome, String>,
    /// How long it took.
    pub took: Duration,
}

impl Row {
    /// Whether all is as it has to be.
    pub fn has_passed(&self) -> bool {
        self.result.as_ref().is_ok_and(|outcome| outcome.wrong().is_empty() && outcome.tries > 0)
    }

    /// Whether it has failed, and only because something took too long.
    pub fn is_only_late(&self) -> bool {
        self.result.as_ref().is_ok_and(|outcome| outcome.missed.is_empty() && !outcome.late.is_empty())
    }

    fn verdict(&self) -> &'static str {
        if self.has_passed() { "ok" } else { "FAILED" }
    }

    fn measured(&self) -> String {
        match &self.result {
            Err(panic) => panic.replace(['\n', '|'], " "),
            Ok(outcome) => {
                let figures = outcome.figures.iter().map(|(name, value)| format!("{name} {value}"));
                figures.collect::<Vec<_>>().join("; ")
            }
        }
    }

    /// What is said as soon as it has ended.
    pub fn line(&self, seed: u64) -> String {
        let Self { name, kind, took, .. } = self;
        let mut line = format!("{name} on {kind}: {} ({:.0} s)", self.verdict(), took.as_secs_f64());
        if !self.has_passed() {
            let why = self.result.as_ref().map_or_else(Clone::clone, |outcome| outcome.wrong().join("; "));
            let _ = write!(line, ", seed {seed}: {why}");
        }
        let _ = write!(line, "\n    {}", self.measured());
        line
    }
}

/// The rows as Markdown.
pub fn markdown(rows: &[Row]) -> String {
    let mut table =
        "| # | fault | database | tries | outcome | figures |\n|---|---|---|---|---|---|\n".to_owned();
    for row in rows {
        let Row { number, name, kind, .. } = row;
        let tries = row.result.as_ref().map_or(0, |outcome| outcome.tries);
        let _ = writeln!(
            table,
            "| {number} | {name} | {kind} | {tries} | {} | {} |",
            row.verdict(),
            row.measured()
        );
    }
    table
}
