//! The queries of the original dashboard, word for word: SQL written against the first data model still runs.

use edtech_tests::{Database, Platform, log, on_both_databases};
use sea_orm::QueryResult;
use serde_json::json;

const STUDENTS: &str = "SELECT COUNT(*) FROM students";

const STUDENTS_BY_CLASSROOM: &str = "SELECT classroom, COUNT(*) FROM students GROUP BY classroom";

const COMPLETION_BY_CLASSROOM: &str = "SELECT s.classroom, COUNT(DISTINCT s.student_id) AS total_students, \
    AVG(sl.completion_percentage) AS avg_completion FROM students s LEFT JOIN streaming_logs sl \
    ON s.student_id = sl.student_id GROUP BY s.classroom";

/// The dashboard's time macros stood where the two bounds are.
const EVENTS_OVER_TIME: &str = "SELECT event_timestamp AS time, COUNT(*) AS events FROM streaming_logs \
    WHERE event_timestamp BETWEEN '2026-03-02T10:00:00.000000Z' AND '2026-03-02T10:59:59.999999Z' \
    GROUP BY event_timestamp";

on_both_databases!(the_four_original_queries_run_verbatim);

async fn the_four_original_queries_run_verbatim(database: Database) {
    let platform = Platform::start(&database).await;
    let client = platform.client().await;
    for (learner, classroom) in [("ada", "Data_2025"), ("bob", "Data_2025"), ("cyd", "IA_2025")] {
        client.enrol(learner, classroom).await;
    }
    client
        .store(&[
            log("ada", "2026-03-02T10:00:00Z", json!({"completion_percentage": 40})),
            log("bob", "2026-03-02T10:00:00Z", json!({"completion_percentage": 80})),
            log("ada", "2026-03-02T11:30:00+01:00", json!({})),
            log("ada", "2026-03-02T11:00:00Z", json!({"completion_percentage": 60})),
        ])
        .await;

    assert_eq!(database.number(STUDENTS).await, 3);

    let mut by_classroom: Vec<(String, i64)> =
        database.rows(STUDENTS_BY_CLASSROOM).await.iter().map(|row| (at(row, 0), at(row, 1))).collect();
    by_classroom.sort();
    assert_eq!(by_classroom, [("Data_2025".to_owned(), 2), ("IA_2025".to_owned(), 1)]);

    assert_eq!(database.rows(COMPLETION_BY_CLASSROOM).await.len(), 2);
    // An average of whole numbers is `numeric` on PostgreSQL and a float on SQLite: read as a float on both.
    let as_float = format!(
        "SELECT classroom, total_students, CAST(avg_completion AS DOUBLE PRECISION) \
         FROM ({COMPLETION_BY_CLASSROOM}) AS original ORDER BY classroom"
    );
    let completion: Vec<(String, i64, Option<f64>)> =
        database.rows(&as_float).await.iter().map(|row| (at(row, 0), at(row, 1), at(row, 2))).collect();
    assert_eq!(completion, [("Data_2025".to_owned(), 2, Some(60.0)), ("IA_2025".to_owned(), 1, None)]);

    let mut over_time: Vec<(chrono::DateTime<chrono::Utc>, i64)> =
        database.rows(EVENTS_OVER_TIME).await.iter().map(|row| (at(row, 0), at(row, 1))).collect();
    over_time.sort();
    let moment = |text: &str| text.parse::<chrono::DateTime<chrono::Utc>>().expect("a moment");
    assert_eq!(over_time, [(moment("2026-03-02T10:00:00Z"), 2), (moment("2026-03-02T10:30:00Z"), 1)]);
}

fn at<T: sea_orm::TryGetable>(row: &QueryResult, index: usize) -> T {
    row.try_get_by_index(index).expect("a column")
}
