//! PostgreSQL's short way: one statement that is a transaction, on a connection of its own.
//!
//! A group costs one way to the server and back. Every other one would be a pause in which all clients wait.

use std::collections::BTreeSet;

use sea_orm::sqlx::error::BoxDynError;
use sea_orm::sqlx::postgres::{PgArguments, PgConnection, PgRow};
use sea_orm::sqlx::{self, Arguments, ConnectOptions, Row};
use sea_orm::{DbErr, RuntimeErr};
use tokio::sync::Mutex;

use super::assumed::{Assumed, Refuted};
use super::candidate::Candidate;
use super::tally::Tally;
use crate::error::StoreError;
use crate::store::error::attempts;
use crate::store::{Calendar, Store, gate};

const STORE: &str = include_str!("../sql/store_new_logs.postgres.sql");

const SORT_OUT: &str = include_str!("../sql/count_resent_logs.postgres.sql");

/// The connections, one for each group that is under way.
#[derive(Default)]
pub(in crate::store) struct Express {
    idle: Mutex<Vec<PgConnection>>,
}

impl Express {
    /// Lets go of all that are idle: nobody is at their other end.
    pub(in crate::store) async fn let_go(&self) {
        self.idle.lock().await.clear();
    }
}

impl Store {
    /// Stores and counts all of them, or none and says why.
    pub(super) async fn store_at_once(
        &self,
        calendar: &Calendar,
        assumed: &Assumed,
    ) -> Result<Result<(), Refuted>, StoreError> {
        match self.at_once(STORE, || of_new_logs(calendar, assumed)).await {
            Ok(_) => {
                self.appended.notify_one();
                Ok(Ok(()))
            }
            Err(error) => Ok(Err(refutation(&error).ok_or(error)?)),
        }
    }

    /// Which of them were stored before, just as they are; they are counted as duplicates.
    pub(super) async fn sort_out_at_once(
        &self,
        calendar: &Calendar,
        assumed: &Assumed,
    ) -> Result<BTreeSet<usize>, StoreError> {
        let row = self.at_once(SORT_OUT, || of_resent_logs(calendar, assumed)).await?;
        let places: Vec<i64> = row.try_get(0).map_err(database_error)?;
        // The first is 1.
        Ok(places.into_iter().filter_map(|place| usize::try_from(place - 1).ok()).collect())
    }

    /// Runs a statement that is a transaction, and again where it lost a race; returns its one row.
    async fn at_once(
        &self,
        statement: &'static str,
        arguments: impl Fn() -> Result<PgArguments, BoxDynError>,
    ) -> Result<PgRow, DbErr> {
        let mut attempt = 1;
        loop {
            let arguments = arguments().map_err(|error| DbErr::Custom(error.to_string()))?;
            let idle = self.express.idle.lock().await.pop();
            let running = async {
                let mut connection = match idle {
                    Some(connection) => connection,
                    None => self.settings.writing_connection()?.connect().await.map_err(refused)?,
                };
                let row = sqlx::query_with(statement, arguments).fetch_one(&mut connection).await;
                Ok((row.map_err(database_error), connection))
            };
            let (row, connection) = self.link.hold(running).await?;
            match row {
                Err(error) if attempt < attempts(&error) => attempt += 1,
                // Whatever breaks off leaves no connection behind.
                Err(error) if refutation(&error).is_none() => return Err(error),
                row => {
                    self.express.idle.lock().await.push(connection);
                    return row;
                }
            }
        }
    }
}

/// In the order of the parameters of the statement that stores.
fn of_new_logs(calendar: &Calendar, assumed: &Assumed) -> Result<PgArguments, BoxDynError> {
    let mut arguments = of_roster(assumed)?;
    add_logs(&mut arguments, &assumed.candidates().collect::<Vec<_>>())?;
    add_rollups(&mut arguments, calendar, &assumed.tally)?;
    let (days, accepted, late) = assumed.intake.columns();
    arguments.add(days)?;
    arguments.add(accepted)?;
    arguments.add(late)?;
    Ok(arguments)
}

/// The same for the one that sorts out.
fn of_resent_logs(calendar: &Calendar, assumed: &Assumed) -> Result<PgArguments, BoxDynError> {
    let mut arguments = of_roster(assumed)?;
    let logs: Vec<_> = assumed.candidates().collect();
    add_logs(&mut arguments, &logs)?;
    arguments.add(column(&logs, Candidate::says_when))?;
    arguments.add(column(&logs, |log| calendar.day_of(log.received_at)))?;
    Ok(arguments)
}

/// What the gate is called, and which roster is remembered.
fn of_roster(assumed: &Assumed) -> Result<PgArguments, BoxDynError> {
    let mut arguments = PgArguments::default();
    arguments.add(gate::GATE)?;
    arguments.add(assumed.generation)?;
    Ok(arguments)
}

fn add_logs(arguments: &mut PgArguments, logs: &[Candidate<'_>]) -> Result<(), BoxDynError> {
    arguments.add(column(logs, |log| log.key.1))?;
    arguments.add(column(logs, |log| log.key.0))?;
    arguments.add(column(logs, |log| log.content.lesson_id))?;
    arguments.add(column(logs, |log| log.content.event_type.as_ref()))?;
    arguments.add(column(logs, |log| log.content.watch_time_seconds))?;
    arguments.add(column(logs, |log| log.content.completion_percentage))?;
    arguments.add(column(logs, |log| log.content.event_timestamp))?;
    arguments.add(column(logs, |log| log.received_at))
}

fn add_rollups(arguments: &mut PgArguments, calendar: &Calendar, tally: &Tally) -> Result<(), BoxDynError> {
    let viewings: Vec<_> = tally.viewing_days.iter().collect();
    arguments.add(column(&viewings, |(key, _)| key.0))?;
    arguments.add(column(&viewings, |(key, _)| key.1))?;
    arguments.add(column(&viewings, |(key, _)| key.2))?;
    arguments.add(column(&viewings, |(_, counts)| counts.streaming_logs))?;
    arguments.add(column(&viewings, |(_, counts)| counts.watch_time_logs))?;
    arguments.add(column(&viewings, |(_, counts)| counts.watch_time_seconds))?;
    arguments.add(column(&viewings, |(_, counts)| counts.completion_logs))?;
    arguments.add(column(&viewings, |(_, counts)| counts.completion_percentage_sum))?;
    arguments.add(column(&viewings, |(_, counts)| counts.furthest_percentage))?;
    let completions: Vec<_> = tally.completions.iter().collect();
    arguments.add(column(&completions, |(pair, _)| pair.0))?;
    arguments.add(column(&completions, |(pair, _)| pair.1))?;
    arguments.add(column(&completions, |(_, moment)| **moment))?;
    arguments.add(column(&completions, |(_, moment)| calendar.day_of(**moment)))?;
    arguments.add(tally.minutes.keys().copied().collect::<Vec<_>>())?;
    arguments.add(tally.minutes.values().copied().collect::<Vec<_>>())?;
    arguments.add(tally.days().into_iter().collect::<Vec<_>>())
}

fn column<'r, R, T>(rows: &'r [R], value: impl Fn(&'r R) -> T) -> Vec<T> {
    rows.iter().map(value).collect()
}

/// What the statement says by failing.
fn refutation(error: &DbErr) -> Option<Refuted> {
    match crate::store::error::database_code(error)?.as_str() {
        // A key that exists; a division by zero.
        "23505" | "22012" => Some(Refuted::NotNew),
        // The root of a negative number.
        "2201F" => Some(Refuted::Outdated),
        _ => None,
    }
}

fn database_error(error: sqlx::Error) -> DbErr {
    DbErr::Query(RuntimeErr::SqlxError(error.into()))
}

fn refused(error: sqlx::Error) -> DbErr {
    DbErr::Conn(RuntimeErr::SqlxError(error.into()))
}
