//! Reports, and their schema.

use super::super::expectations::expectation;
use super::*;

#[test]
fn the_checked_in_schema_is_that_of_the_report() {
    let known = include_str!("../../load-report.schema.json");
    let known: serde_json::Value = serde_json::from_str(known).unwrap();
    assert!(
        known == *schema().as_value(),
        "the report has changed; write its schema anew:\n\
         cargo run --package edtech-simulator -- load --schema > simulator/load-report.schema.json"
    );
}

#[test]
fn a_clean_load_has_no_errors_unless_they_were_expected() {
    let expect = |text: &str| vec![expectation(text).unwrap()];
    let judged = |report: Report, expectations: Vec<Expectation>| {
        let verdicts = expectations.iter().map(|expectation| expectation.verdict(&report)).collect();
        Report { expectations: verdicts, ..report }.is_clean(&expectations)
    };
    let report = || Report { requests: 200, accepted: 199, ..Report::default() };
    let with_errors = || Report { errors: BTreeMap::from([("503".to_owned(), 1)]), ..report() };
    assert!(judged(report(), Vec::new()) && !judged(with_errors(), Vec::new()));
    assert!(judged(with_errors(), expect("errors<=1%")) && !judged(with_errors(), expect("errors<0.1%")));
    assert!(!judged(with_errors(), expect("p99<1s")));

    assert!(!judged(Report { unsent: 1, ..report() }, Vec::new()));
    assert!(!judged(Report { rejected: 1, ..report() }, expect("errors<=1%")));
    assert!(judged(Report { rejected: 1, ..report() }, expect("rejected<=1%")));
    let ledger = |lost| Some(Ledger { acknowledged: 9, lost, doubled: 0 });
    assert!(judged(Report { ledger: ledger(0), ..report() }, Vec::new()));
    assert!(!judged(Report { ledger: ledger(1), ..report() }, expect("lost<=5")));
}

#[test]
fn a_person_reads_what_happened_and_no_more() {
    let clean =
        Report { requests: 12, accepted: 12, seconds: 60.0, logs_per_second: 0.2, ..Report::default() };
    let clean = clean.to_string();
    assert!(clean.starts_with(
        "12 requests in 60.0 s: 12 accepted, 0 duplicates, 0 rejected\n0.200 logs per second\n"
    ));
    assert_eq!(clean.lines().count(), 3, "{clean}");
    let worse = Report {
        unsent: 3,
        interrupted: true,
        ledger: Some(Ledger { acknowledged: 9, lost: 1, doubled: 2 }),
        errors: BTreeMap::from([("503".to_owned(), 4)]),
        ..Report::default()
    };
    let worse = worse.to_string();
    for line in
        ["4 × 503", "3 requests were due and never sent", "ledger: 9 logs acknowledged, 1 lost, 2 doubled"]
    {
        assert!(worse.lines().any(|told| told == line), "{line} in {worse}");
    }
    assert!(worse.contains("told to stop"));
}
