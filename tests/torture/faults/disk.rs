//! 5. The disk is full, to the last byte, and then it is not.

use std::time::{Duration, Instant};

use edtech_tests::{Client, Database, eventually};
use tokio::time::sleep;

use crate::disk::SmallDisk;
use crate::faults::kills::ready_since;
use crate::ground::{Ground, Kind, enrol_learners};
use crate::ledger::Ledger;
use crate::load::{Answered, Load, Shape, longest};
use crate::plan::Plan;
use crate::postgres::as_owner;
use crate::probes::Probes;
use crate::report::Outcome;

/// How soon all is well once there is room, or once PostgreSQL accepts connections again.
const RECOVERY: Duration = Duration::from_secs(5);

/// No request takes longer.
const LONGEST: Duration = Duration::from_secs(5);

/// How long it may take to fill what is left.
const FILLING: Duration = Duration::from_secs(60);

const LIVEZ: &str = "/livez";

pub async fn run(kind: Kind, plan: Plan) -> Outcome {
    let mut draws = plan.draws("disk");
    let (size, room) = match kind {
        Kind::Sqlite => (96, 4),
        // A new cluster takes 40 MB, and its log comes in pieces of 16.
        Kind::Postgres => (320, 24),
    };
    let disk = SmallDisk::of(size);
    let ground = Ground::on(kind, disk.place()).await;
    let platform = ground.start().await;
    let client = platform.client().await;
    enrol_learners(&client).await;
    let ledger = Ledger::default();
    let tries = plan.either(1, 5);
    let mut outcome = Outcome::of(tries);
    for _ in 0..tries {
        let mut load =
            Load::start(&client, &ledger, Shape { batches: 8, batch: 500, ..Shape::MIXED }, &mut draws);
        let probes = Probes::start(&client, &[LIVEZ]);
        sleep(Duration::from_millis(500)).await;
        let begin = Instant::now();
        disk.leave_megabytes(room);
        refusals(&load, begin).await;
        sleep(Duration::from_secs(plan.either(3, 10))).await;
        let end = Instant::now();
        disk.free_again();
        let freed = Instant::now();
        outcome = recovered(&ground, &client, &load, freed, outcome).await;
        // Whatever was asked meanwhile counts, also what has no answer yet.
        load.go_on(end).await;
        probes.go_on(end).await;
        outcome = judge(&load, &probes, begin, end, outcome);
        load.settle(&client).await;
    }
    platform.stop().await;
    let outcome = ledger.judge(&ground.database, outcome).await;
    integrity(&ground, outcome).await
}

/// Waits until clients are refused.
async fn refusals(load: &Load, begin: Instant) {
    let refused = async || {
        let answers = load.since(begin);
        (answers.iter().filter(|it| !it.is_success()).count() >= 5).then_some(())
    };
    eventually("the disk is full", FILLING, refused).await;
}

fn judge(load: &Load, probes: &Probes, begin: Instant, end: Instant, outcome: Outcome) -> Outcome {
    let mut answers = load.since(begin);
    answers.retain(|answered| answered.sent < end);
    let refused: Vec<&Answered> =
        answers.iter().filter(|it| [Some(503), Some(507)].contains(&it.status)).collect();
    let strange = answers.iter().filter(|it| !it.is_success()).count() - refused.len();
    let alive = probes.between(LIVEZ, begin, end);
    outcome
        .figure("refused", refused.len())
        .exactly("neither 2xx nor 503 nor 507", strange, 0)
        .exactly("without Retry-After", refused.iter().filter(|it| !it.retry_after).count(), 0)
        .within("slowest answer", longest(&answers), LONGEST)
        .must("/livez is asked", !alive.is_empty(), alive.len())
        .exactly("/livez not 200", alive.iter().filter(|it| it.status != Some(200)).count(), 0)
}

/// Room is back. A PostgreSQL that gave up is started again, as its supervisor would do.
async fn recovered(
    ground: &Ground,
    client: &Client,
    load: &Load,
    freed: Instant,
    mut outcome: Outcome,
) -> Outcome {
    let mut moment = freed;
    if let Some(server) = ground.any_server() {
        // It may be about to give up, or to recover.
        let settled = async || (server.processes().is_empty() || server.accepts().await).then_some(());
        eventually("PostgreSQL has decided", Duration::from_secs(60), settled).await;
        let gave_up = server.processes().is_empty();
        moment = if gave_up { server.start_again().await } else { Instant::now() };
        outcome = outcome.figure(
            "PostgreSQL",
            if gave_up { "gave up, was started again" } else { "stayed, or recovered" },
        );
    }
    let ready = ready_since(client, moment).await;
    let stored = async || {
        let answers = load.since(moment);
        answers.iter().filter(|it| it.is_success()).map(|it| it.at() - moment).min()
    };
    let stored = eventually("logs are stored again", Duration::from_secs(60), stored).await;
    outcome.within("ready again after", ready, RECOVERY).within("stores again after", stored, RECOVERY)
}

/// What the database itself says of its files.
async fn integrity(ground: &Ground, outcome: Outcome) -> Outcome {
    let Some(server) = ground.any_server() else {
        let said = sqlite_integrity(&ground.database).await;
        return outcome.judged("integrity check", said == "ok", &said, "ok");
    };
    let amcheck = as_owner("pg_amcheck")
        .args(["--install-missing", ground.database.url()])
        .output()
        .expect("pg_amcheck");
    server.stop().await;
    let checksums =
        as_owner("pg_checksums").arg("--check").arg(server.data()).output().expect("pg_checksums");
    // The database is dropped by a server that runs.
    server.start_again().await;
    [("pg_amcheck", amcheck), ("pg_checksums", checksums)].into_iter().fold(
        outcome,
        |outcome, (name, said)| {
            let text = String::from_utf8_lossy(&[said.stdout, said.stderr].concat()).into_owned();
            let text = if said.status.success() { "clean".to_owned() } else { text };
            outcome.judged(name, said.status.success(), &text, "clean")
        },
    )
}

async fn sqlite_integrity(database: &Database) -> String {
    let rows = database.rows("PRAGMA integrity_check").await;
    let lines: Vec<String> = rows.iter().map(|row| row.try_get_by_index(0).expect("a line")).collect();
    lines.join(", ")
}
