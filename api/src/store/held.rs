//! Whether somebody else holds what logs are stored in: an operator's `LOCK TABLE`, an index that is being built, another
//! process that writes to SQLite's file.
//!
//! Whoever waits for that waits in vain, perhaps for long, and shall know within a second. A group that takes long tells
//! nothing: it may wait for the disk, or for the rows of another group that does. So PostgreSQL is asked a few times a second
//! whether anybody waits for one of these tables as such, and then whether anybody still has a lock on one beside which
//! nobody may write. On SQLite, which has one lock for all, it is a group that finds out; then the lock is asked for until it
//! is there.

use std::time::Duration;

use sea_orm::sqlx::{self, PgConnection};
use tokio::time::{Instant, sleep};

use super::link::{Standing, note};
use super::{Dialect, Store};
use crate::error::StoreError;

/// Whether anybody waits to read or to write one of the tables that each group writes, and whether anybody keeps others from
/// writing them. What vacuums and indexes that are built wait for hinders nobody.
const LOCKS: &str = include_str!("sql/locks_on_logs.postgres.sql");

/// Between two questions.
const BETWEEN: Duration = Duration::from_millis(150);

/// How long a request may wait for the database where the tables are held, before it is told so.
const TOLD: Duration = Duration::from_millis(700);

/// What was found out about the tables, and when.
pub(super) struct Tables {
    asked: Option<Instant>,
    standing: Standing,
}

impl Default for Tables {
    fn default() -> Self {
        Self { asked: None, standing: Standing::There }
    }
}

impl Tables {
    /// Asks again where it is time to, and says how the database stands. It answers, for it was asked.
    pub(super) async fn stand(&mut self, connection: &mut PgConnection) -> Result<Standing, sqlx::Error> {
        let now = Instant::now();
        if self.asked.is_none_or(|asked| now - asked >= BETWEEN) {
            self.asked = Some(now);
            let (is_waited_for, is_held): (bool, bool) = sqlx::query_as(LOCKS).fetch_one(connection).await?;
            let was_held = self.standing == Standing::Held;
            let held = is_waited_for || was_held && is_held;
            self.standing = if held { Standing::Held } else { Standing::There };
        }
        Ok(self.standing)
    }
}

impl Store {
    /// Whether somebody else holds what logs are stored in: to come later is of use, to wait is not.
    pub fn is_held(&self) -> bool {
        self.link.standing() == Standing::Held
    }

    /// Ends as soon as somebody else does.
    pub async fn held(&self) {
        self.link.stands(Standing::Held).await;
    }

    /// The same, for somebody who has waited for as long as one may.
    pub(super) async fn held_for_long(&self) {
        sleep(TOLD).await;
        self.held().await;
    }

    /// Notes by what a group failed that another process writes to SQLite's file.
    pub(super) fn note_busy(&self, error: &StoreError) {
        if self.dialect == Dialect::Sqlite && error.is_busy() {
            note(self.link.tell(Standing::Held), Standing::Held);
        }
    }

    /// Asks for SQLite's lock where another process has it, until it is there.
    pub(super) async fn wait_for_its_lock(&self) {
        loop {
            self.held().await;
            while self.write_nothing().await.is_err() {
                sleep(BETWEEN).await;
            }
            note(self.link.tell(Standing::There), Standing::There);
        }
    }
}

/// What whoever has waited is told.
pub(super) fn held() -> StoreError {
    StoreError::Unavailable("somebody else holds what logs are stored in".into())
}
