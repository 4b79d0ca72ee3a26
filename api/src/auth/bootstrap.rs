//! The first client: made from the configuration, so that there is somebody who can come in.

use chrono::{DateTime, Utc};

use super::{Scopes, Secrets};
use crate::config::BootstrapClient;
use crate::error::Problem;
use crate::store::{Actor, ApiClient, Store};

/// Makes the client, or gives it its new secret and every scope. Replicas that start together find it as it should be
/// and leave it alone.
pub async fn put_bootstrap_client(
    store: &Store,
    secrets: &Secrets,
    client: &BootstrapClient,
    now: DateTime<Utc>,
) -> Result<(), Problem> {
    let BootstrapClient { client_id, client_secret } = client;
    let known = store.api_client(client_id).await?;
    if let Some(known) = &known
        && Scopes::all().is_within(&Scopes::of_client(known))
        && secrets.verify(client_secret.expose().to_owned(), Some(&known.secret_hash)).await?
    {
        return Ok(());
    }
    let secret_hash = secrets.hash(client_secret.expose().to_owned()).await?;
    let scopes = Scopes::all().names().map(Into::into).collect();
    let wanted = ApiClient { client_id: client_id.clone(), secret_hash, scopes };
    if !store.put_api_client(&wanted, Actor::platform(), now).await? {
        return Err(Problem::conflict("name_taken", "a user has this name: choose another one."));
    }
    tracing::info!(client_id, created = known.is_none(), "the bootstrap client is up to date");
    Ok(())
}
