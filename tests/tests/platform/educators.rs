//! Educators see the learners of their own classrooms, and of others not even that they are there.

use edtech_tests::{Answer, Client, Database, Platform, Watcher, log, on_both_databases};
use reqwest::Method;
use serde_json::{Value, json};

on_both_databases!(
    an_educator_reads_the_roster_of_her_classrooms_alone,
    an_educator_reads_the_logs_of_her_learners_alone,
    whoever_has_no_classroom_sees_nobody,
    a_learner_who_moves_is_seen_by_the_other_educator,
    a_classroom_that_is_renamed_stays_hers,
    classrooms_are_given_while_others_rename_them,
    nothing_that_an_educator_is_answered_tells_of_another_class,
    a_socket_is_closed_within_a_minute_of_what_let_it_in,
);

const HERS: &str = "IA_2025";
/// What must not be told: a classroom, a learner's name, and the LMS's name for the learner.
const OTHERS: &str = "Elsewhere_2025";
const NAME: &str = "Quentin Farawayson";
const EXTERNAL_ID: &str = "lms-faraway-4711";

/// Two classrooms with a learner each, who both were active just now.
struct School {
    platform: Platform,
    admin: Client,
    /// The educator of one of the classrooms.
    ada: Client,
    mine: i64,
    other: i64,
}

impl School {
    async fn new(database: &Database) -> Self {
        let platform = Platform::start(database).await;
        let admin = platform.client().await;
        let mine = admin.enrol("lms-near-17", HERS).await;
        let other = json!({"external_id": EXTERNAL_ID, "name": NAME, "classroom": OTHERS});
        let other =
            admin.post_json("/students", &other).await.expect(201)["student_id"].as_i64().expect("an id");
        let now = chrono::Utc::now().to_rfc3339();
        let figures = json!({"watch_time_seconds": 30, "completion_percentage": 95});
        admin.store(&[log("lms-near-17", &now, figures.clone()), log(EXTERNAL_ID, &now, figures)]).await;
        let ada = admin.user("ada", "educator", Some(&[HERS])).await;
        Self { platform, admin, ada, mine, other }
    }

    /// Why an answer may not be given to the educator.
    fn told_by(&self, answer: &Value) -> Option<&'static str> {
        let text = answer.to_string();
        let told = [OTHERS, NAME, EXTERNAL_ID].into_iter().find(|secret| text.contains(secret));
        told.or_else(|| names(answer, self.other).then_some("the learner's student_id"))
    }
}

/// Whether a learner's id is anywhere in a body.
fn names(value: &Value, student_id: i64) -> bool {
    match value {
        Value::Object(fields) => fields
            .iter()
            .any(|(name, value)| name == "student_id" && *value == student_id || names(value, student_id)),
        Value::Array(items) => items.iter().any(|item| names(item, student_id)),
        _ => false,
    }
}

fn listed(page: &Value, key: &str) -> Vec<Value> {
    assert_eq!(page["next"], Value::Null, "more than a page");
    page["items"].as_array().expect("items").iter().map(|item| item[key].clone()).collect()
}

/// Whatever is not hers is as if it were not there.
#[track_caller]
fn assert_same(one: Answer, other: Answer) {
    let told = |answer: &Answer| {
        let mut body = answer.body.clone();
        body.as_object_mut().expect("an object").remove("request_id");
        (answer.status, body)
    };
    assert_eq!(told(&one), told(&other));
}

async fn an_educator_reads_the_roster_of_her_classrooms_alone(database: Database) {
    let School { platform: _platform, admin, ada, mine, other } = &School::new(&database).await;
    assert_eq!(listed(&ada.get("/classrooms").await.expect(200), "classroom"), [HERS]);
    assert_eq!(ada.get(&format!("/classrooms/{HERS}")).await.expect(200)["students"], 1);
    assert_same(ada.get(&format!("/classrooms/{OTHERS}")).await, ada.get("/classrooms/Nowhere").await);
    ada.get(&format!("/classrooms/{OTHERS}")).await.expect(404);

    for query in ["", "?silent_for_days=1", &format!("?classroom={HERS}"), "?external_id=lms-near-17"] {
        let expected = if query.contains("silent") { vec![] } else { vec![json!(mine)] };
        let students = ada.get(&format!("/students{query}")).await.expect(200);
        assert_eq!(listed(&students, "student_id"), expected, "{query}");
    }
    for query in [format!("classroom={OTHERS}"), format!("external_id={EXTERNAL_ID}")] {
        let students = ada.get(&format!("/students?{query}")).await.expect(200);
        assert_eq!(listed(&students, "student_id"), [] as [Value; 0], "{query}");
        let all = admin.get(&format!("/students?{query}")).await.expect(200);
        assert_eq!(listed(&all, "student_id"), [json!(other)], "{query}");
    }
    assert_eq!(ada.get(&format!("/students/{mine}")).await.expect(200)["external_id"], "lms-near-17");
    assert_same(ada.get(&format!("/students/{other}")).await, ada.get("/students/999999").await);
    ada.get(&format!("/students/{other}")).await.expect(404);

    // Page by page as well, and with more classrooms than one.
    let web = admin.enrol("lms-web-1", "Web_2025").await;
    admin.patch_json("/users/ada", &json!({"classrooms": ["Web_2025", HERS]})).await.expect(200);
    let first = ada.get("/classrooms?limit=1").await.expect(200);
    assert_eq!(first["items"][0]["classroom"], HERS);
    let rest = format!("/classrooms?cursor={}", first["next"].as_str().expect("a second page"));
    assert_eq!(listed(&ada.get(&rest).await.expect(200), "classroom"), ["Web_2025"]);
    assert_eq!(listed(&ada.get("/students").await.expect(200), "student_id"), [json!(mine), json!(web)]);
}

async fn an_educator_reads_the_logs_of_her_learners_alone(database: Database) {
    let School { platform: _platform, admin, ada, mine, other } = &School::new(&database).await;
    for (query, count) in [
        (String::new(), 1),
        (format!("?student_id={mine}"), 1),
        (format!("?student_id={other}"), 0),
        (format!("?classroom={OTHERS}"), 0),
        (format!("?classroom={HERS}&student_id={other}"), 0),
        ("?lesson_id=1".to_owned(), 1),
    ] {
        let logs = ada.get(&format!("/streaming-logs{query}")).await.expect(200);
        assert_eq!(listed(&logs, "student_id"), vec![json!(mine); count], "{query}");
    }
    assert_same(
        ada.get(&format!("/streaming-logs?student_id={other}")).await,
        ada.get("/streaming-logs?student_id=999999").await,
    );
    let all = admin.get("/streaming-logs").await.expect(200);
    assert_eq!(all["items"].as_array().map(Vec::len), Some(2), "{all}");
    let first = ada.get("/streaming-logs?limit=1").await.expect(200);
    assert_eq!(first["next"], Value::Null, "{first}");
}

async fn whoever_has_no_classroom_sees_nobody(database: Database) {
    let School { platform: _platform, admin, mine, .. } = &School::new(&database).await;
    let eve = admin.user("eve", "educator", None).await;
    assert_eq!(eve.session().await["classrooms"], json!([]));
    for path in ["/classrooms", "/students", "/students?silent_for_days=3", "/streaming-logs"] {
        assert_eq!(eve.get(path).await.expect(200), json!({"items": [], "next": null}), "{path}");
    }
    eve.get(&format!("/students/{mine}")).await.expect(404);
}

async fn a_learner_who_moves_is_seen_by_the_other_educator(database: Database) {
    let School { platform: _platform, admin, ada, mine, .. } = &School::new(&database).await;
    let bob = admin.user("bob", "educator", Some(&[OTHERS])).await;
    let learner = format!("/students/{mine}");
    bob.get(&learner).await.expect(404);
    admin.patch_json(&learner, &json!({"classroom": OTHERS})).await.expect(200);
    ada.get(&learner).await.expect(404);
    bob.get(&learner).await.expect(200);
    assert_eq!(ada.get("/streaming-logs").await.expect(200)["items"], json!([]));
    assert_eq!(bob.get("/streaming-logs").await.expect(200)["items"].as_array().map(Vec::len), Some(2));
}

async fn a_classroom_that_is_renamed_stays_hers(database: Database) {
    let School { platform: _platform, admin, ada, mine, .. } = &School::new(&database).await;
    admin.patch_json(&format!("/classrooms/{HERS}"), &json!({"classroom": "IA_2026"})).await.expect(200);
    assert_eq!(ada.session().await["classrooms"], json!(["IA_2026"]));
    let learner = format!("/students/{mine}");
    assert_eq!(ada.get(&learner).await.expect(200)["classroom"], "IA_2026");

    // One that is gone is nobody's, also when another one gets its name.
    admin.patch_json(&learner, &json!({"classroom": "Web_2025"})).await.expect(200);
    admin.delete("/classrooms/IA_2026").await.expect(204);
    assert_eq!(ada.session().await["classrooms"], json!([]));
    admin.patch_json(&learner, &json!({"classroom": "IA_2026"})).await.expect(200);
    ada.get(&learner).await.expect(404);
}

/// Whoever is first: she never keeps a classroom that is not there, and nobody is told of a fault of ours.
async fn classrooms_are_given_while_others_rename_them(database: Database) {
    let School { platform: _platform, admin, ada, .. } = &School::new(&database).await;
    let mut name = HERS.to_owned();
    for round in 0..20 {
        let next = format!("IA_{round}");
        let classrooms = json!({"classrooms": [name, OTHERS]});
        // Whichever comes first below, both are hers before: one that comes too late is refused and changes nothing.
        admin.patch_json("/users/ada", &classrooms).await.expect(200);
        let path = format!("/classrooms/{name}");
        let new_name = json!({"classroom": next});
        let (give, rename) =
            tokio::join!(admin.patch_json("/users/ada", &classrooms), admin.patch_json(&path, &new_name));
        rename.expect(200);
        if give.status != 200 {
            assert_eq!(give.code(422), "unknown_classroom");
        }
        assert_eq!(ada.session().await["classrooms"], json!([OTHERS, next]), "round {round}");
        name = next;
    }
}

/// Every operation that reads, of the one table of routes, with every parameter that could lead to the other class.
async fn nothing_that_an_educator_is_answered_tells_of_another_class(database: Database) {
    let school = School::new(&database).await;
    let School { admin, ada, .. } = &school;
    let today = chrono::Utc::now().format("%Y-%m-%d").to_string();
    let report = admin.request(Method::PUT, &format!("/analytics/daily/{today}/report"));
    admin.send(report).await.expect(201);
    let unknown = log(EXTERNAL_ID, &chrono::Utc::now().to_rfc3339(), json!({"lesson": "nowhere"}));
    admin.post_json("/streaming-logs", &unknown).await.expect(422);

    let (mut leaks, mut answered) = (Vec::new(), 0);
    for path in school.paths(&today).await {
        for accept in ["application/json", "text/csv", "text/markdown"] {
            let answer = ada.send(ada.request(Method::GET, &path).header("accept", accept)).await;
            assert!(answer.status < 500 && answer.status != 401, "{path}: {}", answer.body);
            answered += usize::from(answer.status == 200);
            leaks.extend(
                school.told_by(&answer.body).map(|what| format!("GET {path} ({accept}) tells {what}")),
            );
        }
    }
    let watcher = Watcher::connect(ada).await;
    leaks.extend(school.told_by(&watcher.today).map(|what| format!("the socket tells {what}")));
    leaks.dedup();
    assert!(leaks.is_empty(), "{}", leaks.join("\n"));
    assert!(answered > 30, "only {answered} answers");

    // The other way round: there was something to tell.
    let all = admin.get("/students").await.expect(200);
    assert!(school.told_by(&all).is_some(), "{all}");
}

impl School {
    /// The path of every operation that reads, as a request for what is hers and for what is not.
    async fn paths(&self, today: &str) -> Vec<String> {
        let spec = self.admin.get("/openapi.json").await.expect(200);
        let mut paths = Vec::new();
        for (path, item) in spec["paths"].as_object().expect("paths") {
            let Some(operation) = item.get("get") else { continue };
            for path in self.filled_in(path, today) {
                let parameters = operation["parameters"].as_array().into_iter().flatten();
                let named = parameters.filter(|parameter| parameter["in"] == "query");
                for parameter in named.filter_map(|parameter| parameter["name"].as_str()) {
                    let values = self.values(parameter, today);
                    paths.extend(values.iter().map(|value| format!("{path}?{parameter}={value}")));
                }
                paths.push(path);
            }
        }
        paths
    }

    fn filled_in(&self, path: &str, today: &str) -> Vec<String> {
        let Some((before, rest)) = path.split_once('{') else { return vec![path.to_owned()] };
        let (name, after) = rest.split_once('}').expect("the end of a parameter");
        let filled = self.values(name, today).into_iter().map(|value| format!("{before}{value}{after}"));
        filled.flat_map(|path| self.filled_in(&path, today)).collect()
    }

    /// What a parameter of this name may be, hers and not hers.
    fn values(&self, name: &str, today: &str) -> Vec<String> {
        let texts: &[&str] = match name {
            "student_id" => return [self.mine, self.other].map(|id| id.to_string()).into(),
            "classroom" => &[HERS, OTHERS],
            "external_id" => &["lms-near-17", EXTERNAL_ID],
            "name" => &["ada"],
            "lesson_id" => &["1"],
            "date" | "day" => &[today],
            "from" | "to" => &["2026-01-01", "2026-01-01T00:00:00Z"],
            "bucket" => &["minute", "hour", "day"],
            "limit" | "silent_for_days" => &["1"],
            _ => &["00000000-0000-4000-8000-000000000000"],
        };
        texts.iter().map(|&text| text.to_owned()).collect()
    }
}

/// By a change of her classrooms, and by being signed out.
async fn a_socket_is_closed_within_a_minute_of_what_let_it_in(database: Database) {
    let School { platform: _platform, admin, ada, .. } = School::new(&database).await;
    let eve = admin.user("eve", "operator", None).await;
    let sockets = [Watcher::connect(&ada).await, Watcher::connect(&eve).await];
    admin.patch_json("/users/ada", &json!({"classrooms": [OTHERS]})).await.expect(200);
    admin.delete("/users/eve/sessions").await.expect(204);
    let begun = std::time::Instant::now();
    for code in futures_util::future::join_all(sockets.map(Watcher::closed)).await {
        assert_eq!(code, Some(4401));
    }
    // It is looked at each minute, and a busy machine takes its time.
    assert!(begun.elapsed().as_secs() < 90, "{:?}", begun.elapsed());
}
