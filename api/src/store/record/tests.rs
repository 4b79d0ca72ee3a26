//! What only two tries at once, or two sets of rules, bring to light.

use bytes::Bytes;
use chrono::{DateTime, Utc};
use uuid::Uuid;

use super::*;
use crate::store::{Item, Reference, RejectedLogFilter, RejectedLogKey, StreamingLog, TemporaryStore};

const IN_UTC: Calendar = Calendar { zone: chrono_tz::UTC, threshold: 90 };
const IN_PARIS: Calendar = Calendar { zone: chrono_tz::Europe::Paris, threshold: 90 };

fn now() -> DateTime<Utc> {
    "2026-03-02T23:30:00Z".parse().unwrap()
}

/// A log of this learner's; another one for each number.
fn log_of(learner: &str, number: u128) -> Item {
    let named = |name: &str| Reference { id: None, external_id: Some(name.to_owned()) };
    let log = StreamingLog {
        log_id: Some(Uuid::from_u128(number)),
        learner: named(learner),
        lesson: named("introduction-a-docker"),
        event_type: "progress".to_owned(),
        watch_time_seconds: Some(30),
        completion_percentage: Some(95),
        event_timestamp: now(),
        event_timestamp_is_given: true,
    };
    Item { payload: Bytes::from_static(b"{}"), parsed: Ok(log), named: Vec::new(), replays: None }
}

/// Submissions of one log each, in one group.
async fn record(store: &Store, calendar: Calendar, items: Vec<Item>) -> Result<Vec<Verdict>, StoreError> {
    let submission = |item| Submission { client: "school".to_owned(), received_at: now(), items: vec![item] };
    let group = items.into_iter().map(submission).collect();
    Ok(store.record(calendar, Arc::new(group)).await?.into_iter().flatten().collect())
}

/// Whoever names no `log_id` is given another one by each of two replays that meet in a group.
async fn a_rejected_log_that_is_tried_twice_at_once_is_stored_once(store: &Store) {
    store.agree_on_settings(&IN_UTC).await.unwrap();
    let refused = record(store, IN_UTC, vec![log_of("ada", 1)]).await.unwrap();
    assert!(matches!(refused[..], [Verdict::Rejected(_)]), "{refused:?}");
    store.enrol("ada", "Data_2025", now()).await;
    let rejected = store.rejected_logs(&RejectedLogFilter::default(), None, 10).await.unwrap();
    let key = RejectedLogKey { client: "school".to_owned(), payload_hash: rejected[0].payload_hash.clone() };
    let replay = |number| Item { replays: Some(key.clone()), ..log_of("ada", number) };

    let verdicts = record(store, IN_UTC, vec![replay(2), replay(3)]).await.unwrap();

    assert!(matches!(verdicts[..], [Verdict::Stored(_), Verdict::Gone]), "{verdicts:?}");
    assert_eq!(store.count_logs_before(IN_UTC, now().date_naive().succ_opt().unwrap()).await.unwrap(), 1);
    assert!(store.rejected_logs(&RejectedLogFilter::default(), None, 10).await.unwrap().is_empty());
}

/// As it is for a server that lost its connection, and with it the lock that a rebuild wants, and found neither out yet.
async fn nothing_is_counted_by_rules_that_a_rebuild_has_changed(store: &Store) {
    store.agree_on_settings(&IN_UTC).await.unwrap();
    store.enrol("ada", "Data_2025", now()).await;
    record(store, IN_UTC, vec![log_of("ada", 1)]).await.unwrap();
    assert_eq!(store.rebuild(IN_PARIS, Arc::new(|_, _| {})).await.unwrap(), 1);

    // What is remembered is outdated, and then asked for anew; and nobody knows Bob.
    for late in [log_of("ada", 2), log_of("ada", 3), log_of("bob", 4)] {
        let refused = record(store, IN_UTC, vec![late]).await.unwrap_err();
        assert!(matches!(refused, StoreError::Unavailable(_)), "{refused:?}");
    }
    let stored = record(store, IN_PARIS, vec![log_of("ada", 5)]).await.unwrap();
    assert!(matches!(stored[..], [Verdict::Stored(_)]), "{stored:?}");
    let verification = store.verify(IN_PARIS, &|_, _| {}).await.unwrap();
    assert_eq!((verification.logs, verification.differences), (2, Vec::new()));
}

/// Tells a story on both databases.
macro_rules! on_both_databases {
    ($($story:ident),+ $(,)?) => {
        mod sqlite {
            $(#[tokio::test]
            async fn $story() {
                super::$story(&super::TemporaryStore::open().await.store).await;
            })+
        }
        mod postgres {
            $(#[tokio::test]
            async fn $story() {
                let temporary = super::TemporaryStore::open_on_postgres().await;
                super::$story(&temporary.store).await;
                temporary.close().await;
            })+
        }
    };
}

on_both_databases!(
    a_rejected_log_that_is_tried_twice_at_once_is_stored_once,
    nothing_is_counted_by_rules_that_a_rebuild_has_changed,
);
