//! What Grafana reads, as the role that it reads with: every query of every dashboard and alert answers over real data, and
//! no name of a learner is within its reach.

use chrono::{DateTime, Utc};
use edtech_tests::{Client, Database, GrafanaQuery, GrafanaView, Platform, eventually, log};
use reqwest::Method;
use sea_orm::{ConnectionTrait, DatabaseConnection, DbBackend, DbErr, QueryResult, Statement};
use serde_json::json;

use super::{funmooc, roles};

/// The roles belong to the whole server of databases, so one story tells it all.
#[tokio::test(flavor = "multi_thread")]
async fn what_grafana_reads_is_there_and_no_name_is_in_it_on_postgres() {
    let (database, url) = Database::postgres_with_roles().await;
    let platform = Platform::start(&database).await;
    let grafana = sea_orm::Database::connect(&url).await.expect("a connection as grafana");
    fill(&database, &platform).await;

    every_query_answers(&grafana).await;
    views_say_what_the_api_says(&platform, &grafana).await;
    the_original_queries_run(&grafana).await;
    nothing_else_is_in_its_reach(&grafana).await;

    grafana.close().await.expect("closed");
    database.assert_verified().await;
    platform.stop().await;
    roles::the_audit_log_is_added_to_and_nothing_else(&database).await;
    roles::a_backup_is_restored_all_the_same(&database).await;
    roles::what_the_migration_made_is_handed_over_and_nothing_else(&database).await;
}

/// All that it may read.
const VIEWS: [&str; 17] = [
    "all_time_classrooms",
    "all_time_lessons",
    "classrooms",
    "completions",
    "daily_classrooms",
    "daily_intake",
    "daily_lessons",
    "daily_reports",
    "daily_totals",
    "database",
    "lessons",
    "minutes",
    "rejected_logs",
    "settings",
    "streaming_logs",
    "students",
    "table_sizes",
];

/// A day on which there was one learner, who was erased since.
const DAY_OF_NOBODY: &str = "2020-02-03";

/// Days with a report. A log of the second one comes afterwards.
const REPORTED: [&str; 3] = ["2021-11-28", "2021-11-29", "2021-11-30"];

/// The recording, a little of today, a refused log, and reports, of which one is not stale.
async fn fill(database: &Database, platform: &Platform) {
    funmooc::replay(platform).await;
    let client = platform.client().await;
    client.enrol("ada", "Data_2025").await;
    let now = Utc::now().to_rfc3339();
    client.store(&[log("ada", &now, json!({"watch_time_seconds": 30, "completion_percentage": 95}))]).await;
    let ada = json!({"external_id": "lms-of-ada", "name": "Ada Lovelace", "classroom": "Data_2025"});
    client.post_json("/students", &ada).await.expect(201);
    client.store(&[log("lms-of-ada", &now, json!({}))]).await;
    let refused = log("lms-of-ada", &now, json!({"completion_percentage": 101}));
    client.post_json("/streaming-logs", &refused).await.expect(422);
    let unknown = log("nobody knows", &now, json!({}));
    client.post_json("/streaming-logs", &unknown).await.expect(422);
    let sole = client.enrol("sole", "Data_2025").await;
    client.store(&[log("sole", &format!("{DAY_OF_NOBODY}T10:00:00Z"), json!({}))]).await;
    client.erase(sole).await;
    for day in REPORTED {
        let path = format!("/analytics/daily/{day}/report");
        client.send(client.request(Method::PUT, &path)).await.expect(201);
    }
    client.store(&[log("ada", "2021-11-29T10:00:00Z", json!({}))]).await;
    eventually("all folded in", std::time::Duration::from_secs(60), async || {
        (database.appended().await == 0).then_some(())
    })
    .await;
}

async fn every_query_answers(grafana: &DatabaseConnection) {
    let values = |sql: &'static str| async move {
        let rows = ask(grafana, sql).await.expect("rows");
        rows.iter().map(|row| row.try_get_by_index(0).expect("a text")).collect::<Vec<String>>()
    };
    let instant = |text: &str| text.parse::<DateTime<Utc>>().expect("an instant");
    let view = GrafanaView {
        from: instant("2021-11-01T00:00:00Z"),
        to: Utc::now() + chrono::TimeDelta::minutes(1),
        interval_seconds: 86_400,
        variables: vec![
            ("classroom", values("SELECT classroom FROM classrooms").await),
            ("lesson", values("SELECT CAST(lesson_id AS text) FROM lessons").await),
        ],
    };
    let queries = GrafanaQuery::all();
    assert!(queries.len() > 50, "{} queries", queries.len());
    let mut empty = Vec::new();
    for query in &queries {
        if answered(grafana, query, &view).await == 0 {
            empty.push(format!("{}, {}", query.whose, query.title));
        }
    }
    assert!(empty.is_empty(), "no rows: {empty:#?}");
    // A few days are drawn by the minute, and what nobody has chosen is an answer too.
    let nothing = vec![("classroom", vec![String::new()]), ("lesson", vec!["0".to_owned()])];
    let view = GrafanaView {
        from: view.to - chrono::TimeDelta::days(2),
        interval_seconds: 60,
        variables: nothing,
        ..view
    };
    for query in &queries {
        answered(grafana, query, &view).await;
    }
}

/// How many rows a query answers with.
async fn answered(grafana: &DatabaseConnection, query: &GrafanaQuery, view: &GrafanaView) -> usize {
    let sql = query.expanded(view);
    let rows = ask(grafana, &sql).await;
    rows.unwrap_or_else(|error| panic!("{}, {}: {error}\n{sql}", query.whose, query.title)).len()
}

/// One figure has one name and one value everywhere.
async fn views_say_what_the_api_says(platform: &Platform, grafana: &DatabaseConnection) {
    let client = platform.client().await;
    let day = "2021-11-29";
    let daily = client.daily(day).await;
    let columns = "active_students, streaming_logs, watch_time_seconds, completed, \
                   CAST(avg_watch_time_seconds AS text), CAST(avg_completion_percentage AS text)";
    for (view, key, items) in [
        ("daily_totals", "'totals'", json!([daily["totals"]])),
        ("daily_classrooms", "classroom", daily["classrooms"].clone()),
        ("daily_lessons", "title", daily["lessons"].clone()),
    ] {
        let sql =
            format!("SELECT {key}, {columns} FROM {view} WHERE day = DATE '{day}' AND streaming_logs > 0");
        let rows = ask(grafana, &sql).await.expect("rows");
        let items = items.as_array().expect("items");
        let active: Vec<_> = items.iter().filter(|item| item["streaming_logs"] != 0).collect();
        assert_eq!(rows.len(), active.len(), "{view}");
        for row in rows {
            let name: String = row.try_get_by_index(0).expect("a name");
            let item = match key {
                "'totals'" => active[0],
                key => active.iter().find(|item| item[key] == name).expect("the same item"),
            };
            for (place, figure) in
                ["active_students", "streaming_logs", "watch_time_seconds", "completed"].iter().enumerate()
            {
                let ours: i64 = row.try_get_by_index(place + 1).expect("a number");
                assert_eq!(json!(ours), item[*figure], "{view}, {name}: {figure}");
            }
            for (place, figure) in ["avg_watch_time_seconds", "avg_completion_percentage"].iter().enumerate()
            {
                let ours: Option<String> = row.try_get_by_index(place + 5).expect("a number or none");
                assert_eq!(
                    ours.map(|text| text.parse::<f64>().expect("a number")),
                    item[*figure].as_f64(),
                    "{figure}"
                );
            }
        }
    }
    let all_time = client.get("/analytics/classrooms").await.expect(200);
    for row in ask(grafana, "SELECT classroom, students, active_students, completed FROM all_time_classrooms")
        .await
        .expect("rows")
    {
        let name: String = row.try_get_by_index(0).expect("a name");
        let item = edtech_tests::item(&all_time["items"], "classroom", &name);
        for (place, figure) in ["students", "active_students", "completed"].iter().enumerate() {
            let ours: i64 = row.try_get_by_index(place + 1).expect("a number");
            assert_eq!(json!(ours), item[*figure], "{name}: {figure}");
        }
    }
    days_are_those_of_the_api(&client, grafana).await;
}

/// A report is stale for both or for neither, and a day on which nothing happened is none.
async fn days_are_those_of_the_api(client: &Client, grafana: &DatabaseConnection) {
    let reports = ask(grafana, "SELECT CAST(day AS text) FROM daily_reports WHERE stale ORDER BY day");
    let reports = reports.await.expect("rows");
    let stale: Vec<String> = reports.iter().map(|row| row.try_get_by_index(0).expect("a day")).collect();
    assert_eq!(stale, REPORTED[1..]);
    for day in REPORTED {
        let report = client.get(&format!("/analytics/daily/{day}/report")).await.expect(200);
        assert_eq!(report["stale"], stale.iter().any(|it| it == day), "{day}");
    }
    for view in ["daily_totals", "daily_classrooms", "daily_lessons"] {
        let day = format!("SELECT day FROM {view} WHERE day = DATE '{DAY_OF_NOBODY}'");
        assert!(
            ask(grafana, &day).await.expect("rows").is_empty(),
            "{view} has a day on which nothing happened"
        );
    }
}

async fn the_original_queries_run(grafana: &DatabaseConnection) {
    for sql in [
        "SELECT COUNT(*) FROM students",
        "SELECT classroom, COUNT(*) FROM students GROUP BY classroom",
        "SELECT s.classroom, COUNT(DISTINCT s.student_id) AS total_students, AVG(sl.completion_percentage) AS \
         avg_completion FROM students s LEFT JOIN streaming_logs sl ON s.student_id = sl.student_id GROUP BY s.classroom",
        "SELECT event_timestamp AS time, COUNT(*) AS events FROM streaming_logs WHERE event_timestamp BETWEEN \
         '2021-11-29T00:00:00Z' AND '2021-11-29T12:00:00Z' GROUP BY event_timestamp",
    ] {
        assert!(!ask(grafana, sql).await.expect("rows").is_empty(), "{sql}");
    }
}

async fn nothing_else_is_in_its_reach(grafana: &DatabaseConnection) {
    let refused = async |sql: &str| match ask(grafana, sql).await {
        Ok(_) => panic!("{sql} is possible"),
        Err(error) => error.to_string(),
    };
    // What its views leave out.
    for sql in [
        "SELECT name FROM students",
        "SELECT external_id FROM students",
        "SELECT payload FROM rejected_logs",
        "SELECT reason FROM rejected_logs",
        "SELECT forget_audit_log(now(), 1)",
    ] {
        let why = refused(sql).await;
        assert!(why.contains("does not exist"), "{sql}: {why}");
    }
    for sql in [
        "SELECT * FROM public.students",
        "SELECT * FROM public.rejected_logs",
        "SELECT * FROM public.api_clients",
        "SELECT * FROM public.users",
        "SELECT * FROM public.sessions",
        "SELECT * FROM public.daily_reports",
        "SELECT * FROM public.audit_log",
        "SELECT * FROM public.erasures",
        "SELECT public.forget_audit_log(now(), 1)",
        "SELECT public.hand_over_audit_log()",
        "SET SESSION AUTHORIZATION edtech",
        "SET ROLE edtech",
        "SET ROLE edtech_audit",
    ] {
        let why = refused(sql).await;
        assert!(why.contains("permission denied"), "{sql}: {why}");
    }
    for sql in ["INSERT INTO classrooms VALUES ('Mine_2025')", "CREATE TABLE analytics.mine (id int)"] {
        let why = refused(sql).await;
        let reasons = ["read-only transaction", "permission denied", "cannot insert into view"];
        assert!(reasons.iter().any(|reason| why.contains(reason)), "{sql}: {why}");
    }
    // Of what it may read, by PostgreSQL's own account, nothing names a learner.
    let readable = "SELECT format('%I.%I', nspname, relname) FROM pg_class JOIN pg_namespace ON pg_namespace.oid = relnamespace \
                    WHERE relkind IN ('r', 'v', 'm', 'p', 'f') AND nspname NOT IN ('pg_catalog', 'information_schema') \
                    AND has_schema_privilege(pg_namespace.oid, 'USAGE') \
                    AND has_any_column_privilege(pg_class.oid, 'SELECT')";
    let readable = ask(grafana, readable).await.expect("rows");
    let mut names: Vec<String> =
        readable.iter().map(|row| row.try_get_by_index(0).expect("a name")).collect();
    names.sort_unstable();
    assert_eq!(names, VIEWS.map(|view| format!("analytics.{view}")));
    for name in names.iter().map(String::as_str).chain(["pg_catalog.pg_stats"]) {
        let named =
            format!("SELECT 1 FROM {name} AS it WHERE CAST(it AS text) ~* '(Ada Lovelace|lms-of-ada)'");
        assert!(ask(grafana, &named).await.expect("rows").is_empty(), "{name} names a learner");
    }
    // Nor does it see what others ask the database.
    let texts = "SELECT query FROM pg_stat_activity WHERE usename <> current_user AND query <> '<insufficient privilege>'";
    assert!(ask(grafana, texts).await.expect("rows").is_empty());
}

async fn ask(connection: &DatabaseConnection, sql: &str) -> Result<Vec<QueryResult>, DbErr> {
    connection.query_all_raw(Statement::from_string(DbBackend::Postgres, sql)).await
}
