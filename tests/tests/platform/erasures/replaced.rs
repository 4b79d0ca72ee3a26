//! A backup in the place of a database that knows more than it.

use super::*;

on_both_databases!(what_was_erased_stays_so_also_where_the_learner_may_come_back, no_number_is_given_twice);

/// A copy, made as an operator makes it.
async fn copy(database: &Database) {
    let copies = path(database, "copies");
    std::fs::create_dir(&copies).expect("a directory");
    if database.is_postgres() {
        Command::backup_script("backup.sh", database, &[&copies, "3"]).run().await.expect(0);
    } else {
        Command::api(database, ["backup", &path(database, "copies/copy.db")]).run().await.expect(0);
    }
}

async fn put_back(database: &Database) {
    database.left_alone().await;
    if database.is_postgres() {
        let copies = path(database, "copies");
        Command::backup_script("restore.sh", database, &[&copies]).run().await.expect(0);
    } else {
        Command::api(database, ["restore", &path(database, "copies/copy.db")]).run().await.expect(0);
    }
}

/// That an erasure is lifted lets the learner in again, and nothing of what was erased.
async fn what_was_erased_stays_so_also_where_the_learner_may_come_back(database: Database) {
    let platform = Platform::start(&database).await;
    let client = platform.client().await;
    let ada = watched(&client, "ada").await;
    watched(&client, "stays").await;
    client.post_logs(&[log("ada", AT, json!({"completion_percentage": 101}))]).await;
    copy(&database).await;
    let receipt = client.erase(ada).await;
    let id = receipt["receipt_id"].as_str().expect("a receipt");
    Command::api(&database, ["erasure", "lift", "--receipt", id]).run().await.expect(0);
    client.enrol("ada", "IA_2025").await;
    platform.stop().await;
    put_back(&database).await;

    let platform = Platform::start(&database).await;
    let client = platform.client().await;
    assert_one_stays(&client).await;
    watched(&client, "ada").await;
    platform.stop().await;
    let platform = Platform::start(&database).await;
    assert_eq!(platform.client().await.daily("2026-03-02").await["totals"]["streaming_logs"], 2);
    database.assert_verified().await;
}

/// The audit log names learners by our numbers, and outlives a restore.
async fn no_number_is_given_twice(database: Database) {
    let platform = Platform::start(&database).await;
    let client = platform.client().await;
    copy(&database).await;
    let mut last = 0;
    for learner in ["ada", "bob", "cyd"] {
        last = watched(&client, learner).await;
        client.get(&format!("/students/{last}/export")).await.expect(200);
    }
    platform.stop().await;
    put_back(&database).await;
    let platform = Platform::start(&database).await;
    let client = platform.client().await;
    let new = client.enrol("new", "IA_2025").await;
    assert!(new > last, "{new} was given before");
    let export = client.get(&format!("/students/{new}/export")).await.expect(200);
    assert_eq!(export["audit_log"].as_array().expect("a list").len(), 1, "{export}");
    platform.stop().await;
    // A copy of later than what it replaces keeps its own.
    put_back(&database).await;
    let platform = Platform::start(&database).await;
    assert!(platform.client().await.enrol("newer", "IA_2025").await > new);
}
