//! Retention by schedule: each hour what has become too old is removed, class by class.

use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use tokio::time::{MissedTickBehavior, interval};

use crate::clock::Clock;
use crate::config::KeepDays;
use crate::error::{StoreError, chain};
use crate::store::{Actor, Calendar, Outdated, Retained, Store};

/// A day ends once a day, but not every server runs at midnight.
const EACH: Duration = Duration::from_secs(3_600);

/// Runs as long as the server. What fails is tried again an hour later.
pub async fn keep(store: Store, calendar: Calendar, clock: Clock, keep: KeepDays) {
    let mut hours = interval(EACH);
    hours.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        hours.tick().await;
        let now = clock.now();
        if let Err(error) = remove_logs(&store, calendar, keep.logs, now).await {
            tracing::warn!(error = %chain(&error), "old logs could not be removed");
        }
        for (what, before) in outdated(keep, now) {
            match store.remove_outdated(what, before, &Actor::platform(), now).await {
                Ok(removed) => tell_outdated(what, removed),
                Err(error) => tell_failed(what, &error),
            }
        }
    }
}

fn tell_failed(what: Outdated, error: &StoreError) {
    tracing::warn!(error = %chain(error), "old {} could not be removed", what.name());
}

/// The classes beside logs, each with the moment before which it is too old.
pub fn outdated(keep: KeepDays, now: DateTime<Utc>) -> [(Outdated, DateTime<Utc>); 3] {
    let KeepDays { logs: _, rejected_logs, audit_log, reports } = keep;
    let before = |days: u32| now - TimeDelta::days(days.into());
    [
        (Outdated::RejectedLogs, before(rejected_logs)),
        (Outdated::AuditLog, before(audit_log)),
        (Outdated::Reports, before(reports)),
    ]
}

/// Days are closed only where there is something to remove: others take late logs as before.
async fn remove_logs(
    store: &Store,
    calendar: Calendar,
    keep_days: u32,
    now: DateTime<Utc>,
) -> Result<(), StoreError> {
    let before = calendar.first_day_kept(now, keep_days);
    if store.may_remove_logs_before(calendar, before).await? {
        tell(store.remove_logs_before(calendar, before, (&Actor::platform(), now), &|_, _| {}).await?);
    }
    Ok(())
}

fn tell(done: Option<Retained>) {
    let Some(Retained { closed_before, removed }) = done else {
        tracing::debug!("another replica removes old logs");
        return;
    };
    metrics::counter!("logs_removed_total").increment(removed);
    tracing::info!(%closed_before, removed, "old logs are removed");
}

fn tell_outdated(what: Outdated, removed: u64) {
    if removed > 0 {
        metrics::counter!("outdated_rows_removed_total", "table" => what.table()).increment(removed);
        tracing::info!(removed, "old {} are removed", what.name());
    }
}
