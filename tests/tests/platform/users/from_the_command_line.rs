//! Users kept by `edtech-api user`, beside running servers.

use super::*;

on_both_databases!(
    a_user_is_made_changed_listed_and_removed_by_commands,
    what_cannot_be_is_refused_in_one_line,
    a_password_may_come_from_a_file,
);

async fn user(database: &Database, arguments: &[&str]) -> String {
    let arguments = ["user"].iter().chain(arguments).copied();
    Command::api(database, arguments).run().await.expect(0)
}

async fn refusal(database: &Database, arguments: &[&str]) -> String {
    let arguments = ["user"].iter().chain(arguments).copied();
    Command::api(database, arguments).quietly().run().await.refusal().to_owned()
}

async fn a_user_is_made_changed_listed_and_removed_by_commands(database: Database) {
    let platform = Platform::start(&database).await;
    let put =
        ["put", "--name", "ada", "--role", "educator", "--classroom", "IA_2025", "--classroom", "Web_2025"];
    let printed = user(&database, &put).await;
    let password = printed.trim();
    assert_eq!(printed.lines().count(), 1, "a password and nothing else: {printed}");
    let ada = platform.anonymous().signed_in_as("ada", password).await;
    assert_eq!(ada.session().await["classrooms"], json!(["IA_2025", "Web_2025"]));

    // Another role or other classrooms leave the password and the session.
    let fewer = ["put", "--name", "ada", "--role", "educator", "--classroom", "Web_2025"];
    assert_eq!(user(&database, &fewer).await, "");
    assert_eq!(ada.session().await["classrooms"], json!(["Web_2025"]));
    user(&database, &["put", "--name", "head", "--role", "operator"]).await;
    let listed = user(&database, &["list"]).await;
    let lines: Vec<&str> = listed.lines().collect();
    assert!(lines[0].starts_with("ada ") && lines[0].ends_with("educator of Web_2025"), "{listed}");
    assert!(lines[1].starts_with("head ") && lines[1].ends_with("operator"), "{listed}");

    let another = user(&database, &[&fewer[..], &["--new-password"]].concat()).await;
    assert_ne!(another.trim(), password);
    assert_eq!(ada.get("/students").await.code(401), "session_ended");
    let ada = platform.anonymous().signed_in_as("ada", another.trim()).await;
    assert_eq!(user(&database, &["sign-out", "--name", "ada"]).await, "");
    assert_eq!(ada.get("/students").await.code(401), "session_ended");

    let ada = platform.anonymous().signed_in_as("ada", another.trim()).await;
    assert_eq!(user(&database, &["remove", "--name", "ada"]).await, "");
    assert_eq!(ada.get("/students").await.code(401), "session_ended");
    assert!(!signs_in(&platform, "ada", another.trim()).await);
    assert!(refusal(&database, &["remove", "--name", "ada"]).await.contains("there is no user \"ada\""));
    assert!(refusal(&database, &["sign-out", "--name", "ada"]).await.contains("there is no user \"ada\""));
}

async fn a_password_may_come_from_a_file(database: Database) {
    let platform = Platform::start(&database).await;
    let file = database.directory().join("ada.password");
    std::fs::write(&file, format!("{CHOSEN}\n")).expect("a file");
    let put = ["put", "--name", "ada", "--role", "analyst", "--password-file", file.to_str().expect("UTF-8")];
    assert_eq!(user(&database, &put).await, "", "a password that was given is not printed");
    let ada = platform.anonymous().signed_in_as("ada", CHOSEN).await;
    // A job may repeat it.
    assert_eq!(user(&database, &put).await, "");
    ada.get("/analytics/daily").await.expect(200);
    assert_eq!(ada.session().await["name"], "ada");
}

async fn what_cannot_be_is_refused_in_one_line(database: Database) {
    let no_schema = refusal(&database, &["list"]).await;
    assert!(no_schema.contains("`edtech-api migrate`"), "{no_schema}");
    Command::api(&database, ["migrate"]).run().await.expect(0);
    let nobody = Command::api(&database, ["user", "list"]).quietly().run().await;
    assert!(nobody.stderr.contains("no user yet") && nobody.stdout.is_empty(), "{nobody:?}");

    let put = ["put", "--name", "ada", "--role"];
    let refused = refusal(&database, &[&put[..], &["educator", "--classroom", "Nowhere"]].concat()).await;
    assert!(refused.contains("there is no classroom Nowhere"), "{refused}");
    let refused = refusal(&database, &[&put[..], &["analyst", "--classroom", "IA_2025"]].concat()).await;
    assert!(refused.contains("for educators alone"), "{refused}");
    let short = database.directory().join("short");
    std::fs::write(&short, "short\n").expect("a file");
    let file = ["analyst", "--password-file", short.to_str().expect("UTF-8")];
    assert!(refusal(&database, &[&put[..], &file].concat()).await.contains("at least 12 characters"));
    let bootstrap = refusal(&database, &["put", "--name", "story", "--role", "analyst"]).await;
    assert!(bootstrap.contains("is the bootstrap client"), "{bootstrap}");
    Command::api(&database, ["client", "put", "--id", "lms", "--scope", "ingest"]).run().await.expect(0);
    let lms = refusal(&database, &["put", "--name", "lms", "--role", "analyst"]).await;
    assert!(lms.contains("lms is the name of a client"), "{lms}");
    assert_eq!(database.number("SELECT COUNT(*) FROM users").await, 0);
}
