//! Tokens that were taken back, and the keys that replicas sign with.

use chrono::{DateTime, TimeDelta, Utc};
use entity::token_revocation;
use sea_orm::EntityTrait;

use super::audit::{Actor, AuditEntry, AuditTarget, note};
use super::query::Query;
use super::{Dialect, Store};
use crate::error::StoreError;

/// Longer than any token lives: what was taken back before that has expired since.
const KEPT: TimeDelta = TimeDelta::days(8);

impl Store {
    /// Takes back the tokens of this name that were issued before now. A client that changes does so by itself, in the
    /// same transaction: a trigger sees to it.
    pub async fn revoke_tokens(
        &self,
        subject: &str,
        by: Actor,
        now: DateTime<Utc>,
    ) -> Result<(), StoreError> {
        let dialect = self.dialect;
        let target = AuditTarget::Other(format!("client:{subject}"));
        let entry = AuditEntry::done(now, by, "revoke_tokens", target);
        let revoke = Query::new(self.dialect, include_str!("sql/revoke_tokens.sql"));
        let revoke = revoke.bind("subject", subject).bind_time("now", now);
        let forget = Query::new(self.dialect, "DELETE FROM token_revocations WHERE before < {long_ago}");
        let forget = forget.bind_time("long_ago", now - KEPT);
        self.write(move |tx| {
            let (revoke, forget, entry) = (revoke.clone(), forget.clone(), entry.clone());
            Box::pin(async move {
                forget.execute(tx).await?;
                revoke.execute(tx).await?;
                note(tx, dialect, &[entry]).await
            })
        })
        .await
    }

    /// Whose tokens were taken back, and those of before when.
    pub async fn token_revocations(&self) -> Result<Vec<(String, DateTime<Utc>)>, StoreError> {
        let rows = token_revocation::Entity::find().all(&self.reader).await?;
        Ok(rows.into_iter().map(|token_revocation::Model { subject, before }| (subject, before)).collect())
    }

    /// Those of before when were taken back, of this name.
    pub async fn tokens_revoked_before(&self, subject: &str) -> Result<Option<DateTime<Utc>>, StoreError> {
        let row = token_revocation::Entity::find_by_id(subject).one(&self.reader).await?;
        Ok(row.map(|row| row.before))
    }

    /// Notes that a server signs with this key, or reads it as the one that it will sign with. SQLite has one server.
    pub async fn note_token_key(&self, name: &str) -> Result<(), StoreError> {
        if self.dialect == Dialect::Sqlite {
            return Ok(());
        }
        let note = Query::new(self.dialect, include_str!("sql/note_token_key.sql")).bind("name", name);
        self.write(move |tx| {
            let note = note.clone();
            Box::pin(async move { note.execute(tx).await })
        })
        .await?;
        Ok(())
    }

    /// Whether any server has this key as its own: it was noted within the last minute.
    pub async fn signs_with_token_key(&self, name: &str) -> Result<bool, StoreError> {
        if self.dialect == Dialect::Sqlite {
            return Ok(false);
        }
        let lately =
            "SELECT 1 FROM token_keys WHERE name = {name} AND seen_at > now() - interval '60 seconds'";
        let lately = Query::new(self.dialect, lately).bind("name", name);
        Ok(lately.one(&self.reader).await?.is_some())
    }
}
