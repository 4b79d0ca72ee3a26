//! People who sign in: made by an operator, each for what the role says; and what ends that.

use edtech_tests::{Command, Database, Platform, on_both_databases};
use serde_json::{Value, json};

use crate::access::operations;

on_both_databases!(
    a_client_makes_the_first_user_who_makes_the_others,
    a_user_is_listed_changed_and_removed,
    users_come_in_pages,
    each_role_opens_its_own_operations,
    a_change_of_rights_holds_at_once,
    an_operator_signs_a_user_out,
    what_cannot_be_is_refused_in_its_place,
    a_name_is_a_users_or_a_clients,
    of_many_who_make_a_user_one_does,
    nobody_locks_oneself_out,
);

mod from_the_command_line;
mod passwords;

/// As long as a password has to be.
const CHOSEN: &str = "correct horse battery";

async fn signs_in(platform: &Platform, name: &str, password: &str) -> bool {
    let credentials = json!({"name": name, "password": password});
    let answer = platform.anonymous().post_json("/auth/session", &credentials).await;
    if answer.status == 200 {
        return true;
    }
    assert_eq!((answer.code(401), answer.header("set-cookie")), ("invalid_credentials", ""), "{name}");
    false
}

/// The places and the codes of a problem.
fn faults(body: &Value) -> Vec<(&str, &str)> {
    let errors = body["errors"].as_array().expect("errors").iter();
    errors.map(|fault| (text(&fault["pointer"]), text(&fault["code"]))).collect()
}

fn text(value: &Value) -> &str {
    value.as_str().expect("a text")
}

async fn a_client_makes_the_first_user_who_makes_the_others(database: Database) {
    let platform = Platform::start(&database).await;
    let first = platform.signed_in().await;
    let made = first.post_json("/users", &json!({"name": "head", "role": "operator"})).await;
    assert_eq!((made.header("location"), made.header("cache-control")), ("/users/head", "no-store"));
    let made = made.expect(201);
    let password = made["password"].as_str().expect("a drawn password");

    let head = platform.anonymous().signed_in_as("head", password).await;
    let told = head.session().await;
    assert_eq!(
        (&told["name"], &told["kind"], &told["role"]),
        (&json!("head"), &json!("user"), &json!("operator"))
    );
    assert_eq!(told["classrooms"], Value::Null, "an operator sees all");
    assert_eq!(told["scopes"], json!(["admin", "learners", "operate", "read", "report", "roster"]));

    let ada = json!({
        "name": "ada", "role": "educator", "classrooms": ["Web_2025", "IA_2025", "Web_2025"], "password": CHOSEN,
    });
    let made = head.post_json("/users", &ada).await.expect(201);
    assert_eq!(made["classrooms"], json!(["IA_2025", "Web_2025"]));
    assert_eq!(made.get("password"), None, "a password that was chosen is not told");
    let told = platform.anonymous().signed_in_as("ada", CHOSEN).await.session().await;
    assert_eq!((&told["role"], &told["classrooms"]), (&json!("educator"), &json!(["IA_2025", "Web_2025"])));
    assert_eq!(told["scopes"], json!(["learners", "read"]));
    assert!(!signs_in(&platform, "ada", "correct horse batterz").await);
    assert!(!signs_in(&platform, "Ada", CHOSEN).await, "a name is written in one way");
}

async fn a_user_is_listed_changed_and_removed(database: Database) {
    let platform = Platform::start(&database).await;
    let admin = platform.client().await;
    let ada = admin.user("ada", "educator", Some(&["IA_2025"])).await;
    admin.make_user("eve/2@school.example", "analyst", None).await;
    let listed = admin.get("/users").await.expect(200);
    let names: Vec<&str> =
        listed["items"].as_array().expect("items").iter().map(|user| text(&user["name"])).collect();
    assert_eq!((names, &listed["next"]), (vec!["ada", "eve/2@school.example"], &Value::Null));
    let eve = admin.get("/users/eve%2F2%40school.example").await.expect(200);
    assert_eq!((&eve["role"], &eve["classrooms"]), (&json!("analyst"), &Value::Null));

    let before = admin.get("/users/ada").await.expect(200);
    assert_eq!(before, listed["items"][0]);
    let same = admin.patch_json("/users/ada", &json!({"classrooms": ["IA_2025"]})).await.expect(200);
    assert_eq!(same, before, "nothing has changed");
    let changed = json!({"classrooms": ["Cloud_2025"]});
    let changed = admin.patch_json("/users/ada", &changed).await.expect(200);
    assert_eq!((&changed["classrooms"], &changed["role"]), (&json!(["Cloud_2025"]), &json!("educator")));
    assert!(changed["updated_at"].as_str() > before["updated_at"].as_str(), "{changed}");
    let analyst = admin.patch_json("/users/ada", &json!({"role": "analyst"})).await.expect(200);
    assert_eq!(analyst["classrooms"], Value::Null);
    let again = admin.patch_json("/users/ada", &json!({"role": "educator"})).await.expect(200);
    assert_eq!(again["classrooms"], json!([]), "what she had before is forgotten");

    assert_eq!(database.number("SELECT COUNT(*) FROM sessions").await, 1);
    admin.delete("/users/ada").await.expect(204);
    assert_eq!(ada.get("/classrooms/IA_2025").await.status, if database.is_postgres() { 401 } else { 200 });
    assert_eq!(ada.get("/students").await.code(401), "session_ended");
    assert_eq!(database.number("SELECT COUNT(*) FROM sessions").await, 0);
    assert_eq!(database.number("SELECT COUNT(*) FROM user_classrooms").await, 0);
    admin.get("/users/ada").await.expect(404);
    admin.delete("/users/ada").await.expect(404);
}

async fn users_come_in_pages(database: Database) {
    let platform = Platform::start(&database).await;
    let admin = platform.client().await;
    for (name, role, classrooms) in [
        ("cyd", "operator", None),
        ("ada", "educator", Some(&["IA_2025", "Web_2025", "Cloud_2025"][..])),
        ("bob", "educator", Some(&[][..])),
    ] {
        admin.make_user(name, role, classrooms).await;
    }
    let (mut names, mut classrooms) = (Vec::new(), Vec::new());
    let mut path = "/users?limit=1".to_owned();
    loop {
        let page = admin.get(&path).await.expect(200);
        assert_eq!(page["items"].as_array().map(Vec::len), Some(1), "{page}");
        names.push(page["items"][0]["name"].as_str().expect("a name").to_owned());
        classrooms.push(page["items"][0]["classrooms"].clone());
        let Some(next) = page["next"].as_str() else { break };
        path = format!("/users?limit=1&cursor={next}");
    }
    assert_eq!(names, ["ada", "bob", "cyd"]);
    assert_eq!(classrooms, [json!(["Cloud_2025", "IA_2025", "Web_2025"]), json!([]), Value::Null]);
}

async fn each_role_opens_its_own_operations(database: Database) {
    let platform = Platform::start(&database).await;
    let admin = platform.client().await;
    for (role, scopes) in [
        ("educator", &["read", "learners"][..]),
        ("analyst", &["read", "report"]),
        ("operator", &["read", "learners", "roster", "report", "operate", "admin"]),
    ] {
        let user = admin.user(role, role, None).await;
        for operation in operations(&admin).await.iter().filter(|operation| !operation.is_open) {
            let answer = operation.call(&user).await;
            operation.assert_documented(&answer);
            let may = operation.scope.as_deref().is_none_or(|scope| scopes.contains(&scope));
            // An educator may read, and what is told of the platform as a whole is not hers.
            let is_refused = answer.status == 403 && answer.body["code"] != "whole_platform_only";
            assert_eq!(!is_refused, may, "{} by an {role}: {}", operation.name(), answer.body);
            assert_ne!(answer.status, 401, "{} by an {role}", operation.name());
        }
    }
}

async fn a_change_of_rights_holds_at_once(database: Database) {
    let platform = Platform::start(&database).await;
    let admin = platform.client().await;
    let bob = admin.enrol("bob", "Web_2025").await;
    let ada = admin.user("ada", "educator", Some(&["IA_2025"])).await;
    let bob = format!("/students/{bob}");
    ada.get(&bob).await.expect(404);
    admin.patch_json("/users/ada", &json!({"classrooms": ["Web_2025"]})).await.expect(200);
    assert_eq!(ada.get(&bob).await.expect(200)["external_id"], "bob");
    assert_eq!(ada.session().await["classrooms"], json!(["Web_2025"]));

    admin.patch_json("/users/ada", &json!({"role": "analyst"})).await.expect(200);
    assert_eq!(ada.get(&bob).await.code(403), "insufficient_scope");
    ada.get("/analytics/daily").await.expect(200);
    admin.patch_json("/users/ada", &json!({"role": "operator"})).await.expect(200);
    ada.get(&bob).await.expect(200);
    ada.get("/users").await.expect(200);
    assert_eq!(database.number("SELECT COUNT(*) FROM sessions").await, 1, "it was one session all the time");
}

/// Where there are replicas, on each of them.
async fn an_operator_signs_a_user_out(database: Database) {
    let platform = Platform::start(&database).await;
    let other = if database.is_postgres() { Some(Platform::start(&database).await) } else { None };
    let admin = platform.client().await;
    let password = admin.make_user("ada", "educator", None).await;
    let ada = platform.anonymous().signed_in_as("ada", &password).await;
    let eve = admin.user("eve", "educator", None).await;
    let there = other.as_ref().map_or(ada.clone(), |other| ada.at(other.url()));
    there.get("/students").await.expect(200);

    admin.delete("/users/ada/sessions").await.expect(204);
    assert_eq!(ada.get("/students").await.code(401), "session_ended");
    assert_eq!(there.get("/students").await.code(401), "session_ended");
    eve.get("/students").await.expect(200);
    assert!(signs_in(&platform, "ada", &password).await, "the password stays");
    admin.delete("/users/nobody/sessions").await.expect(404);
}

async fn what_cannot_be_is_refused_in_its_place(database: Database) {
    let platform = Platform::start(&database).await;
    let admin = platform.client().await;
    admin.make_user("ada", "educator", None).await;
    for (body, expected) in [
        (
            json!({"name": "e ve", "role": "analyst", "password": "short"}),
            vec![("/name", "invalid_text"), ("/password", "invalid_password")],
        ),
        (json!({"name": "anonymous", "role": "analyst"}), vec![("/name", "invalid_text")]),
        (
            json!({"name": "eve.of.school", "role": "analyst", "password": "Eve.of.School"}),
            vec![("/password", "invalid_password")],
        ),
        (
            json!({"name": "eve", "role": "analyst", "password": "x".repeat(1025)}),
            vec![("/password", "invalid_password")],
        ),
        (
            json!({"name": "eve", "role": "educator", "classrooms": ["IA_2025", "Nowhere", "Else"]}),
            vec![("/classrooms/1", "unknown_classroom"), ("/classrooms/2", "unknown_classroom")],
        ),
        (
            json!({"name": "eve", "role": "operator", "classrooms": ["IA_2025"]}),
            vec![("/classrooms", "no_educator")],
        ),
        (json!({"name": "eve", "role": "head"}), vec![("", "invalid_value")]),
        (json!({"name": "eve", "role": "educator", "classrooms": ["a\u{0}b"]}), vec![("", "invalid_value")]),
        (json!({"name": "eve", "role": "analyst", "scopes": "admin"}), vec![("", "invalid_value")]),
        (json!({"role": "analyst"}), vec![("", "invalid_value")]),
    ] {
        let refused = admin.post_json("/users", &body).await.expect(422);
        assert_eq!(faults(&refused), expected, "{body}");
    }
    for (body, expected) in [
        (json!({"classrooms": ["Nowhere"]}), ("/classrooms/0", "unknown_classroom")),
        (json!({"role": "analyst", "classrooms": ["IA_2025"]}), ("/classrooms", "no_educator")),
        (json!({"password": "short"}), ("/password", "invalid_password")),
        (json!({"name": "eve"}), ("", "invalid_value")),
    ] {
        let refused = admin.patch_json("/users/ada", &body).await.expect(422);
        assert_eq!(faults(&refused), [expected], "{body}");
    }
    assert_eq!(database.number("SELECT COUNT(*) FROM users").await, 1);
}

async fn a_name_is_a_users_or_a_clients(database: Database) {
    let platform = Platform::start(&database).await;
    let admin = platform.client().await;
    admin.make_user("ada", "analyst", None).await;
    for name in ["ada", "story"] {
        let again = admin.post_json("/users", &json!({"name": name, "role": "analyst"})).await;
        assert_eq!(again.code(409), "name_taken", "{name}");
    }
    let client = ["client", "put", "--id", "ada", "--scope", "read"];
    let refused = Command::api(&database, client).quietly().run().await;
    assert!(refused.refusal().contains("ada is the name of a user"), "{refused:?}");
    platform.stop().await;

    // Nor does a start take a name from anybody.
    let start = Command::api(&database, ["serve", "--port", "0"]).env("EDTECH_BOOTSTRAP_CLIENT_ID", "ada");
    let refused = start.quietly().run().await;
    assert!(refused.refusal().contains("a user has this name"), "{refused:?}");
    assert_eq!(database.number("SELECT COUNT(*) FROM api_clients").await, 1);
}

async fn of_many_who_make_a_user_one_does(database: Database) {
    let platform = Platform::start(&database).await;
    let admin = platform.client().await;
    let eve = json!({"name": "eve", "role": "educator", "classrooms": ["IA_2025"], "password": CHOSEN});
    let one = || admin.post_json("/users", &eve);
    let answers = futures_util::future::join_all([one(), one(), one(), one()]).await;
    let mut statuses: Vec<u16> = answers.iter().map(|answer| answer.status).collect();
    statuses.sort_unstable();
    // Passwords are hashed in turn: who waits too long for it is told to come again.
    assert_eq!(statuses[0], 201);
    assert!(statuses[1..].iter().all(|status| [409, 503].contains(status)), "{statuses:?}");
    assert!(signs_in(&platform, "eve", CHOSEN).await);
}

async fn nobody_locks_oneself_out(database: Database) {
    let platform = Platform::start(&database).await;
    let admin = platform.client().await;
    let head = admin.user("head", "operator", None).await;
    let deputy = admin.user("deputy", "operator", None).await;
    assert_eq!(head.delete("/users/head").await.code(409), "oneself");
    for change in [json!({"role": "analyst"}), json!({"password": null}), json!({"password": CHOSEN})] {
        assert_eq!(head.patch_json("/users/head", &change).await.code(409), "oneself", "{change}");
    }
    head.patch_json("/users/head", &json!({"role": "operator"})).await.expect(200);
    head.get("/users").await.expect(200);
    // A token may have any name, and is nobody's account.
    let named = Command::api(&database, ["token", "--scope", "admin", "--subject", "head"]).run().await;
    let named = platform.anonymous().with_token(named.expect(0).trim());
    named.patch_json("/users/head", &json!({"role": "analyst"})).await.expect(200);
    assert_eq!(head.get("/users").await.code(403), "insufficient_scope");
    named.patch_json("/users/head", &json!({"role": "operator"})).await.expect(200);
    // Another one may, and so may a client.
    deputy.patch_json("/users/head", &json!({"role": "analyst"})).await.expect(200);
    assert_eq!(head.get("/users").await.code(403), "insufficient_scope");
    admin.delete("/users/deputy").await.expect(204);
    admin.patch_json("/users/head", &json!({"role": "operator"})).await.expect(200);
    head.get("/users").await.expect(200);
}
