//! `edtech-api migrate`: brings the schema up to date, and ends.

use anyhow::Context;

use super::operators_database;
use crate::config::Config;
use crate::data_dir::DataDirLock;
use crate::store::Store;

pub(super) async fn run(config: &Config) -> anyhow::Result<()> {
    let _lock = DataDirLock::take(config)?;
    let store = Store::connect_patiently(&operators_database(config)).await?;
    store.migrate().await.context("the schema could not be brought up to date")?;
    tracing::info!(database = %config.database_url, "the schema is up to date");
    Ok(())
}
