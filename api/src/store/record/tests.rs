//! What only two tries at once, or two sets of rules, bring to light.

use chrono::{DateTime, Utc};
use sea_orm::ConnectionTrait;

use super::*;
use crate::store::temporary::{log_of, on_both_databases};
use crate::store::{Item, RejectedLogFilter, RejectedLogKey};

const IN_UTC: Calendar = Calendar { zone: chrono_tz::UTC, threshold: 90 };
const IN_PARIS: Calendar = Calendar { zone: chrono_tz::Europe::Paris, threshold: 90 };

fn now() -> DateTime<Utc> {
    "2026-03-02T23:30:00Z".parse().unwrap()
}

fn log(learner: &str, number: u128) -> Item {
    log_of(learner, "introduction-a-docker", number, now())
}

/// Submissions of one log each, in one group.
async fn record(store: &Store, calendar: Calendar, items: Vec<Item>) -> Result<Vec<Verdict>, Unfinished> {
    let submission = |item| Submission { client: "school".to_owned(), received_at: now(), items: vec![item] };
    let group = items.into_iter().map(submission).collect();
    Ok(store.record(calendar, Arc::new(group)).await?.into_iter().flatten().collect())
}

/// Whoever names no `log_id` is given another one by each of two replays that meet in a group.
async fn a_rejected_log_that_is_tried_twice_at_once_is_stored_once(store: &Store) {
    store.agree_on_settings(&IN_UTC).await.unwrap();
    let refused = record(store, IN_UTC, vec![log("ada", 1)]).await.unwrap();
    assert!(matches!(refused[..], [Verdict::Rejected(_)]), "{refused:?}");
    store.enrol("ada", "Data_2025", now()).await;
    let rejected = store.rejected_logs(&RejectedLogFilter::default(), None, 10).await.unwrap();
    let key = RejectedLogKey { client: "school".to_owned(), payload_hash: rejected[0].payload_hash.clone() };
    let replay = |number| Item { replays: Some(key.clone()), ..log("ada", number) };

    let verdicts = record(store, IN_UTC, vec![replay(2), replay(3)]).await.unwrap();

    assert!(matches!(verdicts[..], [Verdict::Stored(_), Verdict::Gone]), "{verdicts:?}");
    assert_eq!(store.count_logs_before(IN_UTC, now().date_naive().succ_opt().unwrap()).await.unwrap(), 1);
    assert!(store.rejected_logs(&RejectedLogFilter::default(), None, 10).await.unwrap().is_empty());
}

/// As it is for a server that lost its connection, and with it the lock that a rebuild wants, and found neither out yet.
async fn nothing_is_counted_by_rules_that_a_rebuild_has_changed(store: &Store) {
    store.agree_on_settings(&IN_UTC).await.unwrap();
    store.enrol("ada", "Data_2025", now()).await;
    record(store, IN_UTC, vec![log("ada", 1)]).await.unwrap();
    assert_eq!(store.rebuild(IN_PARIS, Arc::new(|_, _| {})).await.unwrap(), 1);

    // What is remembered is outdated, and then asked for anew; and nobody knows Bob.
    for late in [log("ada", 2), log("ada", 3), log("bob", 4)] {
        let refused = record(store, IN_UTC, vec![late]).await.unwrap_err().error;
        assert!(matches!(refused, StoreError::Unavailable(_)), "{refused:?}");
    }
    let stored = record(store, IN_PARIS, vec![log("ada", 5)]).await.unwrap();
    assert!(matches!(stored[..], [Verdict::Stored(_)]), "{stored:?}");
    let verification = store.verify(IN_PARIS, &|_, _| {}).await.unwrap();
    assert_eq!((verification.logs, verification.differences), (2, Vec::new()));
}

async fn execute(store: &Store, sql: &str) {
    store.writer.connections().execute_unprepared(sql).await.unwrap();
}

/// The database fails at what is refused, once the neighbours are stored: they are told that they are.
async fn what_is_stored_is_told_whatever_becomes_of_the_rest(store: &Store) {
    store.agree_on_settings(&IN_UTC).await.unwrap();
    store.enrol("ada", "Data_2025", now()).await;
    record(store, IN_UTC, vec![log("ada", 1)]).await.unwrap();
    execute(store, "ALTER TABLE rejected_logs RENAME TO elsewhere").await;
    for (resent, number) in [(false, 2), (true, 3)] {
        let sent = [log("ada", if resent { 1 } else { 20 + number }), log("bob", number), log("ada", number)];
        let Unfinished { judged, .. } = record(store, IN_UTC, sent.into()).await.unwrap_err();
        match &judged[..] {
            [Some(first), None, Some(last)] => {
                let is_told = matches!(first[..], [Verdict::Duplicate(_)]) == resent;
                assert!(is_told && matches!(last[..], [Verdict::Stored(_)]), "{judged:?}");
            }
            _ => panic!("{judged:?}"),
        }
    }
    execute(store, "ALTER TABLE elsewhere RENAME TO rejected_logs").await;
    let verification = store.verify(IN_UTC, &|_, _| {}).await.unwrap();
    assert_eq!((verification.logs, verification.differences), (4, Vec::new()));
}

/// The writer's thread has a runtime of its own on PostgreSQL, and the connections that were made in it end with it.
async fn what_a_writer_has_worked_with_is_no_trap_for_whoever_comes_later(store: &Store) {
    store.agree_on_settings(&IN_UTC).await.unwrap();
    store.enrol("ada", "Data_2025", now()).await;
    let writer = store.clone();
    let written = store.spawn_writer(async move {
        let stored = record(&writer, IN_UTC, vec![log("ada", 1)]).await.unwrap();
        assert!(matches!(stored[..], [Verdict::Stored(_)]), "{stored:?}");
    });
    written.await.unwrap();

    let stored = record(store, IN_UTC, vec![log("ada", 2)]).await.unwrap();

    assert!(matches!(stored[..], [Verdict::Stored(_)]), "{stored:?}");
}

on_both_databases!(
    what_is_stored_is_told_whatever_becomes_of_the_rest,
    a_rejected_log_that_is_tried_twice_at_once_is_stored_once,
    nothing_is_counted_by_rules_that_a_rebuild_has_changed,
    what_a_writer_has_worked_with_is_no_trap_for_whoever_comes_later,
);
