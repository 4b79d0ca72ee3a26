//! Every operation, called well and called badly: what it answers is what the specification says.

use std::collections::BTreeSet;

use edtech_tests::{Answer, Client, Database, Platform, on_both_databases};
use reqwest::Method;

use crate::access::{Operation, operations};

on_both_databases!(every_operation_answers_what_is_documented);

/// A call and the status that it must have.
struct Call {
    method: Method,
    path: &'static str,
    content_type: &'static str,
    body: String,
    status: u16,
}

fn get(path: &'static str, status: u16) -> Call {
    Call { method: Method::GET, path, content_type: "", body: String::new(), status }
}

fn delete(path: &'static str, status: u16) -> Call {
    Call { method: Method::DELETE, ..get(path, status) }
}

fn send(method: Method, path: &'static str, content_type: &'static str, body: &str, status: u16) -> Call {
    Call { method, path, content_type, body: body.to_owned(), status }
}

fn post(path: &'static str, body: &str, status: u16) -> Call {
    send(Method::POST, path, "application/json", body, status)
}

fn put(path: &'static str, body: &str, status: u16) -> Call {
    send(Method::PUT, path, "application/json", body, status)
}

fn patch(path: &'static str, body: &str, status: u16) -> Call {
    send(Method::PATCH, path, "application/json", body, status)
}

/// In order: later calls build on what earlier ones made. Student 1 and lesson 1 are the first of a new database.
fn calls() -> Vec<Call> {
    [
        about(),
        token(),
        session(),
        people(),
        roster(),
        lists(),
        logs(),
        analytics(),
        reports(),
        benchmarks(),
        deletions(),
    ]
    .into_iter()
    .flatten()
    .collect()
}

fn about() -> Vec<Call> {
    ["/", "/livez", "/readyz", "/healthz", "/openapi.json"]
        .map(|path| get(path, 200))
        .into_iter()
        .chain([get("/live", 400)])
        .collect()
}

fn token() -> Vec<Call> {
    let form = |body: &str, status| {
        send(Method::POST, "/auth/token", "application/x-www-form-urlencoded", body, status)
    };
    vec![
        form("grant_type=client_credentials&client_id=nobody&client_secret=x", 401),
        form("grant_type=password", 400),
        form("grant_type=client_credentials&client_id=a%00b&client_secret=x", 401),
        post("/auth/token", "{}", 400),
    ]
}

fn session() -> Vec<Call> {
    vec![
        get("/auth/session", 200),
        post("/auth/session", r#"{"name": "nobody", "password": "x"}"#, 401),
        post("/auth/session", r#"{"name": "a\u0000b", "password": "x"}"#, 401),
        post("/auth/session", r#"{"name": 7}"#, 422),
        post("/auth/session", "{", 400),
        post("/auth/session", &" ".repeat(2 * 1024 * 1024), 413),
        send(Method::POST, "/auth/session", "text/plain", "{}", 415),
        delete("/auth/session", 204),
    ]
}

fn people() -> Vec<Call> {
    let ada = |more: &str| format!(r#"{{"name": "ada", "role": "educator"{more}}}"#);
    vec![
        post("/users", &ada(r#", "classrooms": ["IA_2025"]"#), 201),
        post("/users", &ada(""), 409),
        post("/users", r#"{"name": "bob", "role": "educator", "classrooms": ["Nowhere"]}"#, 422),
        post("/users", r#"{"name": "bob", "role": "analyst", "classrooms": ["IA_2025"]}"#, 422),
        post("/users", r#"{"name": "bob", "role": "analyst", "password": "short"}"#, 422),
        post("/users", r#"{"name": "b ob", "role": "analyst"}"#, 422),
        post("/users", r#"{"name": "bob", "role": "head"}"#, 422),
        post("/users", r#"{"name": "story", "role": "analyst"}"#, 409),
        post("/users", "{", 400),
        post("/users", &" ".repeat(65 * 1024), 413),
        send(Method::POST, "/users", "text/plain", "{}", 415),
        get("/users", 200),
        get("/users?limit=0", 422),
        get("/users?role=analyst", 422),
        get("/users/ada", 200),
        get("/users/nobody", 404),
        patch("/users/ada", r#"{"role": "analyst"}"#, 200),
        patch("/users/ada", r#"{"classrooms": ["IA_2025"]}"#, 422),
        patch("/users/ada", r#"{"password": null}"#, 200),
        patch("/users/ada", r#"{"password": "short"}"#, 422),
        patch("/users/ada", r#"{"name": "eve"}"#, 422),
        patch("/users/ada", "{", 400),
        patch("/users/nobody", "{}", 404),
        delete("/users/ada/sessions", 204),
        delete("/users/nobody/sessions", 404),
        delete("/users/ada", 204),
        delete("/users/ada", 404),
        // A token is nobody who could have a password.
        post("/auth/password", r#"{"password": "a", "new_password": "b"}"#, 403),
    ]
}

fn roster() -> Vec<Call> {
    let long = "x".repeat(300);
    vec![
        post("/students", r#"{"external_id": "ada", "classroom": "Data_2025"}"#, 201),
        post("/students", r#"{"external_id": "bob", "classroom": "Data_2025"}"#, 201),
        post("/students", r#"{"external_id": "ada", "classroom": "IA_2025"}"#, 200),
        post("/students", "[]", 200),
        post("/students", "{", 400),
        post("/students", r#"{"external_id": "ada", "age": 7}"#, 422),
        post("/students", &format!(r#"{{"external_id": "{long}", "classroom": "IA_2025"}}"#), 422),
        send(Method::POST, "/students", "text/plain", "ada", 415),
        send(Method::POST, "/students", "text/csv", "external_id,classroom\ncyd,IA_2025\n", 200),
        send(Method::POST, "/students", "text/csv", "name\nAda\n", 422),
        send(Method::POST, "/students", "text/csv", "external_id,nom\n1,Ada\n", 422),
        patch("/students/1", r#"{"name": "Ada"}"#, 200),
        patch("/students/1", r#"{"external_id": "bob"}"#, 409),
        patch("/students/1", r#"{"classroom": 7}"#, 422),
        patch("/students/1", "nonsense", 400),
        patch("/students/999", "{}", 404),
        patch("/students/ada", "{}", 404),
        post("/classrooms", r#"{"classroom": "New"}"#, 201),
        post("/classrooms", r#"{"classroom": "New"}"#, 200),
        post("/classrooms", r#"{"classroom": ""}"#, 422),
        patch("/classrooms/New", r#"{"classroom": "Newer"}"#, 200),
        patch("/classrooms/Newer", r#"{"classroom": "Data_2025"}"#, 409),
        patch("/classrooms/Nowhere", r#"{"classroom": "Else"}"#, 404),
        post("/lessons", r#"{"external_id": "rust", "title": "Rust"}"#, 201),
        post("/lessons", r#"{"external_id": "rust", "duration_seconds": 60}"#, 200),
        post("/lessons", r#"{"external_id": "rust", "duration_seconds": -1}"#, 422),
        patch("/lessons/1", r#"{"subject": null}"#, 200),
        patch("/lessons/1", r#"{"title": ""}"#, 422),
        patch("/lessons/1", r#"{"external_id": "rust"}"#, 409),
        patch("/lessons/999", "{}", 404),
    ]
}

fn lists() -> Vec<Call> {
    let bad = [
        "/students?limit=0",
        "/students?limit=1001",
        "/students?cursor=nonsense",
        "/classrooms?limit=0",
        "/classrooms?cursor=0",
        "/lessons?limit=0",
        "/streaming-logs?limit=0",
        "/streaming-logs?from=2026-03-01T00:00:00Z&to=2026-03-09T00:00:00Z",
        "/rejected-logs?cursor=zz",
        // What cannot be read is as wrong as what cannot be.
        "/students?limit=many",
        "/students?colour=red",
        "/students?silent_for_days=0",
        "/students?silent_for_days=many",
        "/classrooms?limit=-1",
        "/lessons?limit=many",
        "/streaming-logs?from=yesterday",
        "/streaming-logs?student_id=ada",
        "/rejected-logs?limit=many",
    ];
    let good = [
        "/students",
        "/students?limit=1",
        "/students?silent_for_days=7",
        "/students/1",
        "/classrooms",
        "/classrooms/Data_2025",
        "/lessons",
        "/lessons/1",
        "/streaming-logs",
        "/streaming-logs?student_id=1",
        "/rejected-logs",
    ];
    let absent = [
        "/students/999",
        "/students/ada",
        "/classrooms/Nowhere",
        "/lessons/999",
        "/lessons/99999999999999999999",
    ];
    let good = good.map(|path| get(path, 200)).into_iter().chain(bad.map(|path| get(path, 422)));
    good.chain(absent.map(|path| get(path, 404))).collect()
}

fn logs() -> Vec<Call> {
    let log = |more: &str| {
        format!(
            r#"{{"student": "ada", "lesson": "rust", "event_type": "played",
                "event_timestamp": "2026-03-02T10:00:00Z"{more}}}"#
        )
    };
    let id =
        |seconds| format!(r#", "log_id": "{}", "watch_time_seconds": {seconds}"#, uuid::Uuid::from_u128(7));
    vec![
        post("/streaming-logs", &log(""), 201),
        post("/streaming-logs", &log(""), 200),
        post("/streaming-logs", &log(&id(1)), 201),
        post("/streaming-logs", &log(&id(2)), 409),
        post("/streaming-logs", &log(r#", "completion_percentage": 101"#), 422),
        post("/streaming-logs", "[]", 200),
        post("/streaming-logs", "{", 400),
        send(Method::POST, "/streaming-logs", "application/x-ndjson", "nonsense\n", 200),
        send(Method::POST, "/streaming-logs", "text/plain", "{}", 415),
        post("/rejected-logs/replay", "", 200),
        post("/rejected-logs/replay?code=unknown_student", "", 200),
        post("/rejected-logs/replay?colour=red", "", 422),
    ]
}

fn analytics() -> Vec<Call> {
    let ranges = ["/analytics/engagement", "/analytics/lessons", "/analytics/classrooms"];
    let mut calls: Vec<Call> = ranges.map(|path| get(path, 200)).into();
    calls.extend([
        get("/analytics/daily", 200),
        get("/analytics/daily?date=2021-11-29", 200),
        get("/analytics/daily?date=29.11.2021", 422),
        get("/analytics/daily?date=2021-02-30", 422),
        get("/analytics/daily?day=2021-11-29", 422),
        get("/analytics/engagement?date=2026-03-02", 200),
        get("/analytics/engagement?from=2026-03-02&to=2026-03-01", 422),
        get("/analytics/lessons?date=2026-03-02&from=2026-03-02", 422),
        get("/analytics/classrooms?from=yesterday", 422),
        get("/analytics/lessons/1/progress", 200),
        get("/analytics/lessons/999/progress", 404),
        get("/analytics/lessons/docker/progress", 404),
        get("/analytics/lessons/1/progress?date=yesterday", 422),
        get("/analytics/timeseries", 200),
        get("/analytics/timeseries?bucket=minute", 200),
        get("/analytics/timeseries?bucket=week", 422),
        get("/analytics/timeseries?from=2026-03-02T00:00:00", 422),
        get("/analytics/timeseries?bucket=minute&from=2020-01-01T00:00:00Z&to=2026-01-01T00:00:00Z", 422),
    ]);
    calls
}

fn benchmarks() -> Vec<Call> {
    const NONE: &str = "/benchmarks/00000000-0000-4000-8000-000000000000";
    vec![
        get("/benchmarks", 200),
        get("/benchmarks?limit=0", 422),
        post("/benchmarks", "{", 400),
        post("/benchmarks", r#"{"kind": "everything"}"#, 422),
        post("/benchmarks", r#"{"kind": "ingestion", "replicas": 0}"#, 422),
        send(Method::POST, "/benchmarks", "text/plain", "{}", 415),
        get(NONE, 404),
        get("/benchmarks/the-first", 404),
        delete(NONE, 404),
        delete("/benchmarks/00000000-0000-4000-8000-000000000000?running=true", 404),
        delete("/benchmarks/00000000-0000-4000-8000-000000000000?running=perhaps", 422),
        get("/benchmarks/00000000-0000-4000-8000-000000000000/report", 404),
        get(
            "/benchmarks/00000000-0000-4000-8000-000000000000/compare/00000000-0000-4000-8000-000000000001",
            404,
        ),
    ]
}

fn reports() -> Vec<Call> {
    let day = "/analytics/daily/2026-03-02/report";
    vec![
        get(day, 404),
        put(day, "", 201),
        put(day, r#"{"tasks": {"a": {"figure": 7}}}"#, 200),
        put(day, "{", 400),
        put(day, r#"{"tasks": {"a": 7}}"#, 422),
        put(day, &format!("{{{}}}", " ".repeat(65 * 1024)), 413),
        send(Method::PUT, day, "text/plain", "nothing", 415),
        put("/analytics/daily/2199-01-01/report", "", 422),
        put("/analytics/daily/1969-01-01/report", "", 422),
        put("/analytics/daily/-9999-01-01/report", "", 422),
        put("/analytics/daily/today/report", "", 422),
        get(day, 200),
        get("/analytics/daily/2026-03-01/report", 404),
        get("/analytics/daily/-9999-01-01/report", 422),
        get("/analytics/daily/2199-01-01/report", 404),
        get("/analytics/daily/2026-3-2/report", 422),
    ]
}

fn deletions() -> Vec<Call> {
    vec![
        delete("/lessons/3", 409),
        delete("/lessons/2", 204),
        delete("/lessons/2", 404),
        delete("/classrooms/Data_2025", 409),
        delete("/classrooms/Newer", 204),
        delete("/classrooms/Newer", 404),
        get("/students/1/export", 200),
        get("/audit-log", 200),
        get("/audit-log?limit=0", 422),
        get("/erasures/00000000-0000-4000-8000-000000000000", 404),
        get("/erasures/the-first", 404),
        get("/students/999/export", 404),
        delete("/students/1", 200),
        delete("/students/1", 404),
        delete("/students/ada", 404),
    ]
}

async fn every_operation_answers_what_is_documented(database: Database) {
    let platform = Platform::start(&database).await;
    let client = platform.client().await;
    let operations = operations(&client).await;
    let mut called = BTreeSet::new();
    let mut faults = Vec::new();
    for call in calls() {
        let operation = operation(&operations, &call);
        let answer = answer(&client, &call).await;
        if answer.status != call.status {
            let Call { method, path, body, status, .. } = &call;
            faults
                .push(format!("{method} {path} {body} is {}, not {status}: {}", answer.status, answer.body));
        } else {
            operation.assert_documented(&answer);
        }
        called.insert(operation.name());
    }
    assert!(faults.is_empty(), "{}", faults.join("\n"));
    let never: Vec<_> =
        operations.iter().map(Operation::name).filter(|name| !called.contains(name)).collect();
    assert_eq!(never, ["GET /metrics"], "operations that nobody called");
}

async fn answer(client: &Client, call: &Call) -> Answer {
    let request = client.request(call.method.clone(), call.path);
    let request = match call.content_type {
        "" => request,
        content_type => request.header("content-type", content_type).body(call.body.clone()),
    };
    // The token endpoint takes credentials or nothing.
    if call.path == "/auth/token" {
        let client = client.without_token();
        let request =
            client.request(call.method.clone(), call.path).header("content-type", call.content_type);
        return client.send(request.body(call.body.clone())).await;
    }
    client.send(request).await
}

/// The operation of the specification that a call is of: literal parts win over parameters.
fn operation<'o>(operations: &'o [Operation], call: &Call) -> &'o Operation {
    let path = call.path.split('?').next().unwrap_or_default();
    let matches = |operation: &&Operation| {
        let (known, asked): (Vec<&str>, Vec<&str>) =
            (operation.path.split('/').collect(), path.split('/').collect());
        operation.method == call.method
            && known.len() == asked.len()
            && known.iter().zip(&asked).all(|(known, asked)| known == asked || known.starts_with('{'))
    };
    let mut found: Vec<_> = operations.iter().filter(matches).collect();
    found.sort_by_key(|operation| operation.path.matches('{').count());
    found.first().copied().unwrap_or_else(|| panic!("no operation for {} {}", call.method, call.path))
}
