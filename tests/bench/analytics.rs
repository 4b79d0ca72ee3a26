//! Analytics at one and at ten million logs, asked in turn.

use std::time::{Duration, Instant};

use chrono::{Days, NaiveDate, Utc};
use edtech_tests::{Client, Database, Platform, eventually};

use crate::grafana;
use crate::load;
use crate::machine::median;
use crate::table::{Rate, Row};

/// How often each route is asked; the first time is not counted.
const TIMES: usize = 15;

/// The join query of the original dashboard, word for word.
const JOIN: &str = "SELECT s.classroom, COUNT(DISTINCT s.student_id) AS total_students, \
    AVG(sl.completion_percentage) AS avg_completion FROM students s LEFT JOIN streaming_logs sl \
    ON s.student_id = sl.student_id GROUP BY s.classroom";

pub const MILLION: u64 = 1_000_000;

/// As if each learner sent a log each 20 seconds, for as long as the panels of *right now* look back.
const ALL_WATCH: [&str; 6] = ["--connections", "64", "--rate", "1000", "--duration", "5m"];

/// How long the last of what was appended may take.
const FOLDED_IN: Duration = Duration::from_secs(60);

/// A route at both sizes of the log, in milliseconds.
struct Timed {
    route: &'static str,
    at_one: f64,
    at_ten: f64,
}

/// Every row that analytics have, on two databases of a kind: one keeps a million logs, the other grows to ten; and by which
/// URL Grafana reads the latter.
pub async fn on(small: Database, database: Database, grafana: Option<String>) -> Vec<Row> {
    let name = database.either("SQLite", "PostgreSQL").to_owned();
    let mut rows = Vec::new();
    let (beside, platform) = (load::serve(&small).await, load::serve(&database).await);
    let (small_client, client) = (beside.client().await, platform.client().await);
    grow(&small, &beside, MILLION).await;
    grow(&database, &platform, MILLION).await;
    let rate = grow(&database, &platform, 9 * MILLION).await;
    rows.push(Row::fact(
        format!("from 1 to 10 million logs by batches of 1,000, {name}"),
        Rate(rate).to_string(),
    ));
    let mut timed = Vec::new();
    for (route, path) in paths() {
        let [at_one, at_ten] = in_turn([&small_client, &client], &path).await;
        timed.push(Timed { route, at_one, at_ten });
    }
    beside.stop().await;
    small.assert_verified().await;
    drop(small);
    rows.extend(timed.iter().flat_map(|timed| routes(timed, &name)));
    rows.push(join(&database, &client, &name).await);
    rows.extend(one_hour(&database, &client, &name).await);
    rows.push(size(&database, &name).await);
    if let Some(url) = grafana {
        load::run(&database, &platform, &ALL_WATCH).await;
        rows.push(grafana::panels(&url).await);
    }
    rows.push(beside_ingestion(&database, &platform, &client, &name).await);
    platform.stop().await;
    database.assert_verified().await;
    rows
}

/// Stores so many logs in batches of 1,000; returns how many a second.
pub async fn grow(database: &Database, platform: &Platform, logs: u64) -> f64 {
    let logs = logs.to_string();
    let arguments = ["--connections", "16", "--batch", "1000", "--days", "30", "--logs", &logs];
    let report = load::fill(database, platform, &arguments).await;
    eventually("all folded in", FOLDED_IN, async || (database.appended().await == 0).then_some(())).await;
    if database.is_postgres() {
        // What autovacuum does sooner or later: plans and visibility as on a database that has been there for a while.
        database.execute("VACUUM ANALYZE").await;
    }
    report.logs_per_second
}

fn day(ago: u64) -> NaiveDate {
    Utc::now().date_naive() - Days::new(ago)
}

/// Each route for a day, for all time, and for 31 days.
pub fn paths() -> Vec<(&'static str, String)> {
    let (one, first, last) = (day(10), day(31), day(1));
    vec![
        ("daily, a day", format!("/analytics/daily?date={one}")),
        ("engagement, a day", format!("/analytics/engagement?date={one}")),
        ("lessons, a day", format!("/analytics/lessons?date={one}")),
        ("classrooms, a day", format!("/analytics/classrooms?date={one}")),
        ("engagement, all time", "/analytics/engagement".to_owned()),
        ("lessons, all time", "/analytics/lessons".to_owned()),
        ("classrooms, all time", "/analytics/classrooms".to_owned()),
        ("engagement, 31 days", format!("/analytics/engagement?from={first}&to={last}")),
        ("lessons, 31 days", format!("/analytics/lessons?from={first}&to={last}")),
        ("classrooms, 31 days", format!("/analytics/classrooms?from={first}&to={last}")),
        // The first two lessons are there from the beginning.
        ("a lesson's progress, 31 days", format!("/analytics/lessons/3/progress?from={first}&to={last}")),
    ]
}

pub async fn milliseconds(client: &Client, path: &str) -> f64 {
    let [milliseconds] = in_turn([client], path).await;
    milliseconds
}

/// The median of each, asked in turn: what slows the machine down slows all of them down.
async fn in_turn<const N: usize>(clients: [&Client; N], path: &str) -> [f64; N] {
    let mut times = [const { Vec::new() }; N];
    for round in 0..=TIMES {
        for (client, times) in clients.iter().zip(&mut times) {
            let begun = Instant::now();
            client.get(path).await.expect(200);
            if round > 0 {
                times.push(begun.elapsed().as_secs_f64() * 1e3);
            }
        }
    }
    times.map(|mut times| median(&mut times))
}

fn routes(timed: &Timed, name: &str) -> Vec<Row> {
    let Timed { route, at_one, at_ten } = *timed;
    let work = format!("{route}, at 10 million logs, {name}");
    let measured = format!("{at_ten:.1} ms");
    let (must, aim) = match (route.ends_with("31 days"), route.starts_with("lessons")) {
        (true, true) => (1_000.0, None),
        (true, false) => (150.0, None),
        (false, _) => (40.0, Some(25.0)),
    };
    let mut rows = vec![Row::at_most(&work, measured, "ms", (at_ten, must, aim))];
    if !route.ends_with("31 days") {
        let growth = at_ten / at_one;
        rows.push(Row::at_most(
            format!("{route}: against itself at 1 million, {name}"),
            format!("{growth:.2} × {at_one:.1} ms"),
            "×",
            (growth, 1.5, None),
        ));
    }
    rows
}

/// In milliseconds.
pub async fn original_join(database: &Database) -> f64 {
    let begun = Instant::now();
    database.rows(JOIN).await;
    begun.elapsed().as_secs_f64() * 1e3
}

async fn join(database: &Database, client: &Client, name: &str) -> Row {
    let original = original_join(database).await;
    let ours = milliseconds(client, "/analytics/classrooms").await;
    let must = if database.is_postgres() { 500.0 } else { 50.0 };
    Row::ratio(
        format!("the answer of the original join query at 10 million logs, {name}"),
        format!("{ours:.1} ms"),
        format!("{original:.0} ms for the original SQL"),
        (original / ours, must, None),
    )
}

/// An hour whose ends lie within minutes, so that the log itself has to be asked.
pub fn hour_path() -> String {
    let date = day(10);
    format!("/analytics/timeseries?bucket=minute&from={date}T10:00:00.000001Z&to={date}T11:00:00.000001Z")
}

/// The exact time-series query for one hour, and a scan of the whole log for the same.
async fn one_hour(database: &Database, client: &Client, name: &str) -> Vec<Row> {
    let date = day(10);
    let ours = milliseconds(client, &hour_path()).await;
    let bounds = database.either(
        "'{date}T10:00:00.000001Z' AND event_timestamp < '{date}T11:00:00.000001Z'",
        "TIMESTAMPTZ '{date}T10:00:00.000001Z' AND event_timestamp < TIMESTAMPTZ '{date}T11:00:00.000001Z'",
    );
    let bounds = bounds.replace("{date}", &date.to_string());
    let scan = database.either(
        "SELECT COUNT(*) FROM streaming_logs NOT INDEXED WHERE event_timestamp >= ",
        "SELECT COUNT(*) FROM streaming_logs WHERE event_timestamp + INTERVAL '0' >= ",
    );
    let scan = format!(
        "{scan}{}",
        bounds.replace(
            "AND event_timestamp <",
            database.either("AND event_timestamp <", "AND event_timestamp + INTERVAL '0' <")
        )
    );
    let begun = Instant::now();
    let in_the_hour = database.number(&scan).await;
    let scanned = begun.elapsed().as_secs_f64() * 1e3;
    let mut rows = vec![
        Row::at_most(
            format!("one hour of 10 million logs, minute by minute and exact, {name}"),
            format!("{ours:.1} ms"),
            "ms",
            (ours, 20.0, None),
        ),
        Row::fact(
            format!("the same hour by a scan of the log, {name}"),
            format!("{scanned:.0} ms for {in_the_hour} logs, {:.0} × as long", scanned / ours),
        ),
    ];
    if database.is_postgres() {
        let bytes =
            database.number("SELECT pg_relation_size('streaming_logs_event_timestamp')").await as f64 / 1e6;
        rows.push(Row::at_most(
            "its index at 10 million logs, PostgreSQL",
            format!("{bytes:.2} MB"),
            "MB",
            (bytes, 1.0, None),
        ));
    }
    rows
}

pub async fn bytes_on_disk(database: &Database) -> i64 {
    if database.is_postgres() {
        return database.number("SELECT CAST(pg_database_size(current_database()) AS bigint)").await;
    }
    let pages = database.number("SELECT page_count FROM pragma_page_count()").await;
    pages * database.number("SELECT page_size FROM pragma_page_size()").await
}

async fn size(database: &Database, name: &str) -> Row {
    Row::fact(
        format!("on disk for each of 10 million logs, with indexes and rollups, {name}"),
        format!("{} bytes", bytes_on_disk(database).await / 10_000_000),
    )
}

/// Single posts alone, and while analytics are asked for and a thousand sockets are open.
async fn beside_ingestion(database: &Database, platform: &Platform, client: &Client, name: &str) -> Row {
    let arguments = ["--connections", "64", "--duration", "20s"];
    let alone = load::run(database, platform, &arguments).await.logs_per_second;
    let sockets = crate::live::open(client, 1_000).await;
    let watching = sockets.read();
    let asking = async {
        let paths = paths();
        for (_, path) in paths.iter().cycle() {
            client.get(path).await.expect(200);
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
    };
    let beside = tokio::select! {
        report = load::run(database, platform, &arguments) => report.logs_per_second,
        () = watching => panic!("a socket was closed"),
        () = asking => unreachable!("it asks as long as the load runs"),
    };
    Row::ratio(
        format!(
            "single posts while 1,000 sockets are open and ten analytics a second are asked, {name}, 10 million logs"
        ),
        Rate(beside).to_string(),
        format!("{} alone", Rate(alone)),
        (beside / alone, 0.7, None),
    )
}
