//! Who did what is told: who came in, who was kept out, who looked at a learner by name; and nothing of it is ever changed.

use std::time::Duration;

use chrono::{SecondsFormat, TimeDelta, Utc};
use edtech_tests::{Client, Command, Database, Platform, eventually, log, on_both_databases};
use reqwest::Method;
use sea_orm::ConnectionTrait;
use serde_json::{Value, json};

const PATIENCE: Duration = Duration::from_secs(20);

on_both_databases!(
    whoever_comes_in_or_is_kept_out_is_told,
    whoever_looks_at_a_learner_is_told_without_a_name,
    a_person_is_told_by_the_own_name,
    what_changes_rights_is_told_with_it,
    no_entry_is_ever_changed_or_taken_away,
    nothing_takes_away_an_entry_of_the_last_thirty_days,
    a_flood_is_few_entries,
    what_was_seen_is_there_after_a_stop,
    it_is_read_in_pages_and_narrowed,
    what_cannot_be_written_waits,
    what_cannot_be_noted_is_not_done,
);

/// The latest entries of these, once there are so many.
async fn entries(client: &Client, query: &str, count: usize) -> Vec<Value> {
    eventually("entries of the audit log", PATIENCE, async || {
        let page = client.get(&format!("/audit-log?limit=1000&{query}")).await.expect(200);
        let items = page["items"].as_array().expect("items").clone();
        (items.len() >= count).then_some(items)
    })
    .await
}

/// What an entry says, in the order of these fields.
fn told<'e>(entry: &'e Value, fields: &[&str]) -> Vec<&'e str> {
    fields.iter().map(|field| entry[*field].as_str().unwrap_or("-")).collect()
}

async fn whoever_comes_in_or_is_kept_out_is_told(database: Database) {
    let platform = Platform::start(&database).await;
    let client = platform.client().await;
    let page = platform.signed_in().await;
    page.delete("/auth/session").await.expect(204);
    let wrong = json!({"name": "story", "password": "wrong"});
    platform.anonymous().post_json("/auth/session", &wrong).await.expect(401);
    // Somebody typed the password where the name belongs.
    let slip = json!({"name": "correct horse battery staple", "password": "story"});
    platform.anonymous().post_json("/auth/session", &slip).await.expect(401);

    let signed = entries(&client, "action=sign_in", 3).await;
    let fields = ["actor", "actor_kind", "outcome", "address"];
    let said: Vec<_> = signed.iter().map(|entry| told(entry, &fields)).collect();
    assert!(said.contains(&vec!["story", "client", "done", "127.0.0.1"]), "{said:?}");
    assert!(said.contains(&vec!["story", "client", "invalid_credentials", "127.0.0.1"]), "{said:?}");
    assert!(said.contains(&vec!["unknown", "anonymous", "invalid_credentials", "127.0.0.1"]), "{said:?}");
    assert!(!format!("{signed:?}").contains("battery"));
    let out = entries(&client, "action=sign_out", 1).await;
    assert_eq!(told(&out[0], &fields), ["story", "client", "done", "127.0.0.1"]);
    assert_eq!(entries(&client, "action=get_token", 1).await[0]["actor"], "story");

    // Who may not do something is told with what it was, and under the name of the request.
    let token =
        Command::api(&database, ["token", "--scope", "read", "--subject", "reader"]).run().await.expect(0);
    let reader = client.with_token(token.trim());
    let named = reader.request(Method::GET, "/students").header("x-request-id", "story-9");
    client.send(named).await.expect(403);
    reader.post_json("/streaming-logs", &json!([])).await.expect(403);
    client.with_token("nonsense").get("/students").await.expect(401);
    client.without_token().get("/students").await.expect(401);
    let denied = entries(&client, "action=denied", 3).await;
    let fields = ["actor", "actor_kind", "target", "outcome"];
    let said: Vec<_> = denied.iter().map(|entry| told(entry, &fields)).collect();
    assert!(said.contains(&vec!["reader", "client", "GET /students", "insufficient_scope"]), "{said:?}");
    assert!(said.contains(&vec!["anonymous", "anonymous", "GET /students", "invalid_token"]), "{said:?}");
    assert!(
        said.contains(&vec!["reader", "client", "POST /streaming-logs", "insufficient_scope"]),
        "{said:?}"
    );
    assert_eq!(said.len(), 3, "who shows nothing is not told: {said:?}");
    assert!(denied.iter().any(|entry| entry["request_id"] == "story-9"), "{denied:?}");
}

async fn whoever_looks_at_a_learner_is_told_without_a_name(database: Database) {
    let platform = Platform::start(&database).await;
    let client = platform.client().await;
    let ada = client.enrol("ada-lovelace", "Data_2025").await;
    client.get(&format!("/students/{ada}")).await.expect(200);
    client.get("/students?external_id=ada-lovelace").await.expect(200);
    client.get("/students?external_id=nobody-knows").await.expect(200);
    client.get("/students?classroom=Data_2025&limit=7").await.expect(200);
    client.get(&format!("/streaming-logs?student_id={ada}")).await.expect(200);
    client.get("/streaming-logs").await.expect(200);
    client.get("/rejected-logs?limit=3").await.expect(200);
    client.patch_json(&format!("/students/{ada}"), &json!({})).await.expect(200);
    client.get("/students/999999").await.expect(404);
    client.get("/analytics/daily").await.expect(200);

    let read = entries(&client, "actor=story", 10).await;
    let mut said: Vec<_> = read.iter().map(|entry| told(entry, &["action", "target", "outcome"])).collect();
    said.retain(|entry| entry[0].starts_with("read") || entry[0] == "change_student");
    said.sort();
    let target = format!("student:{ada}");
    let mut expected = [
        ["change_student", &target, "done"],
        ["read_rejected_logs", "rejected-logs?limit=3", "done"],
        ["read_streaming_logs", "streaming-logs", "done"],
        ["read_streaming_logs", &target, "done"],
        ["read_student", "student:999999", "not_found"],
        ["read_student", &target, "done"],
        ["read_students", &target, "done"],
        ["read_students", "students", "done"],
        ["read_students", "students?classroom=Data_2025&limit=7", "done"],
    ]
    .map(Vec::from);
    expected.sort();
    assert_eq!(said, expected);
    let everything = format!("{:?}", entries(&client, "", 1).await);
    assert!(!everything.contains("lovelace") && !everything.contains("nobody-knows"), "{everything}");
    // All that was done to one learner.
    assert_eq!(entries(&client, &format!("target={target}"), 4).await.len(), 4);
}

async fn a_person_is_told_by_the_own_name(database: Database) {
    let platform = Platform::start(&database).await;
    let client = platform.client().await;
    let student_id = client.enrol("bob", "Data_2025").await;
    let (name, password) = ("ada", "a long enough secret");
    let ada = json!({"name": name, "role": "educator", "classrooms": ["Data_2025"], "password": password});
    client.post_json("/users", &ada).await.expect(201);
    let answer =
        client.without_token().post_json("/auth/session", &json!({"name": name, "password": password})).await;
    let (cookie, _) = answer.header("set-cookie").split_once(';').expect("a cookie");
    let page = client.with_cookie(cookie);
    page.get(&format!("/students/{student_id}")).await.expect(200);
    page.get("/audit-log").await.expect(403);
    let change = json!({"password": "a wrong one, and long", "new_password": "another long enough secret"});
    page.post_json("/auth/password", &change).await.expect(401);
    let change = json!({"password": password, "new_password": "another long enough secret"});
    page.post_json("/auth/password", &change).await.expect(204);
    page.delete("/auth/session").await.expect(204);

    let told_of = entries(&client, "actor=ada", 6).await;
    let mut said: Vec<_> =
        told_of.iter().map(|entry| told(entry, &["actor_kind", "action", "outcome"])).collect();
    said.sort_unstable();
    let expected = [
        ["change_password", "done"],
        ["change_password", "invalid_credentials"],
        ["denied", "insufficient_scope"],
        ["read_student", "done"],
        ["sign_in", "done"],
        ["sign_out", "done"],
    ];
    assert_eq!(said, expected.map(|done| [&["user"][..], &done].concat()));
}

async fn what_changes_rights_is_told_with_it(database: Database) {
    let platform = Platform::start(&database).await;
    let client = platform.client().await;
    let command =
        |arguments: &'static [&'static str]| Command::api(&database, arguments.iter().copied()).run();
    command(&["client", "put", "--id", "lms", "--scope", "ingest,roster"]).await.expect(0);
    command(&["client", "remove", "--id", "lms"]).await.expect(0);
    let fields = ["actor", "actor_kind", "action", "detail"];
    let said = client.get("/audit-log?target=client:lms").await.expect(200);
    let said: Vec<_> =
        said["items"].as_array().expect("items").iter().map(|entry| told(entry, &fields)).collect();
    assert_eq!(
        said,
        [["cli", "cli", "remove_client", "-"], ["cli", "cli", "put_client", "ingest learners roster"]]
    );
    let ada = json!({"name": "ada", "role": "educator", "classrooms": ["Data_2025"], "password": "a long enough secret"});
    client.post_json("/users", &ada).await.expect(201);
    client.patch_json("/users/ada", &json!({"role": "analyst"})).await.expect(200);
    client.delete("/users/ada/sessions").await.expect(204);
    client.delete("/users/ada").await.expect(204);
    client.delete("/users/ada").await.expect(404);
    let said = client.get("/audit-log?target=user:ada").await.expect(200);
    let said: Vec<_> =
        said["items"].as_array().expect("items").iter().map(|entry| told(entry, &fields)).collect();
    let by = ["story", "client"];
    let expected = [
        ["remove_user", "-"],
        ["sign_out_user", "0 sessions"],
        ["put_user", "analyst"],
        ["put_user", "educator, Data_2025"],
    ];
    assert_eq!(said, expected.map(|done| [by, done].concat()));
    // The first client is the platform's own work.
    let first = client.get("/audit-log?target=client:story").await.expect(200);
    assert_eq!(told(&first["items"][0], &fields[..3]), ["platform", "platform", "put_client"]);
}

/// Not by a statement of the platform's own role, and not by anybody's slip.
async fn no_entry_is_ever_changed_or_taken_away(database: Database) {
    let platform = Platform::start(&database).await;
    let client = platform.client().await;
    entries(&client, "action=get_token", 1).await;
    let old = database.either("'2020-01-01T00:00:00.000000Z'", "TIMESTAMPTZ '2020-01-01T00:00:00Z'");
    let insert = format!(
        "INSERT INTO audit_log (at, actor, actor_kind, action, outcome, times) VALUES ({old}, 'a', 'cli', 'old', 'done', 1)"
    );
    assert_eq!(database.execute(&insert).await, 1);
    let before = database.number("SELECT COUNT(*) FROM audit_log").await;
    // In the place of the first.
    let first = "INTO audit_log (id, at, actor, actor_kind, action, outcome, times) \
                 VALUES (1, '2020-01-01T00:00:00.000000Z', 'b', 'cli', 'old', 'done', 1)";
    let (replace, upsert) = (
        format!("INSERT OR REPLACE {first}"),
        format!("INSERT {first} ON CONFLICT (id) DO UPDATE SET actor = excluded.actor"),
    );
    for statement in [
        "UPDATE audit_log SET actor = 'nobody'",
        "DELETE FROM audit_log",
        "DELETE FROM audit_log WHERE action = 'old'",
        database.either("DELETE FROM audit_log WHERE id = 1", "TRUNCATE audit_log"),
        database.either(&replace, "DELETE FROM audit_log WHERE id = 1"),
        database.either(&upsert, "UPDATE audit_log SET at = now()"),
        database.either("UPDATE OR REPLACE audit_log SET id = 1", "UPDATE audit_log SET id = DEFAULT"),
    ] {
        let refused = database.try_execute(statement).await;
        let refused = refused.expect_err(statement).to_string();
        assert!(refused.contains("append-only"), "{statement}: {refused}");
    }
    assert_eq!(database.number("SELECT COUNT(*) FROM audit_log").await, before);
}

/// Whoever goes the way by which entries go takes away none that is younger.
async fn nothing_takes_away_an_entry_of_the_last_thirty_days(database: Database) {
    let platform = Platform::start(&database).await;
    platform.stop().await;
    for (action, days) in [("young", 29), ("aged", 31)] {
        let at = (Utc::now() - TimeDelta::days(days)).to_rfc3339_opts(SecondsFormat::Micros, true);
        let insert = format!(
            "INSERT INTO audit_log (at, actor, actor_kind, action, outcome, times) \
             VALUES ('{at}', 'a', 'cli', '{action}', 'done', 1)"
        );
        assert_eq!(database.execute(&insert).await, 1);
    }
    let open = database.either(
        "INSERT INTO audit_log_forgets VALUES ('9999-12-31T00:00:00.000000Z')",
        "SET LOCAL edtech.forgets_audit_log = 'on'",
    );
    for (action, wanted) in [("young", None), ("aged", Some(1))] {
        let opened = database.begin().await;
        opened.execute_unprepared(open).await.expect("the way");
        let gone =
            opened.execute_unprepared(&format!("DELETE FROM audit_log WHERE action = '{action}'")).await;
        assert_eq!(gone.ok().map(|gone| gone.rows_affected()), wanted, "{action}");
        opened.rollback().await.expect("an end");
    }
    if database.is_postgres() {
        let forget = "SELECT forget_audit_log(now() + interval '1 day', 100000)";
        assert_eq!(database.number(forget).await, 1);
        assert_eq!(database.number("SELECT COUNT(*) FROM audit_log WHERE action = 'young'").await, 1);
    }
}

async fn a_flood_is_few_entries(database: Database) {
    let platform = Platform::start(&database).await;
    let client = platform.client().await;
    for _ in 0..40 {
        client.with_token("nonsense").get("/students").await.expect(401);
    }
    let denied = entries(&client, "action=denied", 1).await;
    assert!(denied.len() <= 2, "{denied:?}");
    // What was counted and not yet written is written before the end.
    platform.stop().await;
    let times = "SELECT CAST(SUM(times) AS bigint) FROM audit_log WHERE action = 'denied'";
    assert_eq!(database.number(times).await, 40);
    assert!(database.number("SELECT COUNT(*) FROM audit_log WHERE action = 'denied'").await <= 4);
}

async fn what_was_seen_is_there_after_a_stop(database: Database) {
    let platform = Platform::start(&database).await;
    let client = platform.client().await;
    for _ in 0..30 {
        client.get("/students?limit=5").await.expect(200);
    }
    platform.stop().await;
    let read =
        "SELECT COUNT(*) FROM audit_log WHERE action = 'read_students' AND target = 'students?limit=5'";
    assert_eq!(database.number(read).await, 30);
}

async fn it_is_read_in_pages_and_narrowed(database: Database) {
    let platform = Platform::start(&database).await;
    let client = platform.client().await;
    for number in 1..=7 {
        client.get(&format!("/students?limit={number}")).await.expect(200);
    }
    entries(&client, "action=read_students", 7).await;
    let mut path = "/audit-log?action=read_students&limit=3".to_owned();
    let mut seen = Vec::new();
    loop {
        let page = client.get(&path).await.expect(200);
        seen.extend(page["items"].as_array().expect("items").iter().map(|entry| entry["target"].clone()));
        let Some(next) = page["next"].as_str() else { break };
        path = format!("/audit-log?action=read_students&limit=3&cursor={next}");
    }
    let expected: Vec<Value> =
        (1..=7).rev().map(|number| json!(format!("students?limit={number}"))).collect();
    assert_eq!(seen, expected, "latest first, each once");

    let at =
        client.get("/audit-log?action=read_students&limit=1").await.expect(200)["items"][0]["at"].clone();
    let at = at.as_str().expect("a moment");
    let later = client.get(&format!("/audit-log?action=read_students&from={at}")).await.expect(200);
    let earlier = client.get(&format!("/audit-log?action=read_students&to={at}")).await.expect(200);
    let count = |page: &Value| page["items"].as_array().expect("items").len();
    assert_eq!(count(&later) + count(&earlier), 7);
    assert_eq!(client.get("/audit-log?from=yesterday").await.code(422), "invalid_parameter");
}

/// Nothing can be written to the audit log between the two.
const HIDE: &str = "ALTER TABLE audit_log RENAME TO hidden";
const SHOW: &str = "ALTER TABLE hidden RENAME TO audit_log";

/// Requests go on while nothing can be written, and what they did is told afterwards.
async fn what_cannot_be_written_waits(database: Database) {
    let platform = Platform::start(&database).await;
    let client = platform.client().await;
    client.enrol("ada", "Data_2025").await;
    database.execute(HIDE).await;
    client.get("/students?limit=9").await.expect(200);
    client.store(&[log("ada", "2026-03-02T10:00:00Z", json!({}))]).await;
    eventually("a warning", PATIENCE, async || {
        platform.said().contains("could not be written yet").then_some(())
    })
    .await;
    database.execute(SHOW).await;
    let read = entries(&client, "action=read_students", 1).await;
    assert_eq!(read[0]["target"], "students?limit=9");
}

/// No change of rights, and no erasure either.
async fn what_cannot_be_noted_is_not_done(database: Database) {
    let platform = Platform::start(&database).await;
    let client = platform.client().await;
    let ada = client.enrol("ada", "Data_2025").await;
    let eve = json!({"name": "eve", "role": "analyst", "password": "a long enough secret"});
    client.post_json("/users", &eve).await.expect(201);
    let signed_in = client
        .without_token()
        .post_json("/auth/session", &json!({"name": "eve", "password": "a long enough secret"}))
        .await;
    let (cookie, _) = signed_in.header("set-cookie").split_once(';').expect("a cookie");
    let page = client.with_cookie(cookie);
    Command::api(&database, ["client", "put", "--id", "lms", "--scope", "ingest"]).run().await.expect(0);

    database.execute(HIDE).await;
    let max = json!({"name": "max", "role": "operator", "password": "a long enough secret"});
    for tried in [
        client.post_json("/users", &max).await,
        client.patch_json("/users/eve", &json!({"role": "operator"})).await,
        client.patch_json("/users/eve", &json!({"password": null})).await,
        client.delete("/users/eve/sessions").await,
        client.delete("/users/eve").await,
        client.delete(&format!("/students/{ada}")).await,
    ] {
        assert!(tried.status >= 500, "{}: {}", tried.status, tried.body);
    }
    for command in [
        &["client", "put", "--id", "lms", "--scope", "admin"][..],
        &["client", "put", "--id", "other", "--scope", "ingest"],
        &["client", "remove", "--id", "lms"],
        &["token", "revoke", "--sub", "lms"],
    ] {
        let refused = Command::api(&database, command.iter().copied()).quietly().run().await;
        assert_ne!(refused.code, Some(0), "{refused:?}");
    }
    database.execute(SHOW).await;

    let users = client.get("/users").await.expect(200);
    let users: Vec<_> =
        users["items"].as_array().expect("items").iter().map(|user| told(user, &["name", "role"])).collect();
    assert_eq!(users, [["eve", "analyst"]]);
    assert_eq!(page.get("/auth/session").await.expect(200)["name"], "eve");
    client.get(&format!("/students/{ada}")).await.expect(200);
    assert_eq!(database.number("SELECT COUNT(*) FROM erasures").await, 0);
    assert_eq!(database.number("SELECT COUNT(*) FROM token_revocations").await, 0);
    let clients = "SELECT COUNT(*) FROM api_clients WHERE client_id IN ('lms', 'other')";
    assert_eq!(database.number(clients).await, 1);
}
