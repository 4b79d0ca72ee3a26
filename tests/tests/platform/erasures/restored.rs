//! A backup of before brings nobody back.

use edtech_tests::{on_postgres, on_sqlite};

use super::*;

on_sqlite!(a_backup_of_before_brings_nobody_back);
on_postgres!(a_dump_of_before_brings_nobody_back);

/// Two learners are in the backup; one is erased after it was made, under another name by then.
async fn before(client: &Client) -> (i64, i64) {
    let (ada, bob) = (watched(client, "ada").await, watched(client, "bob").await);
    watched(client, "stays").await;
    client.post_logs(&[log("unknown-yet", AT, json!({}))]).await;
    (ada, bob)
}

async fn erase_both(client: &Client, (ada, bob): (i64, i64)) {
    client.patch_json(&format!("/students/{bob}"), &json!({"external_id": "robert"})).await.expect(200);
    client.erase(ada).await;
    client.erase(bob).await;
    let unknown = client.enrol("unknown-yet", "IA_2025").await;
    client.erase(unknown).await;
}

async fn nobody_is_back(database: &Database, platform: &Platform) {
    let client = platform.client().await;
    assert_one_stays(&client).await;
    for learner in ["ada", "robert"] {
        assert_eq!(
            client.post_json("/streaming-logs", &log(learner, AT, json!({}))).await.code(422),
            "erased"
        );
    }
    // What was done since the backup is still told.
    let told = client.get("/audit-log?action=erase_student").await.expect(200);
    let by = |actor: &str| {
        told["items"].as_array().expect("items").iter().filter(|it| it["actor"] == actor).count()
    };
    assert_eq!((by("story"), by("platform")), (3, 2), "{told}");
    let restored = client.get("/audit-log?action=restore").await.expect(200);
    assert_eq!(restored["items"].as_array().expect("items").len(), 1);
    database.assert_verified().await;
}

async fn a_backup_of_before_brings_nobody_back(database: Database) {
    let platform = Platform::start(&database).await;
    let client = platform.client().await;
    let both = before(&client).await;
    let file = path(&database, "copy.db");
    Command::api(&database, ["backup", &file]).run().await.expect(0);
    erase_both(&client, both).await;
    platform.stop().await;
    Command::api(&database, ["restore", &file]).run().await.expect(0);
    let platform = Platform::start(&database).await;
    nobody_is_back(&database, &platform).await;
    // A new learner is nobody who was erased.
    let client = platform.client().await;
    watched(&client, "new").await;
    platform.stop().await;
    let platform = Platform::start(&database).await;
    assert_eq!(
        platform.client().await.get("/students").await.expect(200)["items"].as_array().expect("items").len(),
        2
    );
}

async fn a_dump_of_before_brings_nobody_back(database: Database) {
    let platform = Platform::start(&database).await;
    let client = platform.client().await;
    let both = before(&client).await;
    let copies = path(&database, "copies");
    std::fs::create_dir(&copies).expect("a directory");
    Command::backup_script("backup.sh", &database, &[&copies, "3"]).run().await.expect(0);
    erase_both(&client, both).await;
    platform.stop().await;
    database.left_alone().await;
    Command::backup_script("restore.sh", &database, &[&copies]).run().await.expect(0);
    let platform = Platform::start(&database).await;
    nobody_is_back(&database, &platform).await;
    platform.stop().await;

    // Half a copy changes nothing.
    let dump =
        std::fs::read_dir(&copies).expect("the copies").next().expect("a copy").expect("a file").path();
    let whole = std::fs::read(&dump).expect("a copy");
    std::fs::write(&dump, &whole[..whole.len() * 2 / 3]).expect("a file");
    let before = database.number("SELECT COUNT(*) FROM audit_log").await;
    database.left_alone().await;
    let refused = Command::backup_script("restore.sh", &database, &[&copies]).run().await;
    assert_ne!(refused.code, Some(0), "{refused:?}");
    assert_eq!(database.number("SELECT COUNT(*) FROM audit_log").await, before);
    assert_eq!(database.number("SELECT COUNT(*) FROM students").await, 1);
    database.assert_verified().await;
}
