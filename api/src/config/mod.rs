//! What the platform is told: flags over environment over file, read once, and refused with one line where it is wrong.

mod database_url;
mod file;
mod key;
mod proxies;
mod secret;
mod settings;

use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::path::PathBuf;
use std::str::FromStr;
use std::time::Duration;

use chrono::NaiveTime;
use chrono_tz::Tz;

pub use database_url::DatabaseUrl;
pub use file::{with_each_arg, with_file_as_defaults};
pub use key::{
    ConfigError, DATA_DIR, ERASURE_KEY, JWT_SIGNING_KEY, Key, METRICS_LISTEN, PORT, RUST_LOG,
    TLS_CERTIFICATE, TLS_KEY,
};
pub use proxies::TrustedProxies;
pub use secret::Secret;
pub use settings::Settings;

use key::{
    BENCHMARKS, BOOTSTRAP_CLIENT_ID, BOOTSTRAP_CLIENT_SECRET, COMPLETION_THRESHOLD, DAILY_REPORT_AT,
    DATABASE_CONNECTIONS, DATABASE_URL, HOST, JWT_PREVIOUS_KEY, KEEP_AUDIT_DAYS, KEEP_DAYS,
    KEEP_REJECTED_DAYS, KEEP_REPORTS_DAYS, LOG_FORMAT, SHUTDOWN_SECONDS, TIME_ZONE,
};

/// HS256 signs with a key of at least as many bytes as its hash (RFC 7518, 3.2).
const SIGNING_KEY_BYTES: usize = 32;

/// The share of a stop in which the queue is stored: a group takes some 50 ms, a busy database some more.
pub const DRAINING: Duration = Duration::from_secs(3);

/// All that can be set, checked.
#[derive(Debug, Clone)]
pub struct Config {
    /// Where the database is.
    pub database_url: DatabaseUrl,
    /// The most connections to it.
    pub database_connections: u32,
    /// What belongs to this installation alone: the SQLite file, the generated signing key.
    pub data_dir: PathBuf,
    /// The address that the API listens on.
    pub host: IpAddr,
    /// The port that the API listens on; 0 takes a free one.
    pub port: u16,
    /// The certificate that the API speaks TLS with; plain HTTP without it.
    pub tls: Option<TlsFiles>,
    /// Whose word on where a request comes from counts.
    pub trusted_proxies: TrustedProxies,
    /// The address that `/metrics` is served on, away from the API.
    pub metrics_listen: Option<SocketAddr>,
    /// How long a stop may take.
    pub shutdown: Duration,
    /// The zone that days are counted in.
    pub time_zone: Tz,
    /// The `completion_percentage` from which on a lesson is completed.
    pub completion_threshold: i32,
    /// Whether the server measures itself when it is asked to.
    pub benchmarks: Switch,
    /// For how many days each class of data is kept.
    pub keep: KeepDays,
    /// When the report of the day before is made, in the zone that days are counted in; by nobody here without it.
    pub daily_report_at: Option<NaiveTime>,
    /// What tokens are signed with, where it is given.
    pub jwt_signing_key: Option<Secret>,
    /// What tokens were signed with before, and are still read by.
    pub jwt_previous_key: Option<Secret>,
    /// What tombstones of erased learners are made with, where it is given.
    pub erasure_key: Option<Secret>,
    /// The client that is made at the start.
    pub bootstrap_client: Option<BootstrapClient>,
    /// Which log lines are written.
    pub log_filter: String,
    /// How log lines are written; by where they go, where this is left out.
    pub log_format: Option<LogFormat>,
}

/// A century.
const MOST_DAYS: u32 = 36_500;

/// What is younger nobody can take out of the audit log.
const FEWEST_AUDIT_DAYS: u32 = 30;

/// For how many days before today each class of data is kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct KeepDays {
    /// Logs, by the day of their event.
    pub logs: u32,
    /// Refused logs, by when they last came.
    pub rejected_logs: u32,
    /// The audit log, by when it happened.
    pub audit_log: u32,
    /// Daily reports, by when they were made.
    pub reports: u32,
}

/// Where the certificate is, and its private key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TlsFiles {
    /// The certificate, its intermediates after it.
    pub certificate: PathBuf,
    /// The private key.
    pub key: PathBuf,
}

/// Whether something is done.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Switch {
    /// It is.
    On,
    /// It is not.
    Off,
}

impl FromStr for Switch {
    type Err = ();

    fn from_str(text: &str) -> Result<Self, ()> {
        match text {
            "on" => Ok(Self::On),
            "off" => Ok(Self::Off),
            _ => Err(()),
        }
    }
}

/// How log lines are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LogFormat {
    /// For people.
    Text,
    /// For machines: an object a line.
    Json,
}

impl FromStr for LogFormat {
    type Err = ();

    fn from_str(text: &str) -> Result<Self, ()> {
        match text {
            "text" => Ok(Self::Text),
            "json" => Ok(Self::Json),
            _ => Err(()),
        }
    }
}

/// The client that the configuration names; it holds every scope.
#[derive(Debug, Clone)]
pub struct BootstrapClient {
    /// Its name.
    pub client_id: String,
    /// Its secret.
    pub client_secret: Secret,
}

impl Config {
    /// Whether this is the demo on one machine: SQLite, and nobody else can connect, neither by a proxy. There reading is
    /// open and a missing signing key is made.
    pub fn is_embedded_default(&self) -> bool {
        self.database_url.is_sqlite() && self.host.is_loopback() && self.trusted_proxies.is_empty()
    }

    /// The share of a stop in which requests are answered; the rest is for the queue that they leave behind.
    pub fn answering(&self) -> Duration {
        self.shutdown.saturating_sub(DRAINING).max(Duration::from_secs(1))
    }

    /// Whether `/metrics` is served beside the API.
    pub fn serves_metrics_beside_the_api(&self) -> bool {
        self.is_embedded_default() && self.metrics_listen.is_none()
    }
}

impl TryFrom<Settings> for Config {
    type Error = ConfigError;

    fn try_from(settings: Settings) -> Result<Self, ConfigError> {
        let url = DATABASE_URL.secret(settings.database_url, settings.database_url_file)?;
        let signing_key = JWT_SIGNING_KEY.secret(settings.jwt_signing_key, settings.jwt_signing_key_file)?;
        let previous_key =
            JWT_PREVIOUS_KEY.secret(settings.jwt_previous_key, settings.jwt_previous_key_file)?;
        let erasure_key = ERASURE_KEY.secret(settings.erasure_key, settings.erasure_key_file)?;
        let client_secret = BOOTSTRAP_CLIENT_SECRET
            .secret(settings.bootstrap_client_secret, settings.bootstrap_client_secret_file)?;
        let shutdown_seconds = SHUTDOWN_SECONDS.number(&settings.shutdown_seconds, 1..=600)?;
        Ok(Self {
            database_url: url
                .map_or_else(|| DatabaseUrl::sqlite_in(&settings.data_dir), DatabaseUrl::parse)?,
            database_connections: DATABASE_CONNECTIONS.number(&settings.database_connections, 1..=1000)?,
            data_dir: settings.data_dir,
            host: host(&settings.host)?,
            port: PORT.number(&settings.port, 0..=u16::MAX)?,
            tls: tls_files(settings.tls_certificate, settings.tls_key)?,
            trusted_proxies: TrustedProxies::parse(&settings.trusted_proxies.unwrap_or_default())?,
            metrics_listen: settings
                .metrics_listen
                .map(|address| METRICS_LISTEN.parse(&address))
                .transpose()?,
            shutdown: Duration::from_secs(shutdown_seconds),
            time_zone: TIME_ZONE.parse(&settings.time_zone)?,
            completion_threshold: COMPLETION_THRESHOLD.number(&settings.completion_threshold, 1..=100)?,
            benchmarks: BENCHMARKS.parse(&settings.benchmarks)?,
            keep: KeepDays {
                logs: KEEP_DAYS.number(&settings.keep_days, 1..=MOST_DAYS)?,
                rejected_logs: KEEP_REJECTED_DAYS.number(&settings.keep_rejected_days, 1..=MOST_DAYS)?,
                audit_log: KEEP_AUDIT_DAYS
                    .number(&settings.keep_audit_days, FEWEST_AUDIT_DAYS..=MOST_DAYS)?,
                reports: KEEP_REPORTS_DAYS.number(&settings.keep_reports_days, 1..=MOST_DAYS)?,
            },
            daily_report_at: settings.daily_report_at.map(|time| time_of_day(&time)).transpose()?,
            jwt_signing_key: signing_key.map(|key| long_enough(&JWT_SIGNING_KEY, key)).transpose()?,
            jwt_previous_key: previous_key.map(|key| long_enough(&JWT_PREVIOUS_KEY, key)).transpose()?,
            erasure_key: erasure_key.map(|key| long_enough(&ERASURE_KEY, key)).transpose()?,
            bootstrap_client: bootstrap_client(settings.bootstrap_client_id, client_secret)?,
            log_filter: settings.log_filter,
            log_format: settings.log_format.map(|format| LOG_FORMAT.parse(&format)).transpose()?,
        })
    }
}

fn host(text: &str) -> Result<IpAddr, ConfigError> {
    if text == "localhost" { Ok(Ipv4Addr::LOCALHOST.into()) } else { HOST.parse(text) }
}

fn time_of_day(text: &str) -> Result<NaiveTime, ConfigError> {
    NaiveTime::parse_from_str(text, "%H:%M")
        .map_err(|_| DAILY_REPORT_AT.fault(format!("is {text:?}, which is no time from 00:00 to 23:59")))
}

fn long_enough(name: &Key, key: Secret) -> Result<Secret, ConfigError> {
    match key.expose().len() {
        SIGNING_KEY_BYTES.. => Ok(key),
        length => Err(name.fault(format!("holds {length} bytes and needs {SIGNING_KEY_BYTES}"))),
    }
}

fn tls_files(certificate: Option<PathBuf>, key: Option<PathBuf>) -> Result<Option<TlsFiles>, ConfigError> {
    match (certificate, key) {
        (None, None) => Ok(None),
        (Some(certificate), Some(key)) => Ok(Some(TlsFiles { certificate, key })),
        (Some(_), None) => Err(TLS_KEY.fault("is missing beside EDTECH_TLS_CERTIFICATE")),
        (None, Some(_)) => Err(TLS_CERTIFICATE.fault("is missing beside EDTECH_TLS_KEY")),
    }
}

fn bootstrap_client(
    client_id: Option<String>,
    client_secret: Option<Secret>,
) -> Result<Option<BootstrapClient>, ConfigError> {
    match (client_id, client_secret) {
        (None, None) => Ok(None),
        (Some(_), None) => Err(BOOTSTRAP_CLIENT_SECRET.fault("is missing beside EDTECH_BOOTSTRAP_CLIENT_ID")),
        (None, Some(_)) => Err(BOOTSTRAP_CLIENT_ID.fault("is missing beside EDTECH_BOOTSTRAP_CLIENT_SECRET")),
        (Some(_), Some(secret)) if secret.expose().is_empty() => {
            Err(BOOTSTRAP_CLIENT_SECRET.fault("is empty"))
        }
        (Some(id), Some(client_secret)) => {
            let client_id = client_name(&id).map_err(|fault| BOOTSTRAP_CLIENT_ID.fault(fault))?;
            Ok(Some(BootstrapClient { client_id, client_secret }))
        }
    }
}

/// A client's name. HTTP Basic ends it at the first colon.
pub fn client_name(text: &str) -> Result<String, &'static str> {
    let is_one = |character: char| character.is_ascii_graphic() && character != ':';
    match (1..=255).contains(&text.len()) && text.chars().all(is_one) {
        true => Ok(text.to_owned()),
        false => Err("is no name of 1 to 255 ASCII characters without space and colon"),
    }
}

#[cfg(test)]
mod tests;
