//! Retention by schedule: each hour the logs that have become too old are removed.

use std::time::Duration;

use tokio::time::{MissedTickBehavior, interval};

use crate::clock::Clock;
use crate::error::chain;
use crate::store::{Calendar, Retained, Store};

/// A day ends once a day, but not every server runs at midnight.
const EACH: Duration = Duration::from_secs(3_600);

/// Runs as long as the server. What fails is tried again an hour later.
pub async fn keep(store: Store, calendar: Calendar, clock: Clock, keep_days: u32) {
    let mut hours = interval(EACH);
    hours.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        hours.tick().await;
        let before = calendar.first_day_kept(clock.now(), keep_days);
        match store.remove_logs_before(calendar, before, &|_, _| {}).await {
            Ok(done) => tell(done),
            Err(error) => tracing::warn!(error = %chain(&error), "old logs could not be removed"),
        }
    }
}

fn tell(done: Option<Retained>) {
    let Some(Retained { closed_before, removed }) = done else {
        tracing::debug!("another replica removes old logs");
        return;
    };
    metrics::counter!("logs_removed_total").increment(removed);
    tracing::info!(%closed_before, removed, "old logs are removed");
}
