//! Whatever happens in whatever order: the figures of any classrooms are what the raw log gives for their learners, and those of
//! all classrooms, one by one, add up to the platform's.

mod school;

use std::collections::BTreeSet;

use proptest::prelude::*;
use proptest::test_runner::{Config, TestCaseError, TestRunner};

use super::Classes;
use crate::store::{Breakdown, DaySpan, Figures, FiguresReport, TemporaryStore, Window};
use school::{CALENDAR, CLASSROOMS, DAYS, Kept, School, steps};

/// A failing case is made simpler for so many tries: each is a database.
const SIMPLIFICATIONS: u32 = 20;

fn for_any_steps<F: Future<Output = TemporaryStore>>(cases: u32, open: impl Fn() -> F) {
    let config =
        Config { cases, max_shrink_iters: SIMPLIFICATIONS, failure_persistence: None, ..Config::default() };
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let outcome = TestRunner::new(config).run(&steps(), |steps| {
        runtime.block_on(async {
            let temporary = open().await;
            let outcome = check(&School::after(&temporary.store, &steps).await).await;
            temporary.close().await;
            outcome
        })
    });
    outcome.unwrap();
}

#[test]
fn figures_of_some_classrooms_are_those_of_the_raw_log_on_sqlite() {
    for_any_steps(24, TemporaryStore::open);
}

#[test]
fn figures_of_some_classrooms_are_those_of_the_raw_log_on_postgres() {
    for_any_steps(16, TemporaryStore::open_on_postgres);
}

async fn check(school: &School<'_>) -> Result<(), TestCaseError> {
    for span in spans() {
        let mut added = FiguresReport::default();
        for set in sets() {
            let classes = Classes::only(set.iter().map(|&name| name.to_owned()));
            let report = check_figures(school, span, &set, &classes).await?;
            check_progress(school, span, &set, &classes).await?;
            if set.len() == 1 {
                add(&mut added, report);
            }
        }
        let mut all = whole(school, span, &Classes::All).await;
        all.classrooms.retain(|(name, _)| CLASSROOMS.contains(&name.as_str()));
        prop_assert_eq!(&added, &all, "the sum over classrooms, {:?}", span);
    }
    for set in sets() {
        let classes = Classes::only(set.iter().map(|&name| name.to_owned()));
        check_timeseries(school, &set, &classes).await?;
    }
    Ok(())
}

fn spans() -> [DaySpan; 4] {
    let [first, second, last] = DAYS;
    [
        DaySpan::default(),
        DaySpan::of(second),
        DaySpan { from: Some(first), to: Some(second) },
        DaySpan { from: None, to: Some(last) },
    ]
}

/// Nobody, each classroom alone, and some more than one; a name that there is no classroom of changes nothing.
fn sets() -> Vec<BTreeSet<&'static str>> {
    let [first, second, third] = CLASSROOMS;
    let alone = CLASSROOMS.map(|name| BTreeSet::from([name]));
    let others = [vec![], vec![first, second], vec![first, third, "nowhere"], CLASSROOMS.to_vec()];
    alone.into_iter().chain(others.into_iter().map(|names| names.into_iter().collect())).collect()
}

/// All breakdowns of a span in one report.
async fn whole(school: &School<'_>, span: DaySpan, classes: &Classes) -> FiguresReport {
    let read = async |breakdown| school.store.figures(span, breakdown, classes).await.unwrap();
    let both = read(Breakdown::ClassroomsAndLessons).await;
    let days = read(Breakdown::Days).await;
    assert_eq!(both.totals, days.totals);
    assert_eq!(both.classrooms, read(Breakdown::Classrooms).await.classrooms);
    assert_eq!(both.lessons, read(Breakdown::Lessons).await.lessons);
    FiguresReport { days: days.days, ..both }
}

async fn check_figures(
    school: &School<'_>,
    span: DaySpan,
    set: &BTreeSet<&str>,
    classes: &Classes,
) -> Result<FiguresReport, TestCaseError> {
    let report = whole(school, span, classes).await;
    let within = |log: &Kept| school::is_within(span, log.day) && set.contains(log.classroom);
    let place = format!("{set:?}, {span:?}");
    prop_assert_eq!(report.totals.figures, school.figures(&within), "totals of {}", &place);
    prop_assert_eq!(report.totals.students, school.enrolled(set), "enrolment of {}", &place);
    let names: Vec<&str> = report.classrooms.iter().map(|(name, _)| name.as_str()).collect();
    let known: Vec<&str> = set.iter().copied().filter(|name| CLASSROOMS.contains(name)).collect();
    prop_assert_eq!(names, known, "classrooms of {}", &place);
    for (name, enrolled) in &report.classrooms {
        let expected = school.figures(&|log| log.classroom == name && within(log));
        prop_assert_eq!(enrolled.figures, expected, "{} of {}", name, &place);
    }
    prop_assert_eq!(report.lessons.len(), school.lessons.len(), "lessons of {}", &place);
    for lesson in &report.lessons {
        let expected = school.figures(&|log| log.lesson_id == lesson.lesson_id && within(log));
        prop_assert_eq!(lesson.figures, expected, "{} of {}", &lesson.external_id, &place);
    }
    for &(day, figures) in &report.days {
        let expected = school.figures(&|log| log.day == day && within(log));
        prop_assert_eq!(figures, expected, "{} of {}", day, &place);
    }
    let logs: i64 = report.days.iter().map(|(_, figures)| figures.streaming_logs).sum();
    prop_assert_eq!(logs, report.totals.figures.streaming_logs, "every day of {} is listed", &place);
    Ok(report)
}

async fn check_progress(
    school: &School<'_>,
    span: DaySpan,
    set: &BTreeSet<&str>,
    classes: &Classes,
) -> Result<(), TestCaseError> {
    for &lesson_id in &school.lessons {
        let progress = school.store.lesson_progress(lesson_id, span, classes).await.unwrap().unwrap();
        let within = |log: &Kept| {
            log.lesson_id == lesson_id && school::is_within(span, log.day) && set.contains(log.classroom)
        };
        let place = format!("lesson {lesson_id}, {set:?}, {span:?}");
        prop_assert_eq!(progress.lesson.figures, school.figures(&within), "{}", &place);
        let mut furthest = progress.furthest;
        furthest.percentages.sort_unstable();
        prop_assert_eq!(furthest, school.furthest(&within), "{}", &place);
    }
    let nowhere = school.store.lesson_progress(-1, span, classes).await.unwrap();
    prop_assert!(nowhere.is_none());
    Ok(())
}

async fn check_timeseries(
    school: &School<'_>,
    set: &BTreeSet<&str>,
    classes: &Classes,
) -> Result<(), TestCaseError> {
    let window =
        Window { from: school::at("2026-03-28T10:00:00.5Z"), to: school::at("2026-03-30T12:00:00Z") };
    let within = |log: &Kept| (window.from..window.to).contains(&log.at) && set.contains(log.classroom);
    let days = school.store.count_days(&CALENDAR, window, classes).await.unwrap();
    for day in DAYS {
        let expected = school.figures(&|log| log.day == day && within(log));
        let found = days.get(&day).copied().unwrap_or_default();
        let found = (found.streaming_logs, found.active_students);
        prop_assert_eq!(found, (expected.streaming_logs, expected.active_students), "{} of {:?}", day, set);
    }
    let starts = ["2026-03-28T10:00:00Z", "2026-03-29T12:00:00Z", "2026-03-30T00:00:00Z"].map(school::at);
    let ends = [starts[1], starts[2], window.to];
    let names = set.iter().map(|&name| name.to_owned()).collect();
    let minutes = school.store.count_minutes_of_classrooms(window, &starts, &names).await.unwrap();
    let logs = school.store.count_logs(window, &starts, classes).await.unwrap();
    for (place, (start, end)) in (0..).zip(starts.into_iter().zip(ends)) {
        let expected: Figures = school.figures(&|log| (start..end).contains(&log.at) && within(log));
        let found = logs.get(&place).copied().unwrap_or_default();
        prop_assert_eq!(found.streaming_logs, expected.streaming_logs, "bucket {} of {:?}", place, set);
        prop_assert_eq!(found.active_students, expected.active_students, "bucket {} of {:?}", place, set);
        let found = minutes.get(&place).copied().unwrap_or_default();
        prop_assert_eq!(found.streaming_logs, expected.streaming_logs, "minutes of {} of {:?}", place, set);
    }
    Ok(())
}

/// Adds the figures of one classroom: learners are in one alone, so that all of them add up.
fn add(sum: &mut FiguresReport, of_one: FiguresReport) {
    let FiguresReport { totals, classrooms, lessons, days } = of_one;
    sum.totals = [sum.totals, totals].into_iter().sum();
    sum.classrooms.extend(classrooms);
    match sum.lessons.is_empty() {
        true => sum.lessons = lessons,
        false => {
            for (known, lesson) in sum.lessons.iter_mut().zip(lessons) {
                known.figures = known.figures + lesson.figures;
            }
        }
    }
    for (day, figures) in days {
        match sum.days.binary_search_by_key(&day, |&(day, _)| day) {
            Ok(place) => sum.days[place].1 = sum.days[place].1 + figures,
            Err(place) => sum.days.insert(place, (day, figures)),
        }
    }
}

#[test]
fn a_set_of_classrooms_contains_its_own_alone() {
    let classes = Classes::only(["A".to_owned()]);
    assert!(classes.contain("A") && !classes.contain("B"));
    assert!(Classes::All.contain("B"));
}
