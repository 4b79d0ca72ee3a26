use std::ffi::OsString;

use clap::{CommandFactory, FromArgMatches, Parser};
use proptest::prelude::*;

use super::*;

/// Settings alone, as every command has them.
#[derive(Parser)]
struct Only {
    #[command(subcommand)]
    command: Serve,
}

#[derive(clap::Subcommand)]
enum Serve {
    Serve(#[command(flatten)] Settings),
}

/// The settings of these flags over this file, away from the environment that the tests run in.
fn settings(flags: &[&str], file: &str) -> Result<Settings, String> {
    let path = std::env::temp_dir().join(format!("edtech-config-{:?}.toml", std::thread::current().id()));
    std::fs::write(&path, file).unwrap();
    let command = with_file_as_defaults(Only::command(), &path);
    std::fs::remove_file(&path).unwrap();
    let command = command?.mut_subcommands(|command| command.mut_args(|arg| arg.env(None::<&str>)));
    let args = ["edtech-api", "serve"].iter().chain(flags).map(OsString::from);
    let matches = command.try_get_matches_from(args).map_err(|error| error.to_string())?;
    let Serve::Serve(settings) = Only::from_arg_matches(&matches).unwrap().command;
    Ok(settings)
}

fn config(flags: &[&str]) -> Result<Config, String> {
    Config::try_from(settings(flags, "").unwrap()).map_err(|error| error.to_string())
}

#[test]
fn without_a_word_it_is_the_demo_on_one_machine() {
    let config = config(&[]).unwrap();
    assert_eq!(config.database_url.expose(), "sqlite://./data/edtech.db");
    assert_eq!((config.host, config.port), (Ipv4Addr::LOCALHOST.into(), 8000));
    assert_eq!((config.time_zone, config.completion_threshold), (Tz::UTC, 90));
    assert!(config.is_embedded_default() && config.serves_metrics_beside_the_api());
}

#[test]
fn reading_is_open_nowhere_else() {
    assert!(config(&["--host", "::1"]).unwrap().is_embedded_default());
    assert!(config(&["--host", "localhost"]).unwrap().is_embedded_default());
    assert!(!config(&["--host", "0.0.0.0"]).unwrap().is_embedded_default());
    assert!(!config(&["--host", "192.168.1.7"]).unwrap().is_embedded_default());
    assert!(!config(&["--database-url", "postgres://localhost/edtech"]).unwrap().is_embedded_default());
    assert!(!config(&["--trusted-proxies", "127.0.0.1"]).unwrap().is_embedded_default());
}

#[test]
fn flags_are_over_the_file_and_the_file_over_the_defaults() {
    let file = "PORT = 9000\nEDTECH_TIME_ZONE = \"Europe/Paris\"";
    let config = Config::try_from(settings(&["--port", "9001"], file).unwrap()).unwrap();
    assert_eq!((config.port, config.time_zone), (9001, Tz::Europe__Paris));
    assert_eq!(config.completion_threshold, 90);
}

#[test]
fn a_file_holds_known_keys_and_plain_values() {
    let fault = |file| settings(&[], file).map(|_| ()).unwrap_err();
    assert!(fault("EDTECH_TIMEZONE = \"UTC\"").contains("EDTECH_TIMEZONE is no setting"));
    assert!(fault("EDTECH_CONFIG = \"other.toml\"").contains("EDTECH_CONFIG is no setting"));
    assert!(fault("PORT = 80.5").contains("PORT is neither"));
    assert!(!fault("PORT = = 8000").contains('\n'));
}

#[test]
fn a_bad_value_is_refused_in_one_line_with_key_fault_and_example() {
    for (flag, value, key) in [
        ("--port", "65536", "PORT "),
        ("--port", "", "PORT "),
        ("--host", "example.org", "HOST "),
        ("--time-zone", "Paris", "EDTECH_TIME_ZONE "),
        ("--completion-threshold", "0", "EDTECH_COMPLETION_THRESHOLD "),
        ("--completion-threshold", "101", "EDTECH_COMPLETION_THRESHOLD "),
        ("--database-url", "mysql://db/edtech", "DATABASE_URL "),
        ("--database-connections", "0", "EDTECH_DATABASE_CONNECTIONS "),
        ("--jwt-signing-key", "short", "EDTECH_JWT_SIGNING_KEY "),
        ("--jwt-signing-key-file", "/nowhere", "EDTECH_JWT_SIGNING_KEY_FILE "),
        ("--bootstrap-client-id", "school", "EDTECH_BOOTSTRAP_CLIENT_SECRET "),
        ("--bootstrap-client-secret", "secret", "EDTECH_BOOTSTRAP_CLIENT_ID "),
        ("--metrics-listen", "9100", "EDTECH_METRICS_LISTEN "),
        ("--jwt-previous-key", "short", "EDTECH_JWT_PREVIOUS_KEY "),
        ("--tls-certificate", "/etc/tls.crt", "EDTECH_TLS_KEY "),
        ("--tls-key", "/etc/tls.key", "EDTECH_TLS_CERTIFICATE "),
        ("--trusted-proxies", "proxy.example", "EDTECH_TRUSTED_PROXIES "),
        ("--log-format", "xml", "EDTECH_LOG_FORMAT "),
        ("--shutdown-seconds", "0", "EDTECH_SHUTDOWN_SECONDS "),
        ("--daily-report-at", "24:00", "EDTECH_DAILY_REPORT_AT "),
        ("--daily-report-at", "2 am", "EDTECH_DAILY_REPORT_AT "),
    ] {
        let line = config(&[flag, value]).expect_err(flag);
        assert!(line.starts_with(key), "{line}");
        assert!(line.contains("for example ") && !line.contains('\n'), "{line}");
    }
}

#[test]
fn the_daily_report_is_made_at_a_time_or_by_somebody_else() {
    let at = |flags: &[&str]| config(flags).unwrap().daily_report_at.map(|time| time.to_string());
    assert_eq!(at(&["--daily-report-at", "02:30"]).as_deref(), Some("02:30:00"));
    assert_eq!(at(&[]), None);
}

#[test]
fn a_secret_comes_from_its_file_and_is_never_printed() {
    let path = std::env::temp_dir().join(format!("edtech-secret-{}", std::process::id()));
    std::fs::write(&path, "a signing key of thirty-two bytes!\n").unwrap();
    let path_text = path.to_str().unwrap();
    let config = config(&[
        "--jwt-signing-key-file",
        path_text,
        "--bootstrap-client-id",
        "school",
        "--bootstrap-client-secret",
        "hunter2",
        "--database-url",
        "postgres://edtech:hunter2@db/edtech",
    ]);
    let both = self::config(&["--jwt-signing-key-file", path_text, "--jwt-signing-key", "another"]);
    std::fs::remove_file(&path).unwrap();
    let config = config.unwrap();
    assert_eq!(config.jwt_signing_key.as_ref().unwrap().expose(), "a signing key of thirty-two bytes!");
    let printed = format!("{config:?}");
    assert!(!printed.contains("hunter2") && !printed.contains("thirty-two"), "{printed}");
    assert!(both.unwrap_err().contains("both set"));
}

#[test]
fn a_refusal_never_tells_the_secret() {
    let short = config(&["--jwt-signing-key", "hunter2"]).unwrap_err();
    let url = config(&["--database-url", "mysql://edtech:hunter2@db/edtech"]).unwrap_err();
    assert!(!short.contains("hunter2") && !url.contains("hunter2"), "{short} {url}");
}

#[test]
fn every_time_zone_is_known_by_its_name() {
    for zone in chrono_tz::TZ_VARIANTS {
        assert_eq!(config(&["--time-zone", zone.name()]).map(|config| config.time_zone), Ok(zone));
    }
}

/// A setting that takes a value, and the name of it that a refusal must begin with.
const REFUSED: [(&str, &str); 10] = [
    ("--port", "PORT"),
    ("--host", "HOST"),
    ("--database-url", "DATABASE_URL"),
    ("--database-connections", "EDTECH_DATABASE_CONNECTIONS"),
    ("--time-zone", "EDTECH_TIME_ZONE"),
    ("--completion-threshold", "EDTECH_COMPLETION_THRESHOLD"),
    ("--keep-days", "EDTECH_KEEP_DAYS"),
    ("--daily-report-at", "EDTECH_DAILY_REPORT_AT"),
    ("--shutdown-seconds", "EDTECH_SHUTDOWN_SECONDS"),
    ("--trusted-proxies", "EDTECH_TRUSTED_PROXIES"),
];

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn no_value_makes_it_panic_and_a_refusal_is_one_line_that_names_the_key(value in r"[0-9:./+-]{0,12}|\PC{0,20}|.{0,20}") {
        for (flag, key) in REFUSED {
            if let Err(refusal) = config(&[&format!("{flag}={value}")]) {
                prop_assert!(refusal.starts_with(key), "{refusal}");
                prop_assert!(!refusal.contains('\n') && refusal.contains("; for example "), "{refusal}");
            }
        }
    }

    #[test]
    fn numbers_and_times_come_out_as_they_went_in(port in any::<u16>(), threshold in 1_i32..=100, minutes in 0_u32..1440) {
        let time = format!("{:02}:{:02}", minutes / 60, minutes % 60);
        let (port, threshold) = (port.to_string(), threshold.to_string());
        let config = config(&["--port", &port, "--completion-threshold", &threshold, "--daily-report-at", &time]).unwrap();
        prop_assert_eq!((config.port.to_string(), config.completion_threshold.to_string()), (port, threshold));
        prop_assert_eq!(config.daily_report_at.map(|at| at.format("%H:%M").to_string()), Some(time));
    }

    #[test]
    fn no_file_makes_it_panic(file in r#"([A-Z_]{1,12} ?= ?("[a-z0-9]{0,5}"|[0-9]{1,5}|\[|\{)?\n?){0,4}|.{0,60}"#) {
        let _ = settings(&[], &file);
    }
}
