//! A figure: with what it has to be, and whether it is.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::medians::median;

/// A figure.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
#[schema(as = BenchmarkFigure)]
pub struct Row {
    /// For programs: its own within its section.
    pub name: String,
    /// For people.
    pub label: String,
    /// Null where it could not be measured.
    #[schema(required)]
    pub value: Option<f64>,
    /// What the value is counted in.
    pub unit: Unit,
    /// The value as it is shown.
    pub text: String,
    /// What it has to be.
    #[schema(required)]
    pub threshold: Option<Threshold>,
    /// What the hand-written document before had.
    #[schema(required)]
    pub original: Option<String>,
    /// Whether it is what it has to be.
    #[schema(required)]
    pub verdict: Option<Verdict>,
    /// Which way is better, where one is.
    #[schema(required)]
    pub better: Option<Better>,
    /// Every measurement of it; the value is their median.
    pub repeats: Vec<f64>,
}

/// What a figure has to be.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
#[schema(as = BenchmarkThreshold)]
pub struct Threshold {
    #[schema(required)]
    pub at_least: Option<f64>,
    #[schema(required)]
    pub at_most: Option<f64>,
    /// The same for people.
    pub text: String,
}

/// Whether what was measured is what it has to be.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
#[schema(as = BenchmarkVerdict)]
pub enum Verdict {
    /// It is.
    Passed,
    /// It is not.
    Failed,
}

/// Which way is better.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
#[schema(as = BenchmarkBetter)]
pub enum Better {
    Higher,
    Lower,
}

/// What a value is counted in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[schema(as = BenchmarkUnit)]
pub enum Unit {
    #[serde(rename = "")]
    Count,
    #[serde(rename = "/min")]
    PerMinute,
    #[serde(rename = "/s")]
    PerSecond,
    #[serde(rename = "ms")]
    Milliseconds,
    #[serde(rename = "s")]
    Seconds,
    #[serde(rename = "×")]
    Times,
    #[serde(rename = "cores")]
    Cores,
    #[serde(rename = "MB")]
    Megabytes,
}

impl Verdict {
    /// Its name in the API.
    pub fn name(self) -> &'static str {
        match self {
            Self::Passed => "passed",
            Self::Failed => "failed",
        }
    }

    /// Passed, where this holds.
    pub(super) fn of(holds: bool) -> Self {
        if holds { Self::Passed } else { Self::Failed }
    }
}

impl Unit {
    fn name(self) -> &'static str {
        match self {
            Self::Count => "",
            Self::PerMinute => "/min",
            Self::PerSecond => "/s",
            Self::Milliseconds => "ms",
            Self::Seconds => "s",
            Self::Times => "×",
            Self::Cores => "cores",
            Self::Megabytes => "MB",
        }
    }

    /// A value with its unit: three digits that count, or all that stand before the point.
    pub(super) fn text(self, value: f64) -> String {
        let decimals = match value.abs() {
            _ if value.fract() == 0.0 => 0,
            size if size >= 100.0 => 0,
            size if size >= 10.0 => 1,
            size if size >= 1.0 => 2,
            _ => 3,
        };
        format!("{value:.decimals$} {}", self.name()).trim_end().to_owned()
    }
}

impl Row {
    /// A figure that has to be nothing in particular.
    pub(super) fn new(
        name: impl Into<String>,
        label: impl Into<String>,
        value: Option<f64>,
        unit: Unit,
    ) -> Self {
        let text = value.map_or_else(|| "not measured".to_owned(), |value| unit.text(value));
        let (name, label, repeats) = (name.into(), label.into(), value.into_iter().collect());
        Self {
            name,
            label,
            value,
            unit,
            text,
            threshold: None,
            original: None,
            verdict: None,
            better: None,
            repeats,
        }
    }

    /// Milliseconds, of which fewer are better.
    pub(super) fn milliseconds(name: impl Into<String>, label: impl Into<String>, value: f64) -> Self {
        Self::new(name, label, Some(value), Unit::Milliseconds).better(Better::Lower)
    }

    /// It has to be at least this.
    pub(super) fn at_least(self, least: f64) -> Self {
        let text = format!("≥ {}", self.unit.text(least));
        self.held_against(Threshold { at_least: Some(least), at_most: None, text }).better(Better::Higher)
    }

    /// It has to be at most this.
    pub(super) fn at_most(self, most: f64) -> Self {
        let text = if most == 0.0 { "none".to_owned() } else { format!("≤ {}", self.unit.text(most)) };
        self.held_against(Threshold { at_least: None, at_most: Some(most), text }).better(Better::Lower)
    }

    /// What the document before had.
    pub(super) fn original(self, text: &str) -> Self {
        Self { original: Some(text.to_owned()), ..self }
    }

    /// Which way is better.
    pub(super) fn better(self, better: Better) -> Self {
        Self { better: Some(better), ..self }
    }

    fn held_against(mut self, threshold: Threshold) -> Self {
        self.verdict = self.value.map(|value| Verdict::of(threshold.admits(value)));
        self.threshold = Some(threshold);
        self
    }

    /// The same figure, measured several times: its median counts.
    pub(super) fn again(mut self, others: impl Iterator<Item = f64>) -> Self {
        self.repeats.extend(others);
        self.value = median(&self.repeats);
        self.text = self.value.map_or_else(|| self.text.clone(), |value| self.unit.text(value));
        match self.threshold.clone() {
            Some(threshold) => self.held_against(threshold),
            None => self,
        }
    }
}

impl Threshold {
    fn admits(&self, value: f64) -> bool {
        self.at_least.is_none_or(|least| value >= least) && self.at_most.is_none_or(|most| value <= most)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_value_is_shown_with_the_digits_that_count() {
        let texts = [0.1234, 1.234, 12.34, 1234.5, 24.0].map(|value| Unit::Milliseconds.text(value));
        assert_eq!(texts, ["0.123 ms", "1.23 ms", "12.3 ms", "1234 ms", "24 ms"]);
        assert_eq!(Unit::Count.text(240.0), "240");
    }

    #[test]
    fn what_was_not_measured_passes_and_fails_nothing() {
        let row = Row::new("cpu", "CPU", None, Unit::Cores).at_most(1.0);
        assert_eq!((row.text.as_str(), row.verdict), ("not measured", None));
    }
}
