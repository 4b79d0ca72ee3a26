//! Users made, changed and removed. Rights are read at each use and so change at once; a new password ends sessions.

use std::collections::BTreeSet;
use std::sync::Arc;

use chrono::{DateTime, Utc};
use sea_orm::DbErr;

use super::accounts::{hold_names, is_clients_name, is_users_name};
use super::audit::{Actor, AuditEntry, AuditTarget, note};
use super::query::{Query, Rows};
use super::roster::Writing;
use super::users::user;
use super::{Role, SessionKey, Store, User};
use crate::error::StoreError;

/// A person who shall be able to sign in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewUser {
    /// The name to sign in with.
    pub name: String,
    /// What this person is for.
    pub role: Role,
    /// The classrooms of an educator.
    pub classrooms: BTreeSet<String>,
    /// Argon2id hash of the password.
    pub password_hash: String,
}

/// What changes of a user; what is none stays.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct UserPatch {
    /// What this person is for from now on. Whoever is no educator any longer has no classrooms.
    pub role: Option<Role>,
    /// The classrooms of an educator.
    pub classrooms: Option<BTreeSet<String>>,
    /// Argon2id hash of the new password; every session ends.
    pub password_hash: Option<String>,
}

/// What became of a user who was to be made or changed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum UserOutcome {
    /// Done; the user as it is now.
    Done(User),
    /// There is no such user.
    Absent,
    /// A user or a client has this name.
    Taken,
    /// There are no such classrooms.
    UnknownClassrooms(BTreeSet<String>),
    /// Classrooms are for educators alone.
    NoEducator,
}

impl UserPatch {
    fn apply(&self, before: &User, now: DateTime<Utc>) -> User {
        let Self { role, classrooms, password_hash } = self;
        let role = role.unwrap_or(before.role);
        let kept = if role == Role::Educator { before.classrooms.clone() } else { BTreeSet::new() };
        let after = User {
            role,
            classrooms: classrooms.clone().unwrap_or(kept),
            password_hash: password_hash.clone().unwrap_or_else(|| before.password_hash.clone()),
            ..before.clone()
        };
        if after == *before { after } else { User { updated_at: now, ..after } }
    }
}

impl Store {
    /// Makes a user.
    pub async fn create_user(
        &self,
        new: NewUser,
        by: Actor,
        now: DateTime<Utc>,
    ) -> Result<UserOutcome, StoreError> {
        let (dialect, new) = (self.dialect, Arc::new(new));
        let entry = entry("put_user", &new.name, by, now);
        self.write(move |tx| {
            let (new, entry) = (Arc::clone(&new), entry.clone());
            Box::pin(async move {
                let writing = Writing { tx, dialect };
                let outcome = writing.create_user(&new, now).await?;
                writing.note_user(&outcome, entry, &[]).await?;
                Ok(outcome)
            })
        })
        .await
    }

    /// Changes a user.
    pub async fn patch_user(
        &self,
        name: &str,
        patch: UserPatch,
        by: Actor,
        now: DateTime<Utc>,
    ) -> Result<UserOutcome, StoreError> {
        let (dialect, change) = (self.dialect, Arc::new((name.to_owned(), patch)));
        let entry = entry("put_user", name, by, now);
        self.write(move |tx| {
            let (change, entry) = (Arc::clone(&change), entry.clone());
            Box::pin(async move {
                let writing = Writing { tx, dialect };
                let (name, patch) = &*change;
                let outcome = writing.patch_user(name, patch, now).await?;
                let more: &[&str] = if patch.password_hash.is_some() { &["a new password"] } else { &[] };
                writing.note_user(&outcome, entry, more).await?;
                Ok(outcome)
            })
        })
        .await
    }

    /// Gives a user who has shown the old password a new one, and ends all sessions but this one; false where it is not the
    /// password any longer.
    pub async fn change_own_password(
        &self,
        user: &User,
        password_hash: &str,
        kept: &SessionKey,
        by: Actor,
        now: DateTime<Utc>,
    ) -> Result<bool, StoreError> {
        let dialect = self.dialect;
        let entry = entry("change_password", &user.name, by, now);
        let change = "UPDATE users SET password_hash = {new}, updated_at = {now} \
                      WHERE name = {name} AND password_hash = {old}";
        let change = Query::new(dialect, change).bind("new", password_hash).bind_time("now", now);
        let change = change.bind("name", user.name.as_str()).bind("old", user.password_hash.as_str());
        let end = "DELETE FROM sessions WHERE user_name = {name} AND cookie_hash <> {kept}";
        let end = Query::new(dialect, end).bind("name", user.name.as_str()).bind("kept", kept.to_vec());
        self.write(move |tx| {
            let (change, end, entry) = (change.clone(), end.clone(), entry.clone());
            Box::pin(async move {
                let is_changed = change.execute(tx).await? > 0;
                if is_changed {
                    end.execute(tx).await?;
                    note(tx, dialect, &[entry]).await?;
                }
                Ok(is_changed)
            })
        })
        .await
    }

    /// Removes a user, and with it the sessions; false where there is none.
    pub async fn remove_user(&self, name: &str, by: Actor, now: DateTime<Utc>) -> Result<bool, StoreError> {
        let (dialect, entry) = (self.dialect, entry("remove_user", name, by, now));
        let remove = Query::new(dialect, "DELETE FROM users WHERE name = {name}").bind("name", name);
        let removed = self.write(move |tx| {
            let (remove, entry) = (remove.clone(), entry.clone());
            Box::pin(async move {
                let is_removed = remove.execute(tx).await? > 0;
                if is_removed {
                    note(tx, dialect, &[entry]).await?;
                }
                Ok(is_removed)
            })
        });
        removed.await
    }

    /// Ends every session of a user; none where there is no such user, else how many there were.
    pub async fn end_sessions_of_user(
        &self,
        name: &str,
        by: Actor,
        now: DateTime<Utc>,
    ) -> Result<Option<u64>, StoreError> {
        let entry = entry("sign_out_user", name, by, now);
        let (dialect, name) = (self.dialect, Arc::<str>::from(name));
        self.write(move |tx| {
            let (name, entry) = (Arc::clone(&name), entry.clone());
            Box::pin(async move {
                let writing = Writing { tx, dialect };
                if !writing.lock_user(&name).await? {
                    return Ok(None);
                }
                let ended = writing.end_sessions_of_user(&name).await?;
                note(tx, dialect, &[entry.with_detail(format!("{ended} sessions"))]).await?;
                Ok(Some(ended))
            })
        })
        .await
    }
}

fn entry(action: &'static str, name: &str, by: Actor, at: DateTime<Utc>) -> AuditEntry {
    AuditEntry::done(at, by, action, AuditTarget::Other(format!("user:{name}")))
}

impl Writing<'_> {
    /// Notes what a user may do from now on.
    async fn note_user(&self, outcome: &UserOutcome, entry: AuditEntry, more: &[&str]) -> Result<(), DbErr> {
        let UserOutcome::Done(user) = outcome else { return Ok(()) };
        let classrooms = user.classrooms.iter().map(String::as_str);
        let detail: Vec<&str> =
            std::iter::once(user.role.name()).chain(classrooms).chain(more.iter().copied()).collect();
        note(self.tx, self.dialect, &[entry.with_detail(detail.join(", "))]).await
    }

    async fn create_user(&self, new: &NewUser, now: DateTime<Utc>) -> Result<UserOutcome, DbErr> {
        let NewUser { name, role, classrooms, password_hash } = new.clone();
        hold_names(self.tx, self.dialect).await?;
        if is_users_name(self.tx, self.dialect, &name).await?
            || is_clients_name(self.tx, self.dialect, &name).await?
        {
            return Ok(UserOutcome::Taken);
        }
        let user = User { name, role, password_hash, classrooms, created_at: now, updated_at: now };
        if let Some(refusal) = self.refuse_classrooms_of(&user).await? {
            return Ok(refusal);
        }
        self.write_user(include_str!("sql/insert_user.sql"), &user).await?;
        self.bind_classrooms(&user).await?;
        Ok(UserOutcome::Done(user))
    }

    async fn patch_user(
        &self,
        name: &str,
        patch: &UserPatch,
        now: DateTime<Utc>,
    ) -> Result<UserOutcome, DbErr> {
        // A session that begins meanwhile has waited for the row, or is seen here.
        self.lock_user(name).await?;
        let Some(before) = user(self.tx, self.dialect, name).await? else {
            return Ok(UserOutcome::Absent);
        };
        let after = patch.apply(&before, now);
        if let Some(refusal) = self.refuse_classrooms_of(&after).await? {
            return Ok(refusal);
        }
        self.write_user(include_str!("sql/update_user.sql"), &after).await?;
        if after.classrooms != before.classrooms {
            let unbind = self.query("DELETE FROM user_classrooms WHERE name = {name}");
            unbind.bind("name", name).execute(self.tx).await?;
            self.bind_classrooms(&after).await?;
        }
        if after.password_hash != before.password_hash {
            self.end_sessions_of_user(name).await?;
        }
        Ok(UserOutcome::Done(after))
    }

    /// Whether there is such a user, who stays as it is then until the end of the transaction.
    async fn lock_user(&self, name: &str) -> Result<bool, DbErr> {
        let lock = self.query("SELECT 1 FROM users WHERE name = {name}\nFOR UPDATE -- postgres");
        Ok(lock.bind("name", name).one(self.tx).await?.is_some())
    }

    /// Why a user cannot have these classrooms; those that there are stay until the end of the transaction.
    async fn refuse_classrooms_of(&self, user: &User) -> Result<Option<UserOutcome>, DbErr> {
        if user.classrooms.is_empty() {
            return Ok(None);
        }
        if user.role != Role::Educator {
            return Ok(Some(UserOutcome::NoEducator));
        }
        let unknown = self.hold_known_classrooms(&user.classrooms).await?;
        Ok((!unknown.is_empty()).then_some(UserOutcome::UnknownClassrooms(unknown)))
    }

    async fn write_user(&self, template: &str, user: &User) -> Result<(), DbErr> {
        let User { name, role, password_hash, classrooms: _, created_at: _, updated_at } = user;
        let write = self.query(template).bind("name", name.as_str()).bind("role", role.name());
        let write = write.bind("password_hash", password_hash.as_str()).bind_time("now", *updated_at);
        write.execute(self.tx).await?;
        Ok(())
    }

    async fn bind_classrooms(&self, user: &User) -> Result<(), DbErr> {
        let bind = self.query(include_str!("sql/bind_classrooms.sql")).bind("name", user.name.as_str());
        bind.rows(Rows::new().text("classroom", user.classrooms.iter())).execute(self.tx).await?;
        Ok(())
    }

    async fn end_sessions_of_user(&self, name: &str) -> Result<u64, DbErr> {
        let end = self.query("DELETE FROM sessions WHERE user_name = {name}");
        end.bind("name", name).execute(self.tx).await
    }
}
