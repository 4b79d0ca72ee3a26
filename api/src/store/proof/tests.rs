//! A verification while others go on.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use chrono::{DateTime, Utc};
use tokio::runtime::Handle;
use tokio::task::block_in_place;

use crate::store::temporary::log_of;
use crate::store::{Actor, Calendar, Store, Submission, TemporaryStore};

const CALENDAR: Calendar = Calendar { zone: chrono_tz::UTC, threshold: 90 };

/// More than a slice holds.
const LEARNERS: usize = 150;

fn then() -> DateTime<Utc> {
    "2026-03-02T10:00:00Z".parse().unwrap()
}

/// After the first slice of learners the day is closed, and its logs are gone.
async fn a_day_that_is_closed_meanwhile_is_no_difference(store: &Store) {
    store.agree_on_settings(&CALENDAR).await.unwrap();
    let mut items = Vec::new();
    for number in 0..LEARNERS {
        let learner = format!("learner-{number}");
        store.enrol(&learner, "Data_2025", then()).await;
        items.push(log_of(&learner, "introduction-a-docker", 0, then()));
    }
    let submission = Submission { client: "school".to_owned(), received_at: then(), items };
    store.record(CALENDAR, Arc::new(vec![submission])).await.unwrap();

    let day = then().date_naive().succ_opt().unwrap();
    let closed = AtomicBool::new(false);
    let close = || async {
        let removed = store.remove_logs_before(CALENDAR, day, (&Actor::cli(), then()), &|_, _| {}).await;
        assert_eq!(removed.unwrap().unwrap().removed, LEARNERS as u64);
    };
    let after_a_slice = |_, _| {
        if !closed.swap(true, Ordering::Relaxed) {
            block_in_place(|| Handle::current().block_on(close()));
        }
    };
    let verification = store.verify(CALENDAR, &after_a_slice).await.unwrap();

    assert_eq!((verification.closed_before, verification.differences), (Some(day), Vec::new()));
    assert!(verification.logs < LEARNERS as u64, "it was closed in the middle");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_day_that_is_closed_meanwhile_is_no_difference_on_sqlite() {
    a_day_that_is_closed_meanwhile_is_no_difference(&TemporaryStore::open().await.store).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_day_that_is_closed_meanwhile_is_no_difference_on_postgres() {
    let temporary = TemporaryStore::open_on_postgres().await;
    a_day_that_is_closed_meanwhile_is_no_difference(&temporary.store).await;
    temporary.close().await;
}
