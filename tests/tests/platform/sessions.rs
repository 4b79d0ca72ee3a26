//! People sign in, work, and sign out; and what ends a session without them.

use chrono::{DateTime, Utc};
use edtech_tests::{Client, Database, Platform, on_both_databases};
use reqwest::Method;
use serde_json::{Value, json};

on_both_databases!(
    a_person_signs_in_works_and_signs_out,
    whoever_signs_in_over_a_session_ends_it,
    whoever_has_not_the_secret_is_refused,
    a_session_ends_by_the_clock,
    a_session_ends_with_its_client,
    a_session_ends_with_the_secret_that_it_began_with,
    a_session_may_do_what_its_client_may_do_now,
    a_page_from_elsewhere_cannot_use_a_session,
    neither_cookie_nor_secret_is_kept_or_logged,
);

/// What is told where nobody is signed in.
fn nobody(database: &Database) -> Value {
    match database.is_postgres() {
        true => told_of_nobody(json!([]), "required"),
        false => told_of_nobody(json!(["read"]), "optional"),
    }
}

fn told_of_nobody(scopes: Value, sign_in: &str) -> Value {
    json!({
        "name": null, "kind": null, "role": null, "classrooms": null, "scopes": scopes, "expires_at": null,
        "sign_in": sign_in,
    })
}

async fn session(browser: &Client) -> Value {
    browser.session().await
}

async fn expires_at(browser: &Client) -> DateTime<Utc> {
    let told = session(browser).await;
    told["expires_at"]
        .as_str()
        .and_then(|text| text.parse().ok())
        .unwrap_or_else(|| panic!("no time in {told}"))
}

async fn assert_ended(browser: &Client, database: &Database) {
    assert_eq!(browser.get("/students").await.code(401), "session_ended");
    assert_eq!(session(browser).await, nobody(database));
}

async fn a_person_signs_in_works_and_signs_out(database: Database) {
    let platform = Platform::start(&database).await;
    let anonymous = platform.anonymous();
    assert_eq!(session(&anonymous).await, nobody(&database));

    let signed_in = anonymous.post_json("/auth/session", &platform.credentials()).await;
    let (cookie, attributes) = signed_in.header("set-cookie").split_once("; ").expect("a cookie");
    assert_eq!(attributes, "HttpOnly; SameSite=Strict; Path=/; Max-Age=43200");
    assert_eq!(signed_in.header("cache-control"), "no-store");
    let browser = anonymous.with_cookie(cookie);
    let told = signed_in.expect(200);
    assert_eq!((&told["name"], &told["kind"]), (&json!("story"), &json!("client")));
    assert_eq!((&told["role"], &told["classrooms"]), (&Value::Null, &Value::Null));
    assert_eq!(told["scopes"], json!(["admin", "ingest", "learners", "operate", "read", "report", "roster"]));
    assert_eq!(told["sign_in"], nobody(&database)["sign_in"]);
    assert_eq!(session(&browser).await, told);

    let ada = json!({"external_id": "ada", "name": "Ada", "classroom": "Data_2025"});
    browser.post_json("/students", &ada).await.expect(201);
    assert_eq!(browser.get("/students").await.expect(200)["items"][0]["name"], "Ada");
    browser.get("/analytics/daily").await.expect(200);

    let signed_out = browser.delete("/auth/session").await;
    let taken = "edtech_session=; HttpOnly; SameSite=Strict; Path=/; Max-Age=0";
    assert_eq!((signed_out.status, signed_out.header("set-cookie")), (204, taken));
    assert_eq!(database.number("SELECT COUNT(*) FROM sessions").await, 0);
    assert_ended(&browser, &database).await;
    browser.delete("/auth/session").await.expect(204);
}

/// Its browser forgets the cookie then, and nobody can sign out by it any more.
async fn whoever_signs_in_over_a_session_ends_it(database: Database) {
    let platform = Platform::start(&database).await;
    let (before, elsewhere) = (platform.signed_in().await, platform.signed_in().await);
    let sign_in = |credentials: Value| {
        let request = before.request_to(Method::POST, &format!("{}/auth/session", before.url()));
        before.send(request.header("cookie", before.cookie().expect("a cookie")).json(&credentials))
    };
    let mut wrong = platform.credentials();
    wrong["password"] = json!("not the secret");
    assert_eq!(sign_in(wrong).await.code(401), "invalid_credentials");
    before.get("/students").await.expect(200);

    let answer = sign_in(platform.credentials()).await;
    let (cookie, _) = answer.header("set-cookie").split_once("; ").expect("a cookie");
    let after = platform.anonymous().with_cookie(cookie);
    answer.expect(200);
    assert_ended(&before, &database).await;
    after.get("/students").await.expect(200);
    elsewhere.get("/students").await.expect(200);
}

async fn whoever_has_not_the_secret_is_refused(database: Database) {
    let platform = Platform::start(&database).await;
    let client = platform.anonymous();
    for (name, secret) in [("story", "wrong"), ("nobody", "wrong"), ("story", "")] {
        let credentials = json!({"name": name, "password": secret});
        let answer = client.post_json("/auth/session", &credentials).await;
        assert_eq!(answer.code(401), "invalid_credentials", "{name}");
        assert_eq!(answer.header("set-cookie"), "", "{name}");
    }
    assert_eq!(database.number("SELECT COUNT(*) FROM sessions").await, 0);
}

async fn a_session_ends_by_the_clock(database: Database) {
    let platform = Platform::start(&database).await;
    let browser = platform.signed_in().await;
    // Its use is noted, and lets it live on for twelve hours from now.
    let long_ago = "'2026-01-01T00:00:00.000000Z'";
    database.execute(&format!("UPDATE sessions SET last_seen_at = {long_ago}")).await;
    let before = expires_at(&platform.signed_in().await).await;
    let noted = expires_at(&browser).await;
    assert!(noted > before, "{noted} is not after {before}");
    assert_eq!(expires_at(&browser).await, noted, "noted once a minute");

    database.execute(&format!("UPDATE sessions SET expires_at = {long_ago}")).await;
    assert_ended(&browser, &database).await;
    assert_eq!(database.number("SELECT COUNT(*) FROM sessions").await, 2);
    platform.signed_in().await.get("/students").await.expect(200);
    assert_eq!(database.number("SELECT COUNT(*) FROM sessions").await, 1, "those that expired are gone");
}

async fn a_session_ends_with_its_client(database: Database) {
    let platform = Platform::start(&database).await;
    let browser = platform.signed_in().await;
    database.execute("DELETE FROM api_clients WHERE client_id = 'story'").await;
    assert_ended(&browser, &database).await;
    assert_eq!(database.number("SELECT COUNT(*) FROM sessions").await, 0);
}

async fn a_session_ends_with_the_secret_that_it_began_with(database: Database) {
    let platform = Platform::start(&database).await;
    let browser = platform.signed_in().await;
    let (cookie, old) = (browser.cookie().expect("a cookie").to_owned(), platform.credentials());
    platform.stop().await;

    let platform = Platform::start(&database).await;
    platform.anonymous().with_cookie(&cookie).get("/students").await.expect(200);
    platform.stop().await;

    let platform = Platform::start(&database).env("EDTECH_BOOTSTRAP_CLIENT_SECRET", "another secret").await;
    assert_ended(&platform.anonymous().with_cookie(&cookie), &database).await;
    platform.anonymous().post_json("/auth/session", &old).await.expect(401);
    let new = json!({"name": "story", "password": "another secret"});
    platform.anonymous().post_json("/auth/session", &new).await.expect(200);
}

async fn a_session_may_do_what_its_client_may_do_now(database: Database) {
    let platform = Platform::start(&database).await;
    let browser = platform.signed_in().await;
    database.execute("UPDATE api_clients SET scopes = 'read'").await;
    browser.get("/analytics/daily").await.expect(200);
    assert_eq!(browser.get("/students").await.code(403), "insufficient_scope");
    assert_eq!(session(&browser).await["scopes"], json!(["read"]));
}

async fn a_page_from_elsewhere_cannot_use_a_session(database: Database) {
    let platform = Platform::start(&database).await;
    let browser = platform.signed_in().await;
    let cookie = browser.cookie().expect("a cookie");
    let said = [
        ("origin", "https://elsewhere.example"),
        ("origin", "null"),
        ("sec-fetch-site", "same-site"),
        ("accept", "*/*"),
    ];
    for (header, value) in said {
        let asked = |method: Method, path| {
            let request = browser.request_to(method, &format!("{}{path}", browser.url()));
            request.header("cookie", cookie).header(header, value)
        };
        let post =
            asked(Method::POST, "/students").json(&json!({"external_id": "eve", "classroom": "IA_2025"}));
        assert_eq!(browser.send(post).await.code(403), "cross_origin", "{header}: {value}");
        for path in ["/students/1", "/auth/session"] {
            let delete = browser.send(asked(Method::DELETE, path)).await;
            assert_eq!(delete.code(403), "cross_origin", "{header}: {value} {path}");
        }
        // Nor is anybody signed in from there. What is no browser says nothing, and may.
        let sign_in = browser.request_to(Method::POST, &format!("{}/auth/session", browser.url()));
        let sign_in = browser.send(sign_in.header(header, value).json(&platform.credentials())).await;
        assert_eq!(sign_in.status, if header == "accept" { 200 } else { 403 }, "{header}: {value}");
    }
    assert_eq!(browser.get("/students").await.expect(200)["items"], json!([]));
    let ours = browser.request_to(Method::DELETE, &format!("{}/auth/session", browser.url()));
    let ours = ours.header("cookie", cookie).header("sec-fetch-site", "same-origin");
    browser.send(ours).await.expect(204);
}

async fn neither_cookie_nor_secret_is_kept_or_logged(database: Database) {
    let platform = Platform::start(&database).env("RUST_LOG", "trace").await;
    let browser = platform.signed_in().await;
    let (_, value) = browser.cookie().expect("a cookie").split_once('=').expect("a value");
    let credentials = platform.credentials();
    let secret = credentials["password"].as_str().expect("a secret");
    browser.get("/students").await.expect(200);
    browser.delete("/auth/session").await.expect(204);
    platform.stop().await;

    for file in std::fs::read_dir(database.directory()).expect("a directory") {
        let path = file.expect("a file").path();
        let bytes = std::fs::read(&path).expect("a file");
        let holds = |text: &str| bytes.windows(text.len()).any(|window| window == text.as_bytes());
        assert!(!holds(value) && !holds(secret), "{} holds it", path.display());
        assert!(path.extension().is_none_or(|it| it != "log") || holds("/auth/session"), "nothing is logged");
    }
}
