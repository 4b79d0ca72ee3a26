//! The people who may sign in, and what each of them is for.

use std::collections::BTreeSet;
use std::str::FromStr;

use chrono::{DateTime, Utc};
use sea_orm::{ConnectionTrait, DbErr, FromQueryResult};

use super::query::Query;
use super::{Dialect, Store};
use crate::error::StoreError;

/// What a person is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Role {
    /// Teaches some classrooms, and sees their learners alone.
    Educator,
    /// Reads and makes figures of all classrooms, without names.
    Analyst,
    /// Runs the platform.
    Operator,
}

impl Role {
    /// Every role that there is.
    pub const ALL: [Self; 3] = [Self::Educator, Self::Analyst, Self::Operator];

    /// As it is written.
    pub fn name(self) -> &'static str {
        match self {
            Self::Educator => "educator",
            Self::Analyst => "analyst",
            Self::Operator => "operator",
        }
    }
}

/// A name that is no role.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0:?} is no role; there are educator, analyst and operator")]
pub struct UnknownRole(pub String);

impl FromStr for Role {
    type Err = UnknownRole;

    fn from_str(text: &str) -> Result<Self, UnknownRole> {
        Self::ALL.into_iter().find(|role| role.name() == text).ok_or_else(|| UnknownRole(text.to_owned()))
    }
}

/// A person who may sign in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct User {
    /// The name to sign in with.
    pub name: String,
    /// What this person is for.
    pub role: Role,
    /// Argon2id hash of the password, in the PHC string format.
    pub password_hash: String,
    /// The classrooms of an educator; nobody else has any.
    pub classrooms: BTreeSet<String>,
    /// When the user was made.
    pub created_at: DateTime<Utc>,
    /// When role, classrooms or password last changed.
    pub updated_at: DateTime<Utc>,
}

impl User {
    /// The classrooms that this person is bound to; none where it is all of them.
    pub fn bound_to(&self) -> Option<&BTreeSet<String>> {
        match self.role {
            Role::Educator => Some(&self.classrooms),
            Role::Analyst | Role::Operator => None,
        }
    }
}

/// A row of a user and of one of the classrooms.
#[derive(FromQueryResult)]
struct Row {
    name: String,
    role: String,
    password_hash: String,
    created_at: DateTime<Utc>,
    updated_at: DateTime<Utc>,
    classroom: Option<String>,
}

impl Store {
    /// Users in the order of their name, at most `limit`, those after `after`.
    pub async fn users(&self, after: Option<&str>, limit: u64) -> Result<Vec<User>, StoreError> {
        let page = users(self.dialect, "WHERE name > {after} ORDER BY name LIMIT {limit}");
        // Nobody has an empty name, so everybody comes after it.
        let page = page.bind("after", after.unwrap_or_default()).bind("limit", limit.cast_signed());
        Ok(read(page, &self.reader).await?)
    }

    /// The user of this name, if there is one.
    pub async fn user(&self, name: &str) -> Result<Option<User>, StoreError> {
        Ok(user(&self.reader, self.dialect, name).await?)
    }
}

/// The user of this name.
pub(super) async fn user(
    on: &impl ConnectionTrait,
    dialect: Dialect,
    name: &str,
) -> Result<Option<User>, DbErr> {
    let one = users(dialect, "WHERE name = {name}").bind("name", name);
    Ok(read(one, on).await?.pop())
}

/// Reads users with their classrooms; `which` goes on after `FROM users`.
fn users(dialect: Dialect, which: &'static str) -> Query {
    Query::new(dialect, include_str!("sql/users.sql")).name("which", which)
}

async fn read(query: Query, on: &impl ConnectionTrait) -> Result<Vec<User>, DbErr> {
    let mut users: Vec<User> = Vec::new();
    for row in query.all(on).await? {
        let Row { name, role, password_hash, created_at, updated_at, classroom } =
            Row::from_query_result(&row, "")?;
        match users.last_mut().filter(|user| user.name == name) {
            Some(user) => user.classrooms.extend(classroom),
            None => {
                let role = role.parse().map_err(|error: UnknownRole| DbErr::Type(error.to_string()))?;
                let classrooms = classroom.into_iter().collect();
                users.push(User { name, role, password_hash, classrooms, created_at, updated_at });
            }
        }
    }
    Ok(users)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_role_is_read_as_it_is_written() {
        for role in Role::ALL {
            assert_eq!(role.name().parse(), Ok(role));
        }
        assert_eq!("Operator".parse::<Role>(), Err(UnknownRole("Operator".to_owned())));
    }
}
