//! Log lines, on standard error; a learner's name or a token is never in one.

use std::io::IsTerminal;

use anyhow::Context;
use tracing_subscriber::EnvFilter;

/// Which lines are written where `RUST_LOG` does not say.
const USUAL: &str = "info";

/// Starts to write log lines; a `RUST_LOG` that cannot be read is an error, not a default.
pub(crate) fn start_log() -> anyhow::Result<()> {
    let wanted = std::env::var_os(EnvFilter::DEFAULT_ENV);
    let wanted =
        wanted.as_ref().map_or(Some(USUAL), |wanted| wanted.to_str()).context("RUST_LOG is not UTF-8")?;
    let filter = EnvFilter::try_new(wanted)
        .with_context(|| format!("RUST_LOG is {wanted:?}; RUST_LOG=info would do"))?;
    // What it says is the whole request, with its token.
    let filter = filter.add_directive("tungstenite::handshake::client=off".parse()?);
    let ansi = std::io::stderr().is_terminal();
    // A line that cannot be written, as on a full disk, is left out: to say so would be to write again, and to panic.
    let log = tracing_subscriber::fmt().with_writer(std::io::stderr).log_internal_errors(false);
    log.with_env_filter(filter).with_ansi(ansi).init();
    Ok(())
}
