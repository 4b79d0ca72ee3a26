//! What the block ranges of the log hold, noted in its indexes on time.
//!
//! An index of block ranges (BRIN) says for each stretch of the log which moments lie in it. A stretch that is new says
//! nothing until it is summarized, and every question reads it. PostgreSQL summarizes by itself, but not so fast as
//! ingestion fills: it remembers 256 requests, and leaves the others to the next vacuum of the table.

use sea_orm::{ConnectionTrait, DbErr};

use super::error::database_code;
use super::{Dialect, Store};
use crate::error::StoreError;

/// Unless the table is being vacuumed, which does the same: whoever waits for an autovacuum cancels it.
const SUMMARIZE: &str = "SET LOCAL statement_timeout = 0; \
    LOCK TABLE streaming_logs IN SHARE UPDATE EXCLUSIVE MODE NOWAIT; \
    SELECT brin_summarize_new_values('streaming_logs_event_timestamp'), \
           brin_summarize_new_values('streaming_logs_received_at')";

/// The lock that was asked for is taken.
const LOCK_NOT_AVAILABLE: &str = "55P03";

impl Store {
    /// Summarizes the block ranges that are new. Writers go on meanwhile.
    pub(super) async fn summarize_block_ranges(&self) -> Result<(), StoreError> {
        if self.dialect == Dialect::Sqlite {
            return Ok(());
        }
        self.write(|tx| {
            Box::pin(async move {
                let summarized = tx.execute_unprepared(SUMMARIZE).await;
                summarized.map_or_else(unless_vacuumed, |_| Ok(()))
            })
        })
        .await
    }
}

fn unless_vacuumed(error: DbErr) -> Result<(), DbErr> {
    if database_code(&error).as_deref() == Some(LOCK_NOT_AVAILABLE) { Ok(()) } else { Err(error) }
}
