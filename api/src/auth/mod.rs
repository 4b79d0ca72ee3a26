//! Who may come in: programs get tokens, people sign in to a session, and handlers ask for scopes in their signatures.

pub mod delete_session;
pub mod get_session;
pub mod post_session;
pub mod post_token;

mod bootstrap;
mod caller;
mod cookie;
mod credentials;
mod origin;
mod require;
mod scope;
mod secrets;
mod sessions;
mod signing_key;
mod tokens;

pub use bootstrap::put_bootstrap_client;
pub use caller::{ANONYMOUS, Caller, Standing};
pub use cookie::SESSION_COOKIE;
pub use require::{Access, BEARER_SUBPROTOCOL, Require};
pub use scope::{Ingest, Operate, Read, Report, Roster, SCOPES, Scope, Scopes, UnknownScope};
pub use secrets::Secrets;
pub use signing_key::signing_key;
pub use tokens::{LIFETIME, Tokens};
