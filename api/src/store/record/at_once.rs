//! PostgreSQL's short way: one statement that is a transaction, on a connection of its own.
//!
//! A group costs one way to the server and back. Every other one would be a pause in which all clients wait.

use sea_orm::sqlx::postgres::{PgArguments, PgConnection};
use sea_orm::sqlx::{self, Arguments, ConnectOptions};
use sea_orm::{DbErr, RuntimeErr};
use tokio::sync::Mutex;

use super::assumed::{Assumed, Outcome};
use super::candidate::Candidate;
use super::tally::Tally;
use crate::error::StoreError;
use crate::store::error::lost_a_race;
use crate::store::transaction::ATTEMPTS;
use crate::store::{Calendar, Store, gate};

const STATEMENT: &str = include_str!("../sql/store_new_logs.postgres.sql");

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
    /// Stores and counts all of them, or none.
    pub(super) async fn store_at_once(
        &self,
        calendar: &Calendar,
        assumed: &Assumed,
    ) -> Result<Outcome, StoreError> {
        let mut attempt = 1;
        loop {
            let idle = self.express.idle.lock().await.pop();
            let storing = async {
                let mut connection = match idle {
                    Some(connection) => connection,
                    None => self.settings.writing_connection()?.connect().await.map_err(refused)?,
                };
                Ok((store(&mut connection, calendar, assumed).await, connection))
            };
            let (stored, connection) = self.link.hold(storing).await?;
            let outcome = match stored {
                Ok(()) => Outcome::Stored,
                Err(error) if lost_a_race(&error) && attempt < ATTEMPTS => {
                    attempt += 1;
                    continue;
                }
                Err(error) => refutation(&error).ok_or(error)?,
            };
            // Whatever breaks off leaves no connection behind.
            self.express.idle.lock().await.push(connection);
            self.appended.notify_one();
            return Ok(outcome);
        }
    }
}

async fn store(connection: &mut PgConnection, calendar: &Calendar, assumed: &Assumed) -> Result<(), DbErr> {
    let arguments = arguments(calendar, assumed).map_err(|error| DbErr::Custom(error.to_string()))?;
    sqlx::query_with(STATEMENT, arguments).execute(connection).await.map_err(database_error)?;
    Ok(())
}

/// In the order of the statement's parameters.
fn arguments(calendar: &Calendar, assumed: &Assumed) -> Result<PgArguments, sqlx::error::BoxDynError> {
    let mut arguments = PgArguments::default();
    arguments.add(gate::GATE)?;
    arguments.add(assumed.generation)?;
    add_logs(&mut arguments, &assumed.candidates().collect::<Vec<_>>())?;
    add_rollups(&mut arguments, calendar, &assumed.tally)?;
    let (days, accepted, late) = assumed.intake.columns();
    arguments.add(days)?;
    arguments.add(accepted)?;
    arguments.add(late)?;
    Ok(arguments)
}

fn add_logs(arguments: &mut PgArguments, logs: &[Candidate<'_>]) -> Result<(), sqlx::error::BoxDynError> {
    arguments.add(column(logs, |log| log.key.1))?;
    arguments.add(column(logs, |log| log.key.0))?;
    arguments.add(column(logs, |log| log.content.lesson_id))?;
    arguments.add(column(logs, |log| log.content.event_type.as_ref()))?;
    arguments.add(column(logs, |log| log.content.watch_time_seconds))?;
    arguments.add(column(logs, |log| log.content.completion_percentage))?;
    arguments.add(column(logs, |log| log.content.event_timestamp))?;
    arguments.add(column(logs, |log| log.received_at))
}

fn add_rollups(
    arguments: &mut PgArguments,
    calendar: &Calendar,
    tally: &Tally,
) -> Result<(), sqlx::error::BoxDynError> {
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
fn refutation(error: &DbErr) -> Option<Outcome> {
    match crate::store::error::database_code(error)?.as_str() {
        // A key that exists; a division by zero.
        "23505" | "22012" => Some(Outcome::NotNew),
        // The root of a negative number.
        "2201F" => Some(Outcome::Outdated),
        _ => None,
    }
}

fn database_error(error: sqlx::Error) -> DbErr {
    DbErr::Query(RuntimeErr::SqlxError(error.into()))
}

fn refused(error: sqlx::Error) -> DbErr {
    DbErr::Conn(RuntimeErr::SqlxError(error.into()))
}
