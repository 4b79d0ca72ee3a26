//! Ingestion, beside what a bare client gets from the same database.

use std::path::Path;
use std::time::{Duration, Instant};

use edtech_tests::Database;

use crate::load::{self, Report};
use crate::machine::median;
use crate::table::{Rate, Row};

/// How often both sides are measured, in turns: the speed of a shared machine changes within minutes.
const ROUNDS: usize = 5;

const SINGLE: [&str; 6] = ["--connections", "64", "--duration", "15s", "--days", "30"];
const BATCHES: [&str; 6] = ["--connections", "16", "--batch", "1000", "--logs", "1000000"];
const ROWS: f64 = 1e6;

/// The log's columns, and what makes a log unique; nothing else.
const BARE: &str = "CREATE TABLE bare (log_id uuid NOT NULL, student_id bigint NOT NULL, lesson_id bigint NOT NULL,
    event_type text NOT NULL, watch_time_seconds integer, completion_percentage integer,
    event_timestamp timestamptz NOT NULL, received_at timestamptz NOT NULL, PRIMARY KEY (student_id, log_id))";

/// What `pgbench` posts; it draws as many learners and lessons as the load has.
const INSERT: &str = "\\set student random(1, 20000)\n\\set lesson random(1, 200)\n\\set watched random(0, 60)\n
INSERT INTO bare VALUES (gen_random_uuid(), :student, :lesson, 'lesson_progress', :watched, 50, now(), now());\n";

/// Both rows of PostgreSQL, with the worst case beside them.
pub async fn on_postgres() -> Vec<Row> {
    let mut rows = single_posts().await;
    rows.extend(batches().await);
    rows
}

async fn single_posts() -> Vec<Row> {
    let (database, bare) = (Database::postgres().await, Database::postgres().await);
    bare.execute(BARE).await;
    let platform = load::serve(&database).await;
    load::run(&database, &platform, &["--connections", "64", "--duration", "3s"]).await;
    let (mut ours, mut plain, mut prepared, mut p99, mut plain_p99) =
        (vec![], vec![], vec![], vec![], vec![]);
    for _ in 0..ROUNDS {
        let report = load::run(&database, &platform, &SINGLE).await;
        ours.push(report.logs_per_second);
        p99.push(report.p99_ms);
        let (rate, late) = best_of_pgbench(&bare, "simple");
        plain.push(rate);
        plain_p99.push(late);
        prepared.push(best_of_pgbench(&bare, "prepared").0);
    }
    let random = load::run(&database, &platform, &[&SINGLE[..], &["--pattern", "random"]].concat()).await;
    platform.stop().await;
    database.assert_verified().await;
    let (ours, plain, prepared) = (median(&mut ours), median(&mut plain), median(&mut prepared));
    let (p99, plain_p99) = (median(&mut p99), median(&mut plain_p99));
    let work = "single posts, 64 connections, PostgreSQL";
    vec![
        Row::ratio(
            work,
            Rate(ours).to_string(),
            format!("{} of `pgbench`, plain inserts", Rate(plain)),
            (ours / plain, 1.2, Some(1.5)),
        ),
        Row::at_most(format!("{work}: p99"), format!("{p99:.1} ms"), "ms", (p99, 10.0, None)),
        Row::fact(
            format!("{work}: p99 against that of `pgbench`, plain inserts, 64 connections"),
            format!("{:.2} × {plain_p99:.1} ms", p99 / plain_p99),
        ),
        Row::fact(
            format!("{work}: against inserts that `pgbench` has prepared"),
            format!("{:.2} × {}", ours / prepared, Rate(prepared)),
        ),
        Row::fact(
            format!("{work}: learners, lessons and moments at random"),
            format!("{}, p99 {:.1} ms", Rate(random.logs_per_second), random.p99_ms),
        ),
    ]
}

/// Inserts a second, the better of 16 and 64 connections; and the p99 in milliseconds of 64, as many as we serve.
fn best_of_pgbench(database: &Database, protocol: &str) -> (f64, f64) {
    let few = pgbench(database, protocol, "16").0;
    let (many, p99) = pgbench(database, protocol, "64");
    (few.max(many), p99)
}

/// Inserts a second, and their p99 in milliseconds.
fn pgbench(database: &Database, protocol: &str, clients: &str) -> (f64, f64) {
    let directory = database.directory().join(format!("pgbench-{}", uuid::Uuid::new_v4()));
    std::fs::create_dir(&directory).expect("a directory");
    let script = directory.join("insert.sql");
    std::fs::write(&script, INSERT).expect("a script");
    let output = std::process::Command::new("pgbench")
        .args(["--no-vacuum", "--jobs", "2", "--time", "8", "--client", clients, "--protocol", protocol])
        .arg("--file")
        .arg(&script)
        .arg("--log")
        .arg("--log-prefix")
        .arg(directory.join("latencies"))
        .arg(database.url())
        .output()
        .expect("pgbench, which comes with PostgreSQL");
    let said = String::from_utf8_lossy(&output.stdout).into_owned();
    let rate = said.lines().find_map(|line| line.strip_prefix("tps = "));
    let rate = rate.unwrap_or_else(|| panic!("{said}{}", String::from_utf8_lossy(&output.stderr)));
    let rate = rate.split_whitespace().next().and_then(|rate| rate.parse::<f64>().ok()).expect("a rate");
    (rate, p99_of(&directory))
}

/// Of what `pgbench` has written of each transaction: client, number, microseconds, …
fn p99_of(directory: &Path) -> f64 {
    let files = std::fs::read_dir(directory).expect("a directory").map(|file| file.expect("a file").path());
    let logs = files.filter(|path| path.extension().is_none_or(|extension| extension != "sql"));
    let mut latencies: Vec<u64> = Vec::new();
    for log in logs {
        let log = std::fs::read_to_string(log).expect("what pgbench wrote");
        let each = log.lines().map(|line| line.split(' ').nth(2).and_then(|latency| latency.parse().ok()));
        latencies.extend(each.map(|latency: Option<u64>| latency.expect("microseconds")));
    }
    let late = latencies.len() * 99 / 100;
    let (_, p99, _) = latencies.select_nth_unstable(late);
    Duration::from_micros(*p99).as_secs_f64() * 1e3
}

async fn batches() -> Vec<Row> {
    let (mut ours, mut copy) = (vec![], vec![]);
    let file = std::env::temp_dir().join(format!("edtech-bench-{}.copy", std::process::id()));
    let file = file.to_str().expect("a path in UTF-8");
    let mut random = None;
    for round in 0..ROUNDS {
        let (database, bare) = (Database::postgres().await, Database::postgres().await);
        let platform = load::serve(&database).await;
        ours.push(
            load::run(&database, &platform, &[&BATCHES[..], &["--days", "30"]].concat())
                .await
                .logs_per_second,
        );
        database
            .execute(&format!("COPY (SELECT * FROM streaming_logs ORDER BY received_at) TO '{file}'"))
            .await;
        bare.execute(BARE).await;
        let begun = Instant::now();
        bare.execute(&format!("COPY bare FROM '{file}'")).await;
        copy.push(ROWS / begun.elapsed().as_secs_f64());
        if round + 1 == ROUNDS {
            let arguments = [&BATCHES[..], &["--days", "30", "--pattern", "random"]].concat();
            random = Some(load::run(&database, &platform, &arguments).await);
        }
        platform.stop().await;
        database.assert_verified().await;
    }
    // PostgreSQL's own user wrote it, into a directory where others may not remove it.
    let _ = std::fs::remove_file(file);
    let (ours, copy) = (median(&mut ours), median(&mut copy));
    let work = "batches of 1,000, 16 connections, PostgreSQL";
    let Report { logs_per_second, .. } = random.expect("the last round");
    vec![
        Row::ratio(
            work,
            Rate(ours).to_string(),
            format!("{} of `COPY`", Rate(copy)),
            (ours / copy, 0.4, Some(0.5)),
        ),
        Row::fact(
            format!("{work}: learners, lessons and moments at random"),
            Rate(logs_per_second).to_string(),
        ),
    ]
}

/// Rows in a transaction of the bare loop.
const THOUSAND: usize = 1_000;

/// As many as a group holds of 64 clients' single posts, and as many as there are clients: what a loop that answers nobody
/// makes of such transactions is the limit of single posts.
const GROUPS: [usize; 2] = [20, 64];

/// Both rows of SQLite, and how small transactions limit the first.
pub async fn on_sqlite() -> Vec<Row> {
    let (mut single, mut batch, mut bare, mut grouped) = (vec![], vec![], vec![], GROUPS.map(|_| vec![]));
    let batches = ["--connections", "16", "--batch", "1000", "--logs", "300000", "--days", "30"];
    for _ in 0..ROUNDS {
        let database = Database::sqlite();
        let platform = load::serve(&database).await;
        single.push(load::run(&database, &platform, &SINGLE).await.logs_per_second);
        batch.push(load::run(&database, &platform, &batches).await.logs_per_second);
        bare.push(row_loop(&database, THOUSAND));
        for (rows, grouped) in GROUPS.iter().zip(&mut grouped) {
            grouped.push(row_loop(&database, *rows));
        }
        platform.stop().await;
        database.assert_verified().await;
    }
    let (single, batch, bare) = (median(&mut single), median(&mut batch), median(&mut bare));
    let against = format!("{} by a prepared row loop", Rate(bare));
    let limits = GROUPS.iter().zip(&mut grouped).map(|(rows, grouped)| {
        let grouped = median(grouped);
        Row::fact(
            format!("the same row loop with {rows} rows in a transaction"),
            format!("{}, {:.2} × of that with 1,000", Rate(grouped), grouped / bare),
        )
    });
    let mut table = vec![
        Row::ratio(
            "single posts, 64 connections, SQLite",
            Rate(single).to_string(),
            against.as_str(),
            (single / bare, 0.15, Some(0.2)),
        ),
        Row::ratio(
            "batches of 1,000, 16 connections, SQLite",
            Rate(batch).to_string(),
            against.as_str(),
            (batch / bare, 0.6, Some(0.8)),
        ),
    ];
    table.extend(limits);
    table
}

/// The same rows by a client that does nothing else, so many in a transaction: rows a second.
fn row_loop(database: &Database, rows: usize) -> f64 {
    let script = concat!(env!("CARGO_MANIFEST_DIR"), "/bench/row_loop.py");
    let target = database.directory().join(format!("bare-{}.db", uuid::Uuid::new_v4()));
    let output = std::process::Command::new("python3")
        .arg(script)
        .arg(database.directory().join("edtech.db"))
        .arg(target)
        .arg(rows.to_string())
        .output()
        .expect("python3");
    let said = String::from_utf8_lossy(&output.stdout).into_owned();
    let rate = said.trim().parse();
    rate.unwrap_or_else(|_| panic!("{said}{}", String::from_utf8_lossy(&output.stderr)))
}
