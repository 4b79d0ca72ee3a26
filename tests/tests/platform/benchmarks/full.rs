//! All of it in a shortened form: every table is there, and its figures agree with one another.

use edtech_tests::{Database, Platform, on_both_databases};
use serde_json::{Value, json};

use super::{assert_nothing_is_left, begun, find, report_of, trials, value};

/// In the original's order.
const SECTIONS: [&str; 9] = [
    "ingestion",
    "queries",
    "dashboard",
    "daily_report",
    "scaling",
    "connections",
    "capacity",
    "resources",
    "summary",
];

/// Whole logs over a stretch of some seconds: one more or less at its ends.
const TOLERANCE: f64 = 0.02;

on_both_databases!(a_whole_document_of_figures_that_agree);

async fn a_whole_document_of_figures_that_agree(database: Database) {
    let platform = Platform::start(&database).await;
    let client = platform.client().await;
    let body = json!({
        "kind": "full", "replicas": 2, "interval_seconds": 0.5, "duration_seconds": 5, "logs": 240, "dashboards": 3,
        "target_p99_ms": 5000,
    });
    let run = begun(&client, &body).await;
    let report = report_of(&client, &run).await;

    let names: Vec<&str> = report["sections"]
        .as_array()
        .expect("sections")
        .iter()
        .map(|it| it["name"].as_str().expect("a name"))
        .collect();
    assert_eq!(names, SECTIONS);
    assert_records_are_rate_times_time(&report);
    assert_factors_are_ratios_of_rates(&report);
    assert_verdicts_follow_from_rows(&report);
    assert_costs_are_measured(&report, &database);
    assert_eq!(value(&report, "queries", "logs") as i64 - value(&report, "ingestion", "records") as i64, 240);
    assert_eq!((value(&report, "ingestion", "lost"), value(&report, "dashboard", "unseen")), (0.0, 0.0));

    assert_eq!(trials(&database).await, [] as [String; 0]);
    assert_nothing_is_left(&database);
    assert_eq!(client.get("/analytics/engagement").await.expect(200)["totals"]["streaming_logs"], 0);
    platform.stop().await;
}

fn assert_records_are_rate_times_time(report: &Value) {
    let of = |row| value(report, "ingestion", row);
    let (records, seconds) = (of("records"), of("seconds"));
    assert!((of("per_second") * seconds / records - 1.0).abs() < TOLERANCE, "{report}");
    assert!((of("per_minute") - of("per_second") * 60.0).abs() < TOLERANCE * of("per_minute"));
    assert!((of("per_replica") * 2.0 - of("per_minute")).abs() < TOLERANCE * of("per_minute"));
    let due = records + of("errors");
    assert!(records > 0.0 && due >= 20.0, "two replicas, a log each half second, for five seconds: {due}");
}

fn assert_factors_are_ratios_of_rates(report: &Value) {
    let of = |row| value(report, "scaling", row);
    assert!((of("2_factor") - of("2_per_minute") / of("1_per_minute")).abs() < 1e-6);
    assert!((of("full_2_factor") - of("full_2_per_second") / of("full_1_per_second")).abs() < 1e-6);
    let least = find(report, "scaling", "2_factor")["threshold"]["at_least"].as_f64().expect("a threshold");
    assert!((least - 1.9).abs() < 1e-9, "two replicas have to bring 95 % of twice one's rate, not {least}");
}

fn assert_verdicts_follow_from_rows(report: &Value) {
    let rows = || {
        report["sections"]
            .as_array()
            .expect("sections")
            .iter()
            .flat_map(|it| it["rows"].as_array().expect("rows"))
    };
    let failed = rows().any(|row| row["verdict"] == "failed");
    assert_eq!(report["verdict"], if failed { "failed" } else { "passed" });
    for row in rows().filter(|row| !row["threshold"].is_null() && !row["value"].is_null()) {
        let value = row["value"].as_f64().expect("a value");
        let least = row["threshold"]["at_least"].as_f64().is_none_or(|least| value >= least);
        let most = row["threshold"]["at_most"].as_f64().is_none_or(|most| value <= most);
        assert_eq!(row["verdict"], if least && most { "passed" } else { "failed" }, "{row}");
    }
}

/// On Linux, with everything on this machine, there is nothing that could not be measured, but for what a file has not.
fn assert_costs_are_measured(report: &Value, database: &Database) {
    for row in ["api_cpu", "api_memory", "simulator_cpu", "simulator_memory"] {
        assert!(value(report, "ingestion", row) > 0.0, "{row}");
    }
    let of_database = find(report, "ingestion", "database_memory");
    let connections = find(report, "connections", "64_total");
    for row in [of_database, connections] {
        assert_eq!(row["value"].is_null(), !database.is_postgres(), "{row}");
        assert_eq!(row["text"] == "not measured", !database.is_postgres(), "{row}");
    }
}
