//! An erasure is for good: it has a receipt, the learner is kept out, and a backup brings nobody back.

mod raced;
mod replaced;
mod restored;
mod traces;

use edtech_tests::{Client, Command, Database, Platform, log, on_both_databases};
use serde_json::{Value, json};

const AT: &str = "2026-03-02T10:00:00Z";

on_both_databases!(
    an_erasure_has_a_receipt,
    whoever_was_erased_is_kept_out_until_that_is_lifted,
    nothing_of_an_erased_learner_is_kept_again,
    what_nobody_can_read_is_erased_as_well,
    a_name_that_somebody_else_has_by_now_is_found,
    with_another_key_there_is_no_start,
    a_list_of_tombstones_erases_elsewhere,
    nobody_can_try_names,
);

async fn watched(client: &Client, learner: &str) -> i64 {
    let student_id = client.enrol(learner, "Data_2025").await;
    let figures = json!({"watch_time_seconds": 30, "completion_percentage": 95});
    client.store(&[log(learner, AT, figures.clone()), log(learner, "2026-03-03T10:00:00Z", figures)]).await;
    student_id
}

async fn an_erasure_has_a_receipt(database: Database) {
    let platform = Platform::start(&database).await;
    let client = platform.client().await;
    let ada = watched(&client, "ada").await;
    client.post_logs(&[log("ada", AT, json!({"completion_percentage": 101}))]).await;

    let receipt = client.erase(ada).await;
    let erased = json!({"streaming_logs": 2, "viewing_days": 2, "completions": 1, "rejected_logs": 1});
    assert_eq!((&receipt["student_id"], &receipt["erased"]), (&json!(ada), &erased));
    let id = receipt["receipt_id"].as_str().expect("a receipt");
    let confirmed = client.get(&format!("/erasures/{id}")).await.expect(200);
    let expected = json!({
        "receipt_id": id, "erased_at": receipt["erased_at"], "erased": erased, "lifted_at": null,
    });
    assert_eq!(confirmed, expected);
    assert_eq!(client.get("/erasures/6f0f5c1e-3a55-4f7c-9d57-2f4c1b0aed7e").await.code(404), "not_found");
    assert_eq!(client.delete(&format!("/students/{ada}")).await.code(404), "not_found");

    let told = client.get(&format!("/audit-log?target=student:{ada}")).await.expect(200);
    let entry = edtech_tests::item(&told["items"], "action", "erase_student");
    assert_eq!((&entry["actor"], &entry["outcome"]), (&json!("story"), &json!("done")));
    assert_eq!(entry["detail"], format!("receipt {id}"));
    database.assert_verified().await;
}

/// A log that was refused while the name was Ada's, and again while it is that of another Ada, is of both.
async fn a_name_that_somebody_else_has_by_now_is_found(database: Database) {
    let platform = Platform::start(&database).await;
    let client = platform.client().await;
    let first = client.enrol("ada", "Data_2025").await;
    let refused = log("ada", AT, json!({"completion_percentage": 101}));
    client.post_logs(std::slice::from_ref(&refused)).await;
    client.patch_json(&format!("/students/{first}"), &json!({"external_id": "bob"})).await.expect(200);
    let second = client.enrol("ada", "Data_2025").await;
    for _again in 0..3 {
        client.post_logs(std::slice::from_ref(&refused)).await;
    }
    let kept = client.rejected_logs().await;
    assert_eq!((kept.len(), &kept[0]["times"]), (1, &json!(4)), "{kept:?}");

    assert_eq!(client.erase(second).await["erased"]["rejected_logs"], 1);
    assert!(client.rejected_logs().await.is_empty());
}

async fn whoever_was_erased_is_kept_out_until_that_is_lifted(database: Database) {
    let platform = Platform::start(&database).await;
    let client = platform.client().await;
    let (ada, bob) = (watched(&client, "ada").await, watched(&client, "bob").await);
    let receipt = client.erase(ada).await;

    // By name, by our id, one by one and in a batch; others are let in beside.
    assert_eq!(client.post_json("/streaming-logs", &log("ada", AT, json!({}))).await.code(422), "erased");
    let by_id = json!({"student_id": ada, "lesson": edtech_tests::DOCKER, "event_type": "played"});
    assert_eq!(client.post_json("/streaming-logs", &by_id).await.code(422), "erased");
    let batch =
        [log("ada", AT, json!({})), log("bob", "2026-03-04T10:00:00Z", json!({})), log("eve", AT, json!({}))];
    let verdicts = client.post_logs(&batch).await;
    assert_eq!((verdicts.accepted, verdicts.refusals()), (1, vec![(0, "erased"), (2, "unknown_student")]));

    // Nor does the nightly roster bring the learner back, in whatever form.
    let row = json!({"external_id": "ada", "name": "Ada", "classroom": "Data_2025"});
    assert_eq!(client.post_json("/students", &row).await.code(422), "erased");
    let rows = json!([row, {"external_id": "bob", "name": "Robert"}, {"external_id": "cyd", "classroom": "IA_2025"}]);
    let list = client.post_json("/students", &rows).await.expect(200);
    assert_eq!((&list["created"], &list["updated"]), (&json!(1), &json!(1)), "{list}");
    assert_eq!((&list["rejected"][0]["index"], &list["rejected"][0]["code"]), (&json!(0), &json!("erased")));
    let csv = "external_id,name,classroom\nbob,Robert,Data_2025\nada,Ada,Data_2025\n";
    let list = client.post_csv("/students", csv).await.expect(200);
    assert_eq!((&list["unchanged"], &list["rejected"][0]["index"]), (&json!(1), &json!(1)), "{list}");
    let renamed = client.patch_json(&format!("/students/{bob}"), &json!({"external_id": "ada"})).await;
    assert_eq!(renamed.code(409), "erased");

    // Nobody else's code for it is told, and nothing of it is kept.
    let kept = client.rejected_logs().await;
    assert_eq!(kept.len(), 1, "{kept:?}");
    assert!(kept[0]["payload"].as_str().expect("a payload").contains("eve"));

    let id = receipt["receipt_id"].as_str().expect("a receipt");
    Command::api(&database, ["erasure", "lift", "--receipt", id]).run().await.expect(0);
    let again = Command::api(&database, ["erasure", "lift", "--receipt", id]).quietly().run().await;
    assert!(again.refusal().contains("no tombstone"), "{again:?}");
    assert_ne!(client.get(&format!("/erasures/{id}")).await.expect(200)["lifted_at"], Value::Null);
    watched(&client, "ada").await;
    let told = client.get("/audit-log?action=lift_erasure").await.expect(200);
    assert_eq!(told["items"][0]["target"], format!("erasure:{id}"));
    database.assert_verified().await;
}

/// Of the learner of this number, who is called `ada-lovelace`: what nobody can store, and hardly read.
fn unreadable(ada: i64) -> Vec<String> {
    let mut lines = vec![
        r#"{"student":"ada-lovelace","event_ty"#.to_owned(),
        r#"{"student":"ada-lovelace"#.to_owned(),
        r#"{'student': 'ada-lovelace', 'lesson': None}"#.to_owned(),
        r#"{"student":"ada-\u0007lovelace","lesson":"docker","event_type":"played"}"#.to_owned(),
        r#"{"student":"ada-lovelace","student":"somebody-else"}"#.to_owned(),
        r#""{\"student\":\"ada-lovelace\",\"lesson\":\"docker\"}""#.to_owned(),
        format!(r#"{{"student_id": {ada}, "event_ty"#),
    ];
    for (name, id) in [("ada-lovelace", ada + 1_000_000), ("somebody-else", ada)] {
        lines.push(log(name, AT, json!({"student_id": id})).to_string());
    }
    lines
}

async fn post_lines(client: &Client, lines: &[String]) {
    let answer =
        client.post_text("/streaming-logs", "application/x-ndjson", lines.join("\n")).await.expect(200);
    assert_eq!(answer["rejected"].as_array().expect("a list").len(), lines.len(), "{answer}");
}

async fn what_nobody_can_read_is_erased_as_well(database: Database) {
    let platform = Platform::start(&database).await;
    let client = platform.client().await;
    let ada = watched(&client, "ada-lovelace").await;
    let mut lines = unreadable(ada);
    let whole = [
        log("ada-lovelace", AT, json!({"completion_percentage": 101})).to_string(),
        r#"["ada-lovelace", "docker"]"#.to_owned(),
        r#"{"learner": "ada-lovelace"}"#.to_owned(),
    ];
    lines.extend(whole);
    post_lines(&client, &lines).await;
    let others = [r#"{"student":"ada","event_ty"#, r#"{"student_id": 7000000, "event_ty"#, r#"["grace"]"#];
    post_lines(&client, &others.map(str::to_owned)).await;
    let export = client.get(&format!("/students/{ada}/export")).await.expect(200);
    assert_eq!(export["rejected_logs"].as_array().expect("a list").len(), lines.len() - 2, "{export}");

    // Under another name by then: what can be told is kept under our id.
    let name = |name: &str| json!({"external_id": name});
    client.patch_json(&format!("/students/{ada}"), &name("ada-king")).await.expect(200);
    client.patch_json(&format!("/students/{ada}"), &name("ada-lovelace")).await.expect(200);

    let receipt = client.erase(ada).await;
    assert_eq!(receipt["erased"]["rejected_logs"], lines.len(), "{receipt}");
    assert_eq!(client.rejected_logs().await.len(), others.len());
    post_lines(&client, &unreadable(ada)).await;
    let kept = client.rejected_logs().await;
    assert_eq!(kept.len(), others.len(), "{kept:?}");
}

/// Also where a log is refused for something else, and where one that was refused before is tried again.
async fn nothing_of_an_erased_learner_is_kept_again(database: Database) {
    let platform = Platform::start(&database).await;
    let client = platform.client().await;
    let ada = watched(&client, "ada").await;
    client.erase(ada).await;
    let faulty = [
        log("ada", AT, json!({"completion_percentage": 101})),
        log("ada", AT, json!({"lesson": "no such lesson"})),
        json!({"student": "ada", "unknown": 1}),
        json!({"student_id": ada, "event_type": "PLAYED"}),
    ];
    let verdicts = client.post_logs(&faulty).await;
    assert_eq!(verdicts.rejected.len(), 4, "{verdicts:?}");
    assert_eq!(client.rejected_logs().await, Vec::<Value>::new());
    let today = chrono::Utc::now().date_naive();
    let refused =
        format!("SELECT CAST(SUM(rejected) AS bigint) FROM counted_intake_days WHERE day = '{today}'");
    assert_eq!(database.number(&refused).await, 4, "they are counted");
}

async fn with_another_key_there_is_no_start(database: Database) {
    let serve = |key: &str| {
        let command = Command::api(&database, ["serve", "--port", "0"]).quietly();
        if key.is_empty() {
            command.without("EDTECH_ERASURE_KEY")
        } else {
            command.env("EDTECH_ERASURE_KEY", key)
        }
    };
    let other = "another key, as long as it has to be";
    let platform = Platform::start(&database).env("EDTECH_ERASURE_KEY", other).await;
    // As long as nobody was erased any key will do.
    platform.stop().await;
    let platform = Platform::start(&database).await;
    let client = platform.client().await;
    let ada = watched(&client, "ada").await;
    client.erase(ada).await;
    platform.stop().await;
    let refused = serve(other).run().await;
    assert!(refused.refusal().contains("EDTECH_ERASURE_KEY is another key"), "{refused:?}");
    assert!(!refused.refusal().contains(other), "a key is never printed");
    let short = serve("too short").run().await;
    assert!(short.refusal().contains("EDTECH_ERASURE_KEY holds 9 bytes"), "{short:?}");
    if database.is_postgres() {
        let without = serve("").run().await;
        assert!(without.refusal().contains("EDTECH_ERASURE_KEY is not set"), "{without:?}");
    }
}

fn erasure_key(database: &Database) -> String {
    let key = database.environment().into_iter().find(|(key, _)| key == "EDTECH_ERASURE_KEY");
    key.expect("a key").1
}

fn path(database: &Database, name: &str) -> String {
    database.directory().join(name).to_str().expect("a path in UTF-8").to_owned()
}

/// Where the old database is lost, the list of its tombstones is enough.
async fn a_list_of_tombstones_erases_elsewhere(database: Database) {
    let platform = Platform::start(&database).await;
    let client = platform.client().await;
    let ada = watched(&client, "ada").await;
    let bob = watched(&client, "bob").await;
    let (adas, bobs) = (client.erase(ada).await, client.erase(bob).await);
    let bobs = bobs["receipt_id"].as_str().expect("a receipt");
    Command::api(&database, ["erasure", "lift", "--receipt", bobs]).run().await.expect(0);
    let list = Command::api(&database, ["erasure", "list"]).run().await.expect(0);
    assert!(list.lines().count() == 2 && !list.contains("\"ada\"") && !list.contains("bob"), "{list}");

    let other = if database.is_postgres() { Database::postgres().await } else { Database::sqlite() };
    let key = erasure_key(&database);
    let elsewhere = Platform::start(&other).env("EDTECH_ERASURE_KEY", &key).await;
    let there = elsewhere.client().await;
    watched(&there, "bob").await;
    watched(&there, "ada").await;
    let file = path(&other, "erasures.ndjson");
    std::fs::write(&file, &list).expect("a file");
    let apply = || Command::api(&other, ["erasure", "apply", &file]);
    let refused = apply().env("EDTECH_ERASURE_KEY", &"another ".repeat(8)).quietly().run().await;
    assert!(refused.refusal().contains("is another key"), "{refused:?}");
    let said = apply().env("EDTECH_ERASURE_KEY", &key).run().await.expect(0);
    assert!(said.contains("2 tombstones") && said.contains("1 learners"), "{said}");
    let left = there.get("/students").await.expect(200);
    assert_eq!(left["items"].as_array().expect("items").len(), 1);
    assert_eq!(left["items"][0]["external_id"], "bob");
    // The running server knows it at once.
    assert_eq!(there.post_json("/streaming-logs", &log("ada", AT, json!({}))).await.code(422), "erased");
    assert_eq!(there.daily("2026-03-02").await["totals"]["streaming_logs"], 1);
    let receipt = adas["receipt_id"].as_str().expect("a receipt");
    assert_eq!(there.get(&format!("/erasures/{receipt}")).await.expect(200)["erased"], adas["erased"]);
    let said = apply().env("EDTECH_ERASURE_KEY", &key).run().await.expect(0);
    assert!(said.contains("0 learners"), "{said}");
    other.assert_verified().await;
}

/// The table tells nobody who it was: neither as it is, nor by hashes without the key.
async fn nobody_can_try_names(database: Database) {
    let platform = Platform::start(&database).await;
    let client = platform.client().await;
    let ada = watched(&client, "ada-lovelace").await;
    client.erase(ada).await;
    let list = Command::api(&database, ["erasure", "list"]).run().await.expect(0);
    for guess in ["ada-lovelace", "616461", "Name of", "Data_2025"] {
        assert!(!list.contains(guess), "{list}");
    }
    for table in
        ["students", "streaming_logs", "viewing_days", "completions", "learner_days", "rejected_logs"]
    {
        assert_eq!(database.number(&format!("SELECT COUNT(*) FROM {table}")).await, 0, "{table}");
    }
    let everything = client.get("/audit-log?limit=1000").await.expect(200).to_string();
    assert!(!everything.contains("lovelace"), "{everything}");
}

/// Of everybody there is one left, with one log and nothing refused.
async fn assert_one_stays(client: &Client) {
    let left = client.get("/students").await.expect(200);
    let left: Vec<_> =
        left["items"].as_array().expect("items").iter().map(|it| it["external_id"].clone()).collect();
    assert_eq!(left, ["stays"]);
    assert_eq!(client.daily("2026-03-02").await["totals"]["streaming_logs"], 1);
    assert_eq!(client.rejected_logs().await, Vec::<Value>::new());
}
