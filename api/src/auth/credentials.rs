//! Credentials of clients and users: where they come from, and whether they hold.

use actix_web::HttpRequest;
use actix_web::http::header::{AUTHORIZATION, WWW_AUTHENTICATE};
use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use percent_encoding::percent_decode_str;

use super::Secrets;
use super::post_token::TokenRequest;
use crate::error::Problem;
use crate::store::{Account, ApiClient, Store};

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
        let client = if may_be_a_name(&client_id) { store.api_client(&client_id).await? } else { None };
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

/// Whose name and password these are, or a 401. One secret is checked, whoever it is, and also where it is nobody: so the
/// time that it takes tells nothing.
pub(super) async fn account_of(
    name: &str,
    password: String,
    store: &Store,
    secrets: &Secrets,
) -> Result<Account, Problem> {
    let account = if may_be_a_name(name) { store.account(name).await? } else { None };
    let is_right = secrets.verify(password, account.as_ref().map(Account::secret_hash)).await?;
    account.filter(|_| is_right).ok_or_else(invalid_credentials)
}

/// No name of ours holds a control character, and PostgreSQL takes no U+0000.
fn may_be_a_name(text: &str) -> bool {
    !text.contains(char::is_control)
}

/// 401: which of the two is wrong is nobody's business.
pub(super) fn invalid_client() -> Problem {
    Problem::unauthorized("invalid_client", "No such client, or another secret.")
}

/// The same to people.
pub(super) fn invalid_credentials() -> Problem {
    Problem::unauthorized("invalid_credentials", "No such name, or another password.")
}

fn invalid(detail: &str) -> Problem {
    Problem::bad_request("invalid_request", detail)
}

#[cfg(test)]
mod tests {
    use std::time::{Duration, Instant};

    use proptest::prelude::*;

    use super::*;
    use crate::clock::Clock;
    use crate::store::{Actor, NewUser, Role, TemporaryStore};

    /// A user and a client, with hashes that cost what hashes cost.
    async fn with_two_accounts(secrets: &Secrets) -> TemporaryStore {
        let temporary = TemporaryStore::open().await;
        let hash = secrets.hash("correct horse battery".to_owned()).await.unwrap();
        let client =
            ApiClient { client_id: "school".to_owned(), secret_hash: hash.clone(), scopes: Vec::new() };
        assert!(temporary.store.put_api_client(&client, Actor::cli(), Clock.now()).await.unwrap());
        let (name, role, classrooms) = ("ada".to_owned(), Role::Analyst, [].into());
        let user = NewUser { name, role, classrooms, password_hash: hash };
        temporary.store.create_user(user, Actor::cli(), Clock.now()).await.unwrap();
        temporary
    }

    #[tokio::test]
    async fn whoever_has_the_secret_is_let_in_under_the_own_name_alone() {
        let secrets = Secrets::default();
        let temporary = with_two_accounts(&secrets).await;
        let found = async |name, password: &str| {
            let account = account_of(name, password.to_owned(), &temporary.store, &secrets).await;
            account.map(|account| account.name().to_owned()).map_err(|problem| problem.code())
        };
        for name in ["ada", "school"] {
            assert_eq!(found(name, "correct horse battery").await, Ok(name.to_owned()));
            assert_eq!(found(name, "correct horse").await, Err("invalid_credentials"));
        }
        for name in ["", "Ada", "eve", "ada\0"] {
            assert_eq!(found(name, "correct horse battery").await, Err("invalid_credentials"), "{name:?}");
        }
    }

    /// A secret that is not checked at all would be a hundred times as fast.
    #[tokio::test]
    async fn a_refusal_takes_as_long_whoever_it_is() {
        let secrets = Secrets::default();
        let temporary = with_two_accounts(&secrets).await;
        let names = ["ada", "school", "nobody", "no\0body"];
        let mut took: [Vec<Duration>; 4] = Default::default();
        for _ in 0..7 {
            for (name, took) in names.iter().zip(&mut took) {
                let begun = Instant::now();
                let refused = account_of(name, "wrong".to_owned(), &temporary.store, &secrets).await;
                took.push(begun.elapsed());
                assert_eq!(refused.err().unwrap().code(), "invalid_credentials");
            }
        }
        let medians = took.map(|mut took| {
            took.sort_unstable();
            took[took.len() / 2]
        });
        let (shortest, longest) = (medians.iter().min().unwrap(), medians.iter().max().unwrap());
        assert!(*longest < 4 * *shortest, "{medians:?}");
    }

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
