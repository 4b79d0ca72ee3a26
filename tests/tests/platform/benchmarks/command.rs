//! `edtech-api benchmark`: without a server, for a terminal and for CI.

use edtech_tests::{Command, Database, on_both_databases};
use serde_json::{Value, json};

use super::assert_nothing_is_left;

on_both_databases!(a_command_measures_and_fails_on_a_regression, what_comes_to_nothing_is_not_measured);

const SHORT: [&str; 2] = ["--duration-seconds", "2"];

fn benchmark(database: &Database, duration: &[&str], more: &[&str]) -> Command {
    let ingestion = ["benchmark", "--max", "ingestion", "--target-p99-ms", "10000"];
    Command::api(database, ingestion.iter().chain(duration).chain(more).copied()).quietly()
}

async fn a_command_measures_and_fails_on_a_regression(database: Database) {
    let kept = database.directory().join("kept.json");
    let kept = kept.to_str().expect("a path in UTF-8");
    let measured = benchmark(&database, &SHORT, &["--keep", kept]).run().await;
    let mut report: Value =
        serde_json::from_str(&std::fs::read_to_string(kept).expect("a file")).expect("a report");
    let page = measured.expect(i32::from(report["verdict"] != "passed"));
    assert!(page.contains("# EdTech Stream") && page.contains("| Records per minute |"), "{page}");
    assert_nothing_is_left(&database);

    // Before, they say, it took a microsecond.
    for row in report["sections"][0]["rows"].as_array_mut().expect("rows") {
        if row["name"] == "p99" {
            row["value"] = json!(0.001);
        }
    }
    std::fs::write(kept, report.to_string()).expect("a file");
    let compared = benchmark(&database, &SHORT, &["--baseline", kept]).run().await;
    let page = compared.expect(1);
    assert!(page.contains("**worse**"), "{page}");

    let refused = benchmark(&database, &SHORT, &["--replicas", "99"]).run().await;
    assert_eq!(refused.code, Some(2));
    assert!(refused.refusal().contains("`replicas` is 1 to 64"), "{refused:?}");
}

/// What could not be told after ten minutes is refused before the first one.
async fn what_comes_to_nothing_is_not_measured(database: Database) {
    let other = database.directory().join("other.json");
    let other = other.to_str().expect("a path in UTF-8");
    let queries = Command::api(&database, ["benchmark", "queries", "--logs", "1", "--keep", other]).quietly();
    assert_ne!(queries.run().await.code, Some(2));
    for (arguments, why) in [
        (["--baseline", "/nowhere.json"], "/nowhere.json"),
        (["--baseline", other], "measured queries, and this measures ingestion"),
        (["--keep", "/nowhere/kept.json"], "cannot be kept in /nowhere/kept.json"),
    ] {
        // An hour of it would be longer than any command here may take.
        let refused = benchmark(&database, &["--duration-seconds", "3600"], &arguments).run().await;
        assert_eq!(refused.code, Some(2), "{refused:?}");
        assert!(refused.refusal().contains(why), "{refused:?}");
    }
    assert_nothing_is_left(&database);
}
