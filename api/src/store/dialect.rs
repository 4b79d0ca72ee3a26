//! The few places where SQLite and PostgreSQL differ.

use chrono::{DateTime, NaiveDate, SecondsFormat, Utc};
use sea_orm::{DbBackend, Value};

/// Which of the two databases is underneath.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Dialect {
    /// One file, one writer.
    Sqlite,
    /// A server that replicas share.
    Postgres,
}

impl Dialect {
    /// The same, in SeaORM's terms.
    pub(super) fn backend(self) -> DbBackend {
        match self {
            Self::Sqlite => DbBackend::Sqlite,
            Self::Postgres => DbBackend::Postgres,
        }
    }

    /// A moment as a bound value: SQLite keeps text of one width, so that its order is the order of time.
    pub(super) fn time(self, moment: DateTime<Utc>) -> Value {
        match self {
            Self::Sqlite => Value::from(text_of_time(moment)),
            Self::Postgres => Value::from(moment),
        }
    }

    /// A day as a bound value.
    pub(super) fn day(self, day: NaiveDate) -> Value {
        match self {
            Self::Sqlite => Value::from(day.to_string()),
            Self::Postgres => Value::from(day),
        }
    }

    /// A statement with only the lines meant for this database: a line may end in `-- sqlite` or `-- postgres`.
    pub(super) fn keep_own_lines(self, sql: &str) -> String {
        let foreign = match self {
            Self::Sqlite => "-- postgres",
            Self::Postgres => "-- sqlite",
        };
        let own = sql.lines().filter(|line| !line.trim_end().ends_with(foreign));
        own.collect::<Vec<_>>().join("\n")
    }
}

/// `2021-11-29T23:09:00.867219Z`: always 27 characters for the years that we accept.
pub(super) fn text_of_time(moment: DateTime<Utc>) -> String {
    moment.to_rfc3339_opts(SecondsFormat::Micros, true)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_moment_has_one_width_whatever_its_fraction() {
        let moments = ["1970-01-01T00:00:00Z", "2021-11-29T23:09:00.867219Z", "2021-11-29T23:09:00.5Z"];
        let texts = moments.map(|text| text_of_time(text.parse().unwrap()));
        assert_eq!(texts[2], "2021-11-29T23:09:00.500000Z");
        assert!(texts.iter().all(|text| text.len() == 27));
    }

    #[test]
    fn each_database_sees_its_own_lines() {
        let sql = "SELECT 1\nFOR UPDATE -- postgres\nLIMIT 1 -- sqlite";
        assert_eq!(Dialect::Postgres.keep_own_lines(sql), "SELECT 1\nFOR UPDATE -- postgres");
        assert_eq!(Dialect::Sqlite.keep_own_lines(sql), "SELECT 1\nLIMIT 1 -- sqlite");
    }
}
