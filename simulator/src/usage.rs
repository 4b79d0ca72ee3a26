//! What is wrong with a command line, in one line.

use clap::error::ErrorKind;

/// Whether the command line is at fault; otherwise it asked for help.
pub(crate) fn is_a_fault(error: &clap::Error) -> bool {
    error.use_stderr() && error.kind() != ErrorKind::DisplayHelpOnMissingArgumentOrSubcommand
}

/// What clap says in several paragraphs, without those that are the same for every fault.
pub(crate) fn in_one_line(error: &clap::Error) -> String {
    let text = error.render().to_string();
    let paragraphs = text.split("\n\n").map(str::trim);
    let is_about_it = |text: &&str| !text.starts_with("Usage:") && !text.starts_with("For more information");
    let said: Vec<&str> =
        paragraphs.filter(is_about_it).map(|text| text.trim_start_matches("error: ")).collect();
    format!("{}; try --help", said.join("; "))
}

#[cfg(test)]
mod tests {
    use clap::Parser;

    use super::*;
    use crate::Cli;

    fn error(args: &str) -> clap::Error {
        Cli::try_parse_from(args.split(' ')).err().unwrap()
    }

    #[test]
    fn a_bad_value_is_one_line_that_says_what_would_do() {
        let text = in_one_line(&error("sim run --client-id a --interval 5x"));
        assert!(text.starts_with("invalid value '5x' for '--interval <INTERVAL>': a duration is"), "{text}");
        let text = in_one_line(&error("sim replay --client-id a logs --speed 0"));
        assert!(text.contains("a speed is"), "{text}");
        let text = in_one_line(&error("sim run --client-id a --url localhost:8000"));
        assert!(text.contains("http://127.0.0.1:8000"), "{text}");
        for text in ["sim run --client-id a --intervall 5s", "sim walk", "sim replay --client-id a"] {
            assert!(!in_one_line(&error(text)).contains("Usage"), "{text}");
        }
    }

    #[test]
    fn help_is_no_fault() {
        assert!(!is_a_fault(&error("sim --help")) && !is_a_fault(&error("sim")));
        assert!(is_a_fault(&error("sim walk")));
    }
}
