//! Parameters of every operation of the specification: what stands in a path, and what stands behind it.

use edtech_tests::{Client, Database, on_both_databases};
use reqwest::Method;
use serde_json::Value;

use super::{assert_none, assert_nothing_was_lost, fault_of, started};

on_both_databases!(
    what_stands_in_a_path_is_something_or_not_found,
    a_parameter_that_cannot_be_is_a_problem,
    a_parameter_at_its_limit_is_no_error_of_ours,
);

/// What names nothing, percent-encoded.
fn names_of_nothing() -> Vec<String> {
    let mut names: Vec<String> = [
        "%",
        "%z",
        "%zz",
        "%00",
        "a%00b",
        "%0a",
        "%ff",
        "%c0%80",
        "%ed%a0%80",
        "%2e%2e%2fetc%2fpasswd",
        "..%2f..",
        "-1",
        "+1",
        "1.0",
        "1e3",
        "0x1",
        "999999999",
        "9223372036854775808",
        "-9223372036854775809",
        "null",
        "1%20or%201=1",
        "'%20OR%20''='",
        "%25s%25n",
        "{}",
        "%F0%9F%92%A9",
        "2026-13-01",
        "2026-02-30",
        "0000-00-00",
        "-9999-01-01",
        "%2B262142-12-31",
        "00000000-0000-0000-0000-000000000000",
    ]
    .map(str::to_owned)
    .into();
    names.push("x".repeat(5_000));
    names.push("%F0%9F%92%A9".repeat(2_000));
    names
}

/// Method, path and parameters of every operation.
async fn operations(client: &Client) -> Vec<(Method, String, Vec<Value>)> {
    let spec = client.get("/openapi.json").await.expect(200);
    let mut operations = Vec::new();
    for (path, item) in spec["paths"].as_object().expect("paths") {
        for (method, operation) in item.as_object().expect("operations") {
            let method = method.to_uppercase().parse().expect("a method");
            let parameters = operation["parameters"].as_array().cloned().unwrap_or_default();
            operations.push((method, path.clone(), parameters));
        }
    }
    assert!(operations.len() > 25);
    operations
}

async fn what_stands_in_a_path_is_something_or_not_found(database: Database) {
    let (platform, client) = started(&database).await;
    let (mut faults, mut tried) = (Vec::new(), 0);
    for (method, path, _) in operations(&client).await.iter().filter(|(_, path, _)| path.contains('{')) {
        for name in names_of_nothing() {
            tried += 1;
            let parts = path.split('/').map(|part| if part.starts_with('{') { name.as_str() } else { part });
            let asked = parts.collect::<Vec<_>>().join("/");
            let request = client.request(method.clone(), &asked).header("content-type", "application/json");
            let request =
                if *method == Method::PATCH { request.body(r#"{"classroom": "Other"}"#) } else { request };
            let answer = client.send(request).await;
            faults.extend(fault_of(&answer).map(|fault| format!("{method} {asked:.80}: {fault}")));
        }
    }
    assert_none(&faults, tried);
    assert_nothing_was_lost(&platform, &client).await;
}

/// What a query parameter of this kind cannot be.
fn bad_values(schema: &Value) -> Vec<String> {
    // No text holds these, whatever it is for.
    let mut values = vec!["%00", "a%0ab", "%ff", "%c0%80", "%ed%a0%80"];
    match (schema["type"].as_str(), schema["format"].as_str()) {
        (Some("integer"), _) => values.extend([
            "",
            "-1.5",
            "1e3",
            "many",
            "%20",
            "+7",
            "%2B7",
            "07",
            "9223372036854775808",
            "-9223372036854775809",
            "1,2",
            "null",
            "NaN",
            "0x10",
            "%D9%A7",
        ]),
        (_, Some("date")) => values.extend([
            "",
            "today",
            "2026-3-2",
            "2026-02-30",
            "2026-13-01",
            "0000-00-00",
            "-9999-01-01",
            "%2B262142-12-31",
            "10000-01-01",
            "2026-03-02T00:00:00Z",
            "20260302",
            "2026-W10",
            "%D9%A2026-03-02",
            "2026-03-02%20",
        ]),
        (_, Some("date-time")) => values.extend([
            "",
            "now",
            "2026-03-02",
            "2026-03-02T10:00:00",
            "2026-03-02T10:00:00+01:00",
            "2026-03-02T25:00:00Z",
            "%2B10000-01-01T00:00:00Z",
            "-0001-01-01T00:00:00Z",
            "1772445600",
        ]),
        _ => {}
    }
    values.into_iter().map(str::to_owned).collect()
}

async fn a_parameter_that_cannot_be_is_a_problem(database: Database) {
    let (platform, client) = started(&database).await;
    let (mut faults, mut tried) = (Vec::new(), 0);
    for (method, path, parameters) in operations(&client).await {
        let path = path.replace("{lesson_id}", "1").replace("{date}", "2026-03-02");
        for parameter in parameters.iter().filter(|parameter| parameter["in"] == "query") {
            let name = parameter["name"].as_str().expect("a name");
            let mut values = bad_values(&parameter["schema"]);
            match name {
                "limit" => values.extend(["0", "1001", "-1", "4294967296"].map(str::to_owned)),
                "cursor" => values.extend(bad_cursors(&path)),
                "bucket" | "id" => values.extend(["", "week", "HOUR"].map(str::to_owned)),
                "silent_for_days" => values.extend(["0", "3651"].map(str::to_owned)),
                _ => {}
            }
            let twice = format!("{}&{name}=1", values[0]);
            for value in values.into_iter().chain([twice]) {
                tried += 1;
                let asked = format!("{path}?{name}={value}");
                let answer = client.send(client.request(method.clone(), &asked)).await;
                faults.extend(fault_of(&answer).map(|fault| format!("{method} {asked:.80}: {fault}")));
            }
        }
    }
    let very_many: String = (0..4_000).map(|number| format!("a{number}=&")).collect();
    let answer = client.get(&format!("/students?{very_many}")).await;
    assert!(answer.body["errors"].as_array().is_some_and(|errors| errors.len() <= 16), "{}", answer.status);
    assert_none(&faults, tried);
    assert_nothing_was_lost(&platform, &client).await;
}

/// What is no cursor of this list: no hexadecimal, no text, no key, and moments of years that not every database knows.
fn bad_cursors(path: &str) -> Vec<String> {
    let bytes = ["0", "zz", "ff", "00", "0a", "%C3%A9%C3%A9"].map(str::to_owned);
    let id = "00000000-0000-4000-8000-000000000000";
    let keys = ["x", "1.5", "9223372036854775808", "-8334329920000000000", "a a a"];
    let long_ago = [format!("-8334329920000000000 1 {id}"), format!("-8334329920000000000 {id}")];
    let hashed = format!("-8334329920000000000 {}-client", "0".repeat(64));
    let keys = keys.map(str::to_owned).into_iter().chain(long_ago).chain([hashed]);
    let keys = keys.map(|key| hex(&key));
    match path {
        // Whatever is a text could be the name of a classroom or a user, and a whole number the id of a learner or a lesson.
        "/classrooms" | "/users" => bytes.into(),
        "/students" | "/lessons" => {
            bytes.into_iter().chain(["x", "1.5", "9223372036854775808"].map(hex)).collect()
        }
        _ => bytes.into_iter().chain(keys).collect(),
    }
}

fn hex(text: &str) -> String {
    text.bytes().map(|byte| format!("{byte:02x}")).collect()
}

/// Nobody needs these, and they are not wrong.
async fn a_parameter_at_its_limit_is_no_error_of_ours(database: Database) {
    let (platform, client) = started(&database).await;
    let mut faults = Vec::new();
    let asked = [
        "/analytics/daily?date=0000-01-01",
        "/analytics/daily?date=9999-12-31",
        "/analytics/engagement?to=0000-01-01",
        "/analytics/engagement?from=9999-12-31&to=9999-12-31",
        "/analytics/lessons?to=9999-12-31",
        "/analytics/classrooms?date=0000-01-01",
        "/analytics/lessons/1/progress?date=9999-12-31",
        "/analytics/timeseries?from=9999-12-31T23:00:00Z&to=9999-12-31T23:59:59Z",
        "/analytics/timeseries?bucket=day&from=9998-12-31T00:00:00Z&to=9999-12-31T23:59:59Z",
        "/analytics/timeseries?bucket=minute&from=0000-01-01T00:00:00Z&to=0000-01-01T01:00:00Z",
        "/analytics/timeseries?to=0000-01-01T00:00:00Z",
        "/analytics/timeseries?to=9999-12-31T23:59:59-23:59",
        "/streaming-logs?from=9999-12-31T23:59:59Z",
        "/streaming-logs?to=0000-01-01T00:00:00Z",
        "/streaming-logs?student_id=9223372036854775807",
        "/streaming-logs?student_id=-9223372036854775808&lesson_id=0",
        "/streaming-logs?classroom=",
        "/students?external_id=&classroom=%F0%9F%92%A9",
        "/students?silent_for_days=3650&limit=1000",
        "/rejected-logs?client=%EF%BF%BF&code=",
        // Keys of lists that go on later.
        "/students?cursor=39323233333732303336383534373735383037",
        "/students?cursor=2d38333334333239393230303030303030303030",
        "/classrooms?cursor=F09F92A9",
    ];
    for path in asked {
        let answer = client.get(path).await;
        if answer.status != 200 {
            faults.push(format!("{path}: {} {}", answer.status, answer.body));
        }
    }
    assert_none(&faults, asked.len());
    assert_nothing_was_lost(&platform, &client).await;
}
