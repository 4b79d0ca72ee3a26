//! Every key that can be set, and how a bad value of it is refused: one line with the key, the fault and an example.

use std::fmt::Display;
use std::fs;
use std::ops::RangeInclusive;
use std::path::PathBuf;
use std::str::FromStr;

use super::secret::Secret;

/// A key, named as in the environment, and a value that would do.
#[derive(Debug)]
pub struct Key {
    name: &'static str,
    kind: &'static str,
    example: &'static str,
}

const fn key(name: &'static str, kind: &'static str, example: &'static str) -> Key {
    Key { name, kind, example }
}

pub(super) const DATABASE_URL: Key = key(
    "DATABASE_URL",
    "database URL",
    "postgres://edtech:secret@localhost/edtech or sqlite://data/edtech.db",
);
pub(super) const DATABASE_CONNECTIONS: Key = key("EDTECH_DATABASE_CONNECTIONS", "number", "10");
/// Where an installation keeps what is its own.
pub const DATA_DIR: Key = key("EDTECH_DATA_DIR", "directory", "/var/lib/edtech");
pub(super) const HOST: Key = key("HOST", "IP address", "0.0.0.0");
/// Where the API listens.
pub const PORT: Key = key("PORT", "port", "8000");
/// Where `/metrics` are served, away from the API.
pub const METRICS_LISTEN: Key = key("EDTECH_METRICS_LISTEN", "address with a port", "0.0.0.0:9100");
pub(super) const TRUSTED_PROXIES: Key =
    key("EDTECH_TRUSTED_PROXIES", "list of networks", "10.0.0.0/8,192.168.1.7");
/// The server's own certificate, and what goes with it.
pub const TLS_CERTIFICATE: Key = key("EDTECH_TLS_CERTIFICATE", "file", "/etc/edtech/tls.crt");
/// The private key of the certificate.
pub const TLS_KEY: Key = key("EDTECH_TLS_KEY", "file", "/etc/edtech/tls.key");
pub(super) const SHUTDOWN_SECONDS: Key = key("EDTECH_SHUTDOWN_SECONDS", "number", "10");
pub(super) const TIME_ZONE: Key = key("EDTECH_TIME_ZONE", "IANA time zone", "Europe/Paris");
pub(super) const COMPLETION_THRESHOLD: Key = key("EDTECH_COMPLETION_THRESHOLD", "percentage", "90");
pub(super) const BOOTSTRAP_CLIENT_ID: Key = key("EDTECH_BOOTSTRAP_CLIENT_ID", "name", "school");
pub(super) const BOOTSTRAP_CLIENT_SECRET: Key =
    key("EDTECH_BOOTSTRAP_CLIENT_SECRET", "secret", "\"$(openssl rand -hex 32)\"");
pub(super) const BENCHMARKS: Key = key("EDTECH_BENCHMARKS", "switch", "off");
pub(super) const KEEP_DAYS: Key = key("EDTECH_KEEP_DAYS", "number", "400");
pub(super) const KEEP_REJECTED_DAYS: Key = key("EDTECH_KEEP_REJECTED_DAYS", "number", "30");
pub(super) const KEEP_AUDIT_DAYS: Key = key("EDTECH_KEEP_AUDIT_DAYS", "number", "365");
pub(super) const KEEP_REPORTS_DAYS: Key = key("EDTECH_KEEP_REPORTS_DAYS", "number", "1825");
pub(super) const DAILY_REPORT_AT: Key = key("EDTECH_DAILY_REPORT_AT", "time of day", "02:30");
pub(super) const LOG_FORMAT: Key = key("EDTECH_LOG_FORMAT", "format", "json");

/// What tombstones of erased learners are made with.
pub const ERASURE_KEY: Key = key("EDTECH_ERASURE_KEY", "key", "\"$(openssl rand -hex 32)\"");

/// What tokens are signed with.
pub const JWT_SIGNING_KEY: Key = key("EDTECH_JWT_SIGNING_KEY", "key", "\"$(openssl rand -hex 32)\"");

/// What tokens were signed with before.
pub(super) const JWT_PREVIOUS_KEY: Key =
    key("EDTECH_JWT_PREVIOUS_KEY", "key", "the EDTECH_JWT_SIGNING_KEY that there was");

/// Which log lines are written.
pub const RUST_LOG: Key = key("RUST_LOG", "log filter", "info,edtech_api=debug");

/// A setting that cannot be used, in one line.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
#[error("{key} {fault}; for example {key}={example}")]
pub struct ConfigError {
    key: String,
    fault: String,
    example: &'static str,
}

impl Key {
    /// What is wrong with the value of this key, told after its name.
    pub fn fault(&self, fault: impl Into<String>) -> ConfigError {
        ConfigError { key: self.name.to_owned(), fault: fault.into(), example: self.example }
    }

    pub(super) fn parse<T: FromStr>(&self, text: &str) -> Result<T, ConfigError> {
        text.parse().map_err(|_| self.fault(format!("is {text:?}, which is no {}", self.kind)))
    }

    pub(super) fn number<T: FromStr + PartialOrd + Display>(
        &self,
        text: &str,
        range: RangeInclusive<T>,
    ) -> Result<T, ConfigError> {
        let number = text.parse().ok().filter(|number| range.contains(number));
        let fault =
            || format!("is {text:?}, which is no {} from {} to {}", self.kind, range.start(), range.end());
        number.ok_or_else(|| self.fault(fault()))
    }

    /// The secret itself or what is in the file that was named instead; never both.
    pub(super) fn secret(
        &self,
        secret: Option<Secret>,
        file: Option<PathBuf>,
    ) -> Result<Option<Secret>, ConfigError> {
        let Some(file) = file else { return Ok(secret) };
        if secret.is_some() {
            return Err(self.fault(format!("and {}_FILE are both set", self.name)));
        }
        let text = fs::read_to_string(&file).map_err(|error| ConfigError {
            key: format!("{}_FILE", self.name),
            fault: format!("names {}, which cannot be read: {error}", file.display()),
            example: "/run/secrets/edtech",
        })?;
        // Editors and `echo` end a file with a line break that is no part of the secret.
        Ok(Some(Secret::from(text.trim_end_matches(['\r', '\n']))))
    }
}
