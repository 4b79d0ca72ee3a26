//! The keys of tokens: one signs, and while every replica gets another one, the one before is still read.

use std::sync::atomic::{AtomicBool, Ordering};

use jsonwebtoken::{DecodingKey, EncodingKey};
use sha2::{Digest, Sha256};

/// So much of a key's hash names it: enough to tell two keys apart, and nothing to find one by.
const NAME_BYTES: usize = 8;

/// Hashed before the key, so that its name is a hash that nobody makes for anything else.
const NAMING: &[u8] = b"edtech-stream token key ";

/// One key, of HMAC.
pub(super) struct Key {
    name: String,
    pub(super) signing: EncodingKey,
    pub(super) reading: DecodingKey,
}

impl Key {
    fn new(key: &[u8]) -> Self {
        let hash = Sha256::new_with_prefix(NAMING).chain_update(key).finalize();
        let name = hash.iter().take(NAME_BYTES).map(|byte| format!("{byte:02x}")).collect();
        Self { name, signing: EncodingKey::from_secret(key), reading: DecodingKey::from_secret(key) }
    }

    /// What tokens call it (`kid`).
    pub(super) fn name(&self) -> &str {
        &self.name
    }
}

/// The key that signs, and the one before it.
pub(super) struct Keys {
    current: Key,
    previous: Option<Key>,
    /// As long as there are replicas that do not know the new key yet.
    previous_signs: AtomicBool,
}

impl Keys {
    pub(super) fn new(current: &[u8]) -> Self {
        Self { current: Key::new(current), previous: None, previous_signs: AtomicBool::new(false) }
    }

    pub(super) fn with_previous(self, previous: &[u8]) -> Self {
        let previous = Key::new(previous);
        // The same key under both names is one key.
        Self { previous: (previous.name != self.current.name).then_some(previous), ..self }
    }

    pub(super) fn current(&self) -> &Key {
        &self.current
    }

    pub(super) fn previous(&self) -> Option<&Key> {
        self.previous.as_ref()
    }

    /// The one that signs now.
    pub(super) fn signing(&self) -> &Key {
        let previous = self.previous().filter(|_| self.previous_signs.load(Ordering::Relaxed));
        previous.unwrap_or(&self.current)
    }

    /// Whether the key before goes on signing.
    pub(super) fn let_previous_sign(&self, signs: bool) {
        self.previous_signs.store(signs, Ordering::Relaxed);
    }

    /// The key of this name. Servers before this one named none, and signed with the one that they had.
    pub(super) fn named(&self, name: Option<&str>) -> Option<&Key> {
        let Some(name) = name else { return Some(&self.current) };
        [Some(&self.current), self.previous()].into_iter().flatten().find(|key| key.name == name)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_is_named_and_its_name_tells_nothing() {
        let [one, other] = [b"one", b"two"].map(|key| Keys::new(key));
        assert_eq!(one.current().name().len(), 2 * NAME_BYTES);
        assert_ne!(one.current().name(), other.current().name());
        assert_eq!(one.current().name(), Keys::new(b"one").current().name());
        let plain = Sha256::digest(b"one").iter().map(|byte| format!("{byte:02x}")).collect::<String>();
        assert!(!plain.starts_with(one.current().name()));
    }

    #[test]
    fn the_key_before_is_read_and_signs_where_it_has_to() {
        let (old, new) = (Keys::new(b"old"), Keys::new(b"new").with_previous(b"old"));
        let names = [&old, &new].map(|keys| keys.current().name().to_owned());
        assert_eq!(new.signing().name(), names[1]);
        assert!(names.iter().all(|name| new.named(Some(name)).is_some_and(|key| key.name() == name)));
        assert!(old.named(Some(&names[1])).is_none() && new.named(Some("")).is_none());
        new.let_previous_sign(true);
        old.let_previous_sign(true);
        assert_eq!((new.signing().name(), old.signing().name()), (&*names[0], &*names[0]));
        assert!(Keys::new(b"same").with_previous(b"same").previous().is_none());
    }
}
