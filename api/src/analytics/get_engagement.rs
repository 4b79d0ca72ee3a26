//! `GET /analytics/engagement`: what happened day by day.

use actix_web::http::header::CACHE_CONTROL;
use actix_web::web::Data;
use actix_web::{HttpRequest, HttpResponse, get};
use chrono::NaiveDate;

use super::range::{Analysis, LONGEST_DAYS, RangeQuery};
use crate::auth::{Read, Require};
use crate::clock::Clock;
use crate::error::{Problem, ProblemBody};
use crate::figures::{DayFigures, EnrolledFigures};
use crate::store::{Breakdown, Calendar, DaySpan, Figures, FiguresReport, Store};

/// Follow engagement by day
///
/// Every day of a range, also those without a log; without bounds, from the first day with a figure to the last.
/// Where these are more than ten years apart (a clock was wrong), days without a log are left out.
#[utoipa::path(
    tag = "analytics",
    params(RangeQuery),
    responses(
        (status = 200, description = "Figures by day", body = Analysis<DayFigures>, example = json!({
            "from": "2021-11-01", "to": "2021-11-30", "time_zone": "Europe/Paris",
            "totals": {"students": 1452, "active_students": 2, "streaming_logs": 5, "watch_time_seconds": 840,
                "avg_watch_time_seconds": 168.0, "avg_completion_percentage": 62.5, "completed": 1},
            "items": [{"date": "2021-11-29", "students": 1452, "active_students": 2, "streaming_logs": 5,
                "watch_time_seconds": 840, "avg_watch_time_seconds": 168.0, "avg_completion_percentage": 62.5,
                "completed": 1}],
        })),
        (status = 422, description = "A parameter cannot be, or the range is too long", body = ProblemBody,
            content_type = "application/problem+json"),
    ),
    security(("token" = ["read"]))
)]
#[get("/analytics/engagement")]
pub async fn get_engagement(
    caller: Require<Read>,
    request: HttpRequest,
    store: Data<Store>,
    calendar: Data<Calendar>,
    clock: Data<Clock>,
) -> Result<HttpResponse, Problem> {
    let span = RangeQuery::of(&request)?.span(calendar.day_of(clock.now()))?;
    let report = store.figures(span, Breakdown::Days, caller.classes()).await?;
    let items: Vec<DayFigures> = every_day(span, &report);
    let analysis = Analysis::new(span, &calendar, report.totals, items);
    Ok(HttpResponse::Ok().insert_header((CACHE_CONTROL, "no-store")).json(analysis))
}

/// Every day of the span; where an end is open, from or to the outermost day with a figure.
fn every_day(span: DaySpan, report: &FiguresReport) -> Vec<DayFigures> {
    let counted = &report.days;
    let first = span.from.or(counted.first().map(|&(day, _)| day));
    let last = span.to.or(counted.last().map(|&(day, _)| day));
    let (Some(first), Some(last)) = (first, last) else {
        return Vec::new();
    };
    let item = |day: NaiveDate, figures: Figures| DayFigures {
        date: day,
        figures: EnrolledFigures { students: report.totals.students, figures: figures.into() },
    };
    if (last - first).num_days() >= LONGEST_DAYS {
        return counted.iter().map(|&(day, figures)| item(day, figures)).collect();
    }
    let mut counted = counted.iter().peekable();
    let days = first.iter_days().take_while(|&day| day <= last);
    days.map(|day| {
        item(day, counted.next_if(|counted| counted.0 == day).map_or_else(Figures::default, |it| it.1))
    })
    .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn day(text: &str) -> NaiveDate {
        text.parse().unwrap()
    }

    /// Each day's date and its number of logs.
    fn days(span: DaySpan, counted: &[&str]) -> Vec<(String, i64)> {
        let one_log = Figures { streaming_logs: 1, ..Figures::default() };
        let days = counted.iter().map(|text| (day(text), one_log)).collect();
        let report = FiguresReport { days, ..FiguresReport::default() };
        let days = every_day(span, &report).into_iter();
        days.map(|item| (item.date.to_string(), item.figures.figures.streaming_logs)).collect()
    }

    fn listed(days: &[(&str, i64)]) -> Vec<(String, i64)> {
        days.iter().map(|&(day, logs)| (day.to_owned(), logs)).collect()
    }

    #[test]
    fn every_day_of_a_range_is_listed() {
        let span = DaySpan { from: Some(day("2024-02-28")), to: Some(day("2024-03-01")) };
        assert_eq!(
            days(span, &["2024-02-29"]),
            listed(&[("2024-02-28", 0), ("2024-02-29", 1), ("2024-03-01", 0)])
        );
        assert_eq!(days(span, &[]).len(), 3);
    }

    #[test]
    fn all_time_is_from_the_first_day_with_a_figure_to_the_last() {
        let all_time = DaySpan::default();
        let expected = listed(&[("2024-02-28", 1), ("2024-02-29", 0), ("2024-03-01", 1)]);
        assert_eq!(days(all_time, &["2024-02-28", "2024-03-01"]), expected);
        assert_eq!(days(all_time, &[]), []);
    }

    #[test]
    fn a_clock_that_was_wrong_does_not_fill_decades() {
        let expected = listed(&[("1970-01-01", 1), ("2024-03-01", 1)]);
        assert_eq!(days(DaySpan::default(), &["1970-01-01", "2024-03-01"]), expected);
    }
}
