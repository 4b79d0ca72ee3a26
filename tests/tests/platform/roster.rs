//! Learners, classrooms and lessons: kept by upserts, and what a change of them does to the figures.

use chrono_tz::Tz;
use edtech_tests::{
    AIRFLOW, Client, Command, DOCKER, Database, Platform, assert_figures_are_those_of_the_raw_log,
    assert_same_figures, item, log, on_both_databases,
};
use serde_json::{Value, json};

const DAY: &str = "2026-03-02";
const AT: &str = "2026-03-02T10:00:00Z";

on_both_databases!(
    a_csv_creates_updates_and_leaves_alone,
    an_absent_column_leaves_and_an_empty_one_clears,
    a_bad_row_does_not_block_its_neighbours,
    one_object_is_created_and_then_updated,
    lessons_and_classrooms_are_upserted_like_learners,
    a_patch_changes_what_it_names,
    a_learner_who_changes_classroom_takes_the_history_along,
    an_erased_learner_is_gone_from_every_figure,
    no_classroom_has_a_name_that_no_url_can_hold,
    what_is_in_use_is_not_deleted,
);

async fn student(client: &Client, external_id: &str) -> Value {
    let students = client.get("/students?limit=1000").await.expect(200);
    item(&students["items"], "external_id", external_id).clone()
}

async fn a_csv_creates_updates_and_leaves_alone(database: Database) {
    let platform = Platform::start(&database).await;
    let client = platform.client().await;
    let roster = "external_id,name,classroom\nada,Ada,Data_2025\nbob,\"Bob, the second\",New class\n";

    let answer = client.post_csv("/students", roster).await.expect(200);
    assert_eq!(answer, json!({"created": 2, "updated": 0, "unchanged": 0, "rejected": []}));
    assert_eq!(student(&client, "bob").await["name"], "Bob, the second");
    let id = student(&client, "ada").await["student_id"].clone();

    let moved = roster.replace("Ada,Data_2025", "Ada,IA_2025");
    let answer = client.post_csv("/students", &moved).await.expect(200);
    assert_eq!(answer, json!({"created": 0, "updated": 1, "unchanged": 1, "rejected": []}));
    let ada = student(&client, "ada").await;
    assert_eq!((&ada["student_id"], &ada["classroom"]), (&id, &json!("IA_2025")));
    client.get("/classrooms/New%20class").await.expect(200);
}

async fn an_absent_column_leaves_and_an_empty_one_clears(database: Database) {
    let platform = Platform::start(&database).await;
    let client = platform.client().await;
    client.post_csv("/students", "external_id,name,classroom\nada,Ada,Data_2025\n").await.expect(200);

    client.post_csv("/students", "external_id,classroom\nada,IA_2025\n").await.expect(200);
    assert_eq!(student(&client, "ada").await["name"], "Ada");
    client.post_json("/students", &json!([{"external_id": "ada"}])).await.expect(200);
    assert_eq!(student(&client, "ada").await["classroom"], "IA_2025");

    client.post_csv("/students", "external_id,name\nada,\n").await.expect(200);
    assert_eq!(student(&client, "ada").await["name"], Value::Null);
    client.post_csv("/students", "external_id,name\nada,Ada\n").await.expect(200);
    client.post_json("/students", &json!([{"external_id": "ada", "name": ""}])).await.expect(200);
    assert_eq!(student(&client, "ada").await["name"], Value::Null);
}

async fn a_bad_row_does_not_block_its_neighbours(database: Database) {
    let platform = Platform::start(&database).await;
    let client = platform.client().await;
    let rows = json!([
        {"external_id": "ada", "classroom": "Data_2025"},
        {"external_id": "without-classroom"},
        {"name": "Nobody", "classroom": "Data_2025"},
        {"external_id": "b\u{0}b", "classroom": "Data_2025"},
        7,
        {"external_id": "cyd", "classroom": "Data_2025"},
        // The same learner twice: rows apply in their order.
        {"external_id": "cyd", "classroom": "IA_2025"},
    ]);

    let answer = client.post_json("/students", &rows).await.expect(200);

    assert_eq!((&answer["created"], &answer["updated"]), (&json!(2), &json!(1)));
    let told = |item: &Value| (item["index"].as_u64(), item["code"].as_str().map(str::to_owned));
    let refusals: Vec<_> = answer["rejected"].as_array().expect("rejected").iter().map(told).collect();
    let expected = [(1, "missing_field"), (2, "missing_field"), (3, "invalid_text"), (4, "invalid_type")];
    assert_eq!(refusals, expected.map(|(index, code)| (Some(index), Some(code.to_owned()))));
    assert_eq!(student(&client, "cyd").await["classroom"], "IA_2025");
    assert_eq!(database.number("SELECT COUNT(*) FROM students").await, 2);
}

async fn one_object_is_created_and_then_updated(database: Database) {
    let platform = Platform::start(&database).await;
    let client = platform.client().await;
    let ada = json!({"external_id": "ada", "name": "Ada", "classroom": "Data_2025"});

    let created = client.post_json("/students", &ada).await.expect(201);
    assert_same_figures(&created, &ada, "the answer");
    let path = format!("/students/{}", created["student_id"]);
    assert_eq!(client.get(&path).await.expect(200), created);
    assert_eq!(client.post_json("/students", &ada).await.expect(200), created);
    let answer = client.post_json("/students", &json!({"external_id": "bob"})).await;
    assert_eq!(answer.code(422), "missing_field");
    client.get("/students/999999").await.expect(404);
}

async fn lessons_and_classrooms_are_upserted_like_learners(database: Database) {
    let platform = Platform::start(&database).await;
    let client = platform.client().await;

    let csv = "external_id,title,subject,duration_seconds\nkubernetes,Kubernetes,DevOps,1800\nrust,Rust,,\n";
    let answer = client.post_csv("/lessons", csv).await.expect(200);
    assert_eq!(answer, json!({"created": 2, "updated": 0, "unchanged": 0, "rejected": []}));
    let path = format!("/lessons/{}", client.lesson_id("kubernetes").await);
    assert_eq!(client.get(&path).await.expect(200)["duration_seconds"], 1800);
    let answer =
        client.post_json("/lessons", &json!({"external_id": "kubernetes", "title": "K8s"})).await.expect(200);
    assert_eq!((&answer["title"], &answer["subject"]), (&json!("K8s"), &json!("DevOps")));

    let answer = client.post_csv("/classrooms", "classroom\nIA_2025\nIA_2026\n").await.expect(200);
    assert_eq!(answer, json!({"created": 1, "updated": 0, "unchanged": 1, "rejected": []}));
}

async fn a_patch_changes_what_it_names(database: Database) {
    let platform = Platform::start(&database).await;
    let client = platform.client().await;
    let ada = format!("/students/{}", client.enrol("ada", "Data_2025").await);
    client.enrol("bob", "Data_2025").await;
    client.store(&[log("ada", AT, json!({"watch_time_seconds": 30}))]).await;

    let changed = client.patch_json(&ada, &json!({"classroom": "IA_2025"})).await.expect(200);
    assert_eq!((&changed["classroom"], &changed["name"]), (&json!("IA_2025"), &json!("Name of ada")));
    // The LMS gave her another name: her logs are still hers.
    client.patch_json(&ada, &json!({"external_id": "ada-2"})).await.expect(200);
    assert_eq!(client.post_logs(&[log("ada", AT, json!({}))]).await.refusals(), [(0, "unknown_student")]);
    client.store(&[log("ada-2", AT, json!({}))]).await;
    assert_eq!(client.patch_json(&ada, &json!({"external_id": "bob"})).await.status, 409);
    client.patch_json("/students/999999", &json!({"name": "Nobody"})).await.expect(404);

    // A classroom with another name keeps its learners.
    client.patch_json("/classrooms/IA_2025", &json!({"classroom": "IA 2026"})).await.expect(200);
    let daily = client.daily(DAY).await;
    assert_eq!(item(&daily["classrooms"], "classroom", "IA 2026")["streaming_logs"], 2);
    database.assert_verified().await;
}

async fn a_learner_who_changes_classroom_takes_the_history_along(database: Database) {
    let platform = Platform::start(&database).await;
    let client = platform.client().await;
    client.enrol("ada", "Data_2025").await;
    client.enrol("bob", "Data_2025").await;
    client
        .store(&[
            log("ada", AT, json!({"watch_time_seconds": 100, "completion_percentage": 95})),
            log("bob", AT, json!({"watch_time_seconds": 50, "completion_percentage": 40})),
        ])
        .await;

    client.enrol("ada", "IA_2025").await;

    let both = [client.daily(DAY).await, client.get("/analytics/classrooms").await.expect(200)];
    for answer in both {
        let classrooms = if answer["items"].is_array() { &answer["items"] } else { &answer["classrooms"] };
        let of_bob = json!({
            "students": 1, "active_students": 1, "streaming_logs": 1, "watch_time_seconds": 50,
            "avg_watch_time_seconds": 50.0, "avg_completion_percentage": 40.0, "completed": 0,
        });
        assert_same_figures(
            item(classrooms, "classroom", "Data_2025"),
            &of_bob,
            "the classroom that she left",
        );
        let of_ada = json!({
            "students": 1, "active_students": 1, "streaming_logs": 1, "watch_time_seconds": 100,
            "avg_watch_time_seconds": 100.0, "avg_completion_percentage": 95.0, "completed": 1,
        });
        assert_same_figures(
            item(classrooms, "classroom", "IA_2025"),
            &of_ada,
            "the classroom that she is in",
        );
        assert_eq!(answer["totals"]["streaming_logs"], 2);
    }
    database.assert_verified().await;
}

async fn an_erased_learner_is_gone_from_every_figure(database: Database) {
    let platform = Platform::start(&database).await;
    let client = platform.client().await;
    let ada = client.enrol("ada", "Data_2025").await;
    client.enrol("bob", "Data_2025").await;
    let figures = json!({"watch_time_seconds": 100, "completion_percentage": 95});
    client
        .store(&[log("ada", AT, figures.clone()), log("ada", "2026-03-04T10:00:00Z", figures.clone())])
        .await;
    client.store(&[log("bob", AT, json!({"lesson": AIRFLOW, "watch_time_seconds": 1}))]).await;
    let by_id = json!({"student": null, "student_id": ada, "completion_percentage": 101});
    client.post_logs(&[log("ada", AT, json!({"lesson": "nothing"})), log("", AT, by_id), json!(17)]).await;
    assert_eq!(client.rejected_logs().await.len(), 3);

    let receipt = client.erase(ada).await;

    assert_figures_are_those_of_the_raw_log(&database, &client, Tz::UTC).await;
    assert_eq!(database.number("SELECT COUNT(*) FROM streaming_logs").await, 1);
    let engagement = client.get("/analytics/engagement").await.expect(200);
    assert_eq!(engagement["items"].as_array().map(Vec::len), Some(1), "her second day is no day any more");
    let daily = client.daily(DAY).await;
    assert_eq!(item(&daily["lessons"], "external_id", DOCKER)["active_students"], 0);
    assert_eq!(item(&daily["classrooms"], "classroom", "Data_2025")["completed"], 0);
    let series = "/analytics/timeseries?bucket=hour&from=2026-03-02T00:00:00Z&to=2026-03-06T00:00:00Z";
    let series = client.get(series).await.expect(200);
    let counts =
        series["items"].as_array().expect("items").iter().filter_map(|item| item["streaming_logs"].as_i64());
    assert_eq!(counts.sum::<i64>(), 1);
    let rejected: Vec<Value> = client.rejected_logs().await;
    assert_eq!(rejected.iter().map(|log| &log["payload"]).collect::<Vec<_>>(), ["17"]);
    client.get(&format!("/students/{ada}")).await.expect(404);
    client.delete(&format!("/students/{ada}")).await.expect(404);
    database.assert_verified().await;

    // Whoever is enrolled by that name later, once that is allowed, begins with nothing.
    let receipt = receipt["receipt_id"].as_str().expect("a receipt");
    Command::api(&database, ["erasure", "lift", "--receipt", receipt]).run().await.expect(0);
    assert_ne!(client.enrol("ada", "Data_2025").await, ada);
    assert_eq!(client.daily(DAY).await["totals"]["streaming_logs"], 1);
    client.store(&[log("ada", AT, figures)]).await;
}

/// Every client makes a shorter path of these: nobody could ask for the class, rename or delete it.
async fn no_classroom_has_a_name_that_no_url_can_hold(database: Database) {
    let platform = Platform::start(&database).await;
    let client = platform.client().await;
    client.enrol("ada", "Data_2025").await;
    for name in [".", ".."] {
        let posted = client.post_json("/classrooms", &json!({"classroom": name})).await;
        let renamed = client.patch_json("/classrooms/Data_2025", &json!({"classroom": name})).await;
        let enrolled = client.post_json("/students", &json!({"external_id": "bob", "classroom": name})).await;
        for refused in [posted, renamed, enrolled] {
            assert_eq!((refused.status, refused.code(422)), (422, "invalid_text"), "{}", refused.body);
        }
    }
    client.post_json("/classrooms", &json!({"classroom": "..."})).await.expect(201);
    let known = client.get("/classrooms").await.expect(200);
    let names =
        known["items"].as_array().expect("items").iter().map(|it| it["classroom"].as_str().expect("a name"));
    assert_eq!(names.filter(|name| name.starts_with('.')).collect::<Vec<_>>(), ["..."]);
    client.delete("/classrooms/...").await.expect(204);
}

async fn what_is_in_use_is_not_deleted(database: Database) {
    let platform = Platform::start(&database).await;
    let client = platform.client().await;
    let ada = client.enrol("ada", "Data_2025").await;
    client.store(&[log("ada", AT, json!({}))]).await;
    let docker = format!("/lessons/{}", client.lesson_id(DOCKER).await);
    let airflow = format!("/lessons/{}", client.lesson_id(AIRFLOW).await);

    assert_eq!(client.delete(&docker).await.code(409), "lesson_in_use");
    assert_eq!(client.delete("/classrooms/Data_2025").await.code(409), "classroom_in_use");
    client.delete(&airflow).await.expect(204);
    client.delete(&airflow).await.expect(404);
    client.delete("/classrooms/IA_2025").await.expect(204);
    client.delete("/classrooms/IA_2025").await.expect(404);
    assert_eq!(client.daily(DAY).await["totals"]["streaming_logs"], 1);

    // With the learner goes the last use.
    client.erase(ada).await;
    client.delete(&docker).await.expect(204);
    client.delete("/classrooms/Data_2025").await.expect(204);
}
