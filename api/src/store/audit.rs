//! Who did what: entries that are added, read, and by their age removed.

use std::fmt::Display;
use std::str::FromStr;
use std::sync::Arc;

use chrono::{DateTime, Utc};
use entity::audit_entry::{self, Column};
use sea_orm::sea_query::{Expr, ExprTrait};
use sea_orm::{
    ColumnTrait, Condition, DatabaseTransaction, DbErr, EntityTrait, QueryFilter, QueryOrder, QuerySelect,
};

use super::query::{Query, Rows};
use super::streaming_logs::moment;
use super::{Dialect, Store};
use crate::error::StoreError;

/// How much of a text is kept, in characters: a URL may hold 64 KB of a name that nobody has.
const TEXT_LIMIT: usize = 500;

/// What went as it was meant to.
pub const DONE: &str = "done";

/// What kind of caller somebody is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum ActorKind {
    /// A person.
    User,
    /// A program.
    Client,
    /// Nobody in particular.
    Anonymous,
    /// Somebody who says to be of this name, and may not be. It is looked up when it is noted.
    Claimed,
    /// An operator at the command line.
    Cli,
    /// The platform, by itself.
    Platform,
}

impl ActorKind {
    /// As it is written.
    pub fn name(self) -> &'static str {
        match self {
            Self::User => "user",
            Self::Client => "client",
            Self::Anonymous | Self::Claimed => "anonymous",
            Self::Cli => "cli",
            Self::Platform => "platform",
        }
    }
}

/// Who does something, and from where.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Actor {
    /// The name of a user or a client.
    pub name: String,
    /// What the name is of.
    pub kind: ActorKind,
    /// The network address.
    pub address: Option<String>,
    /// The request.
    pub request_id: Option<String>,
}

impl Actor {
    /// An operator at the command line.
    pub fn cli() -> Self {
        Self::local("cli", ActorKind::Cli)
    }

    /// The platform, by itself.
    pub fn platform() -> Self {
        Self::local("platform", ActorKind::Platform)
    }

    fn local(name: &str, kind: ActorKind) -> Self {
        Self { name: name.to_owned(), kind, address: None, request_id: None }
    }
}

/// What something is done to.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum AuditTarget {
    /// Nothing in particular.
    None,
    /// A learner, by our id.
    Learner(i64),
    /// A learner, by the LMS's name, which is not kept: it is looked up, and is the text where nobody has it.
    Named(String, String),
    /// Anything else.
    Other(String),
}

/// How the audit log names a learner.
pub(super) fn learner(student_id: i64) -> String {
    format!("student:{student_id}")
}

/// What somebody did, or was kept from doing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AuditEntry {
    /// When.
    pub at: DateTime<Utc>,
    /// Who.
    pub actor: Actor,
    /// What.
    pub action: &'static str,
    /// To what.
    pub target: AuditTarget,
    /// [`DONE`], or the code of the refusal.
    pub outcome: &'static str,
    /// How often.
    pub times: i64,
    /// What more there is to say.
    pub detail: Option<String>,
}

impl AuditEntry {
    /// Something that was done.
    pub fn done(at: DateTime<Utc>, actor: Actor, action: &'static str, target: AuditTarget) -> Self {
        Self { at, actor, action, target, outcome: DONE, times: 1, detail: None }
    }

    /// The same, with more to say.
    pub fn with_detail(self, detail: impl Into<String>) -> Self {
        Self { detail: Some(detail.into()), ..self }
    }
}

/// Which entries are asked for.
#[derive(Debug, Clone, Default)]
pub struct AuditFilter {
    /// Of this name.
    pub actor: Option<String>,
    /// Of this kind.
    pub action: Option<String>,
    /// Done to this.
    pub target: Option<String>,
    /// At or after this moment.
    pub from: Option<DateTime<Utc>>,
    /// Before this moment.
    pub to: Option<DateTime<Utc>>,
}

impl AuditFilter {
    /// All that was done to a learner.
    pub fn of_learner(student_id: i64) -> Self {
        Self { target: Some(learner(student_id)), ..Self::default() }
    }
}

/// Where the list of entries goes on: after this one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AuditPosition {
    /// When it happened.
    pub at: DateTime<Utc>,
    /// Which one it is.
    pub id: i64,
}

impl Display for AuditPosition {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} {}", self.at.timestamp_micros(), self.id)
    }
}

impl FromStr for AuditPosition {
    type Err = ();

    fn from_str(text: &str) -> Result<Self, ()> {
        let (at, id) = text.split_once(' ').ok_or(())?;
        Ok(Self { at: moment(Some(at)).ok_or(())?, id: id.parse().map_err(|_| ())? })
    }
}

/// Adds entries, within the transaction that does what they tell of.
pub(super) async fn note(
    tx: &DatabaseTransaction,
    dialect: Dialect,
    entries: &[AuditEntry],
) -> Result<(), DbErr> {
    let insert = Query::new(dialect, include_str!("sql/insert_audit_entries.sql"));
    insert.rows(rows(entries)).execute(tx).await?;
    Ok(())
}

fn rows(entries: &[AuditEntry]) -> Rows {
    let actors = || entries.iter().map(|entry| &entry.actor);
    let is_claimed = |actor: &Actor| i64::from(actor.kind == ActorKind::Claimed);
    Rows::new()
        .bigint("place", (0..).zip(entries).map(|(place, _)| place))
        .time("at", entries.iter().map(|entry| entry.at))
        .text("actor", actors().map(|actor| kept(&actor.name)))
        .text("actor_kind", actors().map(|actor| actor.kind.name()))
        .bigint("is_claimed", actors().map(is_claimed))
        .text("action", entries.iter().map(|entry| entry.action))
        .text("target", entries.iter().map(|entry| kept(&entry.target.text())))
        .text("learner", entries.iter().map(|entry| entry.target.external_id()))
        .text("outcome", entries.iter().map(|entry| entry.outcome))
        .bigint("times", entries.iter().map(|entry| entry.times))
        .text("address", actors().map(|actor| actor.address.as_deref().unwrap_or_default()))
        .text("request_id", actors().map(|actor| actor.request_id.as_deref().unwrap_or_default()))
        .text("detail", entries.iter().map(|entry| entry.detail.as_deref().unwrap_or_default()))
}

/// What can be kept of a text: PostgreSQL takes no U+0000, and an entry that is refused would hold up all others.
fn kept(text: &str) -> String {
    text.chars().filter(|character| !character.is_control()).take(TEXT_LIMIT).collect()
}

impl AuditTarget {
    fn text(&self) -> String {
        match self {
            Self::None => String::new(),
            Self::Learner(student_id) => learner(*student_id),
            Self::Named(text, _) | Self::Other(text) => text.clone(),
        }
    }

    fn external_id(&self) -> &str {
        match self {
            Self::Named(_, external_id) => external_id,
            Self::None | Self::Learner(_) | Self::Other(_) => "",
        }
    }
}

impl Store {
    /// Adds entries.
    pub async fn note(&self, entries: Vec<AuditEntry>) -> Result<(), StoreError> {
        let (dialect, entries) = (self.dialect, Arc::new(entries));
        self.write(move |tx| {
            let entries = Arc::clone(&entries);
            Box::pin(async move { note(tx, dialect, &entries).await })
        })
        .await
    }

    /// Entries in the order latest first; at most `limit`, those after `after`.
    pub async fn audit_entries(
        &self,
        filter: &AuditFilter,
        after: Option<&AuditPosition>,
        limit: u64,
    ) -> Result<Vec<audit_entry::Model>, StoreError> {
        let AuditFilter { actor, action, target, from, to } = filter;
        let moment = |moment: DateTime<Utc>| Expr::val(self.dialect.time(moment));
        let at = || Expr::col(Column::At);
        let mut wanted = Condition::all()
            .add_option(actor.as_deref().map(|actor| Column::Actor.eq(actor)))
            .add_option(action.as_deref().map(|action| Column::Action.eq(action)))
            .add_option(target.as_deref().map(|target| Column::Target.eq(target)))
            .add_option(from.map(|from| at().gte(moment(from))))
            .add_option(to.map(|to| at().lt(moment(to))));
        if let Some(AuditPosition { at: last, id }) = after {
            let earlier = Condition::all().add(at().eq(moment(*last))).add(Column::Id.lt(*id));
            wanted = wanted.add(Condition::any().add(at().lt(moment(*last))).add(earlier));
        }
        let entries = audit_entry::Entity::find().filter(wanted);
        let entries = entries.order_by_desc(Column::At).order_by_desc(Column::Id).limit(limit);
        Ok(entries.all(&self.reader).await?)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn no_text_can_hold_up_the_log() {
        assert_eq!(kept("user:a\0b\n"), "user:ab");
        assert_eq!(kept(&"é".repeat(70_000)).chars().count(), TEXT_LIMIT);
    }

    proptest! {
        #[test]
        fn a_position_is_read_as_it_was_written(micros in 0_i64..253_000_000_000_000_000, id in any::<i64>()) {
            let position = AuditPosition { at: DateTime::from_timestamp_micros(micros).unwrap(), id };
            prop_assert_eq!(position.to_string().parse(), Ok(position));
        }

        #[test]
        fn no_text_makes_a_position_panic(text in "-?[0-9]{1,20} .{0,20}|.{0,40}") {
            let _ = text.parse::<AuditPosition>();
        }
    }
}
