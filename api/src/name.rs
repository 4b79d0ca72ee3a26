//! A name that a client asks for.

use std::str::FromStr;

use serde::Deserialize;

/// A name that may be somebody's. No name of ours holds a control character, and PostgreSQL takes no U+0000.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(try_from = "String")]
pub struct Name(String);

/// The text holds a control character.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a name holds no control characters")]
pub struct NoName;

impl Name {
    /// As text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl TryFrom<String> for Name {
    type Error = NoName;

    fn try_from(text: String) -> Result<Self, NoName> {
        if text.contains(char::is_control) { Err(NoName) } else { Ok(Self(text)) }
    }
}

impl FromStr for Name {
    type Err = NoName;

    fn from_str(text: &str) -> Result<Self, NoName> {
        text.to_owned().try_into()
    }
}

impl From<Name> for String {
    fn from(name: Name) -> Self {
        name.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_holds_no_control_characters() {
        assert_eq!("Été 2025".parse::<Name>().map(String::from), Ok("Été 2025".to_owned()));
        assert_eq!("a\0".parse::<Name>(), Err(NoName));
    }
}
