//! What a browser is told of everything that it can load here.

use edtech_tests::{Answer, Database, Platform, on_both_databases};
use reqwest::Method;

use crate::access::operations;

on_both_databases!(
    every_answer_says_what_a_browser_may_do_with_it,
    a_refusal_says_so_as_well,
    pages_from_elsewhere_are_told_nothing,
    swagger_ui_asks_nobody_else,
);

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
    assert_eq!(answer.header("x-frame-options"), "DENY", "{path}");
    assert_eq!(answer.header("cross-origin-resource-policy"), "same-origin", "{path}");
    assert_eq!(answer.header("access-control-allow-origin"), "", "{path}");
    assert_eq!(answer.header("strict-transport-security"), "", "{path}: this is plain HTTP");
    let is_page = answer.header("content-type").starts_with("text/html");
    assert_eq!(answer.header("cross-origin-opener-policy") == "same-origin", is_page, "{path}");
    assert_eq!(answer.header("permissions-policy").contains("geolocation=()"), is_page, "{path}");
    assert_eq!(answer.headers.get_all("content-security-policy").iter().count(), 1, "{path}");
    let policy: Vec<&str> = answer.header("content-security-policy").split(';').map(str::trim).collect();
    for wanted in ["default-src 'none'", "frame-ancestors 'none'", "base-uri 'none'"] {
        assert!(policy.contains(&wanted), "{path} has no {wanted}: {policy:?}");
    }
    let scripts = policy.iter().find(|directive| directive.starts_with("script-src"));
    assert!(scripts.is_none_or(|scripts| *scripts == "script-src 'self'"), "{path}: {policy:?}");
    assert!(!policy.iter().any(|directive| directive.contains("http") || directive.contains('*')), "{path}");
}

/// Also one that no handler has seen.
async fn a_refusal_says_so_as_well(database: Database) {
    let platform = Platform::start(&database).await;
    let client = platform.client().await;
    let twice = client.request(Method::GET, "/analytics/daily").header("authorization", "Bearer another");
    assert_guarded("twice", &client.send(twice).await);
    let unknown = client.request(Method::from_bytes(b"BREW").expect("a method"), "/students");
    assert_guarded("unknown", &client.send(unknown).await);
    let slow = client.request(Method::POST, "/auth/token").header("content-type", "text/plain").body("x");
    assert_guarded("another type", &client.send(slow).await);
    assert_guarded("no token", &platform.anonymous().delete("/students/1").await);
}

/// A browser asks first whether another page may read the answer. Nobody says yes, to no page.
async fn pages_from_elsewhere_are_told_nothing(database: Database) {
    let platform = Platform::start(&database).await;
    let client = platform.client().await;
    for operation in operations(&client).await {
        let path = operation.path.replace(['{', '}'], "");
        for origin in ["https://elsewhere.example", "null", "http://localhost:5173"] {
            let preflight = client.request(Method::OPTIONS, &path).header("origin", origin);
            let preflight = preflight.header("access-control-request-method", operation.method.as_str());
            let preflight =
                client.send(preflight.header("access-control-request-headers", "authorization")).await;
            assert!(preflight.status >= 400, "{path} answers a preflight with {}", preflight.status);
            let asked = client.send(client.request(Method::GET, &path).header("origin", origin)).await;
            for answer in [preflight, asked] {
                let allowed = answer.headers.keys().find(|name| name.as_str().starts_with("access-control-"));
                assert_eq!(allowed, None, "{path} for {origin}");
            }
        }
    }
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
