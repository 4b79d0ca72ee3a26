//! Ten minutes at half of the peak rate: checkpoints and vacuums included.

use std::fmt::Write;

use edtech_tests::Database;

use crate::load;
use crate::table::{Rate, Row};

/// The latency of single posts over time, minute by minute.
pub async fn ten_minutes(database: Database) -> Vec<Row> {
    let name = database.either("SQLite", "PostgreSQL");
    let platform = load::serve(&database).await;
    let peak = load::run(&database, &platform, &["--connections", "64", "--duration", "15s"]).await;
    let rate = (peak.logs_per_second / 2.0).round();
    let arguments = ["--connections", "64", "--duration", "10m", "--rate", &rate.to_string()];
    let report = load::run(&database, &platform, &arguments).await;
    platform.stop().await;
    database.assert_verified().await;
    let mut minutes = String::new();
    for minute in report.over_time.chunks(6).filter(|minute| minute.len() == 6) {
        let worst = |place: usize| minute.iter().map(|moment| moment[place]).fold(0.0, f64::max);
        write!(minutes, " {:.1}/{:.1}/{:.0}", worst(1), worst(2), worst(3)).expect("room");
    }
    vec![Row::fact(
        format!("ten minutes at half of the peak ({}), single posts, {name}", Rate(rate)),
        format!(
            "p50 {:.1} ms, p99 {:.1} ms; the worst ten seconds of each minute, p50/p99/max in ms:{minutes}",
            report.p50_ms, report.p99_ms
        ),
    )]
}
