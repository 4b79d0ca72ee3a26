//! How each cost grows with the log.

use std::time::{Duration, Instant};

use edtech_tests::Database;

use crate::analytics::{MILLION, bytes_on_disk, grow, hour_path, milliseconds, original_join, paths};
use crate::load;
use crate::table::{Rate, Row};

/// How long 50 million logs may take to be verified.
const VERIFIED: Duration = Duration::from_secs(1_800);

/// What each cost is at 1, 10 and 50 million logs: a row for each, its figures in that order.
pub async fn to_fifty_million(database: Database) -> Vec<Row> {
    let name = database.either("SQLite", "PostgreSQL").to_owned();
    let platform = load::serve(&database).await;
    let paths = paths();
    let mut points: Vec<Vec<String>> = Vec::new();
    for (more, single) in [(MILLION, "1"), (9 * MILLION, "10"), (40 * MILLION, "50")] {
        eprintln!("growing to {single} million logs");
        let batches = grow(&database, &platform, more).await;
        // Growing takes longer than a token lives.
        let client = platform.client().await;
        let singles = load::run(&database, &platform, &["--connections", "64", "--duration", "15s"])
            .await
            .logs_per_second;
        let mut figures = vec![Rate(batches).to_string(), Rate(singles).to_string()];
        for (_, path) in &paths {
            figures.push(format!("{:.1} ms", milliseconds(&client, path).await));
        }
        figures.push(format!("{:.1} ms", milliseconds(&client, &hour_path()).await));
        figures.push(format!("{:.1} s", original_join(&database).await / 1e3));
        let begun = Instant::now();
        database.assert_verified_within(VERIFIED).await;
        figures.push(format!("{:.0} s", begun.elapsed().as_secs_f64()));
        let logs = database.number("SELECT COUNT(*) FROM streaming_logs").await;
        figures.push(format!("{} bytes", bytes_on_disk(&database).await / logs));
        eprintln!("at {single} million logs: {}", figures.join(" | "));
        points.push(figures);
    }
    platform.stop().await;
    let routes = paths.iter().map(|(route, _)| (*route).to_owned());
    let costs = ["batches of 1,000 up to here", "single posts, from here on"].map(str::to_owned).into_iter();
    let others = ["one hour, exact", "the original join query", "`verify`", "on disk for each log"];
    let costs = costs.chain(routes).chain(others.map(str::to_owned));
    let point =
        |place: usize| points.iter().map(|figures| figures[place].as_str()).collect::<Vec<_>>().join(" / ");
    costs
        .enumerate()
        .map(|(place, cost)| Row::fact(format!("{cost}, at 1 / 10 / 50 million logs, {name}"), point(place)))
        .collect()
}
