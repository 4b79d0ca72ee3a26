//! Memory, start, and flushes to disk.

use std::time::{Duration, Instant};

use edtech_tests::{Database, Platform, Process};

use crate::load;
use crate::machine::median;
use crate::table::{Rate, Row};

/// How long clients post batches while memory is watched.
const UNDER_BATCHES: &str = "60s";

/// A server on an existing database.
pub async fn at_rest() -> Vec<Row> {
    let mut rows = Vec::new();
    for database in [Database::postgres().await, Database::sqlite()] {
        let name = database.either("SQLite", "PostgreSQL").to_owned();
        let platform = load::serve(&database).await;
        load::run(&database, &platform, &["--connections", "16", "--batch", "1000", "--logs", "200000"])
            .await;
        platform.stop().await;
        database.assert_verified().await;
        let mut starts = Vec::new();
        for _ in 0..5 {
            let begun = Instant::now();
            let platform = load::serve(&database).await;
            starts.push(begun.elapsed().as_secs_f64() * 1e3);
            platform.stop().await;
        }
        let platform = load::serve(&database).await;
        tokio::time::sleep(Duration::from_secs(5)).await;
        let resident = Process(platform.process()).resident_mb();
        let start = median(&mut starts);
        rows.push(Row::at_most(
            format!("ready on an existing database, {name}"),
            format!("{start:.0} ms"),
            "ms",
            (start, 300.0, None),
        ));
        rows.push(Row::at_most(
            format!("memory at rest, {name}"),
            format!("{resident:.1} MB"),
            "MB",
            (resident, 30.0, None),
        ));
    }
    rows
}

/// Memory while 256 connections post batches, and flushes for each commit.
pub async fn under_load() -> Vec<Row> {
    let (postgres, sqlite) = (Database::postgres().await, Database::sqlite());
    let rows = vec![memory_under_batches(&postgres).await, memory_under_batches(&sqlite).await];
    let flushes = flushes_for_each_group(&postgres).await;
    postgres.assert_verified().await;
    sqlite.assert_verified().await;
    rows.into_iter().chain([flushes]).collect()
}

async fn memory_under_batches(database: &Database) -> Row {
    let platform = load::serve(database).await;
    load::run(database, &platform, &["--connections", "4", "--logs", "1000"]).await;
    let rest = Process(platform.process()).resident_mb();
    let load =
        load::start(&platform, &["--connections", "256", "--batch", "1000", "--duration", UNDER_BATCHES]);
    let mut highest: f64 = rest;
    let watching = async {
        loop {
            tokio::time::sleep(Duration::from_millis(250)).await;
            highest = highest.max(Process(platform.process()).resident_mb());
        }
    };
    let report = tokio::select! {
        report = load::finish_overload(load) => report,
        () = watching => unreachable!("it watches as long as the load runs"),
    };
    platform.stop().await;
    Row::fact(
        format!(
            "memory while 256 connections post batches of 1,000 for a minute, {}",
            database.either("SQLite", "PostgreSQL")
        ),
        format!(
            "{highest:.0} MB at most ({rest:.0} MB before), {} stored, {:.0} requests told to come again (503); bounded by \
             64 MiB of payload in the queue, and by the body that is read of each connection",
            Rate(report.logs_per_second),
            report.turned_away
        ),
    )
}

/// Counted by the database itself: what its backends flushed while single posts came in, and how many groups that were.
async fn flushes_for_each_group(database: &Database) -> Row {
    let port = free_port();
    let platform = Platform::start(database)
        .env("RUST_LOG", "warn")
        .env("EDTECH_METRICS_LISTEN", &format!("127.0.0.1:{port}"))
        .await;
    let metrics = format!("http://127.0.0.1:{port}/metrics");
    let flushed = "SELECT CAST(wal_sync AS bigint) FROM pg_stat_wal";
    let before = (database.number(flushed).await, groups(&platform, &metrics).await);
    let report = load::run(database, &platform, &["--connections", "64", "--duration", "10s"]).await;
    // Statistics are told some hundred milliseconds late.
    tokio::time::sleep(Duration::from_secs(2)).await;
    let flushes = database.number(flushed).await - before.0;
    let groups = groups(&platform, &metrics).await - before.1;
    platform.stop().await;
    Row::fact(
        "flushes to disk for each group commit, single posts, PostgreSQL",
        format!(
            "{:.2}: {flushes} flushes, {groups} groups, {:.0} logs",
            flushes as f64 / groups as f64,
            report.accepted
        ),
    )
}

fn free_port() -> u16 {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").expect("a free port");
    listener.local_addr().expect("an address").port()
}

async fn groups(platform: &Platform, metrics: &str) -> i64 {
    let client = platform.anonymous();
    let request = client.request_to(reqwest::Method::GET, metrics);
    let text = request.send().await.expect("metrics").text().await.expect("text");
    let counts = text.lines().filter(|line| line.starts_with("ingest_groups_total{"));
    counts.filter_map(|line| line.rsplit(' ').next()?.parse::<i64>().ok()).sum()
}
