//! A measurement whose server is killed is swept away by the next one.

use std::time::Duration;

use edtech_tests::{Database, Platform, eventually, on_both_databases};

use super::{begun, folders, short, trial, trials};

/// Longer than a lease and a sweep.
const SWEPT_WITHIN: Duration = Duration::from_secs(120);

on_both_databases!(a_killed_run_is_ended_and_swept);

async fn a_killed_run_is_ended_and_swept(database: Database) {
    let platform = Platform::start(&database).await;
    let client = platform.client().await;
    let run = begun(&client, &short(300)).await;
    let left = trial(&database).await;
    platform.kill().await;

    let platform = Platform::start(&database).await;
    let client = platform.client().await;
    let ended = eventually("an end of the orphaned run", SWEPT_WITHIN, async || {
        let run = client.get(&run).await.expect(200);
        (run["status"] != "running").then_some(run)
    })
    .await;
    assert_eq!(ended["status"], "failed");
    assert_eq!(ended["error"], "The server that ran it is gone.");
    eventually("nothing left behind", SWEPT_WITHIN, async || {
        trials(&database).await.is_empty().then_some(())
    })
    .await;
    if database.is_postgres() {
        let there = format!("SELECT COUNT(*) FROM pg_database WHERE datname = '{left}'");
        eventually("the database gone", SWEPT_WITHIN, async || {
            (database.number(&there).await == 0).then_some(())
        })
        .await;
    }
    eventually("no process of it", SWEPT_WITHIN, async || (!runs_on(&left)).then_some(())).await;
    eventually("no folder of it", SWEPT_WITHIN, async || folders(&database).is_empty().then_some(())).await;
    platform.stop().await;
}

/// Whether a process is told of this database: the server that was measured ends with the one that measured.
fn runs_on(trial: &str) -> bool {
    let processes = std::fs::read_dir("/proc").into_iter().flatten().flatten();
    let environments = processes.filter_map(|process| std::fs::read(process.path().join("environ")).ok());
    environments.into_iter().any(|environment| String::from_utf8_lossy(&environment).contains(trial))
}
