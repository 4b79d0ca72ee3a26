//! `GET /analytics/timeseries`: how many logs, minute by minute, hour by hour or day by day.

use std::collections::BTreeMap;

use actix_web::http::header::CACHE_CONTROL;
use actix_web::web::Data;
use actix_web::{HttpRequest, HttpResponse, get};
use chrono::{DateTime, DurationRound, SecondsFormat, TimeDelta, Utc};
use chrono_tz::Tz;
use serde::Serialize;
use utoipa::{IntoParams, ToSchema};

use super::buckets::Bucket;
use crate::auth::{Read, Require};
use crate::clock::Clock;
use crate::error::{Problem, ProblemBody};
use crate::parameters::Parameters;
use crate::store::{BucketCount, Calendar, Classes, Store, Window};

/// Which buckets are asked for.
#[derive(Debug, IntoParams)]
#[into_params(parameter_in = Query)]
struct TimeseriesQuery {
    /// How long a bucket is; an hour by default.
    bucket: Option<Bucket>,
    /// The first moment, with its offset; a day before `to` by default.
    #[param(example = "2021-11-29T00:00:00+01:00")]
    from: Option<DateTime<Utc>>,
    /// The first moment that is not included, with its offset; now by default.
    #[param(example = "2021-11-30T00:00:00+01:00")]
    to: Option<DateTime<Utc>>,
}

/// Logs over time.
#[derive(Debug, Serialize, ToSchema)]
pub struct Timeseries {
    /// How long each bucket is.
    bucket: Bucket,
    /// The first moment that is counted.
    #[schema(example = "2021-11-29T00:00:00+01:00")]
    from: String,
    /// The first moment that is not.
    #[schema(example = "2021-11-30T00:00:00+01:00")]
    to: String,
    /// Buckets begin at whole minutes, hours or days of this zone.
    #[schema(example = "Europe/Paris")]
    time_zone: &'static str,
    /// Every bucket that the window touches, in order. The first and the last count what lies in the window.
    items: Vec<TimeseriesItem>,
}

/// A bucket.
#[derive(Debug, Serialize, ToSchema)]
pub struct TimeseriesItem {
    /// When it begins, in the platform's time zone.
    #[schema(example = "2021-11-29T14:00:00+01:00")]
    time: String,
    /// Its logs.
    streaming_logs: i64,
    /// Distinct learners with at least one of them: for days, and for shorter buckets of a window of at most a day whose
    /// logs were not removed.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    active_students: Option<i64>,
}

/// Follow streaming logs over time
///
/// Counts are exact for the half-open window from `from` to `to`, also where these lie inside a bucket. At most 7
/// days in minutes, 92 days in hours and 3,660 days in days. Where retention has removed the logs, whole minutes and
/// whole days are left; whole days alone for those who are bound to classrooms.
#[utoipa::path(
    tag = "analytics",
    params(TimeseriesQuery),
    responses(
        (status = 200, description = "Logs over time", body = Timeseries, example = json!({
            "bucket": "hour", "from": "2021-11-29T14:00:00+01:00", "to": "2021-11-29T16:00:00+01:00",
            "time_zone": "Europe/Paris", "items": [
                {"time": "2021-11-29T14:00:00+01:00", "streaming_logs": 5, "active_students": 2},
                {"time": "2021-11-29T15:00:00+01:00", "streaming_logs": 0, "active_students": 0},
            ],
        })),
        (status = 422, description = "A parameter cannot be, the window is too long, or its logs were removed", body = ProblemBody,
            content_type = "application/problem+json"),
    ),
    security(("token" = ["read"]))
)]
#[get("/analytics/timeseries")]
pub async fn get_timeseries(
    caller: Require<Read>,
    request: HttpRequest,
    store: Data<Store>,
    calendar: Data<Calendar>,
    clock: Data<Clock>,
) -> Result<HttpResponse, Problem> {
    let (bucket, window) = TimeseriesQuery::of(&request)?.window(clock.now(), calendar.zone)?;
    let items = items(&store, &calendar, caller.classes(), bucket, window).await?;
    Ok(HttpResponse::Ok().insert_header((CACHE_CONTROL, "no-store")).json(Timeseries {
        bucket,
        from: in_zone(window.from, calendar.zone),
        to: in_zone(window.to, calendar.zone),
        time_zone: calendar.zone.name(),
        items,
    }))
}

/// Counts where it is cheapest: learners are in the rollup of days, and in the log, but not in the rollup of minutes.
async fn items(
    store: &Store,
    calendar: &Calendar,
    classes: &Classes,
    bucket: Bucket,
    window: Window,
) -> Result<Vec<TimeseriesItem>, Problem> {
    let starts = bucket.starts(calendar, window);
    let item = |start: DateTime<Utc>, count: Option<&BucketCount>, knows_learners: bool| {
        let BucketCount { streaming_logs, active_students } = count.copied().unwrap_or_default();
        let active_students = knows_learners.then_some(active_students);
        TimeseriesItem { time: in_zone(start, calendar.zone), streaming_logs, active_students }
    };
    let kept_from = store.logs_kept_from(calendar).await?;
    if bucket == Bucket::Day {
        if window.cuts_a_day_before(calendar, kept_from) {
            return Err(before_retention(calendar, kept_from, "day"));
        }
        let counts = store.count_days(calendar, window, classes).await?;
        let days = starts.iter().map(|&start| item(start, counts.get(&calendar.day_of(start)), true));
        return Ok(days.collect());
    }
    let knows_learners = window.from >= kept_from && is_within(window, 1, calendar.zone);
    let counts = if knows_learners {
        store.count_logs(window, &starts, classes).await?
    } else {
        count_minutes(store, calendar, classes, window, &starts, kept_from).await?
    };
    Ok((0..).zip(&starts).map(|(place, &start)| item(start, counts.get(&place), knows_learners)).collect())
}

/// What is kept of minutes is the platform's. Minutes of some classrooms are in the log alone.
async fn count_minutes(
    store: &Store,
    calendar: &Calendar,
    classes: &Classes,
    window: Window,
    starts: &[DateTime<Utc>],
    kept_from: DateTime<Utc>,
) -> Result<BTreeMap<i64, BucketCount>, Problem> {
    match classes {
        Classes::All if window.cuts_a_minute_before(kept_from) => {
            Err(before_retention(calendar, kept_from, "minute"))
        }
        Classes::All => Ok(store.count_minutes(window, starts).await?),
        Classes::Only(_) if window.from < kept_from => Err(before_retention(calendar, kept_from, "day")),
        Classes::Only(classrooms) => {
            Ok(store.count_minutes_of_classrooms(window, starts, classrooms).await?)
        }
    }
}

/// What is left of removed logs are counts of whole minutes and days.
fn before_retention(calendar: &Calendar, kept_from: DateTime<Utc>, unit: &str) -> Problem {
    let day = calendar.day_of(kept_from);
    let detail =
        format!("Logs from before {day} were removed by retention: there a whole {unit} is the least.");
    Problem::unprocessable("before_retention", detail, "from")
}

impl TimeseriesQuery {
    fn of(request: &HttpRequest) -> Result<Self, Problem> {
        let mut parameters = Parameters::of(request);
        let query = Self {
            bucket: parameters.take("bucket"),
            from: parameters.take("from"),
            to: parameters.take("to"),
        };
        parameters.finish().map(|()| query)
    }

    fn window(self, now: DateTime<Utc>, zone: Tz) -> Result<(Bucket, Window), Problem> {
        let Self { bucket, from, to } = self;
        let bucket = bucket.unwrap_or(Bucket::Hour);
        let to = to.map_or(now, next_microsecond);
        let window = Window { from: from.map_or(to - TimeDelta::days(1), next_microsecond), to };
        if window.from >= window.to {
            let detail = "`from` must be before `to`.";
            return Err(Problem::unprocessable("invalid_range", detail, "from"));
        }
        if !is_within(window, bucket.longest_days(), zone) {
            let (days, name) = (bucket.longest_days(), bucket.name());
            let detail = format!("A window in buckets of a {name} is at most {days} days long.");
            return Err(Problem::unprocessable("range_too_long", detail, "from"));
        }
        Ok((bucket, window))
    }
}

/// How far apart the clocks of the zone are: a day of 25 hours is one day.
fn shown_days(window: Window, zone: Tz) -> TimeDelta {
    let shown = |moment: DateTime<Utc>| moment.with_timezone(&zone).naive_local();
    shown(window.to) - shown(window.from)
}

/// Whether a window is so many days long at most, by the clocks of the zone or in truth: both are what people call a day.
fn is_within(window: Window, days: i64, zone: Tz) -> bool {
    (window.to - window.from).min(shown_days(window, zone)) <= TimeDelta::days(days)
}

/// Logs are kept to the microsecond: those at or after a moment are those at or after this one.
fn next_microsecond(moment: DateTime<Utc>) -> DateTime<Utc> {
    let microsecond = TimeDelta::microseconds(1);
    match moment.duration_trunc(microsecond) {
        Ok(truncated) if truncated < moment => truncated + microsecond,
        _ => moment,
    }
}

fn in_zone(moment: DateTime<Utc>, zone: Tz) -> String {
    moment.with_timezone(&zone).to_rfc3339_opts(SecondsFormat::AutoSi, true)
}

#[cfg(test)]
mod tests {
    use actix_web::test::TestRequest;

    use super::*;

    /// `bucket from/to`, or the code of the problem, at noon of 29 March 2026 in Paris.
    fn window(query: &str) -> Result<String, &'static str> {
        let request = TestRequest::with_uri(&format!("/?{query}")).to_http_request();
        let now = "2026-03-29T10:00:00Z".parse().unwrap();
        let window = TimeseriesQuery::of(&request).and_then(|query| query.window(now, Tz::Europe__Paris));
        let text = |moment| in_zone(moment, Tz::UTC);
        let window = window
            .map(|(bucket, window)| format!("{} {}/{}", bucket.name(), text(window.from), text(window.to)));
        window.map_err(|problem| problem.code())
    }

    #[test]
    fn the_last_day_by_the_hour_is_the_default() {
        assert_eq!(window("").as_deref(), Ok("hour 2026-03-28T10:00:00Z/2026-03-29T10:00:00Z"));
        let minutes = window("bucket=minute&from=2026-03-29T11:00:00%2B02:00");
        assert_eq!(minutes.as_deref(), Ok("minute 2026-03-29T09:00:00Z/2026-03-29T10:00:00Z"));
    }

    #[test]
    fn a_moment_between_two_microseconds_is_the_later_one() {
        let hour = window("from=2026-03-29T09:00:00.0000001Z");
        assert_eq!(hour.as_deref(), Ok("hour 2026-03-29T09:00:00.000001Z/2026-03-29T10:00:00Z"));
    }

    #[test]
    fn the_longest_windows_are_counted_in_days_as_the_clocks_show_them() {
        // 92 days and an hour in truth, because the clocks are moved meanwhile.
        let autumn = "bucket=hour&from=2026-08-01T00:00:00%2B02:00&to=2026-11-01T00:00:00%2B01:00";
        assert!(window(autumn).is_ok());
        // And in spring an hour less than the clocks show.
        assert!(window("bucket=minute&from=2026-03-22T10:00:00Z").is_ok());
        assert!(window("bucket=hour&from=2025-12-27T10:00:00Z").is_ok());
        assert_eq!(window("bucket=hour&from=2025-12-27T09:59:59Z"), Err("range_too_long"));
        assert_eq!(window("bucket=minute&from=2026-03-20T10:00:00Z"), Err("range_too_long"));
        assert_eq!(window("bucket=day&from=2016-01-01T00:00:00Z"), Err("range_too_long"));
    }

    #[test]
    fn what_cannot_be_a_window_is_refused() {
        assert_eq!(window("from=2026-03-29T10:00:00Z"), Err("invalid_range"));
        assert_eq!(window("bucket=week"), Err("invalid_parameter"));
        assert_eq!(window("from=2026-03-29"), Err("invalid_parameter"));
    }

    #[test]
    fn a_day_of_25_hours_is_within_a_day() {
        let day = Window {
            from: "2026-10-24T22:00:00Z".parse().unwrap(),
            to: "2026-10-25T23:00:00Z".parse().unwrap(),
        };
        assert_eq!(shown_days(day, Tz::Europe__Paris), TimeDelta::days(1));
        assert!(is_within(day, 1, Tz::Europe__Paris));
        let longer = Window { from: day.from - TimeDelta::seconds(1), ..day };
        assert!(!is_within(longer, 1, Tz::Europe__Paris));
    }

    #[test]
    fn twenty_four_hours_are_within_a_day_also_where_the_clocks_showed_more() {
        let to = "2026-03-29T10:00:00Z".parse().unwrap();
        let last = Window { from: to - TimeDelta::days(1), to };
        assert_eq!(shown_days(last, Tz::Europe__Paris), TimeDelta::hours(25));
        assert!(is_within(last, 1, Tz::Europe__Paris));
    }
}
