//! Which indexes SQLite takes where it is asked about many rows: what an index does not hold is looked up row by row, wherever it
//! lies, which takes three times as long and looks the same in every answer.

use chrono::{DateTime, NaiveDate, Utc};

use super::figures::figures_query;
use super::query::Query;
use super::timeseries::count_logs_query;
use super::{Breakdown, Classes, DaySpan, Dialect, TemporaryStore, Window};

async fn assert_uses(step: &str, query: Query) {
    let temporary = TemporaryStore::open().await;
    let plan = query.plan(&temporary.store.reader).await.unwrap();
    temporary.close().await;
    assert!(plan.iter().any(|it| it.starts_with(step)), "no {step} in {plan:#?}");
}

#[tokio::test]
async fn who_met_a_lesson_is_counted_from_an_index_alone() {
    let day = |text: &str| text.parse::<NaiveDate>().ok();
    let span = DaySpan { from: day("2026-10-01"), to: day("2026-10-31") };
    let query = figures_query(Dialect::Sqlite, span, Breakdown::Lessons, &Classes::All);
    let step =
        "SEARCH kept USING COVERING INDEX viewing_days_lesson_learner (lesson_id=? AND day>? AND day<?)";
    assert_uses(step, query).await;
}

#[tokio::test]
async fn who_was_active_in_an_hour_is_counted_from_an_index_alone() {
    let moment = |text: &str| text.parse::<DateTime<Utc>>().unwrap();
    let window = Window { from: moment("2026-10-01T10:00:00Z"), to: moment("2026-10-01T11:00:00Z") };
    let query = count_logs_query(Dialect::Sqlite, window, &[window.from], &Classes::All);
    let index = "streaming_logs_event_timestamp_learner (event_timestamp>? AND event_timestamp<?)";
    assert_uses(&format!("SEARCH streaming_logs USING COVERING INDEX {index}"), query).await;
}
