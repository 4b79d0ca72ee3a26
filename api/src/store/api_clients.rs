//! The programs that may call the API.

use std::sync::Arc;

use chrono::{DateTime, Utc};
use entity::api_client;
use sea_orm::{EntityTrait, QueryOrder};

use super::Store;
use super::accounts::{hold_names, is_users_name};
use super::audit::{Actor, AuditEntry, AuditTarget, note};
use super::query::Query;
use crate::error::StoreError;

/// A program that may call the API.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ApiClient {
    /// Its name.
    pub client_id: String,
    /// Argon2id hash of its secret, in the PHC string format.
    pub secret_hash: String,
    /// What it may do.
    pub scopes: Vec<String>,
}

impl From<api_client::Model> for ApiClient {
    fn from(row: api_client::Model) -> Self {
        let api_client::Model { client_id, secret_hash, scopes, created_at: _, updated_at: _ } = row;
        Self { client_id, secret_hash, scopes: scopes.split_whitespace().map(Into::into).collect() }
    }
}

impl Store {
    /// The client of this name, if there is one.
    pub async fn api_client(&self, client_id: &str) -> Result<Option<ApiClient>, StoreError> {
        let row = api_client::Entity::find_by_id(client_id).one(&self.reader).await?;
        Ok(row.map(ApiClient::from))
    }

    /// The client as it is now, if its secret is still this one. A change that is not committed yet is waited for.
    pub async fn api_client_with_secret(&self, client: &ApiClient) -> Result<Option<ApiClient>, StoreError> {
        let select = Query::new(self.dialect, include_str!("sql/api_client_with_secret.sql"))
            .bind("client_id", client.client_id.as_str())
            .bind("secret_hash", client.secret_hash.as_str());
        let row = self.write(move |tx| {
            let select = select.clone();
            Box::pin(
                async move { select.one(tx).await?.map(|row| row.try_get_by_index::<String>(0)).transpose() },
            )
        });
        let scopes = row.await?.map(|scopes| scopes.split_whitespace().map(Into::into).collect());
        Ok(scopes.map(|scopes| ApiClient { scopes, ..client.clone() }))
    }

    /// All clients, by name.
    pub async fn api_clients(&self) -> Result<Vec<api_client::Model>, StoreError> {
        let clients = api_client::Entity::find().order_by_asc(api_client::Column::ClientId);
        Ok(clients.all(&self.reader).await?)
    }

    /// Removes the client, and with it its sessions; false where there is none.
    pub async fn remove_api_client(
        &self,
        client_id: &str,
        by: Actor,
        now: DateTime<Utc>,
    ) -> Result<bool, StoreError> {
        let dialect = self.dialect;
        let entry =
            AuditEntry::done(now, by, "remove_client", AuditTarget::Other(format!("client:{client_id}")));
        let remove = Query::new(self.dialect, "DELETE FROM api_clients WHERE client_id = {client_id}");
        let remove = remove.bind("client_id", client_id);
        let removed = self.write(move |tx| {
            let (remove, entry) = (remove.clone(), entry.clone());
            Box::pin(async move {
                let is_removed = remove.execute(tx).await? > 0;
                if is_removed {
                    note(tx, dialect, &[entry]).await?;
                }
                Ok(is_removed)
            })
        });
        removed.await
    }

    /// Makes the client, or replaces its secret and scopes. Whoever is signed in by what it was signs in again. False where
    /// a user has its name: then nothing is done.
    pub async fn put_api_client(
        &self,
        client: &ApiClient,
        by: Actor,
        now: DateTime<Utc>,
    ) -> Result<bool, StoreError> {
        let (dialect, name) = (self.dialect, Arc::<str>::from(client.client_id.as_str()));
        let target = AuditTarget::Other(format!("client:{name}"));
        let entry = AuditEntry::done(now, by, "put_client", target).with_detail(client.scopes.join(" "));
        let put = Query::new(self.dialect, include_str!("sql/put_api_client.sql"))
            .bind("client_id", client.client_id.as_str())
            .bind("secret_hash", client.secret_hash.as_str())
            .bind("scopes", client.scopes.join(" "))
            .bind_time("now", now);
        // After the client's row is ours: a session that begins meanwhile has waited for it, or is seen here.
        let end = Query::new(self.dialect, "DELETE FROM sessions WHERE client_id = {client_id}");
        let end = end.bind("client_id", client.client_id.as_str());
        self.write(move |tx| {
            let (put, end, name, entry) = (put.clone(), end.clone(), Arc::clone(&name), entry.clone());
            Box::pin(async move {
                hold_names(tx, dialect).await?;
                if is_users_name(tx, dialect, &name).await? {
                    return Ok(false);
                }
                put.execute(tx).await?;
                end.execute(tx).await?;
                note(tx, dialect, &[entry]).await?;
                Ok(true)
            })
        })
        .await
    }
}
