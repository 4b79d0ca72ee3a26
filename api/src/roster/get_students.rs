//! `GET /students`: the learners.

use std::ops::RangeInclusive;

use actix_web::web::Data;
use actix_web::{HttpRequest, HttpResponse, get};
use chrono::{Days, NaiveDate};
use utoipa::IntoParams;

use super::Student;
use crate::auth::{Learners, Require};
use crate::clock::Clock;
use crate::error::Problem;
use crate::name::Name;
use crate::paging::{Page, PageRequest};
use crate::parameters::Parameters;
use crate::refusals::ListRefusals;
use crate::store::{Calendar, Store, StudentFilter};

/// The most days of silence that are looked for: ten years.
const LONGEST_SILENCE: u32 = 3650;

/// Which learners are asked for.
#[derive(Debug, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct StudentQuery {
    /// Those in this classroom.
    #[param(value_type = Option<String>, example = "IA_2025", pattern = r"^[^\u0000-\u001f\u007f-\u009f]*$")]
    classroom: Option<Name>,
    /// The one whom the LMS calls so.
    #[param(value_type = Option<String>, example = "lms-1017", pattern = r"^[^\u0000-\u001f\u007f-\u009f]*$")]
    external_id: Option<Name>,
    /// Those without a log on so many last days, today included: 1 to 3650.
    #[param(example = 7, minimum = 1, maximum = 3650)]
    silent_for_days: Option<u32>,
    /// How many on a page, 1 to 1000; 100 by default.
    #[param(minimum = 1, maximum = 1000)]
    limit: Option<u32>,
    /// The `next` of the page before.
    cursor: Option<String>,
}

impl StudentQuery {
    fn of(request: &HttpRequest) -> Result<Self, Problem> {
        let mut parameters = Parameters::of(request);
        let query = Self {
            classroom: parameters.take("classroom"),
            external_id: parameters.take("external_id"),
            silent_for_days: parameters.take("silent_for_days"),
            limit: parameters.take("limit"),
            cursor: parameters.take("cursor"),
        };
        parameters.finish().map(|()| query)
    }
}

/// List learners
///
/// In the order of `student_id`. An educator is told of those in her classrooms.
#[utoipa::path(
    tag = "roster",
    params(StudentQuery),
    responses((status = 200, description = "A page of learners", body = Page<Student>), ListRefusals),
    security(("token" = ["learners"]))
)]
#[get("/students")]
pub async fn get_students(
    caller: Require<Learners>,
    request: HttpRequest,
    store: Data<Store>,
    calendar: Data<Calendar>,
    clock: Data<Clock>,
) -> Result<HttpResponse, Problem> {
    let StudentQuery { classroom, external_id, silent_for_days, limit, cursor } = StudentQuery::of(&request)?;
    let page = PageRequest::parse(limit, cursor.as_deref())?;
    let today = calendar.day_of(clock.now());
    let filter = StudentFilter {
        classroom: classroom.map(Into::into),
        external_id: external_id.map(Into::into),
        silent_on: silent_for_days.map(|days| last_days(today, days)).transpose()?,
    };
    let students = store.students(caller.classes(), &filter, page.after, page.rows()).await?;
    Ok(page.page(students, |learner| learner.student.student_id).map(Student::from).answer(&request))
}

/// So many days up to today.
fn last_days(today: NaiveDate, days: u32) -> Result<RangeInclusive<NaiveDate>, Problem> {
    if !(1..=LONGEST_SILENCE).contains(&days) {
        let detail = format!("silent_for_days is a number from 1 to {LONGEST_SILENCE}.");
        return Err(Problem::unprocessable("out_of_range", detail, "silent_for_days"));
    }
    Ok(today - Days::new(u64::from(days) - 1)..=today)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_days_include_today() {
        let day = |text: &str| text.parse::<NaiveDate>().unwrap();
        let last = |days| last_days(day("2026-03-01"), days).map_err(|problem| problem.code());
        assert_eq!(last(1), Ok(day("2026-03-01")..=day("2026-03-01")));
        assert_eq!(last(7), Ok(day("2026-02-23")..=day("2026-03-01")));
        assert_eq!(last(3650), Ok(day("2016-03-04")..=day("2026-03-01")));
        assert_eq!([last(0), last(3651)], [Err("out_of_range"), Err("out_of_range")]);
    }
}
