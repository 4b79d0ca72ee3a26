//! What every replica must agree on before it may count.

use chrono::NaiveDate;
use entity::setting;
use sea_orm::{ConnectionTrait, DbErr, EntityTrait, RuntimeErr};

use super::query::Query;
use super::{Calendar, Store};
use crate::error::StoreError;

/// Why this process may not work on this database.
#[derive(Debug, thiserror::Error)]
pub enum SettingsError {
    /// The figures in the database were counted by other rules.
    #[error(
        "{key} is {ours} here, but the figures in the database were counted with {theirs}: set {key}={theirs}, or stop \
         every server and run `edtech-api rebuild` to count them anew with {ours}"
    )]
    Differ {
        /// The environment variable.
        key: &'static str,
        /// What this process was given.
        ours: String,
        /// What the database was counted with.
        theirs: String,
    },
    /// The database could not be asked.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// The same as [`Store::closed_before`], in the middle of other work.
pub(super) async fn closed_before(on: &impl ConnectionTrait) -> Result<Option<NaiveDate>, DbErr> {
    let settings = setting::Entity::find().one(on).await?;
    Ok(settings.and_then(|settings| settings.closed_before))
}

/// Refuses to count by other rules than those of the database, which a rebuild may have changed under a server that was
/// believed to be gone.
pub(super) fn assert_counted_by(settings: &setting::Model, calendar: &Calendar) -> Result<(), DbErr> {
    let theirs = (settings.time_zone.as_str(), settings.completion_threshold);
    if theirs == (calendar.zone.name(), calendar.threshold) {
        return Ok(());
    }
    let why = "the figures were counted anew by other rules than ours, so that nothing may be added to them by ours";
    Err(DbErr::Conn(RuntimeErr::Internal(why.to_owned())))
}

impl Store {
    /// Writes the settings of a new database; refuses where those of an old one differ.
    pub async fn agree_on_settings(&self, calendar: &Calendar) -> Result<(), SettingsError> {
        self.write_missing_settings(calendar).await?;
        let theirs = self.settings().await?;
        let (zone, threshold) = (calendar.zone.name(), calendar.threshold);
        if theirs.time_zone != zone {
            let (ours, theirs) = (zone.to_owned(), theirs.time_zone);
            return Err(SettingsError::Differ { key: "EDTECH_TIME_ZONE", ours, theirs });
        }
        if theirs.completion_threshold != threshold {
            let (ours, theirs) = (threshold.to_string(), theirs.completion_threshold.to_string());
            return Err(SettingsError::Differ { key: "EDTECH_COMPLETION_THRESHOLD", ours, theirs });
        }
        Ok(())
    }

    /// The rules that the figures in the database were counted by.
    pub async fn counted_by(&self) -> Result<Calendar, StoreError> {
        let setting::Model { time_zone, completion_threshold, .. } = self.settings().await?;
        let zone = time_zone
            .parse()
            .map_err(|_| StoreError::Refused(format!("{time_zone} is no time zone").into()))?;
        Ok(Calendar { zone, threshold: completion_threshold })
    }

    /// Days before this one are closed: logs of theirs are refused and nothing recounts them.
    pub async fn closed_before(&self) -> Result<Option<NaiveDate>, StoreError> {
        Ok(closed_before(&self.reader).await?)
    }

    /// Changes whenever a learner moves, is erased, or what a server remembers of the roster may be wrong otherwise.
    pub async fn roster_generation(&self) -> Result<i64, StoreError> {
        Ok(self.settings().await?.roster_generation)
    }

    async fn settings(&self) -> Result<setting::Model, StoreError> {
        let settings = setting::Entity::find().one(&self.reader).await?;
        settings.ok_or_else(|| StoreError::Refused("the settings row is missing".into()))
    }

    async fn write_missing_settings(&self, calendar: &Calendar) -> Result<(), StoreError> {
        let (dialect, calendar) = (self.dialect, *calendar);
        self.write(move |tx| {
            Box::pin(async move {
                Query::new(dialect, include_str!("sql/insert_settings.sql"))
                    .bind("time_zone", calendar.zone.name())
                    .bind("completion_threshold", calendar.threshold)
                    .execute(tx)
                    .await
            })
        })
        .await?;
        Ok(())
    }
}
