//! Expectations, read and held against reports.

use std::collections::BTreeMap;

use super::super::ledger::Ledger;
use super::*;

fn report() -> Report {
    Report {
        requests: 99,
        unsent: 1,
        accepted: 190,
        rejected: 10,
        errors: BTreeMap::from([("503".to_owned(), 4)]),
        logs_per_second: 200.0,
        latency_ms: Latency { mean: 5.0, p50: 4.0, p95: 9.0, p99: 50.0, p999: 60.0, max: 70.0 },
        ..Report::default()
    }
}

#[track_caller]
fn holds(text: &str, report: &Report) -> bool {
    expectation(text).unwrap().verdict(report).holds
}

#[test]
fn each_figure_is_held_against_its_limit() {
    let report = report();
    for held in [
        "mean<=5ms",
        "p50 < 0.0041 s",
        "p95<10ms",
        "p99<=50ms",
        "p99.9>50ms",
        "max<1s",
        "errors<=5%",
        "rejected<=5%",
        "rate>=200",
        "rate>199.9/s",
    ] {
        assert!(holds(held, &report), "{held}");
    }
    for broken in ["p99<50ms", "max<69ms", "errors<5%", "rejected>5%", "rate>200", "lost<=0", "doubled<=0"] {
        assert!(!holds(broken, &report), "{broken}");
    }
}

#[test]
fn the_ledger_tells_what_was_lost() {
    let ledger = Some(Ledger { acknowledged: 9, lost: 1, doubled: 0 });
    let report = Report { ledger, ..report() };
    assert!(!holds("lost<=0", &report) && holds("doubled<=0", &report));
    assert!(expectation("lost<=0").unwrap().needs_the_ledger());
    assert!(!expectation("p99<1s").unwrap().needs_the_ledger());
}

#[test]
fn where_nothing_was_measured_nothing_holds() {
    for text in ["p99<50ms", "p99>=0ms", "errors<=0%", "rejected<=0%", "lost<=0"] {
        assert!(!holds(text, &Report::default()), "{text}");
    }
}

#[test]
fn what_is_no_expectation_is_told_with_an_example() {
    for text in [
        "",
        "p99",
        "p99<",
        "p99<50",
        "p99=50ms",
        "p98<50ms",
        "p99<-5ms",
        "p99<fast",
        "p99<1.2.3ms",
        "errors<5",
        "errors<5ms",
        "rate>5%",
        "lost<=0ms",
        "<5ms",
        "p99<infms",
        "p99<<5ms",
    ] {
        let refused = expectation(text).unwrap_err();
        assert!(refused.contains("'p99<50ms'") && !refused.contains('\n'), "{text}: {refused}");
    }
}

#[test]
fn the_table_marks_what_does_not_hold() {
    let verdicts = ["p99<40ms", "rate>=200", "lost<=0"];
    let verdicts = verdicts.map(|text| expectation(text).unwrap().verdict(&report()));
    assert_eq!(
        table(&verdicts),
        "expectation        measured\n\
         p99<40ms           50.00 ms  ✗\n\
         rate>=200     200.00 logs/s  ✓\n\
         lost<=0             nothing  ✗"
    );
}
