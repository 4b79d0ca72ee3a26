//! `edtech-api openapi`: prints the specification as it is checked in.

use std::io::Write;

use crate::routes;

pub(super) fn run() -> anyhow::Result<()> {
    Ok(writeln!(std::io::stdout(), "{}", routes::document().to_pretty_json()?)?)
}
