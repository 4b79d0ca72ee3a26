//! A report to be told.

use super::losses::Funnel;
use super::{DailyReport, Facts, Staleness, Tasks};
use crate::store::{DailyReportRow, DayIntake, Enrolled, Figures, Furthest, LessonFigures};

/// Learners, logs, seconds, the logs that carry them, and completions.
fn enrolled(students: i64, counts: [i64; 5]) -> Enrolled {
    let [active_students, streaming_logs, watch_time_seconds, watch_time_logs, completed] = counts;
    let figures = Figures {
        active_students,
        streaming_logs,
        watch_time_logs,
        watch_time_seconds,
        completed,
        ..Figures::default()
    };
    Enrolled { students, figures }
}

fn with_completion(mut it: Enrolled, logs: i64, sum: i64) -> Enrolled {
    (it.figures.completion_logs, it.figures.completion_percentage_sum) = (logs, sum);
    it
}

fn lesson(lesson_id: i64, external_id: &str, title: &str, of: Enrolled) -> LessonFigures {
    let (external_id, title) = (external_id.to_owned(), title.to_owned());
    LessonFigures { lesson_id, external_id, title, subject: None, figures: of.figures }
}

/// A Monday on which half of all learners were active, after a better Sunday and a Monday without a log.
pub(super) fn facts() -> Facts {
    let furthest = Furthest { percentages: vec![(12, 1), (30, 3), (60, 1), (95, 1)], without_percentage: 1 };
    let classroom = |name: &str, of| (name.to_owned(), of);
    let tasks = r#"{"analyze_student_engagement": {"active_students": 6, "note": "a|b"}}"#;
    Facts {
        edition: 1,
        time_zone: "Europe/Paris".to_owned(),
        week_revision: 3,
        totals: with_completion(enrolled(12, [6, 30, 3_600, 24, 4]), 8, 500),
        classrooms: vec![
            classroom("Data_2025", enrolled(8, [4, 20, 3_000, 20, 3])),
            classroom("IA_2025", enrolled(4, [2, 10, 600, 4, 1])),
            classroom("Web_2025", enrolled(0, [0; 5])),
        ],
        lessons: vec![
            lesson(1, "introduction-a-docker", "Introduction à Docker", enrolled(0, [6, 20, 3_000, 20, 4])),
            lesson(2, "maitriser-airflow", "Maîtriser Airflow", enrolled(0, [2, 10, 600, 4, 0])),
        ],
        day_before: with_completion(enrolled(12, [8, 20, 1_800, 20, 6]), 2, 100),
        same_weekday: enrolled(12, [0; 5]),
        funnels: vec![Funnel::new(1, &furthest, 90), Funnel::new(2, &Furthest::default(), 90)],
        silent_students: 5,
        intake: DayIntake { accepted: 31, duplicates: 2, rejected: 1, late: 3 },
        tasks: serde_json::from_str::<Tasks>(tasks).unwrap(),
    }
}

/// The same day without a learner, and without a log.
pub(super) fn nothing() -> Facts {
    let none = Enrolled::default();
    Facts {
        totals: none,
        classrooms: Vec::new(),
        lessons: Vec::new(),
        day_before: none,
        funnels: Vec::new(),
        silent_students: 0,
        intake: DayIntake::default(),
        tasks: Tasks::default(),
        same_weekday: none,
        ..facts()
    }
}

/// As it is told.
pub(super) fn told(facts: Facts, staleness: Staleness) -> DailyReport {
    let row = DailyReportRow {
        day: "2021-11-29".parse().unwrap(),
        report: String::new(),
        generated_at: "2021-11-30T01:30:00Z".parse().unwrap(),
        revision: 12,
    };
    DailyReport::new(&row, facts, staleness)
}

/// The day as it is told while it is fresh.
pub(super) fn report() -> DailyReport {
    told(facts(), Staleness::Fresh)
}
