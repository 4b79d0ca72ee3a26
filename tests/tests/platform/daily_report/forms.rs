//! The report as a table and as a page, and who may read it.

use edtech_tests::{Answer, Client, Command, Database, Platform, on_both_databases};
use reqwest::Method;
use serde_json::json;

use super::{DAY, at, kept, made, path, put, three_learners};

on_both_databases!(
    a_report_is_told_in_the_form_that_is_wanted,
    a_name_is_neither_formula_nor_markup,
    who_reads_does_not_make_and_who_makes_does_not_read,
);

async fn ask(client: &Client, accept: &str) -> Answer {
    client.send(client.request(Method::GET, &path(DAY)).header("accept", accept)).await
}

fn text(answer: &Answer) -> &str {
    answer.body.as_str().unwrap_or_else(|| panic!("no text: {}", answer.body))
}

/// The cells of a table in which no cell holds a comma.
fn cells(csv: &str) -> Vec<Vec<&str>> {
    csv.split_terminator("\r\n").map(|line| line.split(',').collect()).collect()
}

async fn a_report_is_told_in_the_form_that_is_wanted(database: Database) {
    let platform = Platform::start(&database).await;
    let client = platform.client().await;
    three_learners(&client).await;
    let report = made(&client, DAY).await;

    let whole = ask(&client, "application/json").await;
    assert_eq!((whole.header("vary"), &whole.body), ("Accept", &report));
    let csv = ask(&client, "text/csv").await;
    assert_eq!(csv.header("content-type"), "text/csv; charset=utf-8");
    assert_eq!(csv.header("content-disposition"), "attachment; filename=\"daily-report-2026-03-03.csv\"");
    let rows = cells(text(&csv));
    let totals: Vec<(&str, &str)> = rows[0].iter().copied().zip(rows[1].iter().copied()).collect();
    for (name, shown) in totals.iter().filter(|(name, _)| report["totals"].get(name).is_some()) {
        assert_eq!(shown.parse::<f64>().ok(), report["totals"][name].as_f64(), "{name}");
    }
    assert_eq!(rows.len(), 1 + 3 + 8 + 2, "the header, three days, classrooms and lessons");
    assert!(totals.contains(&("silent_students", "1")) && totals.contains(&("stale", "false")), "{totals:?}");

    let page = ask(&client, "text/markdown, text/html;q=0.5").await;
    assert_eq!(page.header("content-type"), "text/markdown; charset=utf-8");
    let sentence = "2 of 3 learners were active and sent 4 streaming logs.";
    assert!(text(&page).starts_with("# Daily report of Tuesday, 3 March 2026\n\n"), "{}", page.body);
    assert!(text(&page).contains(sentence), "{}", page.body);

    // Each form is known by a tag of its own.
    let known = whole.header("etag");
    let request = client.request(Method::GET, &path(DAY)).header("accept", "text/csv");
    client.send(request.header("if-none-match", known)).await.expect(200);
    let request = client.request(Method::GET, &path(DAY)).header("accept", "text/csv");
    assert_eq!(client.send(request.header("if-none-match", csv.header("etag"))).await.status, 304);

    for accept in ["application/pdf", "text/html", "text/csv;q=0"] {
        let refused = ask(&client, accept).await;
        assert_eq!(refused.code(406), "not_acceptable", "{accept}");
        let detail = refused.body["detail"].as_str().unwrap_or_default();
        assert!(detail.contains("application/json, text/csv, text/markdown"), "{detail}");
    }
    // A stale one says so in every form.
    client.store(&[at(DAY, 20, json!({}), "cyd")]).await;
    assert!(text(&ask(&client, "text/markdown").await).contains("> **This report is out of date.**"));
    assert_eq!(cells(text(&ask(&client, "text/csv").await))[1].last(), Some(&"true"));
}

async fn a_name_is_neither_formula_nor_markup(database: Database) {
    let platform = Platform::start(&database).await;
    let client = platform.client().await;
    client.enrol("ada", "=cmd|' /C calc'!A0").await;
    client.enrol("bob", "<b>|x").await;
    let lesson = json!({"external_id": "@SUM(A1)", "title": "+1+1"});
    client.post_json("/lessons", &lesson).await.expect(201);
    made(&client, DAY).await;

    let csv = ask(&client, "text/csv").await;
    for cell in [",'=cmd|' /C calc'!A0,", ",'@SUM(A1),'+1+1,"] {
        assert!(text(&csv).contains(cell), "{}", csv.body);
    }
    let page = ask(&client, "text/markdown").await;
    assert!(text(&page).contains(r"| \<b\>\|x |"), "{}", page.body);
    let classrooms = kept(&client, DAY).await["classrooms"].clone();
    edtech_tests::item(&classrooms, "classroom", "=cmd|' /C calc'!A0");
}

async fn minted(platform: &Platform, database: &Database, scope: &str) -> Client {
    let token = Command::api(database, ["token", "--scope", scope]).run().await.expect(0);
    platform.anonymous().with_token(token.trim())
}

async fn who_reads_does_not_make_and_who_makes_does_not_read(database: Database) {
    let platform = Platform::start(&database).env("HOST", "0.0.0.0").await;
    let (reader, maker) =
        (minted(&platform, &database, "read").await, minted(&platform, &database, "report").await);
    assert_eq!(put(&reader, DAY).await.code(403), "insufficient_scope");
    put(&maker, DAY).await.expect(201);
    assert_eq!(maker.get(&path(DAY)).await.code(403), "insufficient_scope");
    reader.get(&path(DAY)).await.expect(200);
    for stranger in ["roster", "ingest", "operate"] {
        let stranger = minted(&platform, &database, stranger).await;
        assert_eq!(put(&stranger, DAY).await.code(403), "insufficient_scope");
        assert_eq!(stranger.get(&path(DAY)).await.code(403), "insufficient_scope");
    }
    assert_eq!(put(&platform.anonymous(), DAY).await.code(401), "token_missing");
    // A page of somebody else makes none with a session of ours.
    let browser = platform.signed_in().await;
    let request = browser.request_to(Method::PUT, &format!("{}{}", browser.url(), path(DAY)));
    let request = request.header("cookie", browser.cookie().expect("a cookie"));
    let answer = browser.send(request.header("origin", "https://elsewhere.example")).await;
    assert_eq!(answer.code(403), "cross_origin");
    assert_eq!(put(&browser, DAY).await.expect(200)["tasks"], json!({}));
}
