//! The replay of real data, and a retry of all of it.

use std::path::PathBuf;
use std::time::Instant;

use edtech_tests::{Command, Database, Platform};

use crate::load;
use crate::machine::median;
use crate::table::Row;

const ROUNDS: usize = 5;

/// Both databases: the retry, of which everything is a duplicate, is no slower than the first replay.
pub async fn and_retry() -> Vec<Row> {
    let mut rows = Vec::new();
    for is_postgres in [true, false] {
        let (mut first, mut retry) = (vec![], vec![]);
        for _ in 0..ROUNDS {
            let database = if is_postgres { Database::postgres().await } else { Database::sqlite() };
            let platform = load::serve(&database).await;
            first.push(replay(&platform).await);
            retry.push(replay(&platform).await);
            platform.stop().await;
            database.assert_verified().await;
        }
        let (first, retry) = (median(&mut first), median(&mut retry));
        let name = if is_postgres { "PostgreSQL" } else { "SQLite" };
        rows.push(Row::ratio(
            format!("a retry of 22,000 logs of real data, {name}"),
            format!("{:.2} s", retry),
            format!("{:.2} s for the first replay", first),
            (first / retry, 1.0, None),
        ));
    }
    rows
}

/// Seconds.
async fn replay(platform: &Platform) -> f64 {
    let file = |name: &str| {
        let path: PathBuf = [env!("CARGO_MANIFEST_DIR"), "fixtures", "funmooc", name].iter().collect();
        path.to_str().expect("a path in UTF-8").to_owned()
    };
    let (students, lessons, logs) =
        (file("students.csv"), file("lessons.csv"), file("streaming_logs.ndjson.gz"));
    let mut command = Command::simulator(["replay", "--students", &students, "--lessons", &lessons, &logs]);
    for (key, value) in platform.simulator_environment() {
        command = command.env(key, value);
    }
    let begun = Instant::now();
    command.run().await.expect(0);
    begun.elapsed().as_secs_f64()
}
