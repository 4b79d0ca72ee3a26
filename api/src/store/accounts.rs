//! Who can sign in: users and clients. Their names are one set, so that a name says whose it is.

use std::collections::BTreeSet;

use sea_orm::{ConnectionTrait, DatabaseTransaction, DbErr};

use super::query::Query;
use super::{ApiClient, Classes, Dialect, Role, Store, User};
use crate::error::StoreError;

/// Somebody who can sign in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Account {
    /// A person.
    User(User),
    /// A program; people sign in by its secret as well, the first of them at least.
    Client(ApiClient),
}

impl Account {
    /// The name to sign in with.
    pub fn name(&self) -> &str {
        match self {
            Self::User(user) => &user.name,
            Self::Client(client) => &client.client_id,
        }
    }

    /// Argon2id hash of the password or secret.
    pub fn secret_hash(&self) -> &str {
        match self {
            Self::User(user) => &user.password_hash,
            Self::Client(client) => &client.secret_hash,
        }
    }

    /// The role, of a user.
    pub fn role(&self) -> Option<Role> {
        match self {
            Self::User(user) => Some(user.role),
            Self::Client(_) => None,
        }
    }

    /// The classrooms that somebody is bound to; none where it is all of them.
    pub fn classrooms(&self) -> Option<&BTreeSet<String>> {
        match self {
            Self::User(user) => user.bound_to(),
            Self::Client(_) => None,
        }
    }

    /// Whose learners it may see.
    pub fn classes(&self) -> Classes {
        self.classrooms().map_or(Classes::All, |classrooms| Classes::only(classrooms.iter().cloned()))
    }
}

impl Store {
    /// Whoever has this name.
    pub async fn account(&self, name: &str) -> Result<Option<Account>, StoreError> {
        // Both are looked up, whoever it is: the time that it takes tells nobody which names there are.
        let (user, client) = (self.user(name).await?, self.api_client(name).await?);
        Ok(user.map(Account::User).or_else(|| client.map(Account::Client)))
    }
}

/// Keeps every name as it is, until the end of the transaction: whoever gives one looks at both tables first. On SQLite the
/// one writer is enough.
pub(super) async fn hold_names(tx: &DatabaseTransaction, dialect: Dialect) -> Result<(), DbErr> {
    match dialect {
        Dialect::Sqlite => {}
        Dialect::Postgres => {
            tx.execute_unprepared("LOCK TABLE users, api_clients IN SHARE ROW EXCLUSIVE MODE").await?;
        }
    }
    Ok(())
}

/// Whether a user has this name.
pub(super) async fn is_users_name(
    tx: &DatabaseTransaction,
    dialect: Dialect,
    name: &str,
) -> Result<bool, DbErr> {
    let user = Query::new(dialect, "SELECT 1 FROM users WHERE name = {name}");
    Ok(user.bind("name", name).one(tx).await?.is_some())
}

/// Whether a client has this name.
pub(super) async fn is_clients_name(
    tx: &DatabaseTransaction,
    dialect: Dialect,
    name: &str,
) -> Result<bool, DbErr> {
    let client = Query::new(dialect, "SELECT 1 FROM api_clients WHERE client_id = {name}");
    Ok(client.bind("name", name).one(tx).await?.is_some())
}
