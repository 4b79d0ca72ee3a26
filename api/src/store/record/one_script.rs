//! SQLite's short way: one script in a transaction.
//!
//! Each statement by itself would be a way to the thread that works on the file and back: for a group of a few logs that
//! costs more than the work.

use sea_orm::DbErr;

use super::assumed::{Assumed, Outcome};
use super::logs::log_rows;
use crate::error::StoreError;
use crate::store::error::database_code;
use crate::store::query::{Query, Rows};
use crate::store::{Calendar, Dialect, Store};

impl Store {
    /// Stores and counts all of them, or none.
    pub(super) async fn store_in_one_script(
        &self,
        calendar: &Calendar,
        assumed: &Assumed,
    ) -> Result<Outcome, StoreError> {
        // Written while the group before is still at work: the transaction is for SQLite alone.
        let script = script(calendar, assumed);
        let stored = self
            .write(move |tx| {
                let script = script.clone();
                Box::pin(async move { script.execute(tx).await })
            })
            .await;
        let refused = match stored {
            Ok(_) => {
                self.appended.notify_one();
                return Ok(Outcome::Stored);
            }
            Err(refused) => refused,
        };
        let StoreError::Refused(cause) = &refused else { return Err(refused) };
        cause.downcast_ref::<DbErr>().and_then(refutation).ok_or(refused)
    }
}

fn script(calendar: &Calendar, assumed: &Assumed) -> Query {
    let logs: Vec<_> = assumed.candidates().collect();
    Query::new(Dialect::Sqlite, include_str!("../sql/store_new_logs.sqlite.sql"))
        .bind("roster_generation", assumed.generation)
        .set("logs", log_rows(logs.iter()))
        .set("viewings", assumed.tally.viewing_rows())
        .set("completions", assumed.tally.completion_rows(calendar))
        .set("minutes", assumed.tally.minute_rows())
        .set("days", Rows::new().day("day", assumed.tally.days()))
        .set("intake", assumed.intake.rows())
}

/// What the script says by failing.
fn refutation(error: &DbErr) -> Option<Outcome> {
    match database_code(error)?.as_str() {
        // A key that exists: of a log.
        "1555" => Some(Outcome::NotNew),
        // A check that fails: of the settings.
        "275" => Some(Outcome::Outdated),
        _ => None,
    }
}
