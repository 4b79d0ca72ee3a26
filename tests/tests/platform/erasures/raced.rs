//! An erasure in the very moment in which somebody brings the learner again.

use std::time::Duration;

use super::*;

on_both_databases!(no_import_brings_back_who_is_being_erased, no_new_name_brings_back_who_is_being_erased);

/// Each time with a learner of its own, and a little later.
const ROUNDS: u64 = 15;

fn roster(learner: &str) -> Value {
    let row = |name: String| json!({"external_id": name, "name": "Somebody", "classroom": "Data_2025"});
    let others = (0..400).map(|number| row(format!("other-{number}")));
    others.chain([row(learner.to_owned())]).collect()
}

async fn is_there(client: &Client, learner: &str) -> bool {
    let page = client.get("/students?limit=1000").await.expect(200);
    page["items"].as_array().expect("items").iter().any(|it| it["external_id"] == learner)
}

async fn no_import_brings_back_who_is_being_erased(database: Database) {
    let platform = Platform::start(&database).await;
    let (client, importer) = (platform.client().await, platform.client().await);
    client.post_json("/students", &roster("nobody-yet")).await.expect(200);
    for round in 0..ROUNDS {
        let learner = format!("learner-{round}");
        let id = watched(&client, &learner).await;
        let path = format!("/students/{id}");
        let erasing = async {
            tokio::time::sleep(Duration::from_millis(round)).await;
            client.delete(&path).await
        };
        let rows = roster(&learner);
        let (erased, imported) = tokio::join!(erasing, importer.post_json("/students", &rows));
        erased.expect(200);
        let verdicts = imported.expect(200);
        assert_eq!(verdicts["created"], 0, "{verdicts}");
        assert!(!is_there(&client, &learner).await, "{learner} is back");
    }
    database.assert_verified().await;
}

async fn no_new_name_brings_back_who_is_being_erased(database: Database) {
    let platform = Platform::start(&database).await;
    let (client, other) = (platform.client().await, platform.client().await);
    let bob = client.enrol("bob", "Data_2025").await;
    for round in 0..ROUNDS {
        let learner = format!("learner-{round}");
        let id = watched(&client, &learner).await;
        let (path, bobs) = (format!("/students/{id}"), format!("/students/{bob}"));
        let name = json!({"external_id": learner});
        let renaming = async {
            tokio::time::sleep(Duration::from_millis(round / 2)).await;
            other.patch_json(&bobs, &name).await
        };
        let (erased, renamed) = tokio::join!(client.delete(&path), renaming);
        erased.expect(200);
        assert!(["erased", "external_id_taken"].contains(&renamed.code(409)), "{renamed:?}");
        assert!(!is_there(&client, &learner).await, "{learner} is back");
    }
}
