//! A client's credentials: where they come from, and whether they hold.

use actix_web::HttpRequest;
use actix_web::http::header::{AUTHORIZATION, WWW_AUTHENTICATE};
use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use percent_encoding::percent_decode_str;

use super::Secrets;
use super::post_token::TokenRequest;
use crate::error::Problem;
use crate::store::{ApiClient, Store};

/// A client's name and secret. It has no `Debug`: a secret is never printed.
pub(super) struct Credentials {
    pub(super) client_id: String,
    pub(super) client_secret: String,
    /// Whether they came by HTTP Basic: then a refusal must say so in kind.
    pub(super) by_basic: bool,
}

impl Credentials {
    /// The credentials of a request: by exactly one of the two ways.
    pub(super) fn of(request: &HttpRequest, form: &TokenRequest) -> Result<Self, Problem> {
        let TokenRequest { client_id, client_secret, .. } = form;
        match (request.headers().get(AUTHORIZATION), client_id, client_secret) {
            (None, Some(client_id), Some(client_secret)) => {
                let (client_id, client_secret) = (client_id.clone(), client_secret.clone());
                Ok(Self { client_id, client_secret, by_basic: false })
            }
            // A client may repeat its name in the form.
            (Some(header), client_id, None) => {
                let credentials = header.to_str().ok().and_then(Self::of_basic);
                credentials
                    .filter(|basic| client_id.as_ref().is_none_or(|client_id| *client_id == basic.client_id))
                    .ok_or_else(|| {
                        invalid("The Authorization header is not HTTP Basic with client_id:client_secret.")
                    })
            }
            (Some(_), _, Some(_)) => Err(invalid("Send the credentials once: in the form or by HTTP Basic.")),
            (None, ..) => Err(invalid("Send client_id and client_secret in the form, or by HTTP Basic.")),
        }
    }

    /// The client whose credentials these are, or a 401.
    pub(super) async fn authenticate(self, store: &Store, secrets: &Secrets) -> Result<ApiClient, Problem> {
        let Self { client_id, client_secret, by_basic } = self;
        // No name of ours holds a control character, and PostgreSQL takes no U+0000.
        let client =
            if client_id.contains(char::is_control) { None } else { store.api_client(&client_id).await? };
        let hash = client.as_ref().map(|client| client.secret_hash.as_str());
        let known = secrets.verify(client_secret, hash).await?;
        client.filter(|_| known).ok_or_else(|| {
            invalid_client()
                .with_header(WWW_AUTHENTICATE, if by_basic { r#"Basic realm="edtech""# } else { "Bearer" })
        })
    }

    /// RFC 6749 wants both halves form-encoded and many clients send them as they are. So `%XX` is decoded and `+`, which
    /// generated secrets hold, stands for itself.
    fn of_basic(header: &str) -> Option<Self> {
        let (scheme, encoded) = header.split_once(' ')?;
        let decoded = String::from_utf8(BASE64_STANDARD.decode(encoded.trim()).ok()?).ok()?;
        let (client_id, client_secret) =
            decoded.split_once(':').filter(|_| scheme.eq_ignore_ascii_case("basic"))?;
        let plain = |half| percent_decode_str(half).decode_utf8().ok().map(Into::into);
        Some(Self { client_id: plain(client_id)?, client_secret: plain(client_secret)?, by_basic: true })
    }
}

/// 401: which of the two is wrong is nobody's business.
pub(super) fn invalid_client() -> Problem {
    Problem::unauthorized("invalid_client", "No such client, or another secret.")
}

fn invalid(detail: &str) -> Problem {
    Problem::bad_request("invalid_request", detail)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn basic(pair: &str) -> Option<(String, String)> {
        let header = format!("Basic {}", BASE64_STANDARD.encode(pair));
        Credentials::of_basic(&header).map(|basic| (basic.client_id, basic.client_secret))
    }

    #[test]
    fn basic_credentials_are_read_as_they_are_and_encoded() {
        let expected = |secret: &str| Some(("school".to_owned(), secret.to_owned()));
        assert_eq!(basic("school:a+b/c=:d"), expected("a+b/c=:d"));
        assert_eq!(basic("school:a%2Bb%2Fc%3D%3Ad"), expected("a+b/c=:d"));
    }

    #[test]
    fn what_is_no_basic_header_is_none() {
        for header in ["", "Basic", "Basic ***", "Bearer c2Nob29sOng=", "Basic c2Nob29s"] {
            assert!(Credentials::of_basic(header).is_none(), "{header}");
        }
    }

    proptest! {
        #[test]
        fn credentials_come_out_as_they_went_in(id in "[!-9;-~]{1,40}", secret in ".{0,60}") {
            let encoded = |text: &str| percent_encoding::utf8_percent_encode(text, percent_encoding::NON_ALPHANUMERIC).to_string();
            prop_assert_eq!(basic(&format!("{}:{}", encoded(&id), encoded(&secret))), Some((id.clone(), secret.clone())));
            if !id.contains('%') && !secret.contains('%') {
                prop_assert_eq!(basic(&format!("{id}:{secret}")), Some((id, secret)));
            }
        }

        #[test]
        fn no_header_makes_it_panic(header in "(Basic |basic )?[A-Za-z0-9+/=%: ]{0,60}|.{0,40}") {
            if let Some(credentials) = Credentials::of_basic(&header) {
                prop_assert!(header.to_ascii_lowercase().starts_with("basic ") && credentials.by_basic);
            }
        }
    }
}
