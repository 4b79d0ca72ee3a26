//! What a measurement asks of its own database: the original queries word for word, and what the database says of itself.

use std::time::{Duration, Instant};

use chrono::{DateTime, Utc};
use sea_orm::ConnectionTrait;

use super::query::Query;
use super::{Dialect, Store};
use crate::error::StoreError;

/// The queries of the original dashboard, which run on the raw log.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OriginalQuery {
    /// How many learners there are.
    Students,
    /// How many in each classroom.
    StudentsByClassroom,
    /// Learners and their average completion, in each classroom.
    CompletionByClassroom,
    /// Events at each moment of an hour.
    EventsByMoment,
}

/// Connections to a database, other than those that measure it.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Connections {
    /// At work.
    pub active: i64,
    /// Waiting for work.
    pub idle: i64,
    /// All of them.
    pub total: i64,
}

impl OriginalQuery {
    /// In the original's order.
    pub const ALL: [Self; 4] =
        [Self::Students, Self::StudentsByClassroom, Self::CompletionByClassroom, Self::EventsByMoment];

    fn sql(self) -> &'static str {
        match self {
            Self::Students => "SELECT COUNT(*) FROM students",
            Self::StudentsByClassroom => "SELECT classroom, COUNT(*) FROM students GROUP BY classroom",
            Self::CompletionByClassroom => include_str!("sql/original_join.sql"),
            Self::EventsByMoment => {
                "SELECT event_timestamp AS time, COUNT(*) AS events FROM streaming_logs \
                 WHERE event_timestamp BETWEEN {from} AND {to} GROUP BY event_timestamp"
            }
        }
    }
}

impl Store {
    /// How long an original query takes; the last one asks for what happened between two moments.
    pub async fn time_original(
        &self,
        query: OriginalQuery,
        (from, to): (DateTime<Utc>, DateTime<Utc>),
    ) -> Result<Duration, StoreError> {
        let sql = query.sql();
        let query = Query::new(self.dialect, sql);
        let query = match sql.contains("{from}") {
            true => query.bind_time("from", from).bind_time("to", to),
            false => query,
        };
        let begun = Instant::now();
        query.all(&self.reader).await?;
        Ok(begun.elapsed())
    }

    /// How many logs there are, counted in the log itself.
    pub async fn count_streaming_logs(&self) -> Result<i64, StoreError> {
        let row = Query::new(self.dialect, "SELECT COUNT(*) FROM streaming_logs").one(&self.reader).await?;
        Ok(row.map_or(Ok(0), |row| row.try_get_by_index(0))?)
    }

    /// What the database calls itself.
    pub async fn database_version(&self) -> Result<String, StoreError> {
        let (name, sql) = match self.dialect {
            Dialect::Postgres => {
                ("PostgreSQL", "SELECT split_part(current_setting('server_version'), ' ', 1)")
            }
            Dialect::Sqlite => ("SQLite", "SELECT sqlite_version()"),
        };
        let row = Query::new(self.dialect, sql).one(&self.reader).await?;
        let version: String = row.map_or_else(|| Ok(String::new()), |row| row.try_get_by_index(0))?;
        Ok(format!("{name} {version}"))
    }

    /// Brings plans and visibility up to date, as the database does by itself sooner or later.
    pub async fn settle(&self) -> Result<(), StoreError> {
        if self.dialect == Dialect::Postgres {
            self.reader.execute_unprepared("VACUUM ANALYZE").await?;
        }
        Ok(())
    }

    /// Who is connected to this database; none where it is a file.
    pub async fn connections(&self) -> Result<Option<Connections>, StoreError> {
        if self.dialect == Dialect::Sqlite {
            return Ok(None);
        }
        let sql = include_str!("sql/connections.postgres.sql");
        let Some(row) = Query::new(self.dialect, sql).one(&self.reader).await? else { return Ok(None) };
        let [active, idle, total] = ["active", "idle", "total"].map(|column| row.try_get("", column));
        Ok(Some(Connections { active: active?, idle: idle?, total: total? }))
    }

    /// The processes that serve these connections, where the database is on this machine.
    pub async fn backends(&self) -> Result<Vec<u32>, StoreError> {
        if self.dialect == Dialect::Sqlite {
            return Ok(Vec::new());
        }
        let sql = include_str!("sql/backends.postgres.sql");
        let rows = Query::new(self.dialect, sql).all(&self.reader).await?;
        let pids = rows.iter().map(|row| row.try_get_by_index::<i32>(0));
        Ok(pids.map(|pid| pid.map(i32::cast_unsigned)).collect::<Result<_, _>>()?)
    }
}
