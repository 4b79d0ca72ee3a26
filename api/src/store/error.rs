//! Which errors of the database pass by themselves and which do not.

use sea_orm::{DbErr, RuntimeErr, sqlx};

use crate::error::StoreError;

impl From<DbErr> for StoreError {
    fn from(error: DbErr) -> Self {
        if passes_by_itself(&error) { Self::Unavailable(error.into()) } else { Self::Refused(error.into()) }
    }
}

impl From<rusqlite::Error> for StoreError {
    fn from(error: rusqlite::Error) -> Self {
        let passes = extended_code(&error).is_some_and(|code| is_passing(&code));
        if passes { Self::Unavailable(error.into()) } else { Self::Refused(error.into()) }
    }
}

impl StoreError {
    /// Whether it was SQLite's lock that was not to be had.
    pub(super) fn is_busy(&self) -> bool {
        let Self::Unavailable(cause) = self else { return false };
        let code = match cause.downcast_ref::<DbErr>() {
            Some(error) => database_code(error),
            None => cause.downcast_ref().and_then(extended_code),
        };
        code.and_then(|code| code.parse::<u32>().ok()).is_some_and(|code| code & 0xff == SQLITE_BUSY)
    }
}

/// Another process has the lock.
const SQLITE_BUSY: u32 = 5;

fn extended_code(error: &rusqlite::Error) -> Option<String> {
    error.sqlite_error().map(|refusal| refusal.extended_code.to_string())
}

/// How often a transaction that fails so is run at most before the client is asked to send again.
///
/// Who loses a race, by a deadlock or a serialization failure, wins another one.
pub(super) fn attempts(error: &DbErr) -> u32 {
    match database_code(error).as_deref() {
        Some("40P01" | "40001") => 5,
        _ => 1,
    }
}

fn passes_by_itself(error: &DbErr) -> bool {
    match sqlx_error(error) {
        Some(sqlx::Error::Database(refusal)) => refusal.code().is_some_and(|code| is_passing(&code)),
        Some(
            sqlx::Error::Io(_)
            | sqlx::Error::Tls(_)
            | sqlx::Error::Protocol(_)
            | sqlx::Error::PoolTimedOut
            | sqlx::Error::PoolClosed
            | sqlx::Error::WorkerCrashed,
        ) => true,
        Some(_) => false,
        None => matches!(error, DbErr::Conn(_) | DbErr::ConnectionAcquire(_)),
    }
}

/// PostgreSQL's classes for lost connections, rollbacks, missing resources, operators' interventions and locks; SQLite's
/// primary codes for busy, locked, read-only, input/output, full and unopenable files.
fn is_passing(code: &str) -> bool {
    if code.len() == 5 {
        return ["08", "25", "40", "53", "55", "57", "58"].iter().any(|class| code.starts_with(class));
    }
    // SQLite's extended codes carry the primary one in their low byte.
    code.parse::<u32>().is_ok_and(|code| matches!(code & 0xff, 5 | 6 | 8 | 10 | 13 | 14))
}

/// The database's own code of an error.
pub(super) fn database_code(error: &DbErr) -> Option<String> {
    match sqlx_error(error)? {
        sqlx::Error::Database(refusal) => refusal.code().map(Into::into),
        _ => None,
    }
}

fn sqlx_error(error: &DbErr) -> Option<&sqlx::Error> {
    match error {
        DbErr::Conn(RuntimeErr::SqlxError(cause))
        | DbErr::Exec(RuntimeErr::SqlxError(cause))
        | DbErr::Query(RuntimeErr::SqlxError(cause)) => Some(cause),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::is_passing;

    #[test]
    fn what_passes_by_itself_is_told_from_what_does_not() {
        let passing = ["08006", "40P01", "53300", "57P03", "55P03", "5", "13", "266"];
        let lasting = ["23505", "42601", "22021", "1", "19", "2067"];
        assert!(passing.iter().all(|code| is_passing(code)));
        assert!(!lasting.iter().any(|code| is_passing(code)));
    }
}
