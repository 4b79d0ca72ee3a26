//! The platform measures itself, and leaves nothing behind.

mod command;
mod full;
mod swept;

use std::time::Duration;

use edtech_tests::{Client, Database, Platform, Process, eventually, on_both_databases, on_postgres};
use sea_orm::{ConnectionTrait, DatabaseConnection};
use serde_json::{Value, json};

/// Longer than a measurement in its shortened form takes on a busy machine.
const PATIENCE: Duration = Duration::from_secs(400);

/// How long a measurement is given to make its database.
const STARTING: Duration = Duration::from_secs(60);

on_both_databases!(
    one_goes_on_at_a_time_and_can_be_cancelled,
    a_slow_server_shows_in_what_is_measured,
    two_runs_are_compared,
    what_cannot_be_measured_is_told,
);

mod on_a_server {
    use super::*;

    on_postgres!(without_the_right_to_make_a_database_the_grant_is_told, replicas_measure_one_at_a_time);

    async fn without_the_right_to_make_a_database_the_grant_is_told(database: Database) {
        let role = format!("poor_{}", uuid::Uuid::new_v4().simple());
        database.execute(&format!("CREATE ROLE {role} LOGIN PASSWORD 'poor' NOCREATEDB")).await;
        database.execute(&format!("GRANT ALL ON SCHEMA public TO {role}")).await;
        let name = database.url().rsplit('/').next().expect("a database");
        database.execute(&format!("GRANT CREATE ON DATABASE {name} TO {role}")).await;
        let (scheme, rest) = database.url().split_once("://").expect("a scheme");
        let host = rest.rsplit_once('@').map_or(rest, |(_, host)| host);
        let url = format!("{scheme}://{role}:poor@{host}");
        let platform = Platform::start(&database).env("DATABASE_URL", &url).await;
        let client = platform.client().await;
        let problem = client.post_json("/benchmarks", &short(1)).await.expect(409);
        assert_eq!(problem["code"], "create_database_denied");
        let detail = problem["detail"].as_str().expect("a detail");
        assert!(detail.contains(&format!("ALTER ROLE \"{role}\" CREATEDB")), "{detail}");
        platform.stop().await;
        database.execute(&format!("REASSIGN OWNED BY {role} TO CURRENT_USER")).await;
        database.execute(&format!("DROP OWNED BY {role}")).await;
        database.execute(&format!("DROP ROLE {role}")).await;
    }

    async fn replicas_measure_one_at_a_time(database: Database) {
        let (one, other) = (Platform::start(&database).await, Platform::start(&database).await);
        let (one_client, other_client) = (one.client().await, other.client().await);
        let run = begun(&one_client, &short(300)).await;
        assert_eq!(
            other_client.post_json("/benchmarks", &short(1)).await.expect(409)["code"],
            "benchmark_running"
        );
        // Whoever is asked to cancel it, the one that runs it does.
        other_client.delete(&run).await.expect(202);
        assert_eq!(ended(&other_client, &run).await["status"], "cancelled");
        one.stop().await;
        other.stop().await;
    }
}

/// A short measurement of ingestion.
fn short(seconds: u32) -> Value {
    json!({"kind": "ingestion", "rate": 20, "duration_seconds": seconds, "target_p99_ms": 1000})
}

async fn begun(client: &Client, body: &Value) -> String {
    let answer = client.post_json("/benchmarks", body).await;
    let location = answer.header("location").to_owned();
    answer.expect(202);
    location
}

/// Waits until it has ended; returns how.
async fn ended(client: &Client, path: &str) -> Value {
    eventually("the end of a benchmark", PATIENCE, async || {
        let run = client.get(path).await.expect(200);
        (run["status"] != "running").then_some(run)
    })
    .await
}

async fn report_of(client: &Client, path: &str) -> Value {
    let run = ended(client, path).await;
    assert_eq!(run["status"], "finished", "{run}");
    client.get(&format!("{path}/report")).await.expect(200)
}

/// The rows of a section by their names.
fn value(report: &Value, section: &str, row: &str) -> f64 {
    let row = find(report, section, row);
    row["value"].as_f64().unwrap_or_else(|| panic!("no value in {row}"))
}

fn find<'r>(report: &'r Value, section: &str, row: &str) -> &'r Value {
    let sections = report["sections"].as_array().expect("sections");
    let section =
        sections.iter().find(|it| it["name"] == section).unwrap_or_else(|| panic!("no section {section}"));
    let rows = section["rows"].as_array().expect("rows");
    rows.iter().find(|it| it["name"] == row).unwrap_or_else(|| panic!("no row {row} in {section}"))
}

/// The databases of measurements that are there: names on a server, files beside a file.
async fn trials(database: &Database) -> Vec<String> {
    if database.is_postgres() {
        let rows = database
            .rows("SELECT datname::text FROM pg_database WHERE datname LIKE 'edtech_benchmark_%'")
            .await;
        // Other stories measure on the same server: ours have a folder of the same name.
        let mine = folders(database);
        let names = rows.iter().map(|row| row.try_get_by_index::<String>(0).expect("a name"));
        return names.filter(|name| mine.contains(name)).collect();
    }
    let of = |folder| database.directory().join("benchmarks").join(folder).join("edtech.db");
    let files = folders(database).into_iter().map(of);
    files.filter(|file| file.is_file()).map(|file| file.display().to_string()).collect()
}

async fn trial(database: &Database) -> String {
    eventually("a database to measure on", STARTING, async || trials(database).await.pop()).await
}

/// A connection to the database of a measurement.
async fn on_trial(database: &Database, trial: &str) -> DatabaseConnection {
    let url = match database.url().rsplit_once('/') {
        Some((server, _)) if database.is_postgres() => format!("{server}/{trial}"),
        _ => format!("sqlite://{trial}"),
    };
    let mut options = sea_orm::ConnectOptions::new(url);
    options.max_connections(1).sqlx_logging(false);
    sea_orm::Database::connect(options).await.expect("a connection")
}

fn assert_nothing_is_left(database: &Database) {
    assert_eq!(folders(database), [] as [String; 0], "folders of measurements");
}

/// The folders of measurements.
fn folders(database: &Database) -> Vec<String> {
    let folders = std::fs::read_dir(database.directory().join("benchmarks")).into_iter().flatten();
    folders.map(|entry| entry.expect("a folder").file_name().into_string().expect("a name")).collect()
}

async fn one_goes_on_at_a_time_and_can_be_cancelled(database: Database) {
    let platform = Platform::start(&database).await;
    let client = platform.client().await;
    assert_eq!(client.get("/benchmarks").await.expect(200), json!({"items": [], "next": null}));

    let run = begun(&client, &short(300)).await;
    let another = client.post_json("/benchmarks", &short(1)).await;
    assert_eq!(another.expect(409)["code"], "benchmark_running");
    assert_eq!(client.get(&format!("{run}/report")).await.expect(409)["code"], "benchmark_not_finished");
    let step = eventually("a first step", STARTING, async || {
        let run = client.get(&run).await.expect(200);
        run["progress"]["step"].as_str().map(str::to_owned)
    })
    .await;
    assert!(step.contains("2 replicas"), "{step}");
    trial(&database).await;

    assert_eq!(client.delete(&run).await.expect(202)["id"], run.rsplit('/').next().expect("an id"));
    let run_ended = ended(&client, &run).await;
    assert_eq!((&run_ended["status"], &run_ended["progress"]), (&json!("cancelled"), &Value::Null));
    assert_eq!(trials(&database).await, [] as [String; 0]);
    assert_nothing_is_left(&database);
    // Whoever cancels it a moment too late removes nothing.
    let late = client.delete(&format!("{run}?running=true")).await;
    assert_eq!(late.code(409), "benchmark_ended");
    client.get(&run).await.expect(200);
    client.delete(&run).await.expect(204);
    client.get(&run).await.expect(404);
    platform.stop().await;
}

/// Somebody holds the log for a while: latencies count from when a log was due, so all that were due meanwhile are late.
async fn a_slow_server_shows_in_what_is_measured(database: Database) {
    let platform = Platform::start(&database).await;
    let client = platform.client().await;
    let run = begun(&client, &short(30)).await;
    let trial = trial(&database).await;
    let beside = on_trial(&database, &trial).await;
    let count = database.either("SELECT COUNT(*) FROM streaming_logs", "SELECT COUNT(*) FROM streaming_logs");
    let statement = || sea_orm::Statement::from_string(beside.get_database_backend(), count);
    eventually("the first logs", STARTING, async || {
        let row = beside.query_one_raw(statement()).await.ok().flatten()?;
        row.try_get_by_index::<i64>(0).ok().filter(|logs| *logs > 0)
    })
    .await;
    beside.close().await.expect("an end");
    let children = Process(platform.process()).children();
    let servers: Vec<Process> = children.into_iter().filter(|child| child.name() == "edtech-api").collect();
    assert!(!servers.is_empty(), "nothing is measured");
    Process::signal_all(&servers, "STOP");
    tokio::time::sleep(Duration::from_secs(3)).await;
    Process::signal_all(&servers, "CONT");

    let report = report_of(&client, &run).await;
    assert!(value(&report, "ingestion", "max") > 2_000.0, "{report}");
    assert!(value(&report, "ingestion", "p99") > 1_500.0, "{report}");
    assert_eq!(find(&report, "ingestion", "p99")["verdict"], "failed");
    assert_eq!(report["verdict"], "failed");
    assert_eq!((value(&report, "ingestion", "lost"), value(&report, "ingestion", "doubled")), (0.0, 0.0));
    platform.stop().await;
}

async fn two_runs_are_compared(database: Database) {
    let platform = Platform::start(&database).await;
    let client = platform.client().await;
    let mut runs = Vec::new();
    for _ in 0..2 {
        let run = begun(&client, &short(2)).await;
        report_of(&client, &run).await;
        runs.push(run);
    }
    let id = |place: usize| runs[place].rsplit('/').next().expect("an id").to_owned();
    let comparison = client.get(&format!("{}/compare/{}", runs[1], id(0))).await.expect(200);
    assert_eq!((&comparison["baseline"], &comparison["candidate"]), (&json!(id(0)), &json!(id(1))));
    let rows = comparison["rows"].as_array().expect("rows");
    let p99 = rows.iter().find(|row| row["name"] == "p99").expect("p99");
    let ratio = p99["candidate"].as_f64().expect("a value") / p99["baseline"].as_f64().expect("a value");
    assert!((p99["ratio"].as_f64().expect("a ratio") - ratio).abs() < 1e-9, "{p99}");
    let worse = rows.iter().filter(|row| row["verdict"] == "worse").count();
    assert_eq!(comparison["regressions"], worse);

    let page = client
        .request(reqwest::Method::GET, &format!("{}/report", runs[0]))
        .header("accept", "text/markdown");
    let page = page.send().await.expect("an answer").text().await.expect("text");
    assert!(page.contains("## Ingestion") && page.contains("| Records per minute |"), "{page}");
    let listed = client.get("/benchmarks?limit=1").await.expect(200);
    assert_eq!(listed["items"][0]["id"], id(1));
    let next = listed["next"].as_str().expect("another page");
    assert_eq!(
        client.get(&format!("/benchmarks?limit=1&cursor={next}")).await.expect(200)["items"][0]["id"],
        id(0)
    );
    // Nothing of it is anybody's activity.
    assert_eq!(client.get("/analytics/engagement").await.expect(200)["totals"]["streaming_logs"], 0);
    assert_eq!(client.get("/students").await.expect(200)["items"], json!([]));
    platform.stop().await;
}

async fn what_cannot_be_measured_is_told(database: Database) {
    let platform = Platform::start(&database).env("EDTECH_BENCHMARKS", "off").await;
    let client = platform.client().await;
    assert_eq!(client.post_json("/benchmarks", &short(1)).await.expect(403)["code"], "benchmarks_off");
    platform.stop().await;

    let platform = Platform::start(&database).await;
    let client = platform.client().await;
    let bad = json!({"kind": "scaling", "replicas": 0, "rate": 5, "max": true});
    let problem = client.post_json("/benchmarks", &bad).await.expect(422);
    let pointers: Vec<_> =
        problem["errors"].as_array().expect("errors").iter().map(|fault| &fault["pointer"]).collect();
    assert_eq!(pointers, ["/replicas", "/rate"]);
    client.post_json("/benchmarks", &json!({"kind": "everything"})).await.expect(422);
    platform.stop().await;
}
