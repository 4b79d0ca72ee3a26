//! Several measurements as one.

use super::report::Section;

/// The middle of what was measured, or what lies between its two middles; none of nothing.
pub(super) fn median(values: &[f64]) -> Option<f64> {
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    let upper = sorted.get(sorted.len() / 2).copied()?;
    Some(if sorted.len().is_multiple_of(2) {
        f64::midpoint(sorted[sorted.len() / 2 - 1], upper)
    } else {
        upper
    })
}

/// Several measurements of the same sections as one: notes and plots are those of the first.
pub(super) fn medians(mut runs: Vec<Vec<Section>>) -> Vec<Section> {
    let others = runs.split_off(1.min(runs.len()));
    let first = runs.pop().unwrap_or_default();
    let again = |section: &str, row: &str| -> Vec<f64> {
        let rows =
            others.iter().flatten().filter(|other| other.name == section).flat_map(|other| &other.rows);
        rows.filter(|other| other.name == row).filter_map(|other| other.value).collect()
    };
    let merged = first.into_iter().map(|section| {
        let rows = section.rows.into_iter().map(|row| {
            let values = again(&section.name, &row.name);
            row.again(values.into_iter())
        });
        Section { rows: rows.collect(), ..section }
    });
    merged.collect()
}

#[cfg(test)]
mod tests {
    use super::super::report::verdict_over;
    use super::super::row::{Row, Verdict};
    use super::*;

    #[test]
    fn the_median_of_several_runs_is_judged() {
        let run =
            |value| vec![Section::new("a", "A").rows([Row::milliseconds("p99", "p99", value).at_most(10.0)])];
        let merged = medians(vec![run(30.0), run(5.0), run(9.0)]);
        let row = &merged[0].rows[0];
        assert_eq!((row.value, row.verdict, row.text.as_str()), (Some(9.0), Some(Verdict::Passed), "9 ms"));
        assert_eq!(row.repeats, [30.0, 5.0, 9.0]);
        assert_eq!(verdict_over(&merged), Verdict::Passed);
        assert_eq!(verdict_over(&run(11.0)), Verdict::Failed);
    }

    #[test]
    fn neither_of_two_middles_counts_alone() {
        assert_eq!(median(&[30.0, 5.0]), Some(17.5));
        assert_eq!(median(&[4.0, 1.0, 2.0, 9.0]), Some(3.0));
        assert_eq!((median(&[7.0]), median(&[])), (Some(7.0), None));
    }
}
