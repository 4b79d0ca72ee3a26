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
    for command in
        ["serve", "migrate", "token", "client", "user", "verify", "rebuild", "openapi", "Examples:"]
    {
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
fn commands_within_a_command_have_the_settings_of_the_others() {
    let help = help(&["edtech-api", "client", "put", "--help"]);
    for key in ["--secret-file", "[env: DATABASE_URL]", "--config", "Examples:"] {
        assert!(help.contains(key), "{key} in {help}");
    }
    let file = std::env::temp_dir().join(format!("edtech-client-{}.toml", std::process::id()));
    std::fs::write(&file, "EDTECH_DATA_DIR = \"/var/lib/edtech\"").unwrap();
    let args = ["edtech-api", "client", "list", "--config", file.to_str().unwrap()].map(OsString::from);
    let parsed = parse(&args);
    std::fs::remove_file(&file).unwrap();
    let parsed = parsed.unwrap();
    let config = Config::try_from(parsed.command.settings().unwrap().clone()).unwrap();
    assert_eq!(config.data_dir.to_str(), Some("/var/lib/edtech"));
}

#[test]
fn a_client_that_could_not_be_is_refused() {
    let put = |id, scope| help(&["edtech-api", "client", "put", "--id", id, "--scope", scope]);
    assert!(put("air:flow", "read").contains("is no name of 1 to 255 ASCII characters"));
    assert!(put("airflow", "").contains("may do nothing"));
    assert!(put("airflow", "everything").contains("there are read, learners, roster"));
}

#[test]
fn a_user_that_could_not_be_is_refused() {
    let put = |more: &[&str]| help(&[&["edtech-api", "user", "put"], more].concat());
    assert!(
        put(&["--name", "a da", "--role", "analyst"]).contains("is no name of 1 to 255 ASCII characters")
    );
    assert!(put(&["--name", "ada", "--role", "admin"]).contains("there are educator, analyst and operator"));
    assert!(put(&["--name", "ada"]).contains("--role"));
    let both = ["--name", "ada", "--role", "analyst", "--new-password", "--password-file", "any"];
    assert!(put(&both).contains("cannot be used with"));
}

#[test]
fn a_scope_that_is_none_is_named() {
    let error = help(&["edtech-api", "token", "--scope", "read,everything"]);
    assert!(error.contains("everything") && error.contains("roster"), "{error}");
}
