//! A user: as posted, as told.

use std::collections::BTreeSet;

use actix_web::http::StatusCode;
use chrono::{DateTime, Utc};
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use rand::CryptoRng;
use serde::{Deserialize, Deserializer, Serialize};
use utoipa::ToSchema;

use crate::auth::{Password, Secrets, UserRole, user_name};
use crate::error::{Fault, Problem};
use crate::name::Name;
use crate::pointer::pointer_to;
use crate::store::{self, UserOutcome};

/// The largest body, in bytes.
pub(super) const BODY_LIMIT: usize = 64 * 1024;

/// The most faults that one request is told of.
const MOST_FAULTS: usize = 16;

/// A person who may sign in.
#[derive(Debug, Serialize, ToSchema)]
#[schema(example = json!({
    "name": "ada", "role": "educator", "classrooms": ["IA_2025"],
    "created_at": "2026-01-31T09:30:00.000000Z", "updated_at": "2026-01-31T09:30:00.000000Z"
}))]
pub struct User {
    /// The name to sign in with.
    name: String,
    /// What this person is for.
    role: UserRole,
    /// The classrooms of an educator, by name; null for others, who see all.
    #[schema(required)]
    classrooms: Option<Vec<String>>,
    /// When the user was made.
    created_at: DateTime<Utc>,
    /// When role, classrooms or password last changed.
    updated_at: DateTime<Utc>,
}

/// A user, with the password that was drawn, if one was: it is told this once.
#[derive(Serialize, ToSchema)]
pub struct UserWithPassword {
    /// The user.
    #[serde(flatten)]
    user: User,
    /// The password that was drawn.
    #[serde(skip_serializing_if = "Option::is_none")]
    password: Option<String>,
}

/// A user to be made.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"name": "ada", "role": "educator", "classrooms": ["IA_2025"]}))]
pub struct PostedUser {
    /// The name to sign in with: 1 to 255 ASCII characters without space and colon. No client may have it.
    #[schema(min_length = 1, max_length = 255, pattern = "^[!-9;-~]+$")]
    name: String,
    /// What this person is for.
    pub(super) role: UserRole,
    /// The classrooms of an educator, who sees no learner of any other; for others null, or left out.
    #[schema(value_type = Option<Vec<String>>)]
    classrooms: Option<Vec<Name>>,
    /// At least 12 characters, at most 1024 bytes, and not the name. Without one it is drawn, and answered this once.
    #[schema(min_length = 12, max_length = 1024)]
    password: Option<String>,
}

/// A change to a user. What is left out stays as it is.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"classrooms": ["IA_2025", "Web_2025"]}))]
pub struct PatchedUser {
    /// What this person is for from now on. Whoever is no educator any longer has no classrooms.
    #[schema(nullable = false)]
    #[serde(default, deserialize_with = "given")]
    pub(super) role: Option<UserRole>,
    /// The classrooms of an educator; null is none.
    #[schema(value_type = Option<Vec<String>>)]
    #[serde(default, deserialize_with = "given")]
    classrooms: Option<Option<Vec<Name>>>,
    /// The new password; where it is null one is drawn, and answered this once. Every session of the user ends.
    #[schema(value_type = Option<String>, min_length = 12, max_length = 1024)]
    #[serde(default, deserialize_with = "given")]
    pub(super) password: Option<Option<String>>,
}

/// A password for a user: chosen by whoever asks, or drawn, and then it is told.
pub(super) struct Given {
    password: Password,
    is_drawn: bool,
}

/// A field that is there, be it null: `None` is one that is not.
fn given<'de, D: Deserializer<'de>, T: Deserialize<'de>>(field: D) -> Result<Option<T>, D::Error> {
    T::deserialize(field).map(Some)
}

impl Given {
    /// The one that was sent for the user of this name; a drawn one where it was none.
    fn read(sent: Option<String>, name: &str, rng: &mut impl CryptoRng) -> Result<Self, Fault> {
        match sent {
            None => Ok(Self { password: Password::drawn(rng), is_drawn: true }),
            Some(text) => {
                let password = Password::chosen(text, name).map_err(invalid_password)?;
                Ok(Self { password, is_drawn: false })
            }
        }
    }

    /// What is kept of it.
    pub(super) async fn hash(&self, secrets: &Secrets) -> Result<String, Problem> {
        secrets.hash(self.password.expose().to_owned()).await
    }
}

impl PostedUser {
    /// The name, if it can be one, and the password; every fault has its place.
    pub(super) fn name_and_password(&mut self, rng: &mut impl CryptoRng) -> Result<(String, Given), Problem> {
        let name = user_name(&self.name).map_err(invalid_name);
        match (name, Given::read(self.password.take(), &self.name, rng)) {
            (Ok(name), Ok(password)) => Ok((name, password)),
            (name, password) => Err(refused([name.err(), password.err()].into_iter().flatten().collect())),
        }
    }

    /// The classrooms, in the order in which they were sent.
    pub(super) fn classrooms(self) -> Vec<String> {
        texts(self.classrooms)
    }
}

impl PatchedUser {
    /// The new password of the user of this name, if there shall be one.
    pub(super) fn new_password(
        &mut self,
        name: &str,
        rng: &mut impl CryptoRng,
    ) -> Result<Option<Given>, Problem> {
        let given = self.password.take().map(|sent| Given::read(sent, name, rng));
        given.transpose().map_err(|fault| refused(vec![fault]))
    }

    /// The classrooms, in the order in which they were sent, if they shall be others.
    pub(super) fn classrooms(self) -> Option<Vec<String>> {
        self.classrooms.map(texts)
    }
}

fn texts(names: Option<Vec<Name>>) -> Vec<String> {
    names.unwrap_or_default().into_iter().map(Into::into).collect()
}

/// The user as it is now, with the password where it was drawn; or why nothing was done.
pub(super) fn answer(
    outcome: UserOutcome,
    given: Option<Given>,
    classrooms: &[String],
) -> Result<UserWithPassword, Problem> {
    match outcome {
        UserOutcome::Done(user) => {
            let drawn = given.filter(|given| given.is_drawn);
            let password = drawn.map(|given| given.password.expose().to_owned());
            Ok(UserWithPassword { user: user.into(), password })
        }
        UserOutcome::Absent => Err(no_user()),
        UserOutcome::Taken => Err(Problem::conflict("name_taken", "A user or a client has this name.")),
        UserOutcome::NoEducator => {
            let detail = "Only an educator is bound to classrooms: leave them out.";
            Err(Problem::unprocessable("no_educator", detail, "/classrooms"))
        }
        UserOutcome::UnknownClassrooms(unknown) => Err(refused(unknown_classrooms(classrooms, &unknown))),
    }
}

impl UserWithPassword {
    /// The path of its URL.
    pub(super) fn location(&self) -> String {
        format!("/users/{}", utf8_percent_encode(&self.user.name, ESCAPED))
    }
}

impl From<store::User> for User {
    fn from(user: store::User) -> Self {
        let classrooms = user.bound_to().map(|classrooms| classrooms.iter().cloned().collect());
        let store::User { name, role, password_hash: _, classrooms: _, created_at, updated_at } = user;
        Self { name, role: role.into(), classrooms, created_at, updated_at }
    }
}

/// What stands for itself in a path (RFC 3986, 2.3).
const ESCAPED: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');

/// 404: there is no such user.
pub(super) fn no_user() -> Problem {
    Problem::not_found("There is no user of this name.")
}

/// 409: there shall always be somebody who can undo a mistake.
pub(super) fn oneself(detail: &str) -> Problem {
    Problem::conflict("oneself", detail)
}

fn invalid_name(detail: String) -> Fault {
    Fault { pointer: pointer_to(&["name"]), code: "invalid_text", detail }
}

fn invalid_password(fault: &str) -> Fault {
    Fault { pointer: pointer_to(&["password"]), code: "invalid_password", detail: fault.to_owned() }
}

fn unknown_classrooms(sent: &[String], unknown: &BTreeSet<String>) -> Vec<Fault> {
    let places = sent.iter().enumerate().filter(|(_, name)| unknown.contains(*name));
    let fault = |(at, _): (usize, _)| Fault {
        pointer: pointer_to(&["classrooms", &at.to_string()]),
        code: "unknown_classroom",
        detail: "there is no classroom of this name".to_owned(),
    };
    places.take(MOST_FAULTS).map(fault).collect()
}

fn refused(faults: Vec<Fault>) -> Problem {
    let (code, detail) = faults.first().map_or(("invalid_value", ""), |fault| (fault.code, &fault.detail));
    Problem::new(StatusCode::UNPROCESSABLE_ENTITY, code, detail).with_errors(faults.clone())
}

#[cfg(test)]
mod tests;
