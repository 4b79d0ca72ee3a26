//! One statement for a whole set of rows, written once for both databases.
//!
//! A template names what it needs: `{rows}` is the set, to be used as a table called `item`; `{name}` is a single
//! value. A statement of several sets gives each a name of its own. PostgreSQL receives a set as one array for each
//! column (`UNNEST`), SQLite as one JSON text (`json_each`), so the statement's text, and with it the prepared
//! statement, is the same for any number of rows.

use chrono::{DateTime, NaiveDate, Utc};
use futures_util::TryStreamExt;
use sea_orm::sea_query::{ArrayType, Value};
use sea_orm::{ConnectionTrait, DatabaseTransaction, DbErr, QueryResult, Statement, StreamTrait};
use uuid::Uuid;

use super::dialect::{Dialect, text_of_time};

/// A statement under construction.
#[derive(Clone)]
pub(super) struct Query {
    dialect: Dialect,
    sql: String,
    values: Vec<Value>,
}

impl Query {
    /// Starts from a template; lines meant for the other database are left out.
    pub(super) fn new(dialect: Dialect, template: &str) -> Self {
        Self { dialect, sql: dialect.keep_own_lines(template), values: Vec::new() }
    }

    /// Puts the set in the place of `{rows}`.
    pub(super) fn rows(self, rows: Rows) -> Self {
        self.set("rows", rows)
    }

    /// Puts a set in the place of `{name}`.
    pub(super) fn set(mut self, name: &str, rows: Rows) -> Self {
        let source = match self.dialect {
            Dialect::Postgres => rows.unnest(&mut self.values),
            Dialect::Sqlite => rows.json_each(&mut self.values),
        };
        self.sql = self.sql.replace(&format!("{{{name}}}"), &source);
        self
    }

    /// Binds one value in each place of `{name}`.
    pub(super) fn bind(mut self, name: &str, value: impl Into<Value>) -> Self {
        self.values.push(value.into());
        let placeholder = format!("${}", self.values.len());
        self.sql = self.sql.replace(&format!("{{{name}}}"), &placeholder);
        self
    }

    /// Binds a moment.
    pub(super) fn bind_time(self, name: &str, moment: DateTime<Utc>) -> Self {
        let value = self.dialect.time(moment);
        self.bind(name, value)
    }

    /// Binds a day.
    pub(super) fn bind_day(self, name: &str, day: NaiveDate) -> Self {
        let value = self.dialect.day(day);
        self.bind(name, value)
    }

    /// Writes a name of a table or column in each place of `{name}`: never anything that a client sent.
    pub(super) fn name(mut self, name: &str, identifier: &'static str) -> Self {
        self.sql = self.sql.replace(&format!("{{{name}}}"), identifier);
        self
    }

    /// Runs it and returns its rows.
    pub(super) async fn all(self, on: &impl ConnectionTrait) -> Result<Vec<QueryResult>, DbErr> {
        on.query_all_raw(self.statement()).await
    }

    /// Runs it and hands over its rows one by one as they come, so that there may be any number of them.
    pub(super) async fn each(
        self,
        on: &DatabaseTransaction,
        mut take: impl FnMut(&QueryResult) -> Result<(), DbErr>,
    ) -> Result<(), DbErr> {
        let mut rows = on.stream_raw(self.statement()).await?;
        while let Some(row) = rows.try_next().await? {
            take(&row)?;
        }
        Ok(())
    }

    /// Runs it and returns its first row.
    pub(super) async fn one(self, on: &impl ConnectionTrait) -> Result<Option<QueryResult>, DbErr> {
        on.query_one_raw(self.statement()).await
    }

    /// Runs it and returns how many rows it changed.
    pub(super) async fn execute(self, on: &impl ConnectionTrait) -> Result<u64, DbErr> {
        Ok(on.execute_raw(self.statement()).await?.rows_affected())
    }

    /// Its plan on SQLite, a line for each step.
    #[cfg(test)]
    pub(super) async fn plan(mut self, on: &impl ConnectionTrait) -> Result<Vec<String>, DbErr> {
        self.sql.insert_str(0, "EXPLAIN QUERY PLAN ");
        self.all(on).await?.iter().map(|row| row.try_get("", "detail")).collect()
    }

    fn statement(self) -> Statement {
        Statement::from_sql_and_values(self.dialect.backend(), self.sql, self.values)
    }
}

/// A set of rows, kept by column. Nulls travel as a value that the column cannot hold (-1, the empty text) and become
/// null again by `NULLIF` in the template, because arrays of nullable values cannot be bound.
#[derive(Default)]
pub(super) struct Rows {
    columns: Vec<(&'static str, Column)>,
}

enum Column {
    BigInt(Vec<i64>),
    Text(Vec<String>),
    Uuid(Vec<Uuid>),
    Time(Vec<DateTime<Utc>>),
    Day(Vec<NaiveDate>),
    Bytes(Vec<Vec<u8>>),
}

impl Rows {
    /// A set without columns.
    pub(super) fn new() -> Self {
        Self::default()
    }

    /// A column of whole numbers.
    pub(super) fn bigint(self, name: &'static str, values: impl IntoIterator<Item = i64>) -> Self {
        self.column(name, Column::BigInt(values.into_iter().collect()))
    }

    /// A column of text.
    pub(super) fn text<T: Into<String>>(
        self,
        name: &'static str,
        values: impl IntoIterator<Item = T>,
    ) -> Self {
        self.column(name, Column::Text(values.into_iter().map(Into::into).collect()))
    }

    /// A column of UUIDs.
    pub(super) fn uuid(self, name: &'static str, values: impl IntoIterator<Item = Uuid>) -> Self {
        self.column(name, Column::Uuid(values.into_iter().collect()))
    }

    /// A column of moments.
    pub(super) fn time(self, name: &'static str, values: impl IntoIterator<Item = DateTime<Utc>>) -> Self {
        self.column(name, Column::Time(values.into_iter().collect()))
    }

    /// A column of days.
    pub(super) fn day(self, name: &'static str, values: impl IntoIterator<Item = NaiveDate>) -> Self {
        self.column(name, Column::Day(values.into_iter().collect()))
    }

    /// A column of bytes.
    pub(super) fn bytes(self, name: &'static str, values: impl IntoIterator<Item = Vec<u8>>) -> Self {
        self.column(name, Column::Bytes(values.into_iter().collect()))
    }

    fn column(mut self, name: &'static str, column: Column) -> Self {
        self.columns.push((name, column));
        self
    }

    /// `UNNEST($1::bigint[], $2::uuid[]) AS item(student_id, log_id)`
    fn unnest(self, values: &mut Vec<Value>) -> String {
        let mut arrays = Vec::new();
        let mut names = Vec::new();
        for (name, column) in self.columns {
            let (kind, array) = column.into_array();
            values.push(array);
            arrays.push(format!("${}::{kind}[]", values.len()));
            names.push(name);
        }
        format!("UNNEST({}) AS item({})", arrays.join(", "), names.join(", "))
    }

    /// `(SELECT value ->> 0 AS student_id, unhex(value ->> 1) AS log_id FROM json_each($1)) AS item`
    fn json_each(self, values: &mut Vec<Value>) -> String {
        let selected = self.columns.iter().enumerate().map(|(position, (name, column))| {
            let extracted = format!("value ->> {position}");
            match column {
                Column::Uuid(_) | Column::Bytes(_) => format!("unhex({extracted}) AS {name}"),
                _ => format!("{extracted} AS {name}"),
            }
        });
        let selected = selected.collect::<Vec<_>>().join(", ");
        let columns: Vec<Vec<serde_json::Value>> =
            self.columns.into_iter().map(|(_, column)| column.into_json()).collect();
        values.push(Value::from(transposed(columns).to_string()));
        format!("(SELECT {selected} FROM json_each(${})) AS item", values.len())
    }
}

impl Column {
    fn into_array(self) -> (&'static str, Value) {
        fn array<T: Into<Value>>(kind: ArrayType, values: Vec<T>) -> Value {
            Value::Array(kind, Some(Box::new(values.into_iter().map(Into::into).collect())))
        }
        match self {
            Self::BigInt(values) => ("bigint", array(ArrayType::BigInt, values)),
            Self::Text(values) => ("text", array(ArrayType::String, values)),
            Self::Uuid(values) => ("uuid", array(ArrayType::Uuid, values)),
            Self::Time(values) => ("timestamptz", array(ArrayType::ChronoDateTimeUtc, values)),
            Self::Day(values) => ("date", array(ArrayType::ChronoDate, values)),
            Self::Bytes(values) => ("bytea", array(ArrayType::Bytes, values)),
        }
    }

    fn into_json(self) -> Vec<serde_json::Value> {
        fn json<T, J: Into<serde_json::Value>>(
            values: Vec<T>,
            one: impl Fn(T) -> J,
        ) -> Vec<serde_json::Value> {
            values.into_iter().map(|value| one(value).into()).collect()
        }
        match self {
            Self::BigInt(values) => json(values, |value| value),
            Self::Text(values) => json(values, |value| value),
            Self::Uuid(values) => json(values, |value| value.simple().to_string()),
            Self::Time(values) => json(values, text_of_time),
            Self::Day(values) => json(values, |value| value.to_string()),
            Self::Bytes(values) => json(values, |value| hex(&value)),
        }
    }
}

/// Columns to rows.
fn transposed(columns: Vec<Vec<serde_json::Value>>) -> serde_json::Value {
    let length = columns.first().map_or(0, Vec::len);
    let mut columns: Vec<_> = columns.into_iter().map(Vec::into_iter).collect();
    let row = |_| columns.iter_mut().filter_map(Iterator::next).collect::<serde_json::Value>();
    (0..length).map(row).collect()
}

/// Lower-case hexadecimal.
pub(super) fn hex(bytes: &[u8]) -> String {
    use std::fmt::Write;
    bytes.iter().fold(String::with_capacity(2 * bytes.len()), |mut text, byte| {
        let _ = write!(text, "{byte:02x}");
        text
    })
}

/// The bytes that hexadecimal text stands for.
pub(super) fn from_hex(text: &str) -> Option<Vec<u8>> {
    let byte = |at| u8::from_str_radix(text.get(at..at + 2)?, 16).ok();
    text.len().is_multiple_of(2).then(|| (0..text.len()).step_by(2).map(byte).collect())?
}
