//! What the platform measured of itself: the runs, of which one goes on at a time.

use std::fmt::Display;
use std::str::FromStr;

use chrono::{DateTime, Utc};
use entity::benchmark;
use sea_orm::sea_query::{Expr, ExprTrait};
use sea_orm::{ColumnTrait, Condition, EntityTrait, QueryFilter, QueryOrder, QuerySelect};
use uuid::Uuid;

use super::Store;
use super::query::Query;
use super::streaming_logs::moment;
use crate::error::StoreError;

/// A run that is about to begin.
#[derive(Debug, Clone)]
pub struct NewBenchmark {
    /// Its name.
    pub id: Uuid,
    /// What it measures.
    pub kind: String,
    /// How, as JSON.
    pub parameters: String,
    /// The API client that asks for it.
    pub requested_by: String,
}

/// How a run ended.
#[derive(Debug, Clone)]
pub enum BenchmarkEnd {
    /// With a report.
    Finished {
        /// JSON.
        report: String,
        /// `passed` or `failed`.
        verdict: &'static str,
    },
    /// Without one, and why, in one line.
    Failed(String),
    /// Because somebody asked for that.
    Cancelled,
}

/// Where the list of runs goes on: after this one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BenchmarkPosition {
    /// When it was asked for.
    pub created_at: DateTime<Utc>,
    /// Which one it is.
    pub id: Uuid,
}

impl Display for BenchmarkPosition {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} {}", self.created_at.timestamp_micros(), self.id)
    }
}

impl FromStr for BenchmarkPosition {
    type Err = ();

    fn from_str(text: &str) -> Result<Self, ()> {
        let (created_at, id) = text.split_once(' ').ok_or(())?;
        Ok(Self { created_at: moment(Some(created_at)).ok_or(())?, id: id.parse().map_err(|_| ())? })
    }
}

impl Store {
    /// Begins a run, unless another one goes on: then false. Runs of servers that are gone are ended first.
    pub async fn begin_benchmark(
        &self,
        new: &NewBenchmark,
        now: DateTime<Utc>,
        lease_until: DateTime<Utc>,
    ) -> Result<bool, StoreError> {
        let NewBenchmark { id, kind, parameters, requested_by } = new;
        let orphans = self.end_of_orphans(now);
        let begin = Query::new(self.dialect, include_str!("sql/begin_benchmark.sql"))
            .bind("id", *id)
            .bind("kind", kind.as_str())
            .bind("parameters", parameters.as_str())
            .bind("requested_by", requested_by.as_str())
            .bind_time("now", now)
            .bind_time("lease_until", lease_until);
        let begun = self.write(move |tx| {
            let (orphans, begin) = (orphans.clone(), begin.clone());
            Box::pin(async move {
                orphans.execute(tx).await?;
                begin.execute(tx).await
            })
        });
        Ok(begun.await? > 0)
    }

    /// Ends runs whose server is gone; says how many those were.
    pub async fn end_orphaned_benchmarks(&self, now: DateTime<Utc>) -> Result<u64, StoreError> {
        let orphans = self.end_of_orphans(now);
        self.write(move |tx| {
            let orphans = orphans.clone();
            Box::pin(async move { orphans.execute(tx).await })
        })
        .await
    }

    fn end_of_orphans(&self, now: DateTime<Utc>) -> Query {
        Query::new(self.dialect, include_str!("sql/end_orphaned_benchmarks.sql")).bind_time("now", now)
    }

    /// Keeps a run ours, and tells how far it is; false where it is ours no longer, or shall end early. It is kept also
    /// while it ends.
    pub async fn renew_benchmark(
        &self,
        id: Uuid,
        progress: Option<String>,
        lease_until: DateTime<Utc>,
    ) -> Result<bool, StoreError> {
        let renew = Query::new(self.dialect, include_str!("sql/renew_benchmark.sql"))
            .bind("id", id)
            .bind("progress", progress)
            .bind_time("lease_until", lease_until);
        let renewed = self.write(move |tx| {
            let renew = renew.clone();
            Box::pin(async move {
                let row = renew.one(tx).await?;
                row.map_or(Ok(false), |row| Ok(!row.try_get::<bool>("", "cancel_requested")?))
            })
        });
        renewed.await
    }

    /// Ends a run.
    pub async fn end_benchmark(
        &self,
        id: Uuid,
        end: BenchmarkEnd,
        now: DateTime<Utc>,
    ) -> Result<(), StoreError> {
        let (status, error, verdict, report) = match end {
            BenchmarkEnd::Finished { report, verdict } => ("finished", None, Some(verdict), Some(report)),
            BenchmarkEnd::Failed(error) => ("failed", Some(error), None, None),
            BenchmarkEnd::Cancelled => ("cancelled", None, None, None),
        };
        let end = Query::new(self.dialect, include_str!("sql/end_benchmark.sql"))
            .bind("id", id)
            .bind("status", status)
            .bind("error", error)
            .bind("verdict", verdict.map(str::to_owned))
            .bind("report", report)
            .bind_time("now", now);
        self.write(move |tx| {
            let end = end.clone();
            Box::pin(async move { end.execute(tx).await })
        })
        .await?;
        Ok(())
    }

    /// Asks a running one to end; whoever runs it sees that within a second. False where it does not run.
    pub async fn cancel_benchmark(&self, id: Uuid) -> Result<bool, StoreError> {
        let cancel = "UPDATE benchmarks SET cancel_requested = {yes} WHERE id = {id} AND status = 'running'";
        let cancel = Query::new(self.dialect, cancel).bind("id", id).bind("yes", true);
        let cancelled = self.write(move |tx| {
            let cancel = cancel.clone();
            Box::pin(async move { cancel.execute(tx).await })
        });
        Ok(cancelled.await? > 0)
    }

    /// Removes one that has ended; false where there is none.
    pub async fn remove_benchmark(&self, id: Uuid) -> Result<bool, StoreError> {
        let remove = "DELETE FROM benchmarks WHERE id = {id} AND status <> 'running'";
        let remove = Query::new(self.dialect, remove).bind("id", id);
        let removed = self.write(move |tx| {
            let remove = remove.clone();
            Box::pin(async move { remove.execute(tx).await })
        });
        Ok(removed.await? > 0)
    }

    /// One run, with its report.
    pub async fn benchmark(&self, id: Uuid) -> Result<Option<benchmark::Model>, StoreError> {
        Ok(benchmark::Entity::find_by_id(id).one(&self.reader).await?)
    }

    /// Runs, newest first; at most `limit`, those after `after`.
    pub async fn benchmarks(
        &self,
        after: Option<&BenchmarkPosition>,
        limit: u64,
    ) -> Result<Vec<benchmark::Model>, StoreError> {
        use benchmark::Column;
        let older = after.map(|BenchmarkPosition { created_at, id }| {
            let moment = || Expr::val(self.dialect.time(*created_at));
            let at = || Expr::col(Column::CreatedAt);
            Condition::any()
                .add(at().lt(moment()))
                .add(Condition::all().add(at().eq(moment())).add(Column::Id.gt(*id)))
        });
        let runs = benchmark::Entity::find()
            .filter(Condition::all().add_option(older))
            .order_by_desc(Column::CreatedAt)
            .order_by_asc(Column::Id)
            .limit(limit);
        Ok(runs.all(&self.reader).await?)
    }
}
