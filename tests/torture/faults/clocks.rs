//! Fault 10: a server whose clock is an hour off and jumps while it runs, clients from 1970 and 2100, and the days on
//! which clocks are changed.

use std::path::{Path, PathBuf};
use std::time::Duration;

use chrono::{DateTime, NaiveDate, TimeDelta, Timelike, Utc};
use chrono_tz::Tz;
use edtech_tests::{
    Client, Platform, Verdicts, Watcher, assert_figures_are_those_of_the_raw_log, eventually, log,
};
use serde_json::{Value, json};
use uuid::Uuid;

use crate::ground::{Ground, Kind, enrol_learners, learner};
use crate::plan::Plan;
use crate::report::Outcome;

/// How a server's clock goes, one after the other, in hours.
const OFF: [i64; 4] = [0, 1, -1, 0];

/// How soon a server believes what it is told of the time.
const TOLD: Duration = Duration::from_secs(30);

/// Between a server's clock and ours.
const ABOUT: TimeDelta = TimeDelta::seconds(5);

/// How soon those who watch see a log, whatever clock it came by.
const SEEN: Duration = Duration::from_secs(30);

/// Days on which clocks are changed, and how many quarters of an hour they have: forward and back, at midnight, by half an
/// hour, and a day that was left out.
const CHANGES: [(&str, &str, usize); 7] = [
    ("Europe/Paris", "2026-03-29", 92),
    ("Europe/Paris", "2026-10-25", 100),
    ("America/Sao_Paulo", "2018-11-04", 92),
    ("Africa/Cairo", "2026-04-24", 92),
    ("Australia/Lord_Howe", "2026-04-05", 98),
    ("Australia/Lord_Howe", "2026-10-04", 94),
    ("Pacific/Apia", "2011-12-30", 0),
];

pub async fn run(kind: Kind, plan: Plan) -> Outcome {
    let (jumps, stored) = wrong_clock(kind, plan.either(1, 3)).await;
    let old_and_new = strange_years(kind).await;
    let days = changed_days(kind).await;
    Outcome::of(jumps + old_and_new + days)
        .figure("jumps of the clock by an hour or two", jumps)
        .figure("logs with both times as they have to be", stored)
        .figure("logs of 1970 and 2100 on their days", old_and_new)
        .figure("days on which clocks change, with the logs of 23, 24 or 25 hours", days)
}

/// A server whose clock is wrong, beside one whose clock is right where there may be two.
async fn wrong_clock(kind: Kind, rounds: usize) -> (u64, u64) {
    let ground = Ground::new(kind).await;
    // An hour more or less is another day only at midnight, and whoever watches sees today.
    let zone = zone_where_it_is_noon(Utc::now());
    let told = ground.database.directory().join("clock");
    tell(&told, 0);
    let right = match kind {
        Kind::Sqlite => None,
        Kind::Postgres => Some(ground.start().time_zone(zone.name()).await),
    };
    let wrong = ground.start().time_zone(zone.name());
    let wrong = wrong
        .env("LD_PRELOAD", library().to_str().expect("a path in UTF-8"))
        .env("FAKETIME_TIMESTAMP_FILE", told.to_str().expect("a path in UTF-8"))
        .env("FAKETIME_NO_CACHE", "1")
        // What lasts lasts as long as ever: it is the time of day that is wrong.
        .env("FAKETIME_DONT_FAKE_MONOTONIC", "1")
        .env("DONT_FAKE_MONOTONIC", "1")
        .await;
    let watched = right.as_ref().unwrap_or(&wrong);
    enrol_learners(&watched.client().await).await;
    let mut watcher = Watcher::connect(&watched.client().await).await;
    let (mut jumps, mut stored) = (0, 0);
    for hours in (0..rounds).flat_map(|_| OFF) {
        tell(&told, hours);
        believed(&wrong, TimeDelta::hours(hours)).await;
        jumps += 1;
        // Tokens of before may be out of date by its clock: clients get another one.
        let client = wrong.client().await;
        stored += post_with_and_without_time(&ground, &client, TimeDelta::hours(hours)).await;
        watcher.until("the log", SEEN, |today| today["totals"]["streaming_logs"] == stored).await;
    }
    assert_figures_are_those_of_the_raw_log(&ground.database, &watched.client().await, zone).await;
    ground.database.assert_verified().await;
    wrong.stop().await;
    if let Some(right) = right {
        right.stop().await;
    }
    (jumps, stored)
}

/// One log that says when it happened, and one that leaves that to the server. Both times of both are looked up.
async fn post_with_and_without_time(ground: &Ground, client: &Client, off: TimeDelta) -> u64 {
    let happened = Utc::now() - TimeDelta::minutes(3);
    // Microseconds are kept.
    let happened = DateTime::from_timestamp_micros(happened.timestamp_micros()).expect("a time");
    let ids = [Uuid::new_v4(), Uuid::new_v4()];
    let with = log(&learner(1), &happened.to_rfc3339(), json!({"log_id": ids[0]}));
    let mut without = log(&learner(2), "", json!({"log_id": ids[1]}));
    without.as_object_mut().expect("an object").remove("event_timestamp");
    let sent = Utc::now();
    client.store(&[with, without]).await;
    for (id, told) in [(ids[0], Some(happened)), (ids[1], None)] {
        let (event_timestamp, received_at) = times_of(ground, id).await;
        let by_its_clock = is_between(received_at, sent + off, Utc::now() + off);
        assert!(by_its_clock, "received at {received_at}, sent at {sent}, {off} off");
        match told {
            Some(told) => assert_eq!(event_timestamp, told, "a client's own time"),
            None => assert_eq!(event_timestamp, received_at, "the server's time"),
        }
    }
    2
}

fn is_between(moment: DateTime<Utc>, from: DateTime<Utc>, to: DateTime<Utc>) -> bool {
    (from - ABOUT..to + ABOUT).contains(&moment)
}

async fn times_of(ground: &Ground, id: Uuid) -> (DateTime<Utc>, DateTime<Utc>) {
    // SQLite keeps ids as bytes.
    let id = match ground.kind() {
        Kind::Sqlite => format!("x'{}'", id.simple()),
        Kind::Postgres => format!("'{id}'"),
    };
    let sql = format!("SELECT event_timestamp, received_at FROM streaming_logs WHERE log_id = {id}");
    let rows = ground.database.rows(&sql).await;
    assert_eq!(rows.len(), 1, "rows of {sql}");
    let time = |column: usize| rows[0].try_get_by_index(column).expect("a time");
    (time(0), time(1))
}

/// Until its answers are of that time.
async fn believed(platform: &Platform, off: TimeDelta) {
    eventually("the time that it is told", TOLD, async || {
        let answer = platform.anonymous().get("/livez").await;
        let date = DateTime::parse_from_rfc2822(answer.header("date")).expect("a date");
        ((date.to_utc() - Utc::now() - off).abs() < ABOUT).then_some(())
    })
    .await;
}

fn tell(file: &Path, hours: i64) {
    std::fs::write(file, format!("{hours:+}h\n")).expect("a file that tells the time");
}

fn zone_where_it_is_noon(now: DateTime<Utc>) -> Tz {
    // These names count the other way round.
    let behind = i64::from(now.hour()) - 12;
    format!("Etc/GMT{behind:+}").parse().expect("a zone")
}

/// What answers a program that asks for the time. Debian's package is `libfaketime`.
fn library() -> PathBuf {
    let places = std::fs::read_dir("/usr/lib").expect("/usr/lib").flatten();
    let mut found = places.map(|place| place.path().join("faketime/libfaketime.so.1"));
    found.find(|path| path.is_file()).expect("libfaketime.so.1: apt-get install libfaketime")
}

/// Clients whose clock was never set, or is far ahead. What lies beyond is refused, and named.
async fn strange_years(kind: Kind) -> u64 {
    let ground = Ground::new(kind).await;
    let platform = ground.start().await;
    let client = platform.client().await;
    enrol_learners(&client).await;
    let moments = [
        ("1970-01-01T00:00:00Z", "1970-01-01"),
        ("1970-01-01T00:00:00.000001Z", "1970-01-01"),
        ("2100-02-28T23:59:59.999999Z", "2100-02-28"),
        ("2100-03-01T00:00:00Z", "2100-03-01"),
        ("2100-12-31T23:30:00-01:00", "2101-01-01"),
    ];
    for (number, (at, _)) in moments.iter().enumerate() {
        let (id, sent) = (Uuid::new_v4(), Utc::now());
        client.store(&[log(&learner(number), at, json!({"log_id": id, "watch_time_seconds": 1}))]).await;
        let (event_timestamp, received_at) = times_of(&ground, id).await;
        let told = DateTime::parse_from_rfc3339(at).expect("a moment").to_utc();
        assert_eq!(event_timestamp, told, "a client's own time");
        assert!(is_between(received_at, sent, Utc::now()), "received at {received_at}, sent at {sent}");
    }
    for (at, day) in moments {
        let totals = client.daily(day).await["totals"].clone();
        let expected = moments.iter().filter(|(_, other)| *other == day).count();
        assert_eq!(totals["streaming_logs"], expected, "{at} on {day}");
    }
    for at in ["1969-12-31T23:59:59Z", "2200-01-01T00:00:00Z"] {
        let verdicts: Verdicts = client.post_logs(&[log(&learner(0), at, json!({}))]).await;
        assert_eq!(verdicts.refusals(), [(0, "out_of_range")], "{at}");
    }
    platform.stop().await;
    ground.database.assert_verified().await;
    moments.len() as u64
}

/// A log each quarter of an hour, from the day before to the day after.
async fn changed_days(kind: Kind) -> u64 {
    let ground = Ground::new(kind).await;
    for (zone, day, quarters) in CHANGES {
        // A database has one zone for good.
        let database = ground.another_database().await;
        let platform = ground.start_on(&database).time_zone(zone).await;
        let client = platform.client().await;
        enrol_learners(&client).await;
        let date: NaiveDate = day.parse().expect("a date");
        let noon = date.and_hms_opt(12, 0, 0).expect("noon").and_utc();
        let quarter = |number: i64| noon + TimeDelta::minutes(15 * number);
        let one = |number: i64| {
            let more =
                json!({"watch_time_seconds": number.abs(), "completion_percentage": number.abs() % 101});
            log(&learner(number.unsigned_abs() as usize), &quarter(number).to_rfc3339(), more)
        };
        client.store(&(-200..200).map(one).collect::<Vec<Value>>()).await;
        let totals = client.daily(day).await["totals"].clone();
        assert_eq!(totals["streaming_logs"], quarters, "{day} in {zone}");
        let zone: Tz = zone.parse().expect("a zone");
        assert_figures_are_those_of_the_raw_log(&database, &client, zone).await;
        platform.stop().await;
        database.assert_verified().await;
    }
    CHANGES.len() as u64
}
