//! Where the server is, and as whom to come.

use std::fs;
use std::path::PathBuf;

use anyhow::Context;
use clap::Args;

/// Where the server is, and as whom to come.
#[derive(Debug, Args)]
pub(crate) struct ClientArgs {
    /// The server.
    #[arg(long, env = "EDTECH_URL", default_value = "http://127.0.0.1:8000")]
    pub(crate) url: String,
    /// The name of an API client that may `ingest`, `roster` and `read`.
    #[arg(long, env = "EDTECH_CLIENT_ID")]
    client_id: String,
    /// Its secret. Rather in the environment or in a file: others can read a command line.
    #[arg(long, env = "EDTECH_CLIENT_SECRET", hide_env_values = true)]
    client_secret: Option<String>,
    /// A file that holds the secret.
    #[arg(long, env = "EDTECH_CLIENT_SECRET_FILE", conflicts_with = "client_secret")]
    client_secret_file: Option<PathBuf>,
}

/// A client's name and secret. It has no `Debug`: a secret is never printed.
pub(super) struct Credentials {
    pub(super) client_id: String,
    pub(super) client_secret: String,
}

impl ClientArgs {
    pub(super) fn credentials(&self) -> anyhow::Result<Credentials> {
        let client_secret = match (&self.client_secret, &self.client_secret_file) {
            (Some(secret), _) => secret.clone(),
            (None, Some(file)) => {
                let text = fs::read_to_string(file);
                let text =
                    text.with_context(|| format!("EDTECH_CLIENT_SECRET_FILE names {}", file.display()))?;
                text.trim_end_matches(['\r', '\n']).to_owned()
            }
            (None, None) => anyhow::bail!("EDTECH_CLIENT_SECRET or EDTECH_CLIENT_SECRET_FILE is needed"),
        };
        Ok(Credentials { client_id: self.client_id.clone(), client_secret })
    }
}

#[cfg(test)]
impl ClientArgs {
    pub(super) fn of_test(url: String) -> Self {
        let client_secret = Some("test".to_owned());
        Self { url, client_id: "test".to_owned(), client_secret, client_secret_file: None }
    }
}
