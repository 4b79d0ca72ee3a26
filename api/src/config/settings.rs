//! Every setting as it is written, and the `--help` of it. Nothing is judged here: a bad value is refused in one place,
//! wherever it came from.

use std::path::PathBuf;

use clap::Args;

use super::secret::Secret;

/// Every setting as it is written. Flags over environment over file.
#[derive(Debug, Clone, Args)]
pub struct Settings {
    /// Reads settings from this file: flat TOML, with the names of the environment.
    #[arg(long, env = "EDTECH_CONFIG", value_name = "FILE")]
    pub config: Option<PathBuf>,

    /// PostgreSQL, or a file of SQLite [default: the file edtech.db in the data directory].
    #[arg(long, env = "DATABASE_URL", value_name = "URL", help_heading = DATABASE)]
    pub(super) database_url: Option<Secret>,

    /// Reads the database's URL from this file.
    #[arg(long, env = "DATABASE_URL_FILE", value_name = "FILE", help_heading = DATABASE)]
    pub(super) database_url_file: Option<PathBuf>,

    /// The most connections to the database for reading, and for writing: a server on PostgreSQL takes up to twice as many,
    /// and six for itself.
    #[arg(long, env = "EDTECH_DATABASE_CONNECTIONS", value_name = "NUMBER", default_value = "10", help_heading = DATABASE)]
    pub(super) database_connections: String,

    /// Holds the SQLite file and the generated keys.
    #[arg(long, env = "EDTECH_DATA_DIR", value_name = "DIRECTORY", default_value = "./data", help_heading = DATABASE)]
    pub(super) data_dir: PathBuf,

    /// The address to listen on. Beyond loopback, give it a certificate, or put something that speaks TLS in front.
    #[arg(long, env = "HOST", value_name = "ADDRESS", default_value = "127.0.0.1", help_heading = SERVER)]
    pub(super) host: String,

    /// The port to listen on; 0 takes a free one and prints it.
    #[arg(long, env = "PORT", value_name = "PORT", default_value = "8000", help_heading = SERVER)]
    pub(super) port: String,

    /// Speaks TLS with the certificate in this file (PEM), its intermediates after it. A new one is taken up by itself.
    #[arg(long, env = "EDTECH_TLS_CERTIFICATE", value_name = "FILE", help_heading = SERVER)]
    pub(super) tls_certificate: Option<PathBuf>,

    /// The private key of the certificate (PEM).
    #[arg(long, env = "EDTECH_TLS_KEY", value_name = "FILE", help_heading = SERVER)]
    pub(super) tls_key: Option<PathBuf>,

    /// The proxies in front, as addresses or networks between commas. What they say of a request is believed
    /// (X-Forwarded-For, -Proto and -Host, Forwarded), and nobody else [default: none].
    #[arg(long, env = "EDTECH_TRUSTED_PROXIES", value_name = "NETWORKS", help_heading = SERVER)]
    pub(super) trusted_proxies: Option<String>,

    /// Serves /metrics on this address, away from the API. Without it they are beside the API on the loopback demo, and
    /// nowhere else.
    #[arg(long, env = "EDTECH_METRICS_LISTEN", value_name = "ADDRESS", help_heading = SERVER)]
    pub(super) metrics_listen: Option<String>,

    /// How long a stop may take: requests in flight have all of it but three seconds (one at least), which are for storing
    /// what is queued. The audit log and the database may take seven seconds more, a benchmark twenty.
    #[arg(long, env = "EDTECH_SHUTDOWN_SECONDS", value_name = "SECONDS", default_value = "10", help_heading = SERVER)]
    pub(super) shutdown_seconds: String,

    /// The time zone that days are counted in. A change needs `edtech-api rebuild`.
    #[arg(long, env = "EDTECH_TIME_ZONE", value_name = "ZONE", default_value = "UTC", help_heading = COUNTING)]
    pub(super) time_zone: String,

    /// The percentage from which on a lesson is completed, 1 to 100. A change needs `edtech-api rebuild`.
    #[arg(long, env = "EDTECH_COMPLETION_THRESHOLD", value_name = "PERCENTAGE", default_value = "90", help_heading = COUNTING)]
    pub(super) completion_threshold: String,

    /// Whether the server measures itself when it is asked to: on or off. Off in production, where nothing shall compete
    /// with learners.
    #[arg(long, env = "EDTECH_BENCHMARKS", value_name = "ON|OFF", default_value = "on", help_heading = SERVER)]
    pub(super) benchmarks: String,

    /// Removes logs that are older than so many days, and keeps what was counted of them.
    #[arg(long, env = "EDTECH_KEEP_DAYS", value_name = "DAYS", default_value = "3650", help_heading = KEEPING)]
    pub(super) keep_days: String,

    /// Removes refused logs that last came more than so many days ago.
    #[arg(long, env = "EDTECH_KEEP_REJECTED_DAYS", value_name = "DAYS", default_value = "30", help_heading = KEEPING)]
    pub(super) keep_rejected_days: String,

    /// Removes entries of the audit log that are older than so many days; 30 at least.
    #[arg(long, env = "EDTECH_KEEP_AUDIT_DAYS", value_name = "DAYS", default_value = "365", help_heading = KEEPING)]
    pub(super) keep_audit_days: String,

    /// Removes daily reports that were made more than so many days ago.
    #[arg(long, env = "EDTECH_KEEP_REPORTS_DAYS", value_name = "DAYS", default_value = "1825", help_heading = KEEPING)]
    pub(super) keep_reports_days: String,

    /// Makes the report of the day before at this time of each day, in the zone that days are counted in; once, however many
    /// replicas have it [default: off, as where Airflow does it].
    #[arg(long, env = "EDTECH_DAILY_REPORT_AT", value_name = "HH:MM", help_heading = COUNTING)]
    pub(super) daily_report_at: Option<String>,

    /// Signs tokens: at least 32 bytes, the same on every replica. Made and kept in the data directory on the loopback
    /// demo. Better not a flag: every user of the machine reads command lines.
    #[arg(long, env = "EDTECH_JWT_SIGNING_KEY", value_name = "KEY", help_heading = ACCESS)]
    pub(super) jwt_signing_key: Option<Secret>,

    /// Reads the signing key from this file.
    #[arg(long, env = "EDTECH_JWT_SIGNING_KEY_FILE", value_name = "FILE", help_heading = ACCESS)]
    pub(super) jwt_signing_key_file: Option<PathBuf>,

    /// Still reads the tokens of this key, while every replica gets another signing key.
    #[arg(long, env = "EDTECH_JWT_PREVIOUS_KEY", value_name = "KEY", help_heading = ACCESS)]
    pub(super) jwt_previous_key: Option<Secret>,

    /// Reads the previous key from this file.
    #[arg(long, env = "EDTECH_JWT_PREVIOUS_KEY_FILE", value_name = "FILE", help_heading = ACCESS)]
    pub(super) jwt_previous_key_file: Option<PathBuf>,
    /// Makes the tombstones of learners who were erased: at least 32 bytes, the same on every replica, and never another one.
    /// Made and kept in the data directory on the loopback demo.
    #[arg(long, env = "EDTECH_ERASURE_KEY", value_name = "KEY", help_heading = ACCESS)]
    pub(super) erasure_key: Option<Secret>,

    /// Reads the key of tombstones from this file.
    #[arg(long, env = "EDTECH_ERASURE_KEY_FILE", value_name = "FILE", help_heading = ACCESS)]
    pub(super) erasure_key_file: Option<PathBuf>,

    /// A client with every scope, made at the start.
    #[arg(long, env = "EDTECH_BOOTSTRAP_CLIENT_ID", value_name = "NAME", help_heading = ACCESS)]
    pub(super) bootstrap_client_id: Option<String>,

    /// Its secret; when this changes, the client has the new one after the next start.
    #[arg(long, env = "EDTECH_BOOTSTRAP_CLIENT_SECRET", value_name = "SECRET", help_heading = ACCESS)]
    pub(super) bootstrap_client_secret: Option<Secret>,

    /// Reads the client's secret from this file.
    #[arg(long, env = "EDTECH_BOOTSTRAP_CLIENT_SECRET_FILE", value_name = "FILE", help_heading = ACCESS)]
    pub(super) bootstrap_client_secret_file: Option<PathBuf>,

    /// Which log lines are written to standard error.
    #[arg(long, env = "RUST_LOG", value_name = "FILTER", default_value = "info,sqlx=warn,sea_orm=warn,actix_server=warn", help_heading = LOG)]
    pub(super) log_filter: String,

    /// How they are written: text or json [default: text on a terminal, json elsewhere].
    #[arg(long, env = "EDTECH_LOG_FORMAT", value_name = "FORMAT", help_heading = LOG)]
    pub(super) log_format: Option<String>,
}

const DATABASE: &str = "Database";
const SERVER: &str = "Server";
const COUNTING: &str = "Counting";
const ACCESS: &str = "Access";
const KEEPING: &str = "Keeping";
const LOG: &str = "Log";
