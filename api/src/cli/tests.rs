use super::*;

fn help(args: &[&str]) -> String {
    let args: Vec<OsString> = args.iter().map(OsString::from).collect();
    match parse(&args) {
        Err(ParseError::Usage(error)) => error.to_string(),
        other => unreachable!("{other:?} is no help"),
    }
}

#[test]
fn the_command_line_is_consistent() {
    command().debug_assert();
}

#[test]
fn without_a_command_there_is_help() {
    let help = help(&["edtech-api"]);
    for command in ["serve", "migrate", "token", "verify", "rebuild", "openapi", "Examples:"] {
        assert!(help.contains(command), "{help}");
    }
}

#[test]
fn help_names_the_environment_and_shows_no_value_of_it() {
    let help = help(&["edtech-api", "serve", "--help"]);
    // Lines are broken to the width of the terminal.
    let help = help.split_whitespace().collect::<Vec<_>>().join(" ");
    for key in ["DATABASE_URL", "HOST", "PORT", "RUST_LOG", "EDTECH_JWT_SIGNING_KEY", "EDTECH_TIME_ZONE"] {
        assert!(help.contains(&format!("[env: {key}]")), "{key} in {help}");
    }
}

#[test]
fn a_scope_that_is_none_is_named() {
    let error = help(&["edtech-api", "token", "--scope", "read,admin"]);
    assert!(error.contains("admin") && error.contains("roster"), "{error}");
}
