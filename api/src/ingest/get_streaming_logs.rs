//! `GET /streaming-logs`: the raw log, newest first.

use std::fmt::{self, Display, Formatter};
use std::str::FromStr;

use actix_web::web::Data;
use actix_web::{HttpRequest, HttpResponse, get};
use chrono::{DateTime, TimeDelta, Utc};
use serde::Serialize;
use utoipa::{IntoParams, ToSchema};
use uuid::Uuid;

use crate::auth::{Learners, Require};
use crate::clock::Clock;
use crate::error::Problem;
use crate::name::Name;
use crate::paging::{Page, PageRequest};
use crate::parameters::Parameters;
use crate::refusals::ListRefusals;
use crate::store::{LogFilter, LogPosition, Store, StreamingLogRow, moment};

/// Without a learner the window is an index range, and bounded.
const LONGEST_WINDOW: TimeDelta = TimeDelta::days(1);

/// The window where the client names none.
const DEFAULT_WINDOW: TimeDelta = TimeDelta::hours(1);

/// Which logs are asked for.
#[derive(Debug, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct LogQuery {
    /// Of this learner, at any time.
    student_id: Option<i64>,
    /// From this moment on. Without a learner: at most a day, by default the last hour.
    from: Option<DateTime<Utc>>,
    /// Before this moment.
    to: Option<DateTime<Utc>>,
    /// Of this lesson.
    lesson_id: Option<i64>,
    /// Of the learners who are in this classroom today.
    #[param(value_type = Option<String>, example = "IA_2025", pattern = r"^[^\u0000-\u001f\u007f-\u009f]*$")]
    classroom: Option<Name>,
    /// How many on a page, 1 to 1000; 100 by default.
    #[param(minimum = 1, maximum = 1000)]
    limit: Option<u32>,
    /// The `next` of the page before.
    cursor: Option<String>,
}

impl LogQuery {
    fn of(request: &HttpRequest) -> Result<Self, Problem> {
        let mut parameters = Parameters::of(request);
        let query = Self {
            student_id: parameters.take("student_id"),
            from: parameters.take("from"),
            to: parameters.take("to"),
            lesson_id: parameters.take("lesson_id"),
            classroom: parameters.take("classroom"),
            limit: parameters.take("limit"),
            cursor: parameters.take("cursor"),
        };
        parameters.finish().map(|()| query)
    }

    /// Whether it is of any learner and of any time, as far as the client says.
    fn is_unbounded(&self) -> bool {
        self.student_id.is_none() && self.from.is_none() && self.to.is_none()
    }
}

/// A stored log.
#[derive(Debug, Serialize, ToSchema)]
pub struct Log {
    /// Unique for each learner.
    log_id: Uuid,
    /// Whose it is.
    student_id: i64,
    /// What was streamed.
    lesson_id: i64,
    /// What happened.
    event_type: String,
    /// Seconds watched since the previous log of the same viewing.
    watch_time_seconds: Option<i32>,
    /// How far the learner was, 0 to 100.
    completion_percentage: Option<i32>,
    /// When it happened.
    event_timestamp: DateTime<Utc>,
    /// When it reached us.
    received_at: DateTime<Utc>,
}

impl From<StreamingLogRow> for Log {
    fn from(row: StreamingLogRow) -> Self {
        let StreamingLogRow {
            student_id,
            log_id,
            lesson_id,
            event_type,
            watch_time_seconds,
            completion_percentage,
            event_timestamp,
            received_at,
        } = row;
        Self {
            log_id,
            student_id,
            lesson_id,
            event_type,
            watch_time_seconds,
            completion_percentage,
            event_timestamp,
            received_at,
        }
    }
}

/// Where the next page begins.
#[derive(Debug, PartialEq, Eq)]
struct Place {
    /// The last log of the page before.
    after: LogPosition,
    /// From when on logs are listed, where the client named no bound: pages are of the window of the first one, however
    /// long somebody takes to read them.
    since: Option<DateTime<Utc>>,
}

impl Display for Place {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        match self.since {
            Some(since) => write!(f, "{}/{}", self.after, since.timestamp_micros()),
            None => self.after.fmt(f),
        }
    }
}

impl FromStr for Place {
    type Err = ();

    fn from_str(text: &str) -> Result<Self, ()> {
        let (after, since) = match text.split_once('/') {
            Some((after, since)) => (after, Some(moment(Some(since)).ok_or(())?)),
            None => (text, None),
        };
        Ok(Self { after: after.parse()?, since })
    }
}

impl Log {
    fn position(&self) -> LogPosition {
        let Self { event_timestamp, student_id, log_id, .. } = *self;
        LogPosition { event_timestamp, student_id, log_id }
    }
}

/// List logs
///
/// Newest first, of one learner or of a window of at most a day. An educator is told those of her learners: others are as
/// if they were not there.
#[utoipa::path(
    tag = "ingestion",
    params(LogQuery),
    responses((status = 200, description = "A page of logs", body = Page<Log>), ListRefusals),
    security(("token" = ["learners"]))
)]
#[get("/streaming-logs")]
pub async fn get_streaming_logs(
    caller: Require<Learners>,
    request: HttpRequest,
    store: Data<Store>,
    clock: Data<Clock>,
) -> Result<HttpResponse, Problem> {
    let query = LogQuery::of(&request)?;
    let page: PageRequest<Place> = PageRequest::parse(query.limit, query.cursor.as_deref())?;
    let place = page.after.as_ref();
    let since = query.is_unbounded().then(|| {
        let begun = place.and_then(|place| place.since);
        begun.unwrap_or_else(|| clock.now() - DEFAULT_WINDOW)
    });
    let filter = filter(query, since)?;
    let after = place.map(|place| &place.after);
    let logs = store.streaming_logs(caller.classes(), &filter, after, page.rows()).await?;
    let logs = logs.into_iter().map(Log::from).collect();
    Ok(page.page(logs, |log: &Log| Place { after: log.position(), since }).answer(&request))
}

/// Of these logs; `since` bounds what the client has not bounded.
fn filter(query: LogQuery, since: Option<DateTime<Utc>>) -> Result<LogFilter, Problem> {
    let LogQuery { student_id, from, to, lesson_id, classroom, limit: _, cursor: _ } = query;
    let (from, to) = match (student_id, from, to) {
        (Some(_), from, to) => (from, to),
        (None, None, None) => (since, None),
        (None, Some(from), None) => (Some(from), Some(from + LONGEST_WINDOW)),
        (None, None, Some(to)) => (Some(to - DEFAULT_WINDOW), Some(to)),
        (None, Some(from), Some(to)) if to - from > LONGEST_WINDOW => {
            let detail = "Ask for at most a day at once, or for one learner with student_id.";
            return Err(Problem::unprocessable("range_too_long", detail, "to"));
        }
        (None, from, to) => (from, to),
    };
    Ok(LogFilter { student_id, lesson_id, classroom: classroom.map(Into::into), from, to })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_place_is_read_as_it_was_given() {
        let after = "1764000000000000 17 0193d4f2-7b1a-7c3e-8f00-0123456789ab";
        for text in [after.to_owned(), format!("{after}/1763996400000000")] {
            let place: Place = text.parse().unwrap();
            assert_eq!(place.to_string(), text);
            assert_eq!(place.since.is_some(), text != after);
        }
        for text in
            ["", "/1763996400000000", &format!("{after}/"), &format!("{after}/soon"), &format!("{after}/1/1")]
        {
            assert_eq!(text.parse::<Place>(), Err(()), "{text}");
        }
    }
}
