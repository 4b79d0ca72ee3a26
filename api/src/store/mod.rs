//! 2. Stored and counted: the only place that knows the database.
//!
//! Rollups change in the same transaction as the log, so every figure equals what the raw log would give.

mod accounts;
mod api_clients;
mod apply_erasures;
mod arrivals;
mod audit;
mod backup;
mod benchmarks;
mod block_ranges;
mod calendar;
mod classes;
mod classrooms;
mod connect;
mod daily_reports;
mod derived;
mod dialect;
mod erase_student;
mod erasures;
mod error;
mod export;
mod figures;
mod fold;
mod gate;
mod held;
mod kept_out;
mod learners;
mod lesson_progress;
mod lessons;
mod link;
mod outdated;
mod overwriting;
mod patch_student;
#[cfg(test)]
mod plans_tests;
mod pool;
mod proof;
mod query;
mod record;
mod rejected_logs;
mod replicas;
mod restore;
mod retention;
mod roster;
mod schema;
mod sessions;
mod settings;
mod streaming_log;
mod streaming_logs;
mod students;
#[cfg(test)]
pub(crate) mod temporary;
mod timeseries;
mod tokens;
mod transaction;
mod trial;
mod trial_database;
mod turn;
mod upsert;
mod user_changes;
mod users;
mod writer_thread;

pub use accounts::Account;
pub use api_clients::ApiClient;
pub use arrivals::{
    ARRIVALS, Arrival, ArrivalCount, ClassroomArrival, ClassroomArrivalCount, LatestOfLearner,
};
pub use audit::{Actor, ActorKind, AuditEntry, AuditFilter, AuditPosition, AuditTarget, DONE};
pub use backup::{Backup, BackupError};
pub use benchmarks::{BenchmarkEnd, BenchmarkPosition, NewBenchmark};
pub use calendar::Calendar;
use calendar::FIRST_DAY;
pub use classes::Classes;
pub use classrooms::{ClassroomChange, CountedClassroom};
pub use connect::{DatabaseSettings, WritesFor};
pub use daily_reports::{DayFacts, DayIntake, DayState, SILENT_DAYS};
pub use dialect::Dialect;
pub use entity::api_client::Model as ApiClientRow;
pub use entity::audit_entry::Model as AuditEntryRow;
pub use entity::benchmark::Model as BenchmarkRow;
pub use entity::daily_report::Model as DailyReportRow;
pub use entity::lesson::Model as LessonRow;
pub use entity::rejected_log::Model as RejectedLogRow;
pub use entity::streaming_log::Model as StreamingLogRow;
pub use entity::student::Model as StudentRow;
pub use erase_student::Erasure;
pub use erasures::{Erased, ErasureKey, Receipt, Tombstone};
pub use export::{Completed, ViewedDay};
pub use figures::{Breakdown, DaySpan, Enrolled, Figures, FiguresReport, LessonFigures};
pub use learners::{Learner, StudentFilter};
pub use lesson_progress::{Furthest, LessonProgress};
pub use lessons::{LessonChange, LessonFields, LessonFilter, LessonPatch};
pub use outdated::Outdated;
pub use patch_student::StudentPatch;
pub use proof::{Difference, Progress, RebuildError, Verification};
pub use record::{KEPT_PAYLOAD, Unfinished};
pub use rejected_logs::{RejectedLogFilter, RejectedLogPosition};
pub use replicas::{Heard, Serving, ServingError};
pub use restore::{RestoreError, Restored};
pub use retention::{Removing, Retained};
pub use roster::{Deleted, Patched};
pub use sessions::{OpenSession, SessionKey};
pub use settings::SettingsError;
pub use streaming_log::{Item, Reference, RejectedLogKey, Rejection, StreamingLog, Submission, Verdict};
pub use streaming_logs::{LogFilter, LogPosition, moment};
pub use students::{StudentChange, StudentFields};
#[cfg(test)]
pub(crate) use temporary::TemporaryStore;
pub use timeseries::{BucketCount, Window};
pub use trial::{Connections, OriginalQuery};
pub use trial_database::{TrialDatabase, TrialDatabaseError, TrialDatabases};
pub use upsert::{Field, Upserted};
pub use user_changes::{NewUser, UserOutcome, UserPatch};
pub use users::{Role, UnknownRole, User};

use std::sync::Arc;

use sea_orm::ConnectionTrait;
use tokio::runtime::Handle;
use tokio::sync::Notify;

use crate::error::StoreError;
use link::Link;
use pool::Pool;
use record::{Express, Memory};
use turn::Turns;

/// The database: cheap to clone, shared by all.
#[derive(Clone)]
pub struct Store {
    dialect: Dialect,
    link: Link,
    writer: Pool,
    reader: Pool,
    settings: Arc<DatabaseSettings>,
    memory: Arc<Memory>,
    express: Arc<Express>,
    /// Where it is known who was erased.
    erasure_key: Option<Arc<ErasureKey>>,
    /// SQLite has one writer.
    turns: Arc<Turns>,
    /// Told of each group that waits to be folded in.
    appended: Arc<Notify>,
    /// That of whoever opened the database. Transactions run in it: a worker's ends while others still wait for its groups.
    runtime: Handle,
}

impl Store {
    /// Which database is underneath.
    pub fn dialect(&self) -> Dialect {
        self.dialect
    }

    /// Lets go of every connection. SQLite moves its write-ahead log into the file by that.
    pub async fn close(self) -> Result<(), StoreError> {
        drop(self.turns.wait().await.take());
        self.reader.connections().close().await?;
        Ok(self.writer.connections().close().await?)
    }

    /// Whether the database answers at all. PostgreSQL is asked all the time: what is known of it is news.
    pub async fn ping(&self) -> Result<(), StoreError> {
        let ping = async {
            match self.dialect {
                Dialect::Sqlite => self.reader.execute_unprepared("SELECT 1").await.map(drop),
                Dialect::Postgres => Ok(()),
            }
        };
        Ok(self.link.hold(ping).await?)
    }
}
