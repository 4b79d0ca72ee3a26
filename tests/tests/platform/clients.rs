//! Clients that an operator keeps: made, changed, listed and removed beside running servers.

use edtech_tests::{Answer, Client, Command, Database, Platform, on_both_databases};
use reqwest::Method;
use serde_json::{Value, json};

use crate::access::operations;

on_both_databases!(
    a_client_may_do_what_it_was_made_for_and_nothing_else,
    a_client_is_changed_and_removed,
    what_is_there_already_is_left_alone,
    what_cannot_be_is_refused_in_one_line,
);

async fn client(database: &Database, arguments: &[&str]) -> String {
    let arguments = ["client"].iter().chain(arguments).copied();
    Command::api(database, arguments).run().await.expect(0)
}

async fn refusal(database: &Database, arguments: &[&str]) -> String {
    let arguments = ["client"].iter().chain(arguments).copied();
    let refused = Command::api(database, arguments).quietly().run().await;
    refused.refusal().to_owned()
}

/// What `POST /auth/token` says to these credentials.
async fn ask_for_token(platform: &Platform, id: &str, secret: &str) -> Answer {
    let client = platform.anonymous();
    let form = json!({"grant_type": "client_credentials"});
    client.send(client.request(Method::POST, "/auth/token").basic_auth(id, Some(secret)).form(&form)).await
}

async fn signed_in(platform: &Platform, id: &str, secret: &str) -> Client {
    let answer = ask_for_token(platform, id, secret).await.expect(200);
    platform.anonymous().with_token(answer["access_token"].as_str().expect("a token"))
}

fn secret_file(database: &Database, secret: &str) -> String {
    let file = database.directory().join("client.secret");
    std::fs::write(&file, format!("{secret}\n")).expect("a file");
    file.to_str().expect("a path in UTF-8").to_owned()
}

async fn a_client_may_do_what_it_was_made_for_and_nothing_else(database: Database) {
    let platform = Platform::start(&database).await;
    let printed = client(&database, &["put", "--id", "airflow", "--scope", "read,report"]).await;
    let secret = printed.trim();
    assert!(secret.len() == 64 && printed.lines().count() == 1, "a secret and nothing else: {printed}");
    assert_eq!(ask_for_token(&platform, "airflow", secret).await.expect(200)["scope"], "read report");

    let airflow = signed_in(&platform, "airflow", secret).await;
    for operation in &operations(&airflow).await {
        let answer = operation.call(&airflow).await;
        operation.assert_documented(&answer);
        let Some(scope) = operation.scope.as_deref() else { continue };
        let is_its_own = ["read", "report"].contains(&scope);
        assert_eq!(answer.status != 403, is_its_own, "{}: {}", operation.name(), answer.body);
    }
    let path = "/analytics/daily/2026-03-02/report";
    airflow.send(airflow.request(Method::PUT, path)).await.expect(201);
    airflow.get(path).await.expect(200);
    // Its secret is nowhere but there.
    assert!(!database_holds(&database, secret).await);
}

async fn database_holds(database: &Database, secret: &str) -> bool {
    let kept = format!("SELECT COUNT(*) FROM api_clients WHERE secret_hash LIKE '%{secret}%'");
    database.number(&kept).await > 0
}

async fn a_client_is_changed_and_removed(database: Database) {
    let platform = Platform::start(&database).await;
    let first = client(&database, &["put", "--id", "lms", "--scope", "ingest"]).await;
    let file = secret_file(&database, "a secret of its own");
    let put = ["put", "--id", "lms", "--scope", "ingest roster", "--secret-file", &file];
    assert_eq!(client(&database, &put).await, "", "a secret that was given is not printed");

    assert_eq!(ask_for_token(&platform, "lms", first.trim()).await.code(401), "invalid_client");
    let lms = signed_in(&platform, "lms", "a secret of its own").await;
    lms.get("/students").await.expect(200);
    let listed = client(&database, &["list"]).await;
    let lines: Vec<Vec<&str>> = listed.lines().map(|line| line.split_whitespace().collect()).collect();
    assert_eq!((lines[0][0], &lines[0][5..]), ("lms", &["ingest", "learners", "roster"][..]), "{listed}");
    assert_eq!(lines[1][0], "story", "{listed}");
    assert!(!listed.contains("secret"), "{listed}");

    assert_eq!(client(&database, &["remove", "--id", "lms"]).await, "");
    assert_eq!(ask_for_token(&platform, "lms", "a secret of its own").await.code(401), "invalid_client");
    assert!(refusal(&database, &["remove", "--id", "lms"]).await.contains("there is no client \"lms\""));
}

/// A job that makes its client at each start ends nobody's session.
async fn what_is_there_already_is_left_alone(database: Database) {
    let platform = Platform::start(&database).await;
    let file = secret_file(&database, "always the same");
    let put = ["put", "--id", "desk", "--scope", "roster,read", "--secret-file", &file];
    client(&database, &put).await;
    let credentials = json!({"name": "desk", "password": "always the same"});
    let signed_in = platform.anonymous().post_json("/auth/session", &credentials).await;
    let (cookie, _) = signed_in.header("set-cookie").split_once(';').expect("a cookie");
    let desk = platform.anonymous().with_cookie(cookie);

    client(&database, &put).await;
    desk.get("/students").await.expect(200);

    client(&database, &["put", "--id", "desk", "--scope", "read", "--secret-file", &file]).await;
    assert_eq!(desk.get("/students").await.code(401), "session_ended");
}

async fn what_cannot_be_is_refused_in_one_line(database: Database) {
    let no_schema = refusal(&database, &["list"]).await;
    assert!(no_schema.contains("`edtech-api migrate`"), "{no_schema}");
    Command::api(&database, ["migrate"]).run().await.expect(0);

    let bootstrap = ["put", "--id", "story", "--scope", "read"];
    assert!(refusal(&database, &bootstrap).await.contains("is the bootstrap client"));
    assert!(refusal(&database, &["remove", "--id", "story"]).await.contains("is the bootstrap client"));
    let file = secret_file(&database, "");
    let put = ["put", "--id", "lms", "--scope", "ingest", "--secret-file"];
    assert!(refusal(&database, &[&put[..], &[&file]].concat()).await.contains("is empty"));
    assert!(refusal(&database, &[&put[..], &["/nowhere"]].concat()).await.contains("cannot be read"));
    assert_eq!(clients(&database).await, json!([]));
    let nobody = Command::api(&database, ["client", "list"]).quietly().run().await;
    assert!(nobody.stderr.contains("no client yet") && nobody.stdout.is_empty(), "{nobody:?}");
}

async fn clients(database: &Database) -> Value {
    let rows = database.rows("SELECT client_id FROM api_clients ORDER BY client_id").await;
    rows.iter().map(|row| row.try_get_by_index::<String>(0).expect("a name")).collect()
}
