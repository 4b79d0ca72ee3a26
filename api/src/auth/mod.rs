//! Who may come in: programs get tokens, people sign in to a session, and handlers ask for scopes in their signatures.

pub mod delete_session;
pub mod get_session;
pub mod post_password;
pub mod post_session;
pub mod post_token;

mod acting;
mod bootstrap;
mod caller;
mod cookie;
mod credentials;
mod erasure_key;
mod keys;
mod origin;
mod password;
mod require;
mod role;
mod scope;
mod secrets;
mod sessions;
mod signed_in;
mod signing_key;
mod throttle;
mod token_upkeep;
mod tokens;
mod user_name;

pub use acting::actor;
pub use bootstrap::put_bootstrap_client;
pub use caller::{ANONYMOUS, Caller, CallerKind, Issued, Standing};
pub use cookie::SESSION_COOKIE;
pub use erasure_key::{another_erasure_key, erasure_key};
pub use password::Password;
pub use require::{Access, BEARER_SUBPROTOCOL, Require};
pub use role::UserRole;
pub use scope::{
    Admin, Ingest, Learners, Operate, Read, Report, Roster, SCOPES, Scope, Scopes, UnknownScope,
};
pub use secrets::Secrets;
pub use signing_key::tokens;
pub use throttle::Throttle;
pub use token_upkeep::{keep_tokens, look_after_tokens};
pub use tokens::{LIFETIME, LONGEST_LIFETIME, Tokens};
pub use user_name::user_name;
