//! Nothing of a name is left in SQLite's files, where rows stay that were deleted.

use edtech_tests::on_sqlite;

use super::*;

on_sqlite!(no_file_holds_an_erased_name);

const LEARNER: &str = "lms-7Qx-ada-lovelace";

/// How often the files hold this.
fn traces(database: &Database, bytes: &str) -> usize {
    let files = std::fs::read_dir(database.directory()).expect("a directory");
    let files = files.map(|file| std::fs::read(file.expect("a file").path()).unwrap_or_default());
    files.map(|file| file.windows(bytes.len()).filter(|it| *it == bytes.as_bytes()).count()).sum()
}

/// As many as fill some pages, in no order: pages are split, and rows are copied from one to another.
async fn enrol_many(client: &Client, from: u32) {
    let row = |number: u32| {
        let name = format!("lms-{:08x}", number.wrapping_mul(2_654_435_761));
        json!({"external_id": name, "name": format!("Name of {name}"), "classroom": "Data_2025"})
    };
    for batch in 0..20 {
        let rows: Vec<Value> = (0..20).map(|number| row(from + 20 * batch + number)).collect();
        client.post_json("/students", &Value::from(rows)).await.expect(200);
    }
}

async fn no_file_holds_an_erased_name(database: Database) {
    let platform = Platform::start(&database).await;
    let client = platform.client().await;
    enrol_many(&client, 0).await;
    let learner = watched(&client, LEARNER).await;
    client.enrol(&format!("{LEARNER}-2"), "IA_2025").await;
    client.post_logs(&[log(LEARNER, AT, json!({"completion_percentage": 101}))]).await;
    enrol_many(&client, 1_000).await;
    // Half of the others go: pages are joined.
    let page = client.get("/students?limit=1000").await.expect(200);
    let others = page["items"].as_array().expect("items").iter();
    let others = others.filter(|it| !it["external_id"].as_str().expect("a name").starts_with(LEARNER));
    let others: Vec<i64> =
        others.map(|it| it["student_id"].as_i64().expect("an id")).step_by(2).take(150).collect();
    for other in others {
        client.erase(other).await;
    }
    client.patch_json(&format!("/students/{learner}"), &json!({"classroom": "IA_2025"})).await.expect(200);
    assert!(traces(&database, LEARNER) > 4, "it is there to be found");

    client.erase(learner).await;
    let second = client.get("/students?limit=1000").await.expect(200);
    let second =
        edtech_tests::item(&second["items"], "external_id", &format!("{LEARNER}-2"))["student_id"].clone();
    client.erase(second.as_i64().expect("an id")).await;
    assert_eq!(traces(&database, LEARNER), 0);
    assert_eq!(traces(&database, &format!("Name of {LEARNER}")), 0);
    database.assert_verified().await;
}
