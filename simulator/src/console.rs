//! What a person reads, as opposed to the log.

use std::io::Write;

/// A line of result, on standard output.
pub(crate) fn say(line: &str) {
    // Where standard output is closed there is nobody to tell.
    let _ = writeln!(std::io::stdout(), "{line}");
}

/// A line about the work itself, on standard error.
pub(crate) fn complain(line: &str) {
    let _ = writeln!(std::io::stderr(), "{line}");
}
