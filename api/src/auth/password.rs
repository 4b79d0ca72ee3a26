//! Passwords of people: which are taken, and how one is drawn.

use rand::CryptoRng;

/// The fewest characters: length is what makes a password hard to guess.
const MIN_CHARS: usize = 12;

/// The most bytes.
const MAX_BYTES: usize = 1024;

/// Letters and digits that nobody takes for another one (Crockford's base 32).
const ALPHABET: &[u8; 32] = b"0123456789abcdefghjkmnpqrstvwxyz";

/// A drawn password: 100 random bits, in groups that can be read out.
const GROUPS: usize = 4;
const GROUP: usize = 5;

/// A password that a person may have. It has no `Debug`: it is never printed by accident.
#[derive(Clone, PartialEq, Eq)]
pub struct Password(String);

impl Password {
    /// A password that somebody chose for the user of this name; else what is wrong with it.
    pub fn chosen(text: String, name: &str) -> Result<Self, &'static str> {
        if text.chars().count() < MIN_CHARS {
            Err("a password has at least 12 characters")
        } else if text.len() > MAX_BYTES {
            Err("a password has at most 1024 bytes")
        } else if text.trim().eq_ignore_ascii_case(name) {
            Err("a password is not the name")
        } else {
            Ok(Self(text))
        }
    }

    /// One that nobody guesses.
    pub fn drawn(rng: &mut (impl CryptoRng + ?Sized)) -> Self {
        let mut bytes = [0; GROUPS * GROUP];
        rng.fill_bytes(&mut bytes);
        // A byte has eight times as many values as there are letters: each is as likely as any other.
        let letters = bytes.map(|byte| char::from(ALPHABET[usize::from(byte % 32)]));
        let groups: Vec<String> = letters.chunks(GROUP).map(|group| group.iter().collect()).collect();
        Self(groups.join("-"))
    }

    /// As it is typed.
    pub fn expose(&self) -> &str {
        &self.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::entropy;

    #[test]
    fn a_password_is_long_and_not_the_name() {
        let fault = |text: &str| Password::chosen(text.to_owned(), "ada@school.example").err();
        assert_eq!(fault("twelve chars"), None);
        assert_eq!(fault("éléphants!!!"), None, "characters are counted, not bytes");
        assert_eq!(fault(&"x".repeat(1024)), None);
        for (text, why) in [
            ("", "at least 12 characters"),
            ("eleven char", "at least 12 characters"),
            ("éééééééé", "at least 12 characters"),
            (&"x".repeat(1025), "at most 1024 bytes"),
            ("Ada@School.example ", "is not the name"),
        ] {
            assert!(fault(text).is_some_and(|fault| fault.contains(why)), "{text:.20}: {:?}", fault(text));
        }
    }

    #[test]
    fn a_drawn_password_may_be_had_and_is_always_another() {
        let [one, other] = [(); 2].map(|()| Password::drawn(&mut entropy::rng()));
        assert!(one != other);
        assert_eq!(one.expose().len(), 23);
        assert!(one.expose().split('-').all(|group| group.len() == 5), "{}", one.expose());
        assert!(Password::chosen(one.expose().to_owned(), "ada").is_ok());
    }
}
