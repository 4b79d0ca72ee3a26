//! How long each query of Grafana's dashboards and alerts takes, as the role that Grafana has.

use std::time::Instant;

use chrono::{TimeDelta, Utc};
use edtech_tests::{GrafanaQuery, GrafanaView};
use sea_orm::{ConnectionTrait, DatabaseConnection, DbBackend, QueryResult, Statement};

use crate::machine::median;
use crate::table::Row;

/// How often each query is asked; the first time is not counted.
const TIMES: usize = 7;

/// Those that are named.
const SLOWEST: usize = 3;

/// Every query over the last 30 days, with everything chosen, after five minutes in which everybody watched.
pub async fn panels(url: &str) -> Row {
    let database = sea_orm::Database::connect(url).await.expect("a connection as grafana");
    let view = everything(&database).await;
    let mut timed = Vec::new();
    for query in GrafanaQuery::all() {
        let sql = query.expanded(&view);
        let mut times = Vec::new();
        for _ in 0..TIMES {
            let begun = Instant::now();
            ask(&database, &sql).await;
            times.push(begun.elapsed().as_secs_f64() * 1e3);
        }
        timed.push((median(&mut times[1..]), query));
    }
    database.close().await.expect("closed");
    timed.sort_by(|(one, _), (other, _)| other.total_cmp(one));
    let slowest = timed.iter().take(SLOWEST);
    let slowest: Vec<String> = slowest.map(|(time, query)| format!("{} {time:.1} ms", query.title)).collect();
    Row::at_most(
        format!(
            "the slowest of {} queries of Grafana after five minutes of 1,000 logs a second, at 10 million, PostgreSQL",
            timed.len()
        ),
        slowest.join(", "),
        "ms",
        (timed[0].0, 100.0, None),
    )
}

async fn everything(database: &DatabaseConnection) -> GrafanaView {
    let names = async |sql: &str| {
        let rows = ask(database, sql).await;
        rows.iter().map(|row| row.try_get_by_index(0).expect("a text")).collect()
    };
    GrafanaView {
        from: Utc::now() - TimeDelta::days(30),
        to: Utc::now(),
        interval_seconds: 3_600,
        variables: vec![
            ("classroom", names("SELECT classroom FROM classrooms").await),
            ("lesson", names("SELECT CAST(lesson_id AS text) FROM lessons").await),
        ],
    }
}

async fn ask(database: &DatabaseConnection, sql: &str) -> Vec<QueryResult> {
    let rows = database.query_all_raw(Statement::from_string(DbBackend::Postgres, sql)).await;
    rows.unwrap_or_else(|error| panic!("{sql}: {error}"))
}
