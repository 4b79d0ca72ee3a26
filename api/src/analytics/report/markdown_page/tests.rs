use super::super::{Staleness, sample};
use super::*;

/// The whole page, as it is read.
const PAGE: &str = r"# Daily report of Monday, 29 November 2021

6 of 12 learners were active and sent 30 streaming logs. They watched for 1 h 0 min and completed a lesson 4 times; on average a log stood at 62.5 % of its lesson. The active learners are 2 fewer than the day before, and 6 more than on the same day a week earlier.

## What changed

|  | This day | Sunday, 28 November | Change | Monday, 22 November | Change |
|---|---|---|---|---|---|
| Active learners | 6 | 8 | −2 | 0 | +6 |
| Streaming logs | 30 | 20 | +10 | 0 | +30 |
| Watched | 1 h 0 min | 30 min | +30 min | 0 s | +1 h 0 min |
| Seconds a log, on average | 150.0 | 90.0 | +60.0 | – | – |
| Completion in %, on average | 62.5 | 50.0 | +12.5 | – | – |
| Lessons completed | 4 | 6 | −2 | 0 | +4 |

## Classrooms

By the share of their learners who were active.

|  | Classroom | Learners | Active | Share | Watched | Completion in % | Lessons completed |
|---|---|---|---|---|---|---|---|
| 1 | Data\_2025 | 8 | 4 | 50 % | 50 min | – | 3 |
| 2 | IA\_2025 | 4 | 2 | 50 % | 10 min | – | 1 |

1 classroom has no learner.

## Lessons that lose people

| Lesson | Began | Finished | Lost | Share | Most stopped |
|---|---|---|---|---|---|
| Introduction à Docker | 6 | 1 | 5 | 83 % | between 25 % and 50 % (3 learners) |

## Silent for seven days

5 of 12 learners sent no log from 23 to 29 November.

## Data quality

Logs that arrived on this day, whatever day they are of.

| New | Late (over 24 h) | Sent again | Refused |
|---|---|---|---|
| 31 | 3 | 2 | 1 |

## How it was made

- analyze\_student\_engagement: active\_students 6, note a\|b

---

A day in Europe/Paris. Figures of 2021-11-30T01:30:00.000000Z, revision 12.
";

#[test]
fn the_page_is_read_from_the_top() {
    assert_eq!(of(&sample::report()), PAGE);
}

#[test]
fn a_stale_report_says_so_first() {
    let page = of(&sample::told(sample::facts(), Staleness::Day));
    let second = page.split("\n\n").nth(1).unwrap();
    assert!(second.starts_with("> **This report is out of date.** The figures of 2021-11-29"), "{second}");
}

#[test]
fn a_day_without_anything_is_a_page_too() {
    let page = of(&sample::told(sample::nothing(), Staleness::Fresh));
    for sentence in [
        "No learner is enrolled. Nothing was watched. The active learners are as many as the day before",
        "No classroom has a learner.",
        "None that five learners or more began lost anybody.",
        "0 of 0 learners sent no log",
    ] {
        assert!(page.contains(sentence), "{sentence} is not in {page}");
    }
    assert!(!page.contains("How it was made"), "{page}");
}

#[test]
fn one_is_not_many() {
    let mut facts = sample::facts();
    let it = &mut facts.totals;
    (it.figures.active_students, it.figures.streaming_logs, it.figures.completed) = (1, 1, 1);
    let page = of(&sample::told(facts, Staleness::Fresh));
    assert!(page.contains("1 of 12 learners was active and sent 1 streaming log."), "{page}");
    assert!(page.contains("completed a lesson 1 time;"), "{page}");
}

#[test]
fn a_name_stays_a_name() {
    let mut facts = sample::facts();
    facts.classrooms[0].0 = "<script>|*a*|\n# [b](c) & d".to_owned();
    let page = of(&sample::told(facts, Staleness::Fresh));
    let line = page.lines().find(|line| line.contains("script")).unwrap();
    assert!(line.starts_with(r"| 1 | \<script\>\|\*a\*\| \# \[b\](c) \& d | 8 |"), "{line}");
}

#[test]
fn what_is_silent_over_the_end_of_a_month_names_both() {
    let mut report = sample::report();
    report.date = "2021-12-02".parse().unwrap();
    assert!(of(&report).contains("sent no log from 26 November to 2 December."));
}

#[test]
fn a_long_table_is_cut_and_says_so() {
    let mut facts = sample::facts();
    let one = facts.classrooms[0].clone();
    facts.classrooms = (0..MOST_ROWS + 2).map(|number| (format!("Class {number:02}"), one.1)).collect();
    let page = of(&sample::told(facts, Staleness::Fresh));
    assert!(page.contains("| 40 | Class 39 |") && !page.contains("| 41 |"), "{page}");
    assert!(page.contains("2 more classrooms are in the CSV."), "{page}");
}
