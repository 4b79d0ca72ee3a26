//! Proof that this suite notices what must not be told: every story looks for it in every server's log and metrics.

use std::fs::OpenOptions;
use std::io::Write;

use edtech_tests::{Client, Database, Platform, on_both_databases};

on_both_databases!(a_token_in_the_log_is_noticed, a_learner_in_the_log_is_noticed, silence_is_well);

/// Whether the end of a server is well, after its log has got one more line.
async fn ends_well(database: &Database, line: impl AsyncFnOnce(&Client) -> String) -> bool {
    let platform = Platform::start(database).await;
    let line = line(&platform.client().await).await;
    let mut log = OpenOptions::new().append(true).open(platform.log()).expect("its log");
    writeln!(log, "{line}").expect("a line");
    let end = tokio::task::spawn_blocking(move || drop(platform));
    end.await.is_ok()
}

async fn a_token_in_the_log_is_noticed(database: Database) {
    let told = async |client: &Client| {
        client.get("/students").await.expect(200);
        format!("who is this? {}", client.token().expect("a token"))
    };
    assert!(!ends_well(&database, told).await);
}

async fn a_learner_in_the_log_is_noticed(database: Database) {
    let told = async |client: &Client| {
        client.enrol("ada", "Data_2025").await;
        "enrolled Name of ada".to_owned()
    };
    assert!(!ends_well(&database, told).await);
}

async fn silence_is_well(database: Database) {
    let told = async |client: &Client| {
        client.enrol("ada", "Data_2025").await;
        "enrolled somebody".to_owned()
    };
    assert!(ends_well(&database, told).await);
}
