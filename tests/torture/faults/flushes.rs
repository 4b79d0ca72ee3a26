//! A 2xx means flushed to disk, and a group of logs costs one flush: counted from outside, as system calls.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;

use edtech_tests::{Client, Platform, Process, eventually, free_address};
use reqwest::Method;
use tokio::process::Child;
use tokio::time::sleep;

use crate::ground::{Ground, Kind, enrol_learners};
use crate::ledger::Ledger;
use crate::load::{Load, Shape, drawn_log};
use crate::plan::Plan;
use crate::report::Outcome;

/// A lone client: each of its posts is a group.
const POSTS: usize = 200;

/// Groups of a crowd that are under way when counting begins and when it ends, two each: flushed, and counted elsewhere.
const UNDER_WAY: f64 = 4.0;

/// Beside groups, what is appended is folded in at most twice a second: a commit, and so a flush.
const FOLDS_A_SECOND: f64 = 2.0;

pub async fn run(kind: Kind, plan: Plan) -> Outcome {
    let mut draws = plan.draws("flushes");
    let ground = Ground::new(kind).await;
    let metrics = free_address();
    let platform = ground.start().env("EDTECH_METRICS_LISTEN", &metrics).await;
    let client = platform.client().await;
    enrol_learners(&client).await;
    let ledger = Ledger::default();

    let mut outcome = Outcome::of(2);
    for crowd in [false, true] {
        // Whoever stores has to be there before anybody can look at it.
        post(&client, &ledger, 20, &mut draws).await;
        let trace = Trace::of(&ground, &platform).await;
        let (begun, before) = (std::time::Instant::now(), groups(kind, &client, &metrics).await);
        if crowd {
            let mut load = Load::start(&client, &ledger, Shape { singles: 32, ..Shape::MIXED }, &mut draws);
            sleep(Duration::from_secs(plan.either(5, 20))).await;
            load.settle(&client).await;
        } else {
            post(&client, &ledger, POSTS, &mut draws).await;
        }
        let groups = groups(kind, &client, &metrics).await - before;
        let seconds = begun.elapsed().as_secs_f64();
        let flushed = trace.ended(&ground).await;
        outcome = judge(kind, crowd, groups, seconds, &flushed, outcome);
    }
    platform.stop().await;
    ledger.judge(&ground.database, outcome).await
}

async fn post(client: &Client, ledger: &Ledger, logs: usize, draws: &mut rand::rngs::StdRng) {
    for _ in 0..logs {
        let (key, log) = drawn_log(draws);
        ledger.sent(std::slice::from_ref(&key));
        let request = client.request(Method::POST, "/streaming-logs").json(&log);
        assert_eq!(client.send(request).await.status, 201);
        ledger.acknowledged(&[key]);
    }
}

/// At least one flush for each group, or a 2xx would not be true; and at most one, but for what is folded in and, on SQLite,
/// for checkpoints: the log is flushed before it is copied into the file, and its new head once it begins anew. PostgreSQL's log
/// is many files, and whoever fills one flushes it before going on in the next.
fn judge(kind: Kind, crowd: bool, groups: f64, seconds: f64, flushed: &Flushed, outcome: Outcome) -> Outcome {
    let name = if crowd { "a crowd" } else { "one client" };
    let (log, folds) = (flushed.of_log as f64, FOLDS_A_SECOND * (seconds + 1.0) + 1.0);
    let (least, most) = match kind {
        Kind::Sqlite => (groups, groups + folds + 2.0 * flushed.by_others as f64),
        // Two groups that commit at once may share a flush, as PostgreSQL has it; one may share that of what is folded in.
        Kind::Postgres => {
            let filled = flushed.files_of_log.len().saturating_sub(1) as f64;
            let (least, under_way) = if crowd { (groups / 2.0, UNDER_WAY) } else { (groups - 1.0, 1.0) };
            (least, groups + under_way + filled)
        }
    };
    let told =
        format!("{log} flushes of {groups} groups in {seconds:.1} s, and {} beside that", flushed.by_others);
    outcome.judged(
        name,
        groups > 0.0 && (least..=most).contains(&log),
        &told,
        &format!("{least:.0} to {most:.0}"),
    )
}

/// How often which files were flushed.
#[derive(Debug, Default)]
struct Flushed {
    /// The write-ahead log, by those who store.
    of_log: usize,
    /// The files that it lies in.
    files_of_log: BTreeSet<String>,
    /// Other files, as a checkpoint does, and by others.
    by_others: usize,
}

/// Somebody who counts system calls.
struct Trace {
    strace: Child,
    file: PathBuf,
}

impl Trace {
    /// Of the server where the database is in it, else of the backends that store.
    async fn of(ground: &Ground, platform: &Platform) -> Self {
        let processes = match ground.any_server() {
            None => vec![Process(platform.process())],
            Some(server) => server.processes(),
        };
        let file = ground.database.directory().join("strace");
        let mut strace = tokio::process::Command::new("strace");
        strace.args(["-f", "-y", "-qq", "-e", "trace=fsync,fdatasync", "-o"]).arg(&file);
        for process in &processes {
            strace.args(["-p", &process.0.to_string()]);
        }
        strace.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()).kill_on_drop(true);
        let strace = strace.spawn().expect("strace: apt-get install strace");
        for process in &processes {
            let traced = async || (is_traced(*process) || !process.is_there()).then_some(());
            eventually("strace looks on", Duration::from_secs(10), traced).await;
        }
        Self { strace, file }
    }

    async fn ended(mut self, ground: &Ground) -> Flushed {
        let ours = match ground.kind() {
            Kind::Sqlite => None,
            Kind::Postgres => Some(backends_that_store(ground).await),
        };
        Process(self.strace.id().expect("strace")).signal("INT");
        self.strace.wait().await.expect("strace to end");
        count(&self.file, ours.as_deref())
    }
}

/// The connections on which groups are stored, by what they did last. On others sums are folded in and room is made, and
/// PostgreSQL's own processes flush for reasons of their own.
async fn backends_that_store(ground: &Ground) -> Vec<Process> {
    let storing = "SELECT pid FROM pg_stat_activity
        WHERE application_name = 'edtech-api' AND query LIKE '%pg_try_advisory_xact_lock_shared%'";
    let rows = ground.database.rows(storing).await;
    let processes = rows.iter().map(|row| row.try_get_by_index::<i32>(0).expect("a process"));
    processes.map(|process| Process(process.unsigned_abs())).collect()
}

fn is_traced(process: Process) -> bool {
    let status = std::fs::read_to_string(format!("/proc/{}/status", process.0)).unwrap_or_default();
    status.lines().any(|line| line.starts_with("TracerPid:") && !line.ends_with("\t0"))
}

/// `123 fdatasync(12</path/edtech.db-wal>) = 0`, one a line; a call that others interrupt is told in two.
fn count(file: &Path, ours: Option<&[Process]>) -> Flushed {
    let said = std::fs::read_to_string(file).expect("what strace saw");
    let mut flushed = Flushed::default();
    for line in said.lines().filter(|line| line.contains("sync(")) {
        let process = line.split_whitespace().next().and_then(|number| number.parse().ok()).map(Process);
        let is_ours = ours.is_none_or(|ours| process.is_some_and(|process| ours.contains(&process)));
        match file_of_log(line) {
            Some(file) if is_ours => {
                flushed.of_log += 1;
                flushed.files_of_log.insert(file.to_owned());
            }
            _ => flushed.by_others += 1,
        }
    }
    flushed
}

/// Which file of the write-ahead log is flushed; none where it is another file, or one that is only being made.
fn file_of_log(line: &str) -> Option<&str> {
    let path = line.split_once('<')?.1.split_once('>')?.0;
    let is_of_log = path.ends_with("-wal") || path.contains("/pg_wal/") && !path.contains("/xlogtemp.");
    is_of_log.then_some(path)
}

/// How many groups were stored: on SQLite by any way, on PostgreSQL by the one that has connections of its own.
async fn groups(kind: Kind, client: &Client, metrics: &str) -> f64 {
    let request = client.request_to(Method::GET, &format!("http://{metrics}/metrics"));
    let text = client.send(request).await.expect(200);
    let text = text.as_str().expect("text");
    let wanted = match kind {
        Kind::Sqlite => "ingest_groups_total{",
        Kind::Postgres => "ingest_groups_total{way=\"short\"}",
    };
    let counts = text.lines().filter(|line| line.starts_with(wanted));
    counts.filter_map(|line| line.rsplit(' ').next()?.parse::<f64>().ok()).sum()
}
