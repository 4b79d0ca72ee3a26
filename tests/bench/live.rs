//! Thousands who watch `/live`.

use std::collections::BTreeSet;
use std::time::Duration;

use chrono::{DateTime, Utc};
use edtech_tests::{Client, Database, Process};
use futures_util::future::join_all;
use tokio::task::JoinSet;
use tokio::time::{Instant, timeout_at};

use crate::load;
use crate::machine::median;
use crate::sockets::Socket;
use crate::table::Row;

const SOCKETS: usize = 5_000;

/// How long frames are counted.
const WATCHED: Duration = Duration::from_secs(30);

/// How long sockets are read before: what came while the others were opened is read late, and not counted.
const SETTLING: Duration = Duration::from_secs(5);

/// What is not read so long after the stretch is not counted as delivered.
const LATEST: Duration = Duration::from_secs(5);

/// Sockets that are opened at a time.
const AT_A_TIME: usize = 100;

/// Open sockets that have read their first frame.
pub struct Sockets(Vec<Socket>);

/// Opens so many.
pub async fn open(client: &Client, count: usize) -> Sockets {
    let mut sockets = Vec::with_capacity(count);
    while sockets.len() < count {
        let opening = (0..AT_A_TIME.min(count - sockets.len())).map(|_| Socket::open(client));
        sockets.extend(join_all(opening).await);
    }
    Sockets(sockets)
}

impl Sockets {
    /// Reads all of them until one is closed.
    pub async fn read(self) {
        let mut reading = JoinSet::new();
        for mut socket in self.0 {
            reading.spawn(async move { socket.read_on(|_| ()).await });
        }
        reading.join_next().await;
    }

    /// Reads all of them, and tells of those frames that are made in a stretch of time, socket by socket, when each was made
    /// and how late it was read, in milliseconds.
    async fn count(self) -> Vec<Vec<(DateTime<Utc>, f64)>> {
        let counted_from = Utc::now() + SETTLING;
        let counted_until = counted_from + WATCHED;
        let until = Instant::now() + SETTLING + WATCHED + LATEST;
        let mut reading = JoinSet::new();
        for mut socket in self.0 {
            reading.spawn(async move {
                let mut read = Vec::new();
                let reading = socket.read_on(|frame| {
                    let at = moment(frame);
                    if (counted_from..counted_until).contains(&at) {
                        read.push((at, (Utc::now() - at).num_microseconds().expect("no age") as f64 / 1e3));
                    }
                });
                let _ = timeout_at(until, reading).await;
                read
            });
        }
        reading.join_all().await
    }
}

/// `{"type":"delta","seq":7,"at":"2026-03-02T10:00:00.000000Z",…`: what it begins with, for one core has to read fifty
/// thousand of them a second.
fn moment(frame: &[u8]) -> DateTime<Utc> {
    let frame = String::from_utf8_lossy(frame);
    let (_, at) = frame.split_once("\"at\":\"").unwrap_or_else(|| panic!("no moment in {frame}"));
    at.split('"').next().expect("a moment").parse().expect("a moment")
}

/// The row of live sockets: what was due was read, soon, at a bounded cost.
pub async fn sockets() -> Vec<Row> {
    let database = Database::postgres().await;
    let platform = load::serve(&database).await;
    let client = platform.client().await;
    load::run(&database, &platform, &["--connections", "4", "--logs", "1000"]).await;
    let before = Process(platform.process()).resident_mb();
    let sockets = open(&client, SOCKETS).await;
    let load = load::start(&platform, &["--connections", "4", "--duration", "45s", "--rate", "200"]);
    // Deltas come once something happens.
    tokio::time::sleep(Duration::from_secs(3)).await;
    let read = sockets.count().await;
    let each = (Process(platform.process()).resident_mb() - before) * 1e3 / SOCKETS as f64;
    load::finish(load).await;
    platform.stop().await;
    database.assert_verified().await;

    // All of them are told the same: a frame that one has read was due to each, also to one that was closed.
    let made: BTreeSet<DateTime<Utc>> = read.iter().flatten().map(|&(at, _)| at).collect();
    let due = made.len() * SOCKETS;
    let mut late: Vec<f64> = read.into_iter().flatten().map(|(_, late)| late).collect();
    let delivered = late.len() as f64 / due as f64;
    let rate = due as f64 / SOCKETS as f64 / WATCHED.as_secs_f64();
    let middle = median(&mut late);
    let p99 = late[late.len() * 99 / 100];
    vec![
        Row::ratio(
            format!("live: {SOCKETS} sockets"),
            format!("{} frames read", late.len()),
            format!("{due} frames due"),
            (delivered, 1.0, None),
        ),
        // A hub that makes few has few that are due.
        Row::ratio(
            "live: frames a second while something happens",
            format!("{rate:.1} /s"),
            "10 /s at most",
            (rate / 10.0, 0.8, None),
        ),
        Row::at_most(
            "live: from the moment of a frame to its reader, p99",
            format!("{p99:.0} ms, p50 {middle:.0} ms"),
            "ms",
            (p99, 100.0, None),
        ),
        Row::at_most("live: memory of a socket", format!("{each:.1} KB"), "KB", (each, 25.0, None)),
    ]
}
