//! What is expected of a load: `p99<50ms`, `errors<=0%`, `rate>=200`, `lost<=0`.

use schemars::JsonSchema;
use serde::Serialize;

use super::report::Report;
use crate::latency::Latency;

/// Something that is expected of a load.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Expectation {
    /// As it was written.
    expression: String,
    figure: Figure,
    comparison: Comparison,
    /// In the figure's own unit.
    limit: f64,
}

/// What became of an expectation.
#[derive(Debug, Clone, PartialEq, Serialize, JsonSchema)]
pub(super) struct Verdict {
    /// As it was written.
    pub(super) expression: String,
    /// In milliseconds, per cent, logs a second, or logs; null where there is nothing to measure, which fulfils nothing.
    pub(super) measured: Option<f64>,
    pub(super) holds: bool,
    #[serde(skip)]
    unit: &'static str,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Figure {
    Mean,
    P50,
    P95,
    P99,
    P999,
    Max,
    Errors,
    Rejected,
    Rate,
    Lost,
    Doubled,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Comparison {
    Less,
    AtMost,
    More,
    AtLeast,
}

const FIGURES: [(&str, Figure); 11] = [
    ("mean", Figure::Mean),
    ("p50", Figure::P50),
    ("p95", Figure::P95),
    ("p99", Figure::P99),
    ("p99.9", Figure::P999),
    ("max", Figure::Max),
    ("errors", Figure::Errors),
    ("rejected", Figure::Rejected),
    ("rate", Figure::Rate),
    ("lost", Figure::Lost),
    ("doubled", Figure::Doubled),
];

/// The longer ones first: `<=` begins with `<`.
const COMPARISONS: [(&str, Comparison); 4] = [
    ("<=", Comparison::AtMost),
    (">=", Comparison::AtLeast),
    ("<", Comparison::Less),
    (">", Comparison::More),
];

const EXAMPLE: &str = "an expectation is a figure, one of < <= > >=, and a limit: 'p99<50ms', 'errors<=0.1%', \
'rejected<=0%', 'rate>=200', 'lost<=0'; figures are mean p50 p95 p99 p99.9 max errors rejected rate lost doubled";

/// Reads an expectation.
pub(crate) fn expectation(text: &str) -> Result<Expectation, String> {
    let read = || {
        let at = text.find(['<', '>'])?;
        let (name, rest) = text.split_at(at);
        let figure = FIGURES.iter().find(|(known, _)| *known == name.trim())?.1;
        let (sign, comparison) = COMPARISONS.into_iter().find(|(sign, _)| rest.starts_with(sign))?;
        let limit = figure.limit(rest[sign.len()..].trim())?;
        Some(Expectation { expression: text.trim().to_owned(), figure, comparison, limit })
    };
    read().ok_or_else(|| EXAMPLE.to_owned())
}

impl Expectation {
    /// Whether the logs must be read back to tell.
    pub(super) fn needs_the_ledger(&self) -> bool {
        matches!(self.figure, Figure::Lost | Figure::Doubled)
    }

    /// Whether it says how many requests may fail.
    pub(super) fn allows_errors(&self) -> bool {
        self.figure == Figure::Errors
    }

    /// Whether it says how many logs may be rejected.
    pub(super) fn allows_rejected(&self) -> bool {
        self.figure == Figure::Rejected
    }

    /// Holds it against a load.
    pub(super) fn verdict(&self, report: &Report) -> Verdict {
        let measured = self.figure.measured(report);
        let holds = measured.is_some_and(|measured| self.comparison.holds(measured, self.limit));
        Verdict { expression: self.expression.clone(), measured, holds, unit: self.figure.unit() }
    }
}

impl Figure {
    /// A limit in its own unit, if it is one.
    fn limit(self, text: &str) -> Option<f64> {
        let end = text.find(|letter: char| !letter.is_ascii_digit() && letter != '.').unwrap_or(text.len());
        let (number, unit) = text.split_at(end);
        let factor = match (self.unit(), unit.trim()) {
            (" ms", "s") => 1_000.0,
            (" ms", "ms") | (" %", "%") | (" logs/s", "" | "/s") | ("", "") => 1.0,
            _ => return None,
        };
        Some(number.parse::<f64>().ok().filter(|number| number.is_finite())? * factor)
    }

    fn unit(self) -> &'static str {
        match self {
            Self::Mean | Self::P50 | Self::P95 | Self::P99 | Self::P999 | Self::Max => " ms",
            Self::Errors | Self::Rejected => " %",
            Self::Rate => " logs/s",
            Self::Lost | Self::Doubled => "",
        }
    }

    fn measured(self, report: &Report) -> Option<f64> {
        let failed: u64 = report.errors.values().sum::<u64>() + report.unsent;
        let requests = report.requests + report.unsent;
        let logs = report.accepted + report.duplicates + report.rejected;
        let Latency { mean, p50, p95, p99, p999, max } = report.latency_ms;
        let latency = |figure| (requests > 0).then_some(figure);
        match self {
            Self::Mean => latency(mean),
            Self::P50 => latency(p50),
            Self::P95 => latency(p95),
            Self::P99 => latency(p99),
            Self::P999 => latency(p999),
            Self::Max => latency(max),
            Self::Errors => percentage(failed, requests),
            Self::Rejected => percentage(report.rejected, logs),
            Self::Rate => Some(report.logs_per_second),
            Self::Lost => report.ledger.map(|ledger| ledger.lost as f64),
            Self::Doubled => report.ledger.map(|ledger| ledger.doubled as f64),
        }
    }
}

fn percentage(part: u64, whole: u64) -> Option<f64> {
    (whole > 0).then(|| part as f64 * 100.0 / whole as f64)
}

impl Comparison {
    fn holds(self, measured: f64, limit: f64) -> bool {
        match self {
            Self::Less => measured < limit,
            Self::AtMost => measured <= limit,
            Self::More => measured > limit,
            Self::AtLeast => measured >= limit,
        }
    }
}

/// Expectation, measured, ✓ or ✗: a line each.
pub(super) fn table(verdicts: &[Verdict]) -> String {
    let width = verdicts.iter().map(|verdict| verdict.expression.chars().count()).max().unwrap_or_default();
    let width = width.max("expectation".len());
    let mut table = format!("{:width$}  {:>14}", "expectation", "measured");
    for Verdict { expression, measured, holds, unit } in verdicts {
        let measured = match measured {
            None => "nothing".to_owned(),
            Some(count) if unit.is_empty() => format!("{count}"),
            Some(measured) => format!("{measured:.2}{unit}"),
        };
        let mark = if *holds { '✓' } else { '✗' };
        table.push_str(&format!("\n{expression:width$}  {measured:>14}  {mark}"));
    }
    table
}

#[cfg(test)]
#[path = "expectations_tests.rs"]
mod tests;
