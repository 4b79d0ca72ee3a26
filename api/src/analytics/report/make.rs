//! Making the report of a day, any number of times, whoever else makes it at the same time.

use chrono::NaiveDate;
use tokio::sync::Mutex;

use super::{DailyReport, Facts, Staleness, Tasks};
use crate::clock::Clock;
use crate::error::{Problem, StoreError};
use crate::store::{Calendar, DailyReportRow, Store};

/// Each time that another replica keeps a report first, the figures are read again. Of a few replicas none loses as often.
const ATTEMPTS: usize = 16;

/// Within this process one report is made after the other: nobody has to be overtaken here.
static TURN: Mutex<()> = Mutex::const_new(());

/// A report that was asked for.
pub(in crate::analytics) struct Made {
    /// The report.
    pub(in crate::analytics) report: DailyReport,
    /// Whether the day had none.
    pub(in crate::analytics) is_first: bool,
}

/// What became of one attempt.
pub(super) enum Attempt {
    /// The report is kept.
    Kept { row: DailyReportRow, facts: Facts, is_first: bool },
    /// The one that there is says the same: it stays as it is.
    Unchanged { row: DailyReportRow, facts: Facts },
    /// Somebody else has kept one since the figures were read.
    Overtaken,
}

/// Makes and keeps the report of a day. Where it would say what the kept one says, that one is the answer.
pub(in crate::analytics) async fn make(
    store: &Store,
    calendar: &Calendar,
    clock: Clock,
    day: NaiveDate,
    tasks: Tasks,
) -> Result<Made, Problem> {
    for _ in 0..ATTEMPTS {
        let (row, facts, is_first) = match attempt(store, calendar, clock, day, tasks.clone()).await? {
            Attempt::Kept { row, facts, is_first } => (row, facts, is_first),
            Attempt::Unchanged { row, facts } => (row, facts, false),
            Attempt::Overtaken => continue,
        };
        return Ok(Made { report: DailyReport::new(&row, facts, Staleness::Fresh), is_first });
    }
    Err(Problem::unavailable("Many others make this report at the same time. Send it again."))
}

/// Reads the figures and keeps the report, unless somebody else was faster.
pub(super) async fn attempt(
    store: &Store,
    calendar: &Calendar,
    clock: Clock,
    day: NaiveDate,
    tasks: Tasks,
) -> Result<Attempt, StoreError> {
    let _turn = TURN.lock().await;
    let generated_at = clock.now();
    let (mut facts, state, kept) = Facts::new(store.day_facts(day).await?, calendar, tasks);
    let same_revision = kept.as_ref().filter(|kept| kept.revision == state.revision);
    if let Some(kept) = same_revision
        && let Ok(before) = Facts::read(kept)
    {
        facts.edition = before.edition;
        if facts.text()? == kept.report {
            return Ok(Attempt::Unchanged { row: kept.clone(), facts });
        }
        facts.edition += 1;
    }
    let row = DailyReportRow { day, report: facts.text()?, generated_at, revision: state.revision };
    if !store.keep_daily_report(&row, kept.as_ref()).await? {
        return Ok(Attempt::Overtaken);
    }
    metrics::counter!("daily_reports_made_total").increment(1);
    Ok(Attempt::Kept { row, facts, is_first: kept.is_none() })
}
