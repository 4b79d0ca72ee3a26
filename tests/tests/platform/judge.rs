//! The judge of all the other stories must be able to find somebody guilty.

use std::panic::AssertUnwindSafe;

use chrono_tz::Tz;
use edtech_tests::{Database, Platform, assert_figures_are_those_of_the_raw_log, log, on_both_databases};
use futures_util::FutureExt;
use serde_json::json;

on_both_databases!(a_damaged_figure_does_not_pass_the_judge);

async fn a_damaged_figure_does_not_pass_the_judge(database: Database) {
    let platform = Platform::start(&database).await;
    let client = platform.client().await;
    client.enrol("ada", "Data_2025").await;
    client
        .store(&[log(
            "ada",
            "2026-03-02T10:00:00Z",
            json!({"watch_time_seconds": 1, "completion_percentage": 90}),
        )])
        .await;
    assert_figures_are_those_of_the_raw_log(&database, &client, Tz::UTC).await;

    for (damage, repair) in [
        (
            "UPDATE classroom_days SET watch_time_seconds = 2 WHERE streaming_logs > 0",
            "UPDATE classroom_days SET watch_time_seconds = 1 WHERE streaming_logs > 0",
        ),
        (
            "UPDATE classroom_days SET day = '2026-03-03' WHERE streaming_logs > 0",
            "UPDATE classroom_days SET day = '2026-03-02' WHERE streaming_logs > 0",
        ),
        ("UPDATE classroom_days SET active_students = 2", "UPDATE classroom_days SET active_students = 1"),
        (
            "UPDATE lesson_days SET completion_logs = 2 WHERE streaming_logs > 0",
            "UPDATE lesson_days SET completion_logs = 1 WHERE streaming_logs > 0",
        ),
        (
            "UPDATE lesson_days SET completed = 2 WHERE completed > 0",
            "UPDATE lesson_days SET completed = 1 WHERE completed > 0",
        ),
        (
            "UPDATE viewing_days SET furthest_percentage = 89",
            "UPDATE viewing_days SET furthest_percentage = 90",
        ),
        (
            "UPDATE learner_days SET day = '2026-03-03' WHERE day = '2026-03-02'",
            "UPDATE learner_days SET day = '2026-03-02' WHERE day = '2026-03-03'",
        ),
    ] {
        database.execute(damage).await;
        let judged = AssertUnwindSafe(assert_figures_are_those_of_the_raw_log(&database, &client, Tz::UTC));
        assert!(judged.catch_unwind().await.is_err(), "not found out: {damage}");
        database.execute(repair).await;
    }
    assert_figures_are_those_of_the_raw_log(&database, &client, Tz::UTC).await;
}
