//! Passwords: who changes them, and what becomes of them.

use super::*;

on_both_databases!(
    another_password_ends_every_session,
    a_user_changes_the_own_password,
    a_password_is_changed_by_its_user_alone,
    guesses_at_the_own_password_are_limited,
    neither_password_nor_hash_is_told_kept_or_logged,
);

async fn another_password_ends_every_session(database: Database) {
    let platform = Platform::start(&database).await;
    let admin = platform.client().await;
    let first = admin.make_user("ada", "operator", None).await;
    let browsers = [
        platform.anonymous().signed_in_as("ada", &first).await,
        platform.anonymous().signed_in_as("ada", &first).await,
    ];
    let drawn = admin.patch_json("/users/ada", &json!({"password": null})).await.expect(200);
    let second = drawn["password"].as_str().expect("a drawn password");
    for browser in &browsers {
        assert_eq!(browser.get("/students").await.code(401), "session_ended");
    }
    assert!(!signs_in(&platform, "ada", &first).await);
    assert!(signs_in(&platform, "ada", second).await);
    let chosen = admin.patch_json("/users/ada", &json!({"password": CHOSEN})).await.expect(200);
    assert_eq!(chosen.get("password"), None);
    assert!(!signs_in(&platform, "ada", second).await);
    assert!(signs_in(&platform, "ada", CHOSEN).await);
}

async fn a_user_changes_the_own_password(database: Database) {
    let platform = Platform::start(&database).await;
    let first = platform.client().await.make_user("ada", "educator", None).await;
    let here = platform.anonymous().signed_in_as("ada", &first).await;
    let elsewhere = platform.anonymous().signed_in_as("ada", &first).await;
    let change = async |password: &str, new: &str| {
        here.post_json("/auth/password", &json!({"password": password, "new_password": new})).await
    };
    assert_eq!(change("not the password", CHOSEN).await.code(401), "invalid_credentials");
    let refused = change(&first, "too short").await;
    assert_eq!(refused.code(422), "invalid_password");
    assert_eq!(faults(&refused.body), [("/new_password", "invalid_password")]);
    elsewhere.get("/students").await.expect(200);

    change(&first, CHOSEN).await.expect(204);
    here.get("/students").await.expect(200);
    assert_eq!(elsewhere.get("/students").await.code(401), "session_ended");
    assert!(!signs_in(&platform, "ada", &first).await);
    assert!(signs_in(&platform, "ada", CHOSEN).await);
    assert_eq!(change(&first, "another long password").await.code(401), "invalid_credentials");
    here.get("/students").await.expect(200);
}

async fn a_password_is_changed_by_its_user_alone(database: Database) {
    let platform = Platform::start(&database).await;
    let admin = platform.client().await;
    let ada = admin.user("ada", "educator", None).await;
    let change = json!({"password": "any", "new_password": CHOSEN});
    assert_eq!(platform.anonymous().post_json("/auth/password", &change).await.code(401), "token_missing");
    assert_eq!(admin.post_json("/auth/password", &change).await.code(403), "users_only");
    let by_a_client = platform.signed_in().await.post_json("/auth/password", &change).await;
    assert_eq!(by_a_client.code(403), "users_only");
    let cookie = ada.cookie().expect("a cookie");
    let from_elsewhere = ada
        .request_to(reqwest::Method::POST, &format!("{}/auth/password", ada.url()))
        .header("cookie", cookie)
        .header("origin", "https://elsewhere.example");
    assert_eq!(ada.send(from_elsewhere.json(&change)).await.code(403), "cross_origin");
    admin.delete("/users/ada/sessions").await.expect(204);
    assert_eq!(ada.post_json("/auth/password", &change).await.code(401), "session_ended");
}

async fn guesses_at_the_own_password_are_limited(database: Database) {
    let platform = Platform::start(&database).await;
    let first = platform.client().await.make_user("ada", "educator", None).await;
    let here = platform.anonymous().signed_in_as("ada", &first).await;
    let change = async |password: &str| {
        here.post_json("/auth/password", &json!({"password": password, "new_password": CHOSEN})).await
    };
    for _ in 0..5 {
        assert_eq!(change("not the password").await.code(401), "invalid_credentials");
    }
    let refused = change(&first).await;
    assert_eq!(refused.code(429), "too_many_attempts");
    assert!(!refused.header("retry-after").is_empty());
    here.get("/students").await.expect(200);
}

async fn neither_password_nor_hash_is_told_kept_or_logged(database: Database) {
    let platform = Platform::start(&database).env("RUST_LOG", "trace").await;
    let admin = platform.client().await;
    let drawn = admin.make_user("ada", "educator", Some(&["IA_2025"])).await;
    let ada = platform.anonymous().signed_in_as("ada", &drawn).await;
    ada.post_json("/auth/password", &json!({"password": drawn, "new_password": CHOSEN})).await.expect(204);
    for path in ["/users", "/users/ada"] {
        let told = admin.get(path).await.expect(200).to_string();
        assert!(!told.contains("argon2") && !told.contains("password"), "{told}");
    }
    platform.stop().await;
    for file in std::fs::read_dir(database.directory()).expect("a directory") {
        let path = file.expect("a file").path();
        let bytes = std::fs::read(&path).expect("a file");
        let holds = |text: &str| bytes.windows(text.len()).any(|window| window == text.as_bytes());
        assert!(!holds(&drawn) && !holds(CHOSEN), "{} holds a password", path.display());
        let is_log = path.extension().is_some_and(|it| it == "log");
        assert!(!is_log || holds("/auth/password"), "nothing is logged");
    }
    let plain = format!(
        "SELECT COUNT(*) FROM users WHERE password_hash NOT LIKE '$argon2id$%' OR name LIKE '%{CHOSEN}%'"
    );
    assert_eq!(database.number(&plain).await, 0);
}
