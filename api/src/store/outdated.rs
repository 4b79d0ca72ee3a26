//! What becomes too old beside logs: refused logs, entries of the audit log, reports. Each goes in batches, and what went is
//! noted with it.

use chrono::{DateTime, Utc};
use sea_orm::{DatabaseTransaction, DbErr};

use super::audit::{Actor, AuditEntry, AuditTarget, note};
use super::query::Query;
use super::{Dialect, Store};
use crate::error::StoreError;

/// Rows that are removed in one transaction.
const BATCH: u64 = 5_000;

/// A class of what becomes too old.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outdated {
    /// Refused logs, by when they last came.
    RejectedLogs,
    /// Entries of the audit log, by when it happened.
    AuditLog,
    /// Daily reports, by when they were made.
    Reports,
}

impl Outdated {
    /// What they are, for people.
    pub fn name(self) -> &'static str {
        match self {
            Self::RejectedLogs => "rejected logs",
            Self::AuditLog => "audit entries",
            Self::Reports => "daily reports",
        }
    }

    /// Where they are.
    pub fn table(self) -> &'static str {
        match self {
            Self::RejectedLogs => "rejected_logs",
            Self::AuditLog => "audit_log",
            Self::Reports => "daily_reports",
        }
    }

    /// What tells their age.
    fn age(self) -> &'static str {
        match self {
            Self::RejectedLogs => "last_seen",
            Self::AuditLog => "at",
            Self::Reports => "generated_at",
        }
    }
}

impl Store {
    /// How many of a class are from before a moment.
    pub async fn count_outdated(&self, what: Outdated, before: DateTime<Utc>) -> Result<u64, StoreError> {
        let count = Query::new(self.dialect, "SELECT COUNT(*) FROM {table} WHERE {age} < {before}");
        let count = count.name("table", what.table()).name("age", what.age()).bind_time("before", before);
        let count: i64 = count.one(&self.reader).await?.map_or(Ok(0), |row| row.try_get_by_index(0))?;
        Ok(u64::try_from(count).unwrap_or_default())
    }

    /// Removes those of a class that are from before a moment; says how many those were.
    pub async fn remove_outdated(
        &self,
        what: Outdated,
        before: DateTime<Utc>,
        by: &Actor,
        now: DateTime<Utc>,
    ) -> Result<u64, StoreError> {
        let dialect = self.dialect;
        let mut removed = 0;
        loop {
            let (by, before_it) = (by.clone(), removed);
            let batch = self.write(move |tx| {
                let target = AuditTarget::Other(what.table().to_owned());
                let entry = AuditEntry::done(now, by.clone(), "retention", target);
                Box::pin(async move {
                    let rows = remove_batch(tx, dialect, what, before).await?;
                    if rows > 0 {
                        let detail = told(what, before, rows, before_it);
                        note(tx, dialect, &[entry.with_detail(detail)]).await?;
                    }
                    Ok(rows)
                })
            });
            let batch = batch.await?;
            removed += batch;
            if batch < BATCH {
                return Ok(removed);
            }
        }
    }
}

/// No two batches of a run are told alike: of entries that are, a restore takes over one.
fn told(what: Outdated, before: DateTime<Utc>, rows: u64, before_it: u64) -> String {
    let (name, day) = (what.name(), before.date_naive());
    match before_it {
        0 => format!("{rows} {name} of before {day}"),
        more => format!("{rows} {name} of before {day}, beside {more} in this run"),
    }
}

async fn remove_batch(
    tx: &DatabaseTransaction,
    dialect: Dialect,
    what: Outdated,
    before: DateTime<Utc>,
) -> Result<u64, DbErr> {
    let remove = match what {
        Outdated::AuditLog => return forget_entries(tx, dialect, before).await,
        Outdated::RejectedLogs => include_str!("sql/remove_rejected_logs.sql"),
        Outdated::Reports => "DELETE FROM daily_reports WHERE generated_at < {before}",
    };
    let remove = Query::new(dialect, remove).bind_time("before", before);
    match what {
        Outdated::RejectedLogs => remove.bind("limit", BATCH as i64).execute(tx).await,
        Outdated::Reports | Outdated::AuditLog => remove.execute(tx).await,
    }
}

/// By the one way that the database leaves open.
async fn forget_entries(
    tx: &DatabaseTransaction,
    dialect: Dialect,
    before: DateTime<Utc>,
) -> Result<u64, DbErr> {
    if dialect == Dialect::Postgres {
        let forget = Query::new(dialect, "SELECT forget_audit_log({before}, {limit})");
        let row = forget.bind_time("before", before).bind("limit", BATCH as i64).one(tx).await?;
        let rows: i64 = row.map_or(Ok(0), |row| row.try_get_by_index(0))?;
        return Ok(u64::try_from(rows).unwrap_or_default());
    }
    let query = |sql| Query::new(dialect, sql).bind_time("before", before);
    query("INSERT INTO audit_log_forgets (before) VALUES ({before})").execute(tx).await?;
    let forget = query(include_str!("sql/forget_audit_log.sqlite.sql")).bind("limit", BATCH as i64);
    let rows = forget.execute(tx).await?;
    Query::new(dialect, "DELETE FROM audit_log_forgets").execute(tx).await?;
    Ok(rows)
}
