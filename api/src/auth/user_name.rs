//! The names that users may have.

use super::ANONYMOUS;
use crate::config::client_name;

/// What the audit log calls those who have no name of their own.
const OF_NOBODY: [&str; 4] = ["cli", "platform", "many", "unknown"];

/// A name that a user may have, else what is wrong with it: one that a client could have, that can stand in a URL, and that is
/// not the one of those who need no token.
pub fn user_name(text: &str) -> Result<String, String> {
    if [ANONYMOUS].iter().chain(&OF_NOBODY).any(|name| text.eq_ignore_ascii_case(name)) {
        return Err(format!("{text} is nobody's name"));
    }
    // What a path may be made shorter by.
    if matches!(text, "." | "..") {
        return Err(format!("{text} is no name"));
    }
    client_name(text).map_err(|fault| format!("it {fault}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_can_be_said_typed_and_linked_to() {
        for name in ["ada", "ada@school.example", "sis/17", "..."] {
            assert_eq!(user_name(name).as_deref(), Ok(name));
        }
        for name in ["", "a da", "a:da", "été", "Anonymous", "cli", "Platform", ".", "..", &"x".repeat(256)]
        {
            assert!(user_name(name).is_err(), "{name}");
        }
    }
}
