//! Two runs of a kind beside each other: ratios, and which of them noise does not explain.

use serde::Serialize;
use utoipa::ToSchema;
use uuid::Uuid;

use super::kind::Kind;
use super::report::Report;
use super::row::{Better, Row, Unit};

/// What two runs differ by on a busy machine although nothing has changed, where too few repeats tell.
const USUAL_NOISE: f64 = 0.2;

/// Less is never told: a tenth is what clocks, caches and neighbours make of the same program.
const LEAST_NOISE: f64 = 0.1;

/// One run held against an earlier one.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
#[schema(as = BenchmarkComparison)]
pub struct Comparison {
    /// The earlier run.
    pub baseline: Uuid,
    /// The one that is held against it.
    pub candidate: Uuid,
    /// What both measured.
    pub kind: Kind,
    /// The figures that both have and of which one way is better.
    pub rows: Vec<Compared>,
    /// How many are worse than noise explains.
    pub regressions: usize,
}

/// A figure of two runs.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
#[schema(as = BenchmarkCompared)]
pub struct Compared {
    pub section: String,
    pub name: String,
    pub label: String,
    pub unit: Unit,
    pub baseline: f64,
    pub candidate: f64,
    /// The later figure as a multiple of the earlier one.
    pub ratio: f64,
    /// What the ratio may differ from 1 by without meaning anything, estimated from repeats where there are some.
    pub noise: f64,
    pub verdict: Change,
}

/// What became of a figure.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
#[schema(as = BenchmarkChange)]
pub enum Change {
    /// Noise explains it.
    Same,
    Better,
    Worse,
}

impl Comparison {
    /// Of two runs; none where they measured different things.
    pub fn of(candidate: &Report, baseline: &Report) -> Option<Self> {
        (candidate.kind == baseline.kind).then(|| {
            let rows: Vec<Compared> = candidate
                .sections
                .iter()
                .flat_map(|section| section.rows.iter().map(move |row| (section.name.as_str(), row)))
                .filter_map(|(section, row)| {
                    Compared::of(section, row, earlier(baseline, section, &row.name)?)
                })
                .collect();
            let regressions = rows.iter().filter(|row| row.verdict == Change::Worse).count();
            Self { baseline: baseline.id, candidate: candidate.id, kind: candidate.kind, rows, regressions }
        })
    }
}

fn earlier<'r>(baseline: &'r Report, section: &str, name: &str) -> Option<&'r Row> {
    let sections = baseline.sections.iter().filter(|other| other.name == section);
    sections.flat_map(|other| &other.rows).find(|row| row.name == name)
}

impl Compared {
    fn of(section: &str, row: &Row, earlier: &Row) -> Option<Self> {
        let (better, candidate, baseline) = (row.better?, row.value?, earlier.value?);
        // What is nothing has no ratio; two nothings are the same.
        let ratio = if candidate == baseline { 1.0 } else { candidate / baseline };
        let noise = noise(row).max(noise(earlier)).max(LEAST_NOISE);
        let verdict = change(ratio, noise, better);
        let (section, name, label) = (section.to_owned(), row.name.clone(), row.label.clone());
        let ratio = if ratio.is_finite() { ratio } else { candidate.signum() * 1e9 };
        Some(Self { section, name, label, unit: row.unit, baseline, candidate, ratio, noise, verdict })
    }
}

/// Half of what the repeats lie apart, as a share of their median, and twice of that for safety.
fn noise(row: &Row) -> f64 {
    let (Some(median), [_, _, ..]) = (row.value, row.repeats.as_slice()) else { return USUAL_NOISE };
    let [least, most] =
        [f64::min, f64::max].map(|of| row.repeats.iter().copied().reduce(of).unwrap_or(median));
    if median == 0.0 { USUAL_NOISE } else { (most - least) / median.abs() }
}

fn change(ratio: f64, noise: f64, better: Better) -> Change {
    let (up, down) = match better {
        Better::Higher => (Change::Better, Change::Worse),
        Better::Lower => (Change::Worse, Change::Better),
    };
    match ratio {
        ratio if ratio > 1.0 + noise => up,
        // As far down as up: half of it is as much as twice of it.
        ratio if ratio < 1.0 / (1.0 + noise) => down,
        _ => Change::Same,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row(repeats: &[f64], better: Better) -> Row {
        let mut row = Row::new("a", "A", repeats.first().copied(), Unit::Milliseconds).better(better);
        row.repeats = repeats.to_vec();
        row
    }

    fn verdict(earlier: &[f64], later: &[f64], better: Better) -> Change {
        Compared::of("s", &row(later, better), &row(earlier, better)).unwrap().verdict
    }

    #[test]
    fn what_noise_explains_is_the_same() {
        use Better::{Higher, Lower};
        assert_eq!(verdict(&[100.0], &[115.0], Lower), Change::Same);
        assert_eq!(verdict(&[100.0], &[130.0], Lower), Change::Worse);
        assert_eq!(verdict(&[100.0], &[130.0], Higher), Change::Better);
        assert_eq!(verdict(&[100.0], &[70.0], Higher), Change::Worse);
        assert_eq!(verdict(&[100.0], &[70.0], Lower), Change::Better);
    }

    #[test]
    fn repeats_tell_how_noisy_a_figure_is() {
        use Better::Lower;
        assert_eq!(verdict(&[100.0, 101.0, 99.0], &[115.0, 116.0, 115.0], Lower), Change::Worse);
        assert_eq!(verdict(&[100.0, 140.0, 90.0], &[130.0, 131.0, 132.0], Lower), Change::Same);
    }

    #[test]
    fn nothing_to_nothing_is_the_same_and_something_from_nothing_is_worse() {
        assert_eq!(verdict(&[0.0], &[0.0], Better::Lower), Change::Same);
        assert_eq!(verdict(&[0.0], &[3.0], Better::Lower), Change::Worse);
    }
}
