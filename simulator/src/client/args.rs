//! Where the server is, and as whom to come.

use std::fs;
use std::path::PathBuf;

use anyhow::Context;
use clap::Args;
use clap::builder::NonEmptyStringValueParser;

/// Where the server is, and as whom to come. It has no `Debug`: a secret is never printed.
#[derive(Args)]
pub(crate) struct ClientArgs {
    /// The server.
    #[arg(long, env = "EDTECH_URL", default_value = "http://127.0.0.1:8000", value_parser = base_url)]
    pub(super) url: String,
    /// The name of an API client that may `ingest`, `roster` and `read`.
    #[arg(long, env = "EDTECH_CLIENT_ID", value_parser = NonEmptyStringValueParser::new())]
    client_id: Option<String>,
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
        let client_id = self.client_id.clone();
        let client_id =
            client_id.context("EDTECH_CLIENT_ID or --client-id is needed: the name of an API client")?;
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
        anyhow::ensure!(!client_secret.is_empty(), "the client's secret is empty");
        Ok(Credentials { client_id, client_secret })
    }
}

/// What paths are put behind: it has a host, and no slash at its end.
fn base_url(text: &str) -> Result<String, String> {
    let url = reqwest::Url::parse(text).ok().filter(|url| matches!(url.scheme(), "http" | "https"));
    let url = url.ok_or("a URL begins with http:// or https://, for example http://127.0.0.1:8000")?;
    if !url.username().is_empty() || url.password().is_some() {
        return Err("credentials are no part of the URL: give --client-id".to_owned());
    }
    if url.query().is_some() || url.fragment().is_some() {
        return Err("the URL ends before ? and #".to_owned());
    }
    Ok(url.as_str().trim_end_matches('/').to_owned())
}

#[cfg(test)]
impl ClientArgs {
    pub(crate) fn of_test(url: String) -> Self {
        let client_secret = Some("test".to_owned());
        Self { url, client_id: Some("test".to_owned()), client_secret, client_secret_file: None }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_url_has_a_scheme_and_a_host_and_no_more_than_a_path() {
        assert_eq!(base_url("http://127.0.0.1:8000/").as_deref(), Ok("http://127.0.0.1:8000"));
        assert_eq!(
            base_url("https://school.example/edtech/").as_deref(),
            Ok("https://school.example/edtech")
        );
        for text in [
            "",
            "localhost:8000",
            "127.0.0.1",
            "ftp://a",
            "http://",
            "http://a:b@c",
            "http://a?b",
            "http://a#b",
        ] {
            assert!(base_url(text).is_err(), "{text}");
        }
    }

    #[test]
    fn a_secret_comes_from_a_file_too_and_is_never_empty() {
        let file = std::env::temp_dir().join(format!("edtech-secret-{}", std::process::id()));
        let secret_of = |text: &str| {
            fs::write(&file, text).unwrap();
            let args = ClientArgs {
                client_secret: None,
                client_secret_file: Some(file.clone()),
                ..ClientArgs::of_test(String::new())
            };
            args.credentials().map(|credentials| credentials.client_secret)
        };
        assert_eq!(secret_of("hush\r\n").unwrap(), "hush");
        assert!(secret_of("\n").is_err());
        fs::remove_file(&file).unwrap();
    }
}
