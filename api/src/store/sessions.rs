//! Who is signed in to the dashboard.

use chrono::{DateTime, Utc};
use entity::session;
use sea_orm::EntityTrait;

use super::query::Query;
use super::{Account, Store};
use crate::error::StoreError;

/// What a session is found by: SHA-256 of the cookie's value.
pub type SessionKey = [u8; 32];

/// A session that has not ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OpenSession {
    /// Whose it is, as that account is now.
    pub account: Account,
    /// When it was last used.
    pub last_seen_at: DateTime<Utc>,
    /// When it ends, unless it is used before.
    pub expires_at: DateTime<Utc>,
}

impl Store {
    /// The session of this key, unless it has ended or its account is gone.
    pub async fn session(
        &self,
        key: &SessionKey,
        now: DateTime<Utc>,
    ) -> Result<Option<OpenSession>, StoreError> {
        let row = session::Entity::find_by_id(key.to_vec()).one(&self.reader).await?;
        let Some(row) = row.filter(|row| now < row.expires_at) else {
            return Ok(None);
        };
        let session::Model { cookie_hash: _, client_id, user_name, created_at: _, last_seen_at, expires_at } =
            row;
        let account = match (client_id, user_name) {
            (Some(client_id), _) => self.api_client(&client_id).await?.map(Account::Client),
            (None, Some(name)) => self.user(&name).await?.map(Account::User),
            (None, None) => None,
        };
        Ok(account.map(|account| OpenSession { account, last_seen_at, expires_at }))
    }

    /// Begins a session of an account as it was read; false where it is gone or has another secret by now. Takes the
    /// occasion to remove those that have expired.
    pub async fn begin_session(
        &self,
        key: SessionKey,
        account: &Account,
        now: DateTime<Utc>,
        expires_at: DateTime<Utc>,
    ) -> Result<bool, StoreError> {
        let dialect = self.dialect;
        let expired = Query::new(dialect, "DELETE FROM sessions WHERE expires_at <= {now}");
        let expired = expired.bind_time("now", now);
        let begin = match account {
            Account::User(_) => include_str!("sql/begin_user_session.sql"),
            Account::Client(_) => include_str!("sql/begin_client_session.sql"),
        };
        let begin = Query::new(dialect, begin)
            .bind("cookie_hash", key.to_vec())
            .bind("name", account.name())
            .bind("secret_hash", account.secret_hash())
            .bind_time("now", now)
            .bind_time("expires_at", expires_at);
        let begun = self.write(move |tx| {
            let (expired, begin) = (expired.clone(), begin.clone());
            Box::pin(async move {
                expired.execute(tx).await?;
                begin.execute(tx).await
            })
        });
        Ok(begun.await? > 0)
    }

    /// Lets a session end later, because it was used.
    pub async fn prolong_session(
        &self,
        key: &SessionKey,
        now: DateTime<Utc>,
        expires_at: DateTime<Utc>,
    ) -> Result<(), StoreError> {
        let used = "UPDATE sessions SET last_seen_at = {now}, expires_at = {expires_at} \
                    WHERE cookie_hash = {cookie_hash} AND last_seen_at < {now}";
        let used = Query::new(self.dialect, used).bind("cookie_hash", key.to_vec());
        let used = used.bind_time("now", now).bind_time("expires_at", expires_at);
        self.write(move |tx| {
            let used = used.clone();
            Box::pin(async move { used.execute(tx).await })
        })
        .await?;
        Ok(())
    }

    /// Ends a session.
    pub async fn end_session(&self, key: &SessionKey) -> Result<(), StoreError> {
        let end = Query::new(self.dialect, "DELETE FROM sessions WHERE cookie_hash = {cookie_hash}");
        let end = end.bind("cookie_hash", key.to_vec());
        self.write(move |tx| {
            let end = end.clone();
            Box::pin(async move { end.execute(tx).await })
        })
        .await?;
        Ok(())
    }
}
