//! The gate between ingestion and the roster.
//!
//! Every transaction that stores logs passes the gate, together with all the others. Whoever deletes, renames or moves
//! a learner or deletes or renames a lesson closes it: waits until all who passed have committed, and makes the next
//! ones wait. One lock for a whole group does what a lock on each of its learners would do, at a hundredth of the cost.
//! On SQLite the one writer is gate enough.

use sea_orm::{ConnectionTrait, DatabaseTransaction, DbErr};

use super::Dialect;
use super::query::Query;

/// Names the gate; any number that nobody else uses.
pub(super) const GATE: i64 = 0x0ED7_EC47;

/// Goes through, until the end of the transaction.
pub(super) async fn pass(tx: &DatabaseTransaction, dialect: Dialect) -> Result<(), DbErr> {
    match dialect {
        Dialect::Sqlite => Ok(()),
        Dialect::Postgres => {
            tx.execute_unprepared(&format!("SELECT pg_advisory_xact_lock_shared({GATE})")).await?;
            Ok(())
        }
    }
}

/// Closes the gate until the end of the transaction.
pub(super) async fn keep_ingestion_out(tx: &DatabaseTransaction, dialect: Dialect) -> Result<(), DbErr> {
    match dialect {
        Dialect::Sqlite => Ok(()),
        Dialect::Postgres => {
            tx.execute_unprepared(&format!("SELECT pg_advisory_xact_lock({GATE})")).await?;
            Ok(())
        }
    }
}

/// Says that what a server remembers may be wrong: a learner or a lesson has lost its name or is gone, or figures are counted
/// by other rules. (Closing days says so too.)
pub(super) async fn change_names(tx: &DatabaseTransaction, dialect: Dialect) -> Result<(), DbErr> {
    let raise = "UPDATE settings SET roster_generation = roster_generation + 1";
    Query::new(dialect, raise).execute(tx).await?;
    Ok(())
}
