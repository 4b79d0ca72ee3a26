//! Real data: 22,000 player events of a MOOC, replayed, and every figure of it compared with figures that were computed
//! elsewhere. See `fixtures/funmooc/NOTICE.md`.

use std::collections::{BTreeMap, BTreeSet};
use std::fs::File;
use std::io::{BufRead, BufReader};
use std::path::PathBuf;

use edtech_tests::{Client, Command, Database, Platform, assert_same_figures, funnel, item};
use flate2::read::GzDecoder;
use sea_orm::QueryResult;
use serde_json::{Map, Value, json};

const LOGS: u64 = 22_000;

/// The figures that the API and `expected.json` both have, by their names in each.
const NAMES: [(&str, &str); 7] = [
    ("students", "students"),
    ("active_students", "active_students"),
    ("streaming_logs", "streaming_logs"),
    ("watch_time_seconds", "sum_watch_time_seconds"),
    ("avg_watch_time_seconds", "avg_watch_time_seconds"),
    ("avg_completion_percentage", "avg_completion_percentage"),
    ("completed", "completed"),
];

/// Where the days of each zone stand in `expected.json`, and how SQL names such a day: the whole recording lies in
/// winter, when Paris is an hour ahead.
struct Zone {
    name: &'static str,
    expected: &'static str,
    sqlite_day: &'static str,
    postgres_day: &'static str,
}

const UTC: Zone = Zone {
    name: "UTC",
    expected: "per_day_utc",
    sqlite_day: "date(sl.event_timestamp)",
    postgres_day: "to_char(sl.event_timestamp AT TIME ZONE 'UTC', 'YYYY-MM-DD')",
};
const PARIS: Zone = Zone {
    name: "Europe/Paris",
    expected: "per_day_europe_paris",
    sqlite_day: "date(sl.event_timestamp, '+1 hour')",
    postgres_day: "to_char(sl.event_timestamp AT TIME ZONE 'Europe/Paris', 'YYYY-MM-DD')",
};

#[tokio::test(flavor = "multi_thread")]
async fn every_figure_is_right_on_sqlite_in_utc() {
    replay_and_compare(Database::sqlite(), UTC).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn every_figure_is_right_on_sqlite_in_paris() {
    replay_and_compare(Database::sqlite(), PARIS).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn every_figure_is_right_on_postgres_in_utc() {
    replay_and_compare(Database::postgres().await, UTC).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn every_figure_is_right_on_postgres_in_paris() {
    replay_and_compare(Database::postgres().await, PARIS).await;
}

async fn replay_and_compare(database: Database, zone: Zone) {
    let platform = Platform::start(&database).time_zone(zone.name).await;
    let client = platform.client().await;

    // A batch whose answer took too long is sent again, and counts as stored before.
    let (accepted, again) = replay(&platform).await;
    assert_eq!(accepted + again, LOGS);
    compare_api(&client, &zone).await;
    compare_progress(&client).await;
    compare_raw_log(&database, &zone).await;
    let before = every_answer(&client).await;

    // All of it again, as a client does that never heard our answers.
    assert_eq!(replay(&platform).await, (0, LOGS));
    assert_eq!(every_answer(&client).await, before, "a figure changed");
    database.assert_verified().await;
    platform.stop().await;
}

/// Replays the recording; how many logs were accepted, and how many were there already.
pub(super) async fn replay(platform: &Platform) -> (u64, u64) {
    let fixture = |name: &str| fixture(name).to_str().expect("a path in UTF-8").to_owned();
    let (students, lessons, logs) =
        (fixture("students.csv"), fixture("lessons.csv"), fixture("streaming_logs.ndjson.gz"));
    let arguments =
        ["replay", "--students", &students, "--lessons", &lessons, &logs, "--url", platform.url(), "--json"];
    let mut command = Command::simulator(arguments);
    for (key, value) in platform.simulator_environment() {
        command = command.env(key, value);
    }
    let printed = command.run().await.expect(0);
    let tally: Value = serde_json::from_str(&printed).unwrap_or_else(|error| panic!("{error} in {printed}"));
    assert_eq!(tally["rejected"], json!({}), "{tally}");
    let count = |name: &str| tally[name].as_u64().unwrap_or_else(|| panic!("no {name} in {tally}"));
    (count("accepted"), count("duplicates"))
}

fn fixture(name: &str) -> PathBuf {
    [env!("CARGO_MANIFEST_DIR"), "fixtures", "funmooc", name].iter().collect()
}

pub(super) fn expected() -> Value {
    let text = std::fs::read_to_string(fixture("expected.json")).expect("expected.json");
    serde_json::from_str(&text).expect("expected.json")
}

/// One part of `expected.json`: groups of figures by name.
pub(super) fn groups<'e>(expected: &'e Value, part: &str) -> &'e Map<String, Value> {
    let groups = expected[part].as_object().unwrap_or_else(|| panic!("no {part} in expected.json"));
    assert!(!groups.is_empty());
    groups
}

async fn compare_api(client: &Client, zone: &Zone) {
    let expected = expected();
    let days = groups(&expected, zone.expected);
    let engagement = client.get("/analytics/engagement").await.expect(200);
    assert_same_figures(&engagement["totals"], &in_our_names(&expected["totals"]), "everything");
    compare_items(&engagement["items"], "date", days);
    let lessons = client.get("/analytics/lessons").await.expect(200);
    compare_items(&lessons["items"], "external_id", groups(&expected, "per_lesson"));
    let classrooms = client.get("/analytics/classrooms").await.expect(200);
    compare_items(&classrooms["items"], "classroom", groups(&expected, "per_classroom"));
    for (day, figures) in days {
        let daily = client.daily(day).await;
        assert_eq!(daily["time_zone"], zone.name);
        assert_same_figures(&daily["totals"], &in_our_names(figures), day);
    }
    if zone.name == UTC.name {
        for (group, figures) in groups(&expected, "per_day_utc_classroom") {
            let (day, classroom) = group.split_once('|').expect("a day and a classroom");
            let daily = client.daily(day).await;
            assert_same_figures(
                item(&daily["classrooms"], "classroom", classroom),
                &in_our_names(figures),
                group,
            );
        }
    }
}

/// Compares how far the learners of each lesson came with what the recording itself says.
async fn compare_progress(client: &Client) {
    let logs = GzDecoder::new(File::open(fixture("streaming_logs.ndjson.gz")).expect("the recording"));
    let mut lessons: BTreeMap<String, BTreeMap<String, Option<i32>>> = BTreeMap::new();
    for line in BufReader::new(logs).lines() {
        let log: Value = serde_json::from_str(&line.expect("a line")).expect("a log");
        let name = |key: &str| log[key].as_str().expect("a name").to_owned();
        let percentage =
            log["completion_percentage"].as_i64().map(|it| i32::try_from(it).expect("a percentage"));
        let furthest = lessons.entry(name("lesson")).or_default().entry(name("student")).or_default();
        *furthest = percentage.max(*furthest);
    }
    assert_eq!(lessons.len(), groups(&expected(), "per_lesson").len(), "lessons of the recording");
    for (lesson, learners) in lessons {
        let path = format!("/analytics/lessons/{}/progress", client.lesson_id(&lesson).await);
        let progress = client.get(&path).await.expect(200);
        let furthest: Vec<_> = learners.into_values().collect();
        assert_same_figures(&progress, &funnel(&furthest), &lesson);
        assert_eq!(progress["figures"]["active_students"], furthest.len(), "{lesson}");
        // In the order of time the first to reach the threshold completes, and none is taken back.
        assert_eq!(progress["figures"]["completed"], progress["reached"][4]["students"], "{lesson}");
    }
}

/// Compares each expected group; items that nobody expects (a fresh installation's own) must be empty.
fn compare_items(items: &Value, key: &str, groups: &Map<String, Value>) {
    for (name, figures) in groups {
        assert_same_figures(item(items, key, name), &in_our_names(figures), name);
    }
    for item in items.as_array().expect("items") {
        let name = item[key].as_str().expect("a name");
        assert!(groups.contains_key(name) || item["streaming_logs"] == 0, "unexpected: {item}");
    }
}

pub(super) fn in_our_names(figures: &Value) -> Value {
    let known =
        NAMES.iter().filter_map(|(ours, theirs)| Some(((*ours).to_owned(), figures.get(theirs)?.clone())));
    let known: Map<String, Value> = known.collect();
    assert!(known.len() >= NAMES.len() - 1, "all but the enrolment is expected everywhere: {figures}");
    Value::Object(known)
}

/// Every answer that has figures of the recording, without the moment at which it was made.
async fn every_answer(client: &Client) -> Vec<Value> {
    let mut answers = Vec::new();
    for analysis in ["engagement", "lessons", "classrooms"] {
        answers.push(client.get(&format!("/analytics/{analysis}")).await.expect(200));
    }
    for day in 24..=31 {
        let date = if day == 31 { "2021-12-01".to_owned() } else { format!("2021-11-{day}") };
        let mut daily = client.daily(&date).await;
        daily["generated_at"] = Value::Null;
        answers.push(daily);
    }
    let series = "/analytics/timeseries?bucket=minute&from=2021-11-24T00:00:00Z&to=2021-12-01T00:00:00Z";
    answers.push(client.get(series).await.expect(200));
    answers
}

/// Compares what `expected.json` has and the API has not (event types, figures of pairs) with the raw log.
async fn compare_raw_log(database: &Database, zone: &Zone) {
    let expected = expected();
    let (utc, day) = (
        database.either(UTC.sqlite_day, UTC.postgres_day),
        database.either(zone.sqlite_day, zone.postgres_day),
    );
    let classroom = format!("{utc} || '|' || s.classroom");
    compare_groups(database, "'all'", &Map::from_iter([("all".to_owned(), expected["totals"].clone())]))
        .await;
    compare_groups(database, "sl.event_type", groups(&expected, "per_event_type")).await;
    compare_groups(database, "l.external_id", groups(&expected, "per_lesson")).await;
    compare_groups(database, "s.classroom", groups(&expected, "per_classroom")).await;
    compare_groups(database, day, groups(&expected, zone.expected)).await;
    compare_groups(database, &classroom, groups(&expected, "per_day_utc_classroom")).await;
}

async fn compare_groups(database: &Database, group: &str, groups: &Map<String, Value>) {
    let rows = database.rows(&include_str!("funmooc_groups.sql").replace("{group}", group)).await;
    let found: BTreeMap<String, Value> =
        rows.iter().map(|row| (row.try_get("", "name").expect("name"), figures(row))).collect();
    let expected: BTreeSet<&String> = groups.keys().collect();
    assert_eq!(found.keys().collect::<BTreeSet<_>>(), expected, "groups by {group}");
    for (name, figures) in &found {
        let mut wanted = groups[name].clone();
        // These three are of the roster, not of the log.
        for name in ["students", "classrooms", "lessons"] {
            wanted.as_object_mut().expect("figures").remove(name);
        }
        assert_same_figures(figures, &wanted, name);
    }
}

fn figures(row: &QueryResult) -> Value {
    let counts = [
        "active_students",
        "streaming_logs",
        "completed",
        "logs_with_watch_time",
        "logs_with_completion",
        "student_lesson_pairs",
        "pairs_with_completion",
        "sum_watch_time_seconds",
        "sum_completion_percentage",
    ];
    let averages = ["avg_watch_time_seconds", "avg_completion_percentage", "mean_of_best_completion"];
    let count = |name: &str| json!(row.try_get::<i64>("", name).expect("a count"));
    let average = |name: &str| json!(row.try_get::<Option<f64>>("", name).expect("an average"));
    let counts = counts.into_iter().map(|name| (name.to_owned(), count(name)));
    counts.chain(averages.into_iter().map(|name| (name.to_owned(), average(name)))).collect()
}
