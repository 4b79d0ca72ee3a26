//! The key that tokens are signed with. The loopback demo makes its own where the configuration names none.

use std::fs::{self, OpenOptions};
use std::io::{self, ErrorKind, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;

use rand::CryptoRng;

use super::Tokens;
use crate::config::{Config, ConfigError, JWT_SIGNING_KEY};

/// Beside the database, so that tokens outlive a restart.
const FILE: &str = "signing.key";

/// As long as the hash it goes into; written in hexadecimal.
const BYTES: usize = 32;

/// What makes a key where the data directory has none: a server makes it, and a command that uses that of a server does not.
pub type KeyMaker<'r> = Option<&'r mut dyn CryptoRng>;

/// The tokens of this installation: they are signed with its key, and also read by the key before where there is one.
pub fn tokens(config: &Config, maker: KeyMaker<'_>) -> Result<Tokens, ConfigError> {
    let tokens = Tokens::new(&signing_key(config, maker)?);
    Ok(match &config.jwt_previous_key {
        Some(previous) => tokens.with_previous_key(previous.expose().as_bytes()),
        None => tokens,
    })
}

/// The configured key, or on the loopback demo the one of the data directory, which a server makes at random. Any other
/// installation without a key is refused: its replicas would not believe each other's tokens.
fn signing_key(config: &Config, maker: KeyMaker<'_>) -> Result<Vec<u8>, ConfigError> {
    match &config.jwt_signing_key {
        Some(key) => Ok(key.expose().as_bytes().to_vec()),
        None if config.is_embedded_default() => kept(&config.data_dir, FILE, maker).map_err(|error| {
            JWT_SIGNING_KEY
                .fault(format!("is not set, and {}: {error}", config.data_dir.join(FILE).display()))
        }),
        None => {
            Err(JWT_SIGNING_KEY.fault("is not set; only SQLite on a loopback address may start without it"))
        }
    }
}

/// The key in this file of the data directory.
pub(super) fn kept(data_dir: &Path, file: &str, maker: KeyMaker<'_>) -> io::Result<Vec<u8>> {
    let path = data_dir.join(file);
    match (fs::read(&path), maker) {
        (Err(error), Some(rng)) if error.kind() == ErrorKind::NotFound => make(&path, rng),
        (Err(error), None) if error.kind() == ErrorKind::NotFound => {
            let fault = "it is not there: a server makes it at its first start, in its own data directory";
            Err(io::Error::new(ErrorKind::NotFound, fault))
        }
        (found, _) => found.and_then(long_enough),
    }
}

fn make(path: &Path, rng: &mut dyn CryptoRng) -> io::Result<Vec<u8>> {
    path.parent().map_or(Ok(()), fs::create_dir_all)?;
    let mut key = [0; BYTES];
    rng.fill_bytes(&mut key);
    let key: String = key.iter().map(|byte| format!("{byte:02x}")).collect();
    let file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(path);
    match file.and_then(|mut file| file.write_all(key.as_bytes())) {
        // Another process was faster.
        Err(error) if error.kind() == ErrorKind::AlreadyExists => fs::read(path).and_then(long_enough),
        made => made.map(|()| key.into_bytes()),
    }
}

fn long_enough(key: Vec<u8>) -> io::Result<Vec<u8>> {
    if key.len() < BYTES {
        return Err(io::Error::new(
            ErrorKind::InvalidData,
            format!("it holds fewer than {BYTES} bytes; delete it, and a new one is made"),
        ));
    }
    Ok(key)
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use super::*;
    use crate::entropy;

    #[test]
    fn the_key_is_made_once_and_is_nobody_elses() {
        let directory = std::env::temp_dir().join(format!("edtech-signing-key-{}", std::process::id()));
        assert!(
            kept(&directory, FILE, None).is_err() && !directory.exists(),
            "a command leaves nothing behind"
        );
        let key = kept(&directory, FILE, Some(&mut entropy::rng())).unwrap();
        assert_eq!(key.len(), 2 * BYTES);
        assert_eq!(kept(&directory, FILE, Some(&mut entropy::rng())).unwrap(), key);
        assert_eq!(kept(&directory, FILE, None).unwrap(), key);
        assert_eq!(fs::metadata(directory.join(FILE)).unwrap().permissions().mode() & 0o777, 0o600);
        fs::write(directory.join(FILE), "short").unwrap();
        assert!(kept(&directory, FILE, Some(&mut entropy::rng())).is_err());
        fs::remove_dir_all(&directory).unwrap();
    }
}
