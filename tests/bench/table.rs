//! The table: what was measured, against what, and whether that is enough.

use std::fmt::Write;

/// A row of the table.
pub struct Row {
    work: String,
    measured: String,
    against: String,
    wanted: Option<Wanted>,
}

/// What has to be reached, and what would be good.
struct Wanted {
    value: f64,
    must: f64,
    aim: Option<f64>,
    kind: Kind,
}

#[derive(Clone, Copy)]
enum Kind {
    /// At least so many times what it is measured against.
    Ratio,
    /// At most so many of a unit.
    AtMost(&'static str),
}

/// A rate of a second, with the name of what it is of.
pub struct Rate(pub f64);

impl std::fmt::Display for Rate {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self.0 {
            rate if rate >= 10_000.0 => write!(f, "{:.1} k/s", rate / 1e3),
            rate => write!(f, "{rate:.0} /s"),
        }
    }
}

impl Row {
    /// So many times a reference, which was measured beside it.
    pub fn ratio(
        work: impl Into<String>,
        measured: impl Into<String>,
        against: impl Into<String>,
        (value, must, aim): (f64, f64, Option<f64>),
    ) -> Self {
        let wanted = Some(Wanted { value, must, aim, kind: Kind::Ratio });
        Self { work: work.into(), measured: measured.into(), against: against.into(), wanted }
    }

    /// At most so many of a unit.
    pub fn at_most(
        work: impl Into<String>,
        measured: impl Into<String>,
        unit: &'static str,
        (value, must, aim): (f64, f64, Option<f64>),
    ) -> Self {
        let wanted = Some(Wanted { value, must, aim, kind: Kind::AtMost(unit) });
        Self { work: work.into(), measured: measured.into(), against: String::new(), wanted }
    }

    /// What is worth knowing and has no target.
    pub fn fact(work: impl Into<String>, measured: impl Into<String>) -> Self {
        Self { work: work.into(), measured: measured.into(), against: String::new(), wanted: None }
    }

    /// Whether it is what it must be.
    pub fn holds(&self) -> bool {
        self.wanted.as_ref().is_none_or(|wanted| wanted.reaches(wanted.must))
    }
}

impl Wanted {
    fn reaches(&self, goal: f64) -> bool {
        match self.kind {
            Kind::Ratio => self.value >= goal,
            Kind::AtMost(_) => self.value <= goal,
        }
    }

    fn goal(&self, goal: f64) -> String {
        match self.kind {
            Kind::Ratio => format!("≥ {goal} ×"),
            Kind::AtMost(unit) => format!("≤ {goal} {unit}"),
        }
    }

    fn verdict(&self) -> &'static str {
        match (self.reaches(self.must), self.aim.is_some_and(|aim| self.reaches(aim))) {
            (true, true) => "✓✓",
            (true, false) => "✓",
            (false, _) => "✗",
        }
    }
}

/// The rows as Markdown.
pub fn markdown(rows: &[Row]) -> String {
    let mut table =
        "| work | measured | against | ratio | must | aim | |\n|---|---|---|---|---|---|---|\n".to_owned();
    for Row { work, measured, against, wanted } in rows {
        let (ratio, must, aim, verdict) = match wanted {
            None => (String::new(), String::new(), String::new(), ""),
            Some(wanted) => {
                let ratio = match wanted.kind {
                    Kind::Ratio => format!("**{:.3} ×**", wanted.value),
                    Kind::AtMost(_) => String::new(),
                };
                let aim = wanted.aim.map_or_else(String::new, |aim| wanted.goal(aim));
                (ratio, wanted.goal(wanted.must), aim, wanted.verdict())
            }
        };
        let row = format!("| {work} | {measured} | {against} | {ratio} | {must} | {aim} | {verdict} |");
        writeln!(table, "{row}").expect("room for a row");
    }
    table
}
