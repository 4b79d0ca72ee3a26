//! Starts, stops and the mending of figures: what an operator meets on a good day and on a bad one.

use std::collections::BTreeSet;
use std::net::SocketAddr;
use std::time::Duration;

use chrono_tz::Tz;
use edtech_tests::{
    Client, Command, Database, Platform, assert_figures_are_those_of_the_raw_log, eventually, free_address,
    log, on_both_databases, on_postgres, on_sqlite,
};
use futures_util::future::join_all;
use reqwest::Url;
use serde_json::{Value, json};
use tokio::io::copy_bidirectional;
use tokio::net::{TcpListener, TcpStream};
use uuid::Uuid;

const AT: &str = "2026-03-02T23:30:00Z";

on_both_databases!(
    a_bad_setting_is_one_line,
    what_was_acknowledged_outlives_a_stop,
    what_was_acknowledged_outlives_a_kill,
    a_stop_leaves_nothing_to_be_folded_in,
    a_new_bootstrap_secret_is_taken_over,
    a_migration_that_is_killed_is_begun_again,
);

async fn a_bad_setting_is_one_line(database: Database) {
    let bad = [
        ("EDTECH_TIME_ZONE", "Mars/Olympus"),
        ("EDTECH_COMPLETION_THRESHOLD", "101"),
        ("PORT", "eight thousand"),
        ("EDTECH_JWT_SIGNING_KEY", "too short"),
        ("DATABASE_URL", "mysql://127.0.0.1/edtech"),
    ];
    for (key, value) in bad {
        let refused = Command::api(&database, ["serve"]).env(key, value).quietly().run().await;
        let line = refused.refusal();
        assert!(line.contains(key) && line.contains("for example"), "{line}");
        assert!(
            key != "EDTECH_JWT_SIGNING_KEY" || !line.contains(value),
            "a secret is never printed: {line}"
        );
    }
}

/// A client that posts batches until the server is gone, and remembers which logs were acknowledged.
async fn post_until_gone(client: Client, poster: u64) -> BTreeSet<Uuid> {
    let mut acknowledged = BTreeSet::new();
    for round in 0_u64.. {
        let ids: Vec<Uuid> =
            (0..10).map(|number| Uuid::from_u64_pair(poster + 1, round * 10 + number)).collect();
        let batch = ids.iter().map(|id| log("ada", AT, json!({"log_id": id, "watch_time_seconds": 1})));
        let batch = Value::from(batch.collect::<Vec<_>>());
        match client.try_send(client.request(reqwest::Method::POST, "/streaming-logs").json(&batch)).await {
            Ok(answer) if answer.status == 200 => acknowledged.extend(ids),
            Ok(answer) => assert_eq!(answer.status, 503, "{}", answer.body),
            Err(_) => break,
        }
    }
    acknowledged
}

/// Has several clients post, ends the server in the midst of it, and returns what was acknowledged.
async fn end_under_load(database: &Database, end: impl AsyncFnOnce(Platform)) -> BTreeSet<Uuid> {
    let platform = Platform::start(database).await;
    let client = platform.client().await;
    client.enrol("ada", "Data_2025").await;
    let posting: Vec<_> =
        (0..4).map(|poster| tokio::spawn(post_until_gone(client.clone(), poster))).collect();
    eventually("some logs", Duration::from_secs(20), async || {
        (database.number("SELECT COUNT(*) FROM streaming_logs").await >= 100).then_some(())
    })
    .await;
    end(platform).await;
    let acknowledged = join_all(posting).await.into_iter();
    acknowledged.flat_map(|of_one| of_one.expect("a client that ends")).collect()
}

async fn assert_all_there(database: &Database, acknowledged: &BTreeSet<Uuid>) {
    let stored: BTreeSet<Uuid> = database
        .rows("SELECT log_id FROM streaming_logs")
        .await
        .iter()
        .map(|row| row.try_get_by_index(0).expect("a log_id"))
        .collect();
    let lost: Vec<_> = acknowledged.difference(&stored).collect();
    assert!(acknowledged.len() >= 50, "no load to speak of: {}", acknowledged.len());
    assert!(lost.is_empty(), "{} of {} acknowledged logs are lost", lost.len(), acknowledged.len());
    database.assert_verified().await;
}

async fn what_was_acknowledged_outlives_a_stop(database: Database) {
    let acknowledged = end_under_load(&database, async |platform: Platform| platform.stop().await).await;
    assert_all_there(&database, &acknowledged).await;
}

async fn what_was_acknowledged_outlives_a_kill(database: Database) {
    let acknowledged = end_under_load(&database, async |platform: Platform| platform.kill().await).await;
    assert_all_there(&database, &acknowledged).await;
    // And the next server goes on from there.
    let platform = Platform::start(&database).await;
    let client = platform.client().await;
    client.store(&[log("ada", AT, json!({"log_id": Uuid::from_u128(1)}))]).await;
    assert_figures_are_those_of_the_raw_log(&database, &client, Tz::UTC).await;
}

async fn a_stop_leaves_nothing_to_be_folded_in(database: Database) {
    let platform = Platform::start(&database).await;
    let client = platform.client().await;
    // At once, so that every worker has written before it ends.
    let learners: Vec<String> = (0..32).map(|number| format!("learner-{number}")).collect();
    join_all(learners.iter().map(|learner| client.enrol(learner, "Data_2025"))).await;
    client.store(&[log("learner-0", AT, json!({}))]).await;
    platform.stop().await;
    assert_eq!(database.appended().await, 0);
    database.assert_verified().await;
}

async fn a_new_bootstrap_secret_is_taken_over(database: Database) {
    let platform = Platform::start(&database).await;
    platform.client().await;
    platform.stop().await;
    let platform = Platform::start(&database).env("EDTECH_BOOTSTRAP_CLIENT_SECRET", "another secret").await;
    let client = platform.anonymous();
    for (secret, status) in [("another secret", 200), ("a wrong one", 401)] {
        let form = json!({"grant_type": "client_credentials", "client_id": "story", "client_secret": secret});
        let request = client.request(reqwest::Method::POST, "/auth/token").form(&form);
        client.send(request).await.expect(status);
    }
}

mod alone {
    use super::*;

    on_sqlite!(a_second_server_on_the_same_directory_is_refused);

    async fn a_second_server_on_the_same_directory_is_refused(database: Database) {
        let platform = Platform::start(&database).await;
        let refused = Command::api(&database, ["serve", "--port", "0"]).quietly().run().await;
        assert!(refused.refusal().contains("EDTECH_DATA_DIR"), "{refused:?}");
        platform.kill().await;
        // A killed server holds nothing.
        Platform::start(&database).await.stop().await;
    }
}

mod together {
    use super::*;

    on_postgres!(
        four_replicas_start_at_once_on_an_empty_database,
        a_replica_that_differs_is_refused,
        a_server_that_is_there_before_its_database_waits_for_it,
    );

    async fn four_replicas_start_at_once_on_an_empty_database(database: Database) {
        let replicas = join_all((0..4).map(|_| async { Platform::start(&database).await })).await;
        for replica in &replicas {
            let client = replica.client().await;
            let classrooms = client.get("/classrooms").await.expect(200);
            assert_eq!(classrooms["items"].as_array().map(Vec::len), Some(8));
            let lessons = client.get("/lessons").await.expect(200);
            assert_eq!(lessons["items"].as_array().map(Vec::len), Some(2));
        }
        for replica in replicas {
            replica.stop().await;
        }
        database.assert_verified().await;
    }

    async fn a_replica_that_differs_is_refused(database: Database) {
        let platform = Platform::start(&database).await;
        let other = Command::api(&database, ["serve", "--port", "0"])
            .env("EDTECH_TIME_ZONE", "Europe/Paris")
            .quietly();
        let refused = other.run().await;
        assert!(refused.refusal().contains("EDTECH_TIME_ZONE"), "{refused:?}");
        platform.anonymous().get("/readyz").await.expect(200);
    }

    async fn a_server_that_is_there_before_its_database_waits_for_it(database: Database) {
        let early: SocketAddr = free_address().parse().expect("an address");
        let mut url = Url::parse(database.url()).expect("a URL");
        let there = url.socket_addrs(|| Some(5432)).expect("an address")[0];
        url.set_ip_host(early.ip()).expect("a host");
        url.set_port(Some(early.port())).expect("a port");
        let relay = tokio::spawn(async move {
            // Longer than a first try takes.
            tokio::time::sleep(Duration::from_secs(4)).await;
            hand_on(early, there).await;
        });
        let platform = Platform::start(&database).env("DATABASE_URL", url.as_str()).await;
        assert!(platform.said().contains("waiting for the database"), "{}", platform.said());
        platform.client().await.get("/readyz").await.expect(200);
        platform.stop().await;
        relay.abort();
    }

    /// Hands on to the one address what comes to the other.
    async fn hand_on(from: SocketAddr, to: SocketAddr) {
        let listener = TcpListener::bind(from).await.expect("the port");
        while let Ok((mut near, _)) = listener.accept().await {
            tokio::spawn(async move {
                let mut far = TcpStream::connect(to).await.expect("the database");
                let _ = copy_bidirectional(&mut near, &mut far).await;
            });
        }
    }
}

/// Killed later and later: before the first table, in the middle, between two migrations, after the last.
async fn a_migration_that_is_killed_is_begun_again(database: Database) {
    for milliseconds in [0, 3, 6, 9, 12, 15, 20, 25, 30, 40, 60] {
        let migration = Command::api(&database, ["migrate"]).start();
        tokio::time::sleep(Duration::from_millis(milliseconds)).await;
        migration.killed().await;
    }
    let platform = Platform::start(&database).await;
    let classrooms = platform.client().await.get("/classrooms").await.expect(200);
    assert_eq!(classrooms["items"].as_array().map(Vec::len), Some(8), "seeded once");
    assert_eq!(database.number("SELECT COUNT(*) FROM lessons").await, 2);
}
