//! What bad input costs: the peak of the real process, while bombs of every kind come in parallel.

use std::io::Write;

use edtech_tests::{Answer, Client, Database, Platform, on_both_databases};
use flate2::Compression;
use flate2::write::GzEncoder;
use futures_util::future::join_all;
use reqwest::Method;

use super::{assert_none, assert_nothing_was_lost, started};

on_both_databases!(bombs_in_parallel_take_no_more_than_twice_the_room);

/// What bodies may hold together, in bytes: `api/src/room.rs`.
const ROOM: u64 = 64 * 1024 * 1024;

/// So many of a kind at once: half as much again as there is room for, or three times as much.
const AT_ONCE: usize = 12;

/// How often one of them may be cut before it is answered.
const TRIES: u32 = 5;

/// A kind of bomb: where it goes, how it is encoded, and what it is.
type Bomb = (&'static str, &'static str, &'static str, Vec<u8>);

pub(super) fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::best());
    encoder.write_all(bytes).expect("gzip");
    encoder.finish().expect("gzip")
}

/// A gzip of about a thousandth of its bytes, all of them spaces.
pub(super) fn bomb(bytes: usize) -> Vec<u8> {
    const PART: usize = 1 << 20;
    gzip(&vec![b' '; PART]).repeat(bytes / PART)
}

fn bombs() -> Vec<Bomb> {
    let of = |unit: &str, bytes: usize| unit.repeat(bytes / unit.len()).into_bytes();
    let mib = 1024 * 1024;
    let (json, lines, csv) = ("application/json", "application/x-ndjson", "text/csv");
    vec![
        ("/streaming-logs", json, "gzip", bomb(1 << 30)),
        ("/students", json, "gzip", bomb(1 << 30)),
        (
            "/streaming-logs",
            json,
            "identity",
            [b"[1".to_vec(), of(",1", 8 * mib - 8), b"]".to_vec()].concat(),
        ),
        ("/streaming-logs", lines, "identity", of("1\n", 8 * mib)),
        ("/streaming-logs", lines, "identity", of("{\"a\":", 8 * mib)),
        ("/streaming-logs", lines, "identity", of("{}\n", 30_000)),
        (
            "/students",
            json,
            "identity",
            [b"[{\"a\":[[]".to_vec(), of(",[]", 16 * mib - 32), b"]}]".to_vec()].concat(),
        ),
        ("/students", csv, "identity", [b"external_id\n".to_vec(), of(",", 16 * mib - 32)].concat()),
        ("/students", csv, "identity", [b"external_id,name\n".to_vec(), of("\"\n", 16 * mib - 32)].concat()),
        ("/students", csv, "identity", [b"external_id,name\n".to_vec(), of("1,\x01\n", 200_000)].concat()),
    ]
}

/// Whoever is let in too late to be heard comes again: a crowd of these keeps a small machine busy for seconds.
async fn sent(client: &Client, (path, content_type, encoding, body): &Bomb) -> Answer {
    let mut tries = 0;
    loop {
        let request = client.request(Method::POST, path).header("content-type", *content_type);
        let request = request.header("content-encoding", *encoding).body(body.clone());
        match client.try_send(request).await {
            Ok(answer) => return answer,
            Err(cut) if tries < TRIES => println!("{path}, once more: {cut}"),
            Err(cut) => panic!("no answer: {cut:?}"),
        }
        tries += 1;
    }
}

async fn bombs_in_parallel_take_no_more_than_twice_the_room(database: Database) {
    let (platform, client) = started(&database).await;
    assert_nothing_was_lost(&platform, &client).await;
    let idle = memory(&platform, "VmRSS");
    let mut faults = Vec::new();
    let all = bombs();
    for bomb in &all {
        forget_the_peak(&platform);
        let answers = join_all((0..AT_ONCE).map(|_| sent(&client, bomb))).await;
        let grown = memory(&platform, "VmHWM").saturating_sub(idle);
        let told = told(bomb, &answers);
        println!("{told}; {} MiB over {} MiB", grown >> 20, idle >> 20);
        if grown > 2 * ROOM || told.contains("nobody") {
            faults.push(format!("{told}; {} MiB more than an idle server", grown >> 20));
        }
    }
    assert_none(&faults, all.len());
    assert_nothing_was_lost(&platform, &client).await;
}

/// What became of a crowd of bombs: each is refused, or told to come again, or judged line by line.
fn told((path, content_type, encoding, body): &Bomb, answers: &[Answer]) -> String {
    let begins = String::from_utf8_lossy(&body[..body.len().min(12)]).escape_debug().to_string();
    let count = |wanted: fn(&Answer) -> bool| answers.iter().filter(|answer| wanted(answer)).count();
    let refused = count(|answer| (400..500).contains(&answer.status) && super::fault_of(answer).is_none());
    let busy = count(|answer| answer.status == 503 && answer.headers.contains_key("retry-after"));
    let judged = count(|answer| answer.status == 200);
    let others = answers.len() - refused - busy - judged;
    let through =
        if others > 0 || refused + judged == 0 { "nobody got through, or something else" } else { "" };
    format!(
        "{path} {content_type} {encoding} {} bytes {begins}: {refused} refused, {busy} too busy, {judged} judged {through} {:?}",
        body.len(),
        answers.iter().map(|answer| answer.status).collect::<std::collections::BTreeSet<_>>()
    )
}

/// A figure of the process, in bytes: `VmRSS` now, `VmHWM` at its peak.
pub(super) fn memory(platform: &Platform, figure: &str) -> u64 {
    let status = std::fs::read_to_string(format!("/proc/{}/status", platform.process())).expect("a process");
    let line =
        status.lines().find_map(|line| line.strip_prefix(figure)?.strip_prefix(':')).expect("a figure");
    let kib: u64 = line.trim().trim_end_matches(" kB").parse().expect("a number");
    kib * 1024
}

/// The peak is that of what comes from now on.
pub(super) fn forget_the_peak(platform: &Platform) {
    std::fs::write(format!("/proc/{}/clear_refs", platform.process()), "5").expect("a process of ours");
}
