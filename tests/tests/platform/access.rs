//! Who may do what: every operation of the specification, with every kind of token.

use std::collections::BTreeSet;

use edtech_tests::{Answer, Client, Command, Database, Platform, on_both_databases, on_postgres, on_sqlite};
use reqwest::{Method, RequestBuilder};
use serde_json::{Value, json};

/// What anybody may ask.
const OPEN: [&str; 10] = [
    "POST /auth/token",
    "POST /auth/session",
    "GET /auth/session",
    "DELETE /auth/session",
    "GET /livez",
    "GET /readyz",
    "GET /healthz",
    "GET /metrics",
    "GET /openapi.json",
    "GET /",
];

/// What each scope opens, once more: a wrong scope in the code is a wrong scope in its specification.
const OPENED: [(&str, &[&str]); 7] = [
    (
        "read",
        &[
            "GET /analytics/classrooms",
            "GET /analytics/daily",
            "GET /analytics/daily/{date}/report",
            "GET /analytics/engagement",
            "GET /analytics/lessons",
            "GET /analytics/lessons/{lesson_id}/progress",
            "GET /analytics/timeseries",
            "GET /classrooms",
            "GET /classrooms/{classroom}",
            "GET /lessons",
            "GET /lessons/{lesson_id}",
            "GET /live",
        ],
    ),
    ("learners", &["GET /streaming-logs", "GET /students", "GET /students/{student_id}"]),
    (
        "roster",
        &[
            "DELETE /classrooms/{classroom}",
            "DELETE /lessons/{lesson_id}",
            "DELETE /students/{student_id}",
            "GET /rejected-logs",
            "GET /students/{student_id}/export",
            "PATCH /classrooms/{classroom}",
            "PATCH /lessons/{lesson_id}",
            "PATCH /students/{student_id}",
            "POST /classrooms",
            "POST /lessons",
            "POST /rejected-logs/replay",
            "POST /students",
        ],
    ),
    ("ingest", &["POST /streaming-logs"]),
    ("report", &["PUT /analytics/daily/{date}/report"]),
    (
        "operate",
        &[
            "DELETE /benchmarks/{id}",
            "GET /benchmarks",
            "GET /benchmarks/{id}",
            "GET /benchmarks/{id}/compare/{other}",
            "GET /benchmarks/{id}/report",
            "POST /benchmarks",
        ],
    ),
    (
        "admin",
        &[
            "DELETE /users/{name}",
            "DELETE /users/{name}/sessions",
            "GET /audit-log",
            "GET /erasures/{receipt_id}",
            "GET /users",
            "GET /users/{name}",
            "PATCH /users/{name}",
            "POST /users",
        ],
    ),
];

/// One operation of the specification.
pub(super) struct Operation {
    pub(super) method: Method,
    pub(super) path: String,
    /// The scope that it wants; none where it is open, or wants a session whatever its scopes.
    pub(super) scope: Option<String>,
    /// Whether it wants neither token nor session.
    pub(super) is_open: bool,
    /// The statuses that it may answer.
    pub(super) statuses: BTreeSet<u16>,
}

impl Operation {
    pub(super) fn name(&self) -> String {
        format!("{} {}", self.method, self.path)
    }

    /// Whether it is for users who have signed in, whatever their role.
    pub(super) fn wants_a_user(&self) -> bool {
        !self.is_open && self.scope.is_none()
    }

    /// Calls it with nothing in its body, and nothing that exists in its path.
    pub(super) async fn call(&self, client: &Client) -> Answer {
        client.send(self.request(client)).await
    }

    fn request(&self, client: &Client) -> RequestBuilder {
        let nothing = |part: &str| match part {
            "{receipt_id}" => "00000000-0000-4000-8000-000000000000".to_owned(),
            part if part.starts_with('{') => "999999".to_owned(),
            part => part.to_owned(),
        };
        let path: Vec<String> = self.path.split('/').map(nothing).collect();
        client.request(self.method.clone(), &path.join("/"))
    }

    /// The answer must be one that the specification names, and a problem must be told as one.
    #[track_caller]
    pub(super) fn assert_documented(&self, answer: &Answer) {
        let (name, status) = (self.name(), answer.status);
        assert!(
            self.statuses.contains(&status),
            "{name} answers {status}, which is not documented: {}",
            answer.body
        );
        if status >= 400 {
            assert_eq!(answer.header("content-type"), "application/problem+json", "{name} {status}");
            assert_eq!(answer.body["status"], status, "{name}: {}", answer.body);
            for field in ["code", "request_id", "title", "detail"] {
                let text = answer.body[field].as_str().unwrap_or_default();
                assert!(!text.is_empty(), "{name} {status} has no {field}: {}", answer.body);
            }
        }
    }
}

/// Every operation of `/openapi.json`.
pub(super) async fn operations(client: &Client) -> Vec<Operation> {
    let spec = client.get("/openapi.json").await.expect(200);
    let mut operations = Vec::new();
    for (path, item) in spec["paths"].as_object().expect("paths") {
        for (method, operation) in item.as_object().expect("operations") {
            let statuses = operation["responses"].as_object().expect("responses").keys();
            operations.push(Operation {
                method: method.to_uppercase().parse().expect("a method"),
                path: path.clone(),
                scope: scope(&operation["security"]),
                is_open: operation["security"].is_null(),
                statuses: statuses.map(|status| status.parse().expect("a status")).collect(),
            });
        }
    }
    assert!(operations.len() > 25, "only {} operations", operations.len());
    operations
}

fn scope(security: &Value) -> Option<String> {
    let scopes = security.as_array()?.first()?.get("token")?.as_array()?;
    assert_eq!(scopes.len(), 1, "an operation wants one scope: {security}");
    Some(scopes[0].as_str()?.to_owned())
}

/// A token that an operator minted.
async fn minted(database: &Database, scope: &str) -> String {
    let printed = Command::api(database, ["token", "--scope", scope]).run().await.expect(0);
    assert_eq!(printed.lines().count(), 1, "a token and nothing else: {printed}");
    printed.trim().to_owned()
}

on_both_databases!(
    a_bad_token_is_401_everywhere,
    a_bad_cookie_opens_nothing,
    a_page_from_elsewhere_changes_nothing,
    each_scope_opens_its_own_operations,
    a_token_says_what_it_is_good_for,
    what_there_is_not_is_told_as_a_problem,
);

mod anywhere {
    use super::*;

    on_postgres!(without_a_token_all_but_the_open_list_is_401, without_a_signing_key_there_is_no_start);

    async fn without_a_token_all_but_the_open_list_is_401(database: Database) {
        let platform = Platform::start(&database).await;
        assert_closed(&platform, |_| true).await;
    }

    async fn without_a_signing_key_there_is_no_start(database: Database) {
        let refused =
            Command::api(&database, ["serve", "--port", "0"]).without("EDTECH_JWT_SIGNING_KEY").quietly();
        let refused = refused.run().await;
        assert!(refused.refusal().contains("EDTECH_JWT_SIGNING_KEY"), "{refused:?}");
    }
}

mod on_the_loopback_demo {
    use super::*;

    on_sqlite!(
        without_a_token_only_reading_is_open,
        beyond_loopback_reading_is_closed_and_a_key_is_needed,
        a_page_from_elsewhere_reads_nothing,
        a_command_makes_no_key_that_no_server_knows,
    );

    /// In another directory than that of the server its tokens would be good for nothing.
    async fn a_command_makes_no_key_that_no_server_knows(database: Database) {
        let token = || Command::api(&database, ["token"]).without("EDTECH_JWT_SIGNING_KEY").quietly();
        let key = database.directory().join("signing.key");
        let refused = token().run().await;
        assert!(refused.refusal().contains(&format!("{}: it is not there", key.display())), "{refused:?}");
        assert!(!key.exists());
        let served = Platform::start(&database).without("EDTECH_JWT_SIGNING_KEY").await;
        assert!(key.exists());
        served
            .anonymous()
            .with_token(token().run().await.expect(0).trim())
            .get("/students")
            .await
            .expect(200);
    }

    async fn without_a_token_only_reading_is_open(database: Database) {
        let platform = Platform::start(&database).await;
        assert_closed(&platform, |scope| scope != Some("read")).await;
        platform.anonymous().get("/analytics/daily").await.expect(200);
        platform.anonymous().get("/metrics").await.expect(200);
    }

    async fn beyond_loopback_reading_is_closed_and_a_key_is_needed(database: Database) {
        let refused =
            Command::api(&database, ["serve", "--port", "0"]).without("EDTECH_JWT_SIGNING_KEY").quietly();
        let refused = refused.env("HOST", "0.0.0.0").run().await;
        assert!(refused.refusal().contains("EDTECH_JWT_SIGNING_KEY"), "{refused:?}");
        let platform = Platform::start(&database).env("HOST", "0.0.0.0").await;
        assert_closed(&platform, |_| true).await;
        platform.anonymous().get("/metrics").await.expect(404);
    }

    async fn a_page_from_elsewhere_reads_nothing(database: Database) {
        let platform = Platform::start(&database).await;
        let client = platform.anonymous();
        for (header, value) in [("host", "evil.example"), ("origin", "https://evil.example")] {
            let request = client.request(Method::GET, "/analytics/daily").header(header, value);
            client.send(request).await.expect(401);
        }
    }
}

/// Without a token, exactly the operations that are not open and are `closed` by their scope answer 401.
async fn assert_closed(platform: &Platform, closed: impl Fn(Option<&str>) -> bool) {
    let client = platform.anonymous();
    let operations = operations(&client).await;
    let open: BTreeSet<String> =
        operations.iter().filter(|operation| operation.is_open).map(Operation::name).collect();
    assert_eq!(open, OPEN.map(str::to_owned).into(), "operations that want nothing");
    for operation in &operations {
        let answer = operation.call(&client).await;
        operation.assert_documented(&answer);
        if !operation.is_open && closed(operation.scope.as_deref()) {
            assert_eq!(answer.code(401), "token_missing", "{}", operation.name());
            assert!(answer.header("www-authenticate").starts_with("Bearer"), "{}", operation.name());
        } else if operation.name() != "POST /auth/token" {
            assert_ne!(answer.status, 401, "{}", operation.name());
        }
    }
}

async fn a_bad_token_is_401_everywhere(database: Database) {
    let platform = Platform::start(&database).await;
    let good = minted(&database, "read").await;
    let elsewhere =
        Command::api(&database, ["token"]).env("EDTECH_JWT_SIGNING_KEY", &"k".repeat(32)).run().await;
    let (head, signature) = good.rsplit_once('.').expect("a JWT");
    let unsigned = format!("{head}.");
    let swapped = format!("{head}.{}", signature.chars().rev().collect::<String>());
    for token in ["nonsense", elsewhere.expect(0).trim(), &unsigned, &swapped] {
        let client = platform.anonymous().with_token(token);
        for operation in operations(&client).await.iter().filter(|operation| !operation.is_open) {
            let answer = operation.call(&client).await;
            assert_eq!(answer.code(401), "invalid_token", "{}", operation.name());
            operation.assert_documented(&answer);
        }
    }
}

/// A browser keeps showing what it once got, so a bad cookie is no worse than none.
async fn a_bad_cookie_opens_nothing(database: Database) {
    let platform = Platform::start(&database).await;
    for cookie in ["edtech_session=nonsense", "edtech_session="] {
        let client = platform.anonymous().with_cookie(cookie);
        for operation in operations(&client).await.iter().filter(|operation| !operation.is_open) {
            let answer = operation.call(&client).await;
            operation.assert_documented(&answer);
            if database.is_postgres() || operation.scope.as_deref() != Some("read") {
                assert_eq!(answer.code(401), "session_ended", "{}", operation.name());
            } else {
                assert_ne!(answer.status, 401, "{}", operation.name());
            }
        }
    }
}

/// The browser sends the cookie along, and says where the page is from.
async fn a_page_from_elsewhere_changes_nothing(database: Database) {
    let platform = Platform::start(&database).await;
    let browser = platform.signed_in().await;
    let mut asked = 0;
    for operation in operations(&browser).await {
        let reads = [Method::GET, Method::HEAD].contains(&operation.method);
        if reads || operation.name() == "POST /auth/token" {
            continue;
        }
        for (header, value) in [("sec-fetch-site", "cross-site"), ("origin", "https://elsewhere.example")] {
            // Its own origin, which a client of ours says by itself, goes.
            let (http, request) = operation.request(&browser).build_split();
            let mut request = request.expect("a request");
            request.headers_mut().remove("origin");
            request.headers_mut().insert(header, value.parse().expect("a header"));
            let answer = browser.send(RequestBuilder::from_parts(http, request)).await;
            assert_eq!(answer.code(403), "cross_origin", "{} with {header}", operation.name());
            operation.assert_documented(&answer);
            asked += 1;
        }
    }
    assert!(asked > 30, "{asked} requests");
    browser.get("/students").await.expect(200);
}

async fn each_scope_opens_its_own_operations(database: Database) {
    let platform = Platform::start(&database).await;
    let published = operations(&platform.anonymous()).await;
    for (scope, opened) in OPENED {
        let theirs = published.iter().filter(|operation| operation.scope.as_deref() == Some(scope));
        let theirs: BTreeSet<String> = theirs.map(Operation::name).collect();
        assert_eq!(theirs, opened.iter().map(|&name| name.to_owned()).collect(), "{scope}");
    }
    for (scope, _) in OPENED {
        let client = platform.anonymous().with_token(&minted(&database, scope).await);
        for operation in &operations(&client).await {
            let answer = operation.call(&client).await;
            operation.assert_documented(&answer);
            if operation.wants_a_user() {
                assert_eq!(answer.code(403), "users_only", "{} with {scope}", operation.name());
            }
            let reading_is_open = !database.is_postgres() && operation.scope.as_deref() == Some("read");
            let Some(wanted) = operation.scope.as_deref().filter(|_| !reading_is_open) else { continue };
            let is_forbidden = answer.status == 403;
            let is_implied = (scope, wanted) == ("roster", "learners");
            assert_eq!(
                is_forbidden,
                wanted != scope && !is_implied,
                "{} with {scope}: {}",
                operation.name(),
                answer.body
            );
            assert_ne!(answer.status, 401, "{} with {scope}", operation.name());
        }
    }
}

async fn a_token_says_what_it_is_good_for(database: Database) {
    let platform = Platform::start(&database).await;
    let client = platform.anonymous();
    let [_, (_, id), (_, secret)] = platform.simulator_environment();
    let form = |scope: &str| json!({"grant_type": "client_credentials", "scope": scope});
    let by_basic = |scope: &str, secret: &str| {
        client.request(Method::POST, "/auth/token").basic_auth(id, Some(secret)).form(&form(scope))
    };

    let token = client.send(by_basic("read ingest", secret)).await.expect(200);
    assert_eq!((&token["token_type"], &token["scope"]), (&json!("Bearer"), &json!("ingest read")));
    assert_eq!(token["expires_in"], 15 * 60, "{token}");
    let limited = client.with_token(token["access_token"].as_str().expect("a token"));
    limited.get("/analytics/daily").await.expect(200);
    limited.get("/students").await.expect(403);

    assert_eq!(client.send(by_basic("everything", secret)).await.code(400), "invalid_scope");
    assert_eq!(client.send(by_basic("read", "wrong")).await.code(401), "invalid_client");
    let password = client.request(Method::POST, "/auth/token").form(&json!({"grant_type": "password"}));
    assert_eq!(client.send(password).await.code(400), "unsupported_grant_type");
    let nothing = client.request(Method::POST, "/auth/token");
    assert_eq!(client.send(nothing).await.code(400), "invalid_request");
}

async fn what_there_is_not_is_told_as_a_problem(database: Database) {
    let platform = Platform::start(&database).await;
    let client = platform.client().await;
    let answer = client.get("/nowhere").await;
    assert_eq!((answer.code(404), answer.header("content-type")), ("not_found", "application/problem+json"));
    let answer = client.delete("/streaming-logs").await;
    assert_eq!((answer.code(405), answer.header("allow")), ("method_not_allowed", "GET, POST"));
    // A request keeps the name that its sender gave it.
    let named = client.request(Method::GET, "/nowhere").header("x-request-id", "story-7");
    assert_eq!(client.send(named).await.body["request_id"], "story-7");
}
