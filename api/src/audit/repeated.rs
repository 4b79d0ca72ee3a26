//! What is refused again and again within a minute: the first time is an entry, and so is the number of all others.

use std::collections::HashMap;

use chrono::{DateTime, TimeDelta, Utc};

use crate::store::{Actor, ActorKind, AuditEntry, AuditTarget, DONE};

/// How long refusals are gathered.
const MINUTE: TimeDelta = TimeDelta::minutes(1);

/// How many kinds of refusals are told apart within a minute. Whoever comes from more addresses than that is counted
/// without one.
const KINDS: usize = 1_000;

/// Refusals of this minute.
pub(super) struct Repeated {
    began: DateTime<Utc>,
    seen: HashMap<Kind, Again>,
}

/// What two refusals have in common that are told as one.
#[derive(Clone, PartialEq, Eq, Hash)]
struct Kind {
    name: String,
    kind: ActorKind,
    address: Option<String>,
    action: &'static str,
    target: AuditTarget,
    outcome: &'static str,
}

/// How often one has come after the first time.
struct Again {
    times: i64,
    last: DateTime<Utc>,
}

impl Repeated {
    pub(super) fn new(now: DateTime<Utc>) -> Self {
        Self { began: now, seen: HashMap::new() }
    }

    /// The entry, unless it is one that was seen before in this minute.
    pub(super) fn unless_repeated(&mut self, entry: AuditEntry) -> Option<AuditEntry> {
        if entry.outcome == DONE {
            return Some(entry);
        }
        let (kind, is_known) = self.kind_of(&entry);
        let again = self.seen.entry(kind).or_insert(Again { times: 0, last: entry.at });
        again.last = entry.at;
        if !is_known {
            return Some(entry);
        }
        again.times += entry.times;
        None
    }

    /// Where there are too many kinds, one that all of this action and code share.
    fn kind_of(&self, entry: &AuditEntry) -> (Kind, bool) {
        let AuditEntry { actor: Actor { name, kind, address, .. }, action, target, outcome, .. } =
            entry.clone();
        let exact = Kind { name, kind, address, action, target, outcome };
        if self.seen.contains_key(&exact) {
            return (exact, true);
        }
        if self.seen.len() < KINDS {
            return (exact, false);
        }
        let shared = Kind {
            name: "many".to_owned(),
            kind: ActorKind::Anonymous,
            address: None,
            target: AuditTarget::None,
            ..exact
        };
        (shared, true)
    }

    /// What was repeated in the minute that has passed; nothing before it has.
    pub(super) fn after_a_minute(&mut self, now: DateTime<Utc>) -> Vec<AuditEntry> {
        if now - self.began < MINUTE { Vec::new() } else { self.take(now) }
    }

    /// What was repeated so far. Another minute begins.
    pub(super) fn take(&mut self, now: DateTime<Utc>) -> Vec<AuditEntry> {
        self.began = now;
        let repeated = self.seen.drain().filter(|(_, again)| again.times > 0);
        let mut entries: Vec<AuditEntry> = repeated.map(|(kind, again)| kind.entry(&again)).collect();
        entries.sort_by_key(|entry| entry.at);
        entries
    }
}

impl Kind {
    fn entry(self, again: &Again) -> AuditEntry {
        let Self { name, kind, address, action, target, outcome } = self;
        let actor = Actor { name, kind, address, request_id: None };
        AuditEntry { outcome, times: again.times, ..AuditEntry::done(again.last, actor, action, target) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refused(address: &str, second: i64) -> AuditEntry {
        let actor = Actor {
            name: "anonymous".to_owned(),
            kind: ActorKind::Anonymous,
            address: Some(address.to_owned()),
            request_id: None,
        };
        let at = DateTime::UNIX_EPOCH + TimeDelta::seconds(second);
        AuditEntry { outcome: "invalid_token", ..AuditEntry::done(at, actor, "denied", AuditTarget::None) }
    }

    fn told(entries: &[AuditEntry]) -> Vec<(Option<&str>, i64)> {
        entries.iter().map(|entry| (entry.actor.address.as_deref(), entry.times)).collect()
    }

    #[test]
    fn a_flood_from_one_address_is_two_entries_a_minute() {
        let mut repeated = Repeated::new(DateTime::UNIX_EPOCH);
        let at_once = (0..50).filter_map(|second| repeated.unless_repeated(refused("192.0.2.1", second)));
        assert_eq!(at_once.count(), 1);
        assert_eq!(repeated.after_a_minute(DateTime::UNIX_EPOCH + TimeDelta::seconds(59)), []);
        let after = repeated.after_a_minute(DateTime::UNIX_EPOCH + TimeDelta::seconds(60));
        assert_eq!(told(&after), [(Some("192.0.2.1"), 49)]);
        assert!(repeated.unless_repeated(refused("192.0.2.1", 61)).is_some(), "another minute");
    }

    #[test]
    fn very_many_addresses_are_counted_together() {
        let mut repeated = Repeated::new(DateTime::UNIX_EPOCH);
        let addresses = (0..5_000).map(|number| format!("192.0.{}.{}", number / 256, number % 256));
        let at_once = addresses.filter_map(|address| repeated.unless_repeated(refused(&address, 0))).count();
        assert_eq!(at_once, KINDS);
        assert_eq!(told(&repeated.take(DateTime::UNIX_EPOCH)), [(None, 5_000 - KINDS as i64)]);
        assert!(repeated.seen.is_empty());
    }

    #[test]
    fn what_was_done_is_never_counted_together() {
        let mut repeated = Repeated::new(DateTime::UNIX_EPOCH);
        for _ in 0..3 {
            let read = AuditEntry { outcome: DONE, ..refused("192.0.2.1", 0) };
            assert!(repeated.unless_repeated(read).is_some());
        }
        assert!(repeated.take(DateTime::UNIX_EPOCH).is_empty());
    }
}
