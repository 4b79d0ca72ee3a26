//! What a browser is told of everything that it can load here.

use edtech_tests::{Answer, Database, Platform, on_sqlite};
use reqwest::Method;

use crate::access::operations;

on_sqlite!(every_answer_says_what_a_browser_may_do_with_it, swagger_ui_asks_nobody_else);

/// What is no operation, and a browser can load.
const REST: [&str; 5] = [
    "/nowhere",
    "/swagger-ui/",
    "/swagger-ui/index.html",
    "/swagger-ui/swagger-ui-bundle.js",
    "/assets/none.js",
];

async fn every_answer_says_what_a_browser_may_do_with_it(database: Database) {
    let platform = Platform::start(&database).await;
    let client = platform.client().await;
    let operations = operations(&client).await;
    let readable = operations.iter().filter(|operation| operation.method == Method::GET);
    let mut pages = Vec::new();
    for path in readable.map(|operation| operation.path.as_str()).chain(REST) {
        let answer = client.get(path).await;
        assert_guarded(path, &answer);
        if answer.header("content-type").starts_with("text/html") {
            pages.push(path);
        }
    }
    assert_eq!(pages, ["/", "/swagger-ui/", "/swagger-ui/index.html"]);
}

#[track_caller]
fn assert_guarded(path: &str, answer: &Answer) {
    assert_eq!(answer.header("x-content-type-options"), "nosniff", "{path}");
    assert_eq!(answer.header("referrer-policy"), "no-referrer", "{path}");
    assert_eq!(answer.headers.get_all("content-security-policy").iter().count(), 1, "{path}");
    let policy: Vec<&str> = answer.header("content-security-policy").split(';').map(str::trim).collect();
    for wanted in ["default-src 'none'", "frame-ancestors 'none'", "base-uri 'none'"] {
        assert!(policy.contains(&wanted), "{path} has no {wanted}: {policy:?}");
    }
    let scripts = policy.iter().find(|directive| directive.starts_with("script-src"));
    assert!(scripts.is_none_or(|scripts| *scripts == "script-src 'self'"), "{path}: {policy:?}");
    assert!(!policy.iter().any(|directive| directive.contains("http") || directive.contains('*')), "{path}");
}

async fn swagger_ui_asks_nobody_else(database: Database) {
    let platform = Platform::start(&database).await;
    let start = platform.anonymous().get("/swagger-ui/swagger-initializer.js").await.expect(200);
    let start = start.as_str().expect("a script");
    assert!(
        start.contains(r#""url": "/openapi.json""#) && start.contains(r#""validatorUrl": "none""#),
        "{start}"
    );
}
