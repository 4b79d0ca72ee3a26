//! Reports and comparisons for people: Markdown.

use std::fmt::{self, Display, Formatter};

use super::comparison::{Change, Comparison};
use super::report::{Plot, Report, Section};
use super::row::{Row, Verdict};

/// A line of so many points is a table; a longer one wants a picture.
const POINTS_OF_A_TABLE: usize = 12;

/// A report as Markdown.
pub struct ReportPage<'r>(pub &'r Report);

/// A comparison as Markdown.
pub struct ComparisonPage<'c>(pub &'c Comparison);

impl Display for ReportPage<'_> {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let Report { kind, version, started_at, seconds, parameters, verdict, machine, sections, id: _ } =
            self.0;
        let name = kind.name().replace('_', " ");
        writeln!(f, "# EdTech Stream {version}: {name}\n")?;
        let memory = machine.memory_gib.map_or_else(String::new, |gib| format!(", {gib} GiB"));
        let at = started_at.format("%Y-%m-%d %H:%M UTC");
        writeln!(
            f,
            "Measured on {at} in {seconds:.0} s: {}, {} cores{memory}; {}.",
            machine.processor, machine.cores, machine.database
        )?;
        if parameters.repeats > 1 {
            writeln!(f, "Each figure is the median of {} runs.", parameters.repeats)?;
        }
        let said = if *verdict == Verdict::Passed {
            "every figure is what it has to be"
        } else {
            "not every figure is what it has to be"
        };
        writeln!(f, "\n**{}**: {said}.", verdict.name())?;
        sections.iter().try_for_each(|section| write!(f, "\n{section}"))
    }
}

impl Display for Section {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        writeln!(f, "## {}\n", self.title)?;
        self.notes.iter().try_for_each(|note| writeln!(f, "{note}\n"))?;
        writeln!(f, "| measure | measured | has to be | original | |\n|---|---|---|---|---|")?;
        self.rows.iter().try_for_each(|row| writeln!(f, "{row}"))?;
        let small = self
            .plots
            .iter()
            .filter(|plot| plot.lines.iter().all(|line| line.points.len() <= POINTS_OF_A_TABLE));
        small
            .filter(|plot| plot.lines.iter().any(|line| !line.points.is_empty()))
            .try_for_each(|plot| write!(f, "\n{plot}"))
    }
}

impl Display for Row {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let threshold = self.threshold.as_ref().map_or("", |threshold| threshold.text.as_str());
        let original = self.original.as_deref().unwrap_or_default();
        let verdict = match self.verdict {
            Some(Verdict::Passed) => "✓",
            Some(Verdict::Failed) => "✗",
            None => "",
        };
        write!(f, "| {} | {} | {threshold} | {original} | {verdict} |", self.label, self.text)
    }
}

impl Display for Plot {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let names = self.lines.iter().map(|line| format!(" {} |", line.name)).collect::<String>();
        writeln!(f, "{}:\n\n| {} |{names}", self.title, self.x)?;
        writeln!(f, "|---|{}", "---|".repeat(self.lines.len()))?;
        let Some(first) = self.lines.first() else { return Ok(()) };
        for (place, [x, _]) in first.points.iter().enumerate() {
            write!(f, "| {x:.0} |")?;
            let values = self.lines.iter().map(|line| line.points.get(place));
            values.into_iter().try_for_each(|point| match point {
                Some([_, y]) => write!(f, " {y:.1} |"),
                None => write!(f, " |"),
            })?;
            writeln!(f)?;
        }
        Ok(())
    }
}

impl Display for ComparisonPage<'_> {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let Comparison { kind, rows, regressions, .. } = self.0;
        writeln!(f, "# Two benchmarks compared: {}\n", kind.name().replace('_', " "))?;
        writeln!(f, "| measure | baseline | now | ratio | noise | |\n|---|---|---|---|---|---|")?;
        for row in rows {
            let mark = match row.verdict {
                Change::Same => "",
                Change::Better => "better",
                Change::Worse => "**worse**",
            };
            let [baseline, candidate] = [row.baseline, row.candidate].map(|value| row.unit.text(value));
            let noise = row.noise * 100.0;
            writeln!(
                f,
                "| {} | {baseline} | {candidate} | {:.2} × | ± {noise:.0} % | {mark} |",
                row.label, row.ratio
            )?;
        }
        writeln!(f, "\n{regressions} of {} figures are worse than noise explains.", rows.len())
    }
}
