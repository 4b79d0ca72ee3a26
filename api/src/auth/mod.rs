//! Who may come in: clients get tokens at one endpoint, and handlers ask for scopes in their signatures.

pub mod post_token;

mod bootstrap;
mod credentials;
mod require;
mod scope;
mod secrets;
mod signing_key;
mod tokens;

pub use bootstrap::put_bootstrap_client;
pub use require::{ANONYMOUS, Access, BEARER_SUBPROTOCOL, Require};
pub use scope::{Ingest, Operate, Read, Report, Roster, SCOPES, Scope, Scopes, UnknownScope};
pub use secrets::Secrets;
pub use signing_key::signing_key;
pub use tokens::{Caller, LIFETIME, Tokens};
