//! What becomes of those who go away, read slowly or not at all, and of those beside them.

use super::*;

/// Shorter than it takes until someone who does not read is cut.
const UNHINDERED: Duration = Duration::from_secs(15);

on_both_databases!(
    a_reader_that_goes_away_harms_nobody,
    a_reader_that_stops_reading_is_cut_and_harms_nobody,
    a_reader_that_falls_behind_begins_anew,
);

async fn a_reader_that_goes_away_harms_nobody(database: Database) {
    let platform = Platform::start(&database).await;
    let client = platform.client().await;
    client.enrol("ada", "Data_2025").await;
    let mut stays = Watcher::connect(&client).await;
    for stored in 1..=5 {
        // Gone without a word, just when there is something to tell.
        let leaves = Watcher::connect(&client).await;
        assert_eq!(leaves.today["totals"]["streaming_logs"], stored - 1);
        client.store(&[log("ada", &now(), json!({"watch_time_seconds": stored}))]).await;
        drop(leaves);
        stays.until("the log", SOON, |today| today["totals"]["streaming_logs"] == stored).await;
    }
    platform.stop().await;
}

/// So many classrooms, with names so long, that a snapshot of them is large.
const CLASSROOMS: usize = 2_000;

async fn a_reader_that_stops_reading_is_cut_and_harms_nobody(database: Database) {
    let metrics = free_address();
    let platform = Platform::start(&database).env("EDTECH_METRICS_LISTEN", &metrics).await;
    let client = platform.client().await;
    let name = |number: usize| format!("classroom {number} {}", "x".repeat(80));
    let rows: String = (0..CLASSROOMS).map(|number| format!("{}\n", name(number))).collect();
    client.post_csv("/classrooms", &format!("classroom\n{rows}")).await.expect(200);
    let mut reader = Watcher::connect(&client).await;
    let idler = Watcher::idle(&client).await;
    eventually("both sit there", SOON, async || {
        (client.figure(&metrics, "live_sessions").await == Some(2.0)).then_some(())
    })
    .await;

    let mut known = CLASSROOMS + 8;
    eventually("the idler is cut", Duration::from_secs(90), async || {
        // With another classroom everybody starts over with a snapshot.
        client.post_json("/classrooms", &json!({"classroom": name(known)})).await.expect(201);
        known += 1;
        // Whoever reads is told of it as if nobody else were there.
        let is_told = |today: &Value| today["classrooms"].as_array().map(Vec::len) == Some(known);
        reader.until("another classroom", UNHINDERED, is_told).await;
        (client.figure(&metrics, "live_sessions").await == Some(1.0)).then_some(())
    })
    .await;

    assert_eq!(client.figure(&metrics, "live_sessions_cut_total").await, Some(1.0));
    // What was on the way is still there to read; after that the connection is at its end.
    assert_eq!(idler.closed().await, None);
    drop(reader);
    platform.stop().await;
}

/// Learners, each in a classroom of its own: a log of each makes a delta of a hundred kilobytes.
const LEARNERS: usize = 500;

/// More deltas than a reader may be behind, with those that the kernel holds and the few that it takes meanwhile.
const DELTAS: usize = 50;

/// What it has room for, in bytes: less than one of them.
const ROOM: u32 = 64 * 1024;

/// So often it takes one of them: who takes nothing for some time is cut.
const TAKEN_EACH: usize = 10;

async fn a_reader_that_falls_behind_begins_anew(database: Database) {
    let platform = Platform::start(&database).await;
    let client = platform.client().await;
    let row = |number| format!("learner-{number},Learner,classroom {number} {}\n", "x".repeat(80));
    let rows: String = (0..LEARNERS).map(row).collect();
    client.post_csv("/students", &format!("external_id,name,classroom\n{rows}")).await.expect(200);
    let mut slow = Watcher::with_room(&client, ROOM).await;
    let mut reader = Watcher::connect(&client).await;
    let stored = |today: &Value| today["totals"]["streaming_logs"].as_u64().unwrap_or_default();
    for round in 1..=DELTAS {
        let of_each = |number| log(&format!("learner-{number}"), &now(), json!({"watch_time_seconds": 5}));
        client.store(&(0..LEARNERS).map(of_each).collect::<Vec<_>>()).await;
        let all = (round * LEARNERS) as u64;
        reader.until("a log of each", UNHINDERED, |today| stored(today) == all).await;
        if round % TAKEN_EACH == 0 {
            slow.frame().await;
        }
    }

    // What it had begun to take comes whole and in its turn; in place of the rest there is a snapshot.
    let all = (DELTAS * LEARNERS) as u64;
    let taken = slow.until("all of them", SOON, |today| stored(today) == all).await;
    assert!(
        taken.iter().any(|frame| frame["type"] == "snapshot"),
        "{} of {}",
        slow.frames(),
        reader.frames()
    );
    assert!(slow.frames() < reader.frames(), "{} of {}", slow.frames(), reader.frames());
    for part in ["totals", "classrooms"] {
        assert_eq!(slow.today[part], reader.today[part], "{part}");
    }
}
