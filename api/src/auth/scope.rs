//! What a caller may do: seven scopes, each a type, so that a handler asks for its own in its signature.

use std::collections::BTreeSet;
use std::fmt;

use crate::store::{Account, ApiClient, Role};

/// One thing that a caller may do.
pub trait Scope: 'static {
    /// Its name in tokens and in the specification.
    const NAME: &'static str;
    /// What it allows, for people.
    const ALLOWS: &'static str;
}

/// Reads figures, classrooms and lessons.
#[derive(Debug)]
pub enum Read {}

impl Scope for Read {
    const NAME: &'static str = "read";
    const ALLOWS: &'static str = "Read figures, classrooms and lessons; never a learner's name.";
}

/// Reads learners and what they did.
#[derive(Debug)]
pub enum Learners {}

impl Scope for Learners {
    const NAME: &'static str = "learners";
    const ALLOWS: &'static str = "Read learners with their names, and their streaming logs.";
}

/// Reads and keeps learners, classrooms and lessons.
#[derive(Debug)]
pub enum Roster {}

impl Scope for Roster {
    const NAME: &'static str = "roster";
    const ALLOWS: &'static str = "Read and keep learners with their names, classrooms and lessons.";
}

/// Sends streaming logs.
#[derive(Debug)]
pub enum Ingest {}

impl Scope for Ingest {
    const NAME: &'static str = "ingest";
    const ALLOWS: &'static str = "Send streaming logs.";
}

/// Makes and keeps daily reports.
#[derive(Debug)]
pub enum Report {}

impl Scope for Report {
    const NAME: &'static str = "report";
    const ALLOWS: &'static str = "Make and keep the daily report.";
}

/// Runs the platform.
#[derive(Debug)]
pub enum Operate {}

impl Scope for Operate {
    const NAME: &'static str = "operate";
    const ALLOWS: &'static str = "Run and read the platform's measurements of itself.";
}

/// Says who may come in, and answers for it.
#[derive(Debug)]
pub enum Admin {}

impl Scope for Admin {
    const NAME: &'static str = "admin";
    const ALLOWS: &'static str = "Keep people and their rights, and read the audit log.";
}

/// Every scope there is, by name, with what it allows.
pub const SCOPES: [(&str, &str); 7] = [
    (Read::NAME, Read::ALLOWS),
    (Learners::NAME, Learners::ALLOWS),
    (Roster::NAME, Roster::ALLOWS),
    (Ingest::NAME, Ingest::ALLOWS),
    (Report::NAME, Report::ALLOWS),
    (Operate::NAME, Operate::ALLOWS),
    (Admin::NAME, Admin::ALLOWS),
];

/// Some of the scopes; written with a space between two names. Whoever keeps learners reads them as well.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Scopes(BTreeSet<&'static str>);

/// A name that is no scope.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0:?} is no scope; there are read, learners, roster, ingest, report, operate and admin")]
pub struct UnknownScope(pub String);

impl Scopes {
    /// No scope at all.
    pub fn none() -> Self {
        Self(BTreeSet::new())
    }

    /// All that there are.
    pub fn all() -> Self {
        Self(SCOPES.map(|(name, _)| name).into())
    }

    /// Names that a person or a client wrote, between spaces or commas: each must be known.
    pub fn parse(text: &str) -> Result<Self, UnknownScope> {
        let names = text.split([' ', ',']).filter(|name| !name.is_empty());
        names
            .map(|name| known(name).ok_or_else(|| UnknownScope(name.to_owned())))
            .collect::<Result<_, _>>()
            .map(Self::with_implied)
    }

    /// Names that we stored or signed, perhaps by another version: what is unknown here allows nothing here.
    pub fn of_known<'a>(names: impl IntoIterator<Item = &'a str>) -> Self {
        Self::with_implied(names.into_iter().filter_map(known).collect())
    }

    fn with_implied(mut names: BTreeSet<&'static str>) -> Self {
        if names.contains(Roster::NAME) {
            names.insert(Learners::NAME);
        }
        Self(names)
    }

    /// All that this client may do now.
    pub fn of_client(client: &ApiClient) -> Self {
        Self::of_known(client.scopes.iter().map(String::as_str))
    }

    /// All that a user of this role may do.
    pub fn of_role(role: Role) -> Self {
        let mut scopes = match role {
            Role::Educator => Self::of_known([Read::NAME, Learners::NAME]),
            Role::Analyst => Self::of_known([Read::NAME, Report::NAME]),
            Role::Operator => Self::all(),
        };
        // Logs are sent by programs.
        scopes.0.remove(Ingest::NAME);
        scopes
    }

    /// All that this account may do now.
    pub fn of_account(account: &Account) -> Self {
        match account {
            Account::User(user) => Self::of_role(user.role),
            Account::Client(client) => Self::of_client(client),
        }
    }

    /// These and one more.
    pub fn with<S: Scope>(mut self) -> Self {
        self.0.insert(S::NAME);
        self
    }

    /// Whether this scope is among them.
    pub fn contains<S: Scope>(&self) -> bool {
        self.0.contains(S::NAME)
    }

    /// Whether every one of them is among the others.
    pub fn is_within(&self, others: &Self) -> bool {
        self.0.is_subset(&others.0)
    }

    /// Their names, in order.
    pub fn names(&self) -> impl Iterator<Item = &'static str> {
        self.0.iter().copied()
    }
}

impl fmt::Display for Scopes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.names().collect::<Vec<_>>().join(" "))
    }
}

fn known(name: &str) -> Option<&'static str> {
    SCOPES.iter().map(|(known, _)| *known).find(|known| *known == name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_read_between_spaces_and_commas() {
        let scopes = Scopes::parse("read,ingest roster").unwrap();
        assert_eq!(scopes.to_string(), "ingest learners read roster");
        assert!(scopes.contains::<Read>() && !scopes.contains::<Operate>());
        assert!(scopes.is_within(&Scopes::all()) && !Scopes::all().is_within(&scopes));
    }

    #[test]
    fn a_role_is_some_scopes() {
        let may = |role| Scopes::of_role(role).to_string();
        assert_eq!(may(Role::Educator), "learners read");
        assert_eq!(may(Role::Analyst), "read report");
        assert_eq!(may(Role::Operator), "admin learners operate read report roster");
    }

    #[test]
    fn an_unknown_name_is_refused_from_people_and_ignored_in_our_own_tokens() {
        assert_eq!(Scopes::parse("read everything"), Err(UnknownScope("everything".to_owned())));
        assert_eq!(Scopes::of_known(["read", "everything"]), Scopes::parse("read").unwrap());
    }
}
