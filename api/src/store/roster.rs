//! What all changes to the roster share: locks in one order, outcomes, and the days whose figures they change.
//!
//! Classrooms are locked before learners, learners before all that is counted of them, and the revisions of days last;
//! within a table, rows are locked in the order of their key. Ingestion keeps the same order, so writers wait for each
//! other and do not deadlock, save where one waits for a name that another is giving away: that one runs again.

use chrono::NaiveDate;
use sea_orm::{DatabaseTransaction, DbErr, FromQueryResult, SqlErr};

use super::Dialect;
use super::gate::keep_ingestion_out;
use super::query::{Query, Rows};
use crate::error::StoreError;

/// What became of a change to one row.
#[derive(Debug)]
pub enum Patched<R> {
    /// Done; the row as it is now.
    Done(R),
    /// There is no such row.
    Absent,
    /// Another row has the name that this one was to get; or who had it was erased.
    Taken,
}

/// What became of a deletion.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Deleted {
    /// Done.
    Done,
    /// There is no such row.
    Absent,
    /// Something still refers to it.
    InUse,
}

/// The transaction that the roster is changed in.
#[derive(Clone, Copy)]
pub(super) struct Writing<'t> {
    pub(super) tx: &'t DatabaseTransaction,
    pub(super) dialect: Dialect,
}

/// Which rows to lock, and how firmly.
#[derive(Clone, Copy)]
pub(super) struct Lock {
    /// Of which table.
    pub(super) table: &'static str,
    /// The column that says which.
    pub(super) by: &'static str,
    /// The primary key, in whose order everybody locks.
    pub(super) order: &'static str,
    pub(super) strength: &'static str,
}

impl Lock {
    /// Nobody else may change the row; logs may still refer to it.
    pub(super) const TO_CHANGE: &'static str = "NO KEY UPDATE";
    /// Nobody else may change the row or refer to it. For a learner or a lesson that keeps ingestion out as well: see
    /// [`gate`](super::gate).
    pub(super) const ALONE: &'static str = "UPDATE";
    /// Nobody else may remove or rename the row.
    pub(super) const TO_REFER: &'static str = "KEY SHARE";

    /// Whether logs may be on their way that refer to such a row.
    fn concerns_ingestion(self) -> bool {
        self.strength == Self::ALONE && matches!(self.table, "students" | "lessons")
    }
}

impl Writing<'_> {
    /// A statement for this database.
    pub(super) fn query(&self, template: &str) -> Query {
        Query::new(self.dialect, template)
    }

    /// Locks the rows that the column `wanted` names, as far as they exist, and reads them as they are then. On SQLite
    /// the one writer is lock enough.
    pub(super) async fn lock<R: FromQueryResult>(&self, lock: Lock, wanted: Rows) -> Result<Vec<R>, DbErr> {
        if lock.concerns_ingestion() {
            keep_ingestion_out(self.tx, self.dialect).await?;
        }
        let query = self.query(include_str!("sql/lock_roster.sql"));
        let query = query.name("table", lock.table).name("by", lock.by).name("order", lock.order);
        let rows = query.name("strength", lock.strength).rows(wanted).all(self.tx).await?;
        rows.iter().map(|row| R::from_query_result(row, "")).collect()
    }

    /// Locks one row; where there is none, the transaction is undone and [`Patched`] says so.
    pub(super) async fn lock_one<R: FromQueryResult>(&self, lock: Lock, wanted: Rows) -> Result<R, DbErr> {
        let row = self.lock(lock, wanted).await?.into_iter().next();
        row.ok_or_else(|| DbErr::RecordNotFound(lock.table.to_owned()))
    }

    /// The days that count anything of these learners.
    pub(super) async fn days_of(
        &self,
        students: impl IntoIterator<Item = i64>,
    ) -> Result<Vec<NaiveDate>, DbErr> {
        let learners = Rows::new().bigint("student_id", students);
        let days = self.query(include_str!("sql/days_of_students.sql")).rows(learners).all(self.tx).await?;
        days.iter().map(|row| row.try_get("", "day")).collect()
    }

    /// Raises the revision of each of these days, which come in their order.
    pub(super) async fn raise_revisions(&self, days: Vec<NaiveDate>) -> Result<(), DbErr> {
        if !days.is_empty() {
            let raise = self.query(include_str!("sql/raise_day_revisions.sql"));
            raise.rows(Rows::new().day("day", days)).execute(self.tx).await?;
        }
        Ok(())
    }
}

impl<R> Patched<R> {
    /// Tells a change that cannot be from one that failed: both undo their transaction.
    pub(super) fn from_outcome(outcome: Result<R, StoreError>) -> Result<Self, StoreError> {
        let cause = match outcome {
            Ok(row) => return Ok(Self::Done(row)),
            Err(StoreError::Refused(cause)) => cause,
            Err(StoreError::Unavailable(cause)) => return Err(StoreError::Unavailable(cause)),
        };
        match cause.downcast_ref::<DbErr>() {
            Some(DbErr::RecordNotFound(_)) => Ok(Self::Absent),
            Some(DbErr::RecordNotUpdated) => Ok(Self::Taken),
            Some(error) if matches!(error.sql_err(), Some(SqlErr::UniqueConstraintViolation(_))) => {
                Ok(Self::Taken)
            }
            _ => Err(StoreError::Refused(cause)),
        }
    }
}
