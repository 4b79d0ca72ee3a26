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
        ("UPDATE viewing_days SET watch_time_seconds = 2", "UPDATE viewing_days SET watch_time_seconds = 1"),
        ("UPDATE viewing_days SET day = '2026-03-03'", "UPDATE viewing_days SET day = '2026-03-02'"),
        ("UPDATE viewing_days SET completion_logs = 2", "UPDATE viewing_days SET completion_logs = 1"),
        ("UPDATE completions SET day = '2026-03-01'", "UPDATE completions SET day = '2026-03-02'"),
    ] {
        database.execute(damage).await;
        let judged = AssertUnwindSafe(assert_figures_are_those_of_the_raw_log(&database, &client, Tz::UTC));
        assert!(judged.catch_unwind().await.is_err(), "not found out: {damage}");
        database.execute(repair).await;
    }
    assert_figures_are_those_of_the_raw_log(&database, &client, Tz::UTC).await;
}
