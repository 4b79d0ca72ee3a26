//! JSON pointers (RFC 6901): where in a body a fault is.

/// The longest name that is repeated to its sender, in characters: longer than any of ours.
const LONGEST_NAME: usize = 64;

/// The pointer to what these names lead to.
pub fn pointer_to(path: &[&str]) -> String {
    path.iter().map(|name| format!("/{}", printable(name).replace('~', "~0").replace('/', "~1"))).collect()
}

/// A name that a client made up, shortened and made printable.
pub fn printable(name: &str) -> String {
    let replaced = |letter: char| if letter.is_control() { char::REPLACEMENT_CHARACTER } else { letter };
    name.chars().take(LONGEST_NAME).map(replaced).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_escaped_shortened_and_made_printable() {
        assert_eq!(pointer_to(&[]), "");
        assert_eq!(pointer_to(&["tasks", ""]), "/tasks/");
        assert_eq!(pointer_to(&["a/b~c"]), "/a~1b~0c");
        assert_eq!(pointer_to(&["a\0b\n"]), "/a\u{fffd}b\u{fffd}");
        assert_eq!(pointer_to(&["é".repeat(100).as_str()]), format!("/{}", "é".repeat(64)));
    }
}
