//! The key that tombstones of erased learners are made with. The loopback demo makes its own where the configuration names
//! none.
//!
//! It is in no database: whoever reads a copy of one could try names otherwise.

use super::signing_key::{KeyMaker, kept};
use crate::config::{Config, ConfigError, ERASURE_KEY};
use crate::store::ErasureKey;

/// Beside the database, and not in it.
const FILE: &str = "erasure.key";

/// The configured key, or on the loopback demo the one of the data directory, which a server makes at random. Any other
/// installation without a key is refused: what was erased by one replica would come back by another.
pub fn erasure_key(config: &Config, maker: KeyMaker<'_>) -> Result<ErasureKey, ConfigError> {
    let key = match &config.erasure_key {
        Some(key) => key.expose().as_bytes().to_vec(),
        None if config.is_embedded_default() => kept(&config.data_dir, FILE, maker).map_err(|error| {
            ERASURE_KEY.fault(format!("is not set, and {}: {error}", config.data_dir.join(FILE).display()))
        })?,
        None => {
            return Err(
                ERASURE_KEY.fault("is not set; only SQLite on a loopback address may start without it")
            );
        }
    };
    ErasureKey::new(&key).ok_or_else(|| ERASURE_KEY.fault("cannot be used"))
}

/// What is said where tombstones were made with another key than ours.
pub fn another_erasure_key() -> ConfigError {
    ERASURE_KEY.fault(
        "is another key than the one that the erased learners of this database are known by: set that one, or they come back",
    )
}
