//! The days that an analysis is of: one day, some days, or all time.

use actix_web::HttpRequest;
use chrono::NaiveDate;
use serde::Serialize;
use utoipa::{IntoParams, ToSchema};

use crate::error::Problem;
use crate::figures::EnrolledFigures;
use crate::parameters::Parameters;
use crate::store::{Calendar, DaySpan};

/// The most days that a range may have: ten years.
pub(super) const LONGEST_DAYS: i64 = 3_660;

/// Which days are asked for; without any of these, all time.
#[derive(Debug, Default, IntoParams)]
#[into_params(parameter_in = Query)]
pub(super) struct RangeQuery {
    /// One day; not together with `from` or `to`.
    #[param(example = "2021-11-29")]
    date: Option<NaiveDate>,
    /// The first day.
    #[param(example = "2021-11-01")]
    from: Option<NaiveDate>,
    /// The last day, included; today where only `from` is given.
    #[param(example = "2021-11-30")]
    to: Option<NaiveDate>,
}

/// Figures in total and by item, over a range of days.
#[derive(Debug, Serialize, ToSchema)]
pub struct Analysis<T> {
    /// The first day; null where the range has no beginning.
    #[schema(required)]
    from: Option<NaiveDate>,
    /// The last day, included; null where the range has no end.
    #[schema(required)]
    to: Option<NaiveDate>,
    /// Days are calendar days in this zone.
    #[schema(example = "Europe/Paris")]
    time_zone: &'static str,
    /// The platform as a whole; for those who are bound to classrooms, all of these.
    totals: EnrolledFigures,
    /// One for each day, lesson or classroom, in order.
    items: Vec<T>,
}

impl<T> Analysis<T> {
    /// The answer for a range of days.
    pub(super) fn new(
        span: DaySpan,
        calendar: &Calendar,
        totals: impl Into<EnrolledFigures>,
        items: Vec<T>,
    ) -> Self {
        Self { from: span.from, to: span.to, time_zone: calendar.zone.name(), totals: totals.into(), items }
    }
}

impl RangeQuery {
    /// Reads the query parameters of a request.
    pub(super) fn of(request: &HttpRequest) -> Result<Self, Problem> {
        let mut parameters = Parameters::of(request);
        let query =
            Self { date: parameters.take("date"), from: parameters.take("from"), to: parameters.take("to") };
        parameters.finish().map(|()| query)
    }

    /// The days that are meant.
    pub(super) fn span(self, today: NaiveDate) -> Result<DaySpan, Problem> {
        match self {
            Self { date: Some(date), from: None, to: None } => Ok(DaySpan::of(date)),
            Self { date: Some(_), .. } => {
                let detail = "`date` is one day and stands alone: leave it out, or `from` and `to`.";
                Err(Problem::unprocessable("conflicting_parameters", detail, "date"))
            }
            Self { date: None, from: Some(from), to } => bounded(from, to.unwrap_or(today)),
            Self { date: None, from: None, to } => Ok(DaySpan { from: None, to }),
        }
    }
}

fn bounded(from: NaiveDate, to: NaiveDate) -> Result<DaySpan, Problem> {
    if from > to {
        let detail = format!("`from` is {from}, after the last day of the range, {to}.");
        return Err(Problem::unprocessable("invalid_range", detail, "from"));
    }
    if (to - from).num_days() >= LONGEST_DAYS {
        let detail =
            format!("From {from} to {to} are more than {LONGEST_DAYS} days. Ask for fewer at a time.");
        return Err(Problem::unprocessable("range_too_long", detail, "from"));
    }
    Ok(DaySpan { from: Some(from), to: Some(to) })
}

#[cfg(test)]
mod tests {
    use actix_web::test::TestRequest;

    use super::*;

    /// `from`, `to` or the code of the problem, on 2026-03-29.
    fn span(query: &str) -> Result<[Option<String>; 2], &'static str> {
        let request = TestRequest::with_uri(&format!("/?{query}")).to_http_request();
        let today = NaiveDate::from_ymd_opt(2026, 3, 29).unwrap();
        let span = RangeQuery::of(&request).and_then(|query| query.span(today));
        let text = |day: Option<NaiveDate>| day.map(|day| day.to_string());
        span.map(|span| [text(span.from), text(span.to)]).map_err(|problem| problem.code())
    }

    fn days(from: &str, to: &str) -> [Option<String>; 2] {
        [from, to].map(|day| Some(day.to_owned()).filter(|day| !day.is_empty()))
    }

    #[test]
    fn a_range_is_a_day_some_days_or_all_time() {
        assert_eq!(span(""), Ok(days("", "")));
        assert_eq!(span("date=2021-11-29"), Ok(days("2021-11-29", "2021-11-29")));
        assert_eq!(span("from=2021-11-29&to=2021-11-30"), Ok(days("2021-11-29", "2021-11-30")));
    }

    #[test]
    fn an_open_end_is_today_and_an_open_beginning_is_open() {
        assert_eq!(span("from=2026-03-01"), Ok(days("2026-03-01", "2026-03-29")));
        assert_eq!(span("from=2026-03-30"), Err("invalid_range"));
        assert_eq!(span("to=2021-11-30"), Ok(days("", "2021-11-30")));
    }

    #[test]
    fn what_cannot_be_a_range_is_refused() {
        assert_eq!(span("date=2021-11-29&from=2021-11-29"), Err("conflicting_parameters"));
        assert_eq!(span("from=2021-11-30&to=2021-11-29"), Err("invalid_range"));
        assert_eq!(span("from=2016-01-01&to=2026-01-07"), Ok(days("2016-01-01", "2026-01-07")));
        assert_eq!(span("from=2016-01-01&to=2026-01-08"), Err("range_too_long"));
        assert_eq!(span("from=yesterday"), Err("invalid_parameter"));
    }
}
