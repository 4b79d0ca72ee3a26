//! What `edtech-api client` and `edtech-api user` share.

use std::io::Write;
use std::path::Path;

use anyhow::Context;
use chrono::{DateTime, Utc};

use crate::error::Problem;

pub(super) const NO_SCHEMA: &str =
    "the accounts could not be read: is the schema there? `edtech-api migrate` makes it";

/// The secret that a flag's file holds. Editors and `echo` end a file with a line break that is no part of it.
pub(super) fn secret_in(flag: &str, file: &Path) -> anyhow::Result<String> {
    let text = std::fs::read_to_string(file)
        .with_context(|| format!("{flag} names {}, which cannot be read", file.display()))?;
    match text.trim_end_matches(['\r', '\n']) {
        "" => anyhow::bail!("{flag} names {}, which is empty", file.display()),
        secret => Ok(secret.to_owned()),
    }
}

pub(super) fn refused(problem: Problem) -> anyhow::Error {
    anyhow::anyhow!("the secret could not be hashed: {problem}")
}

pub(super) fn day(moment: DateTime<Utc>) -> String {
    moment.format("%Y-%m-%d").to_string()
}

/// On standard error: standard output belongs to secrets and lists.
pub(super) fn say(what: &str) -> anyhow::Result<()> {
    Ok(writeln!(std::io::stderr(), "{what}")?)
}
