//! `GET /students`: the learners.

use actix_web::web::Data;
use actix_web::{HttpRequest, HttpResponse, get};
use utoipa::IntoParams;

use super::Student;
use crate::auth::{Require, Roster};
use crate::error::Problem;
use crate::name::Name;
use crate::paging::{Page, PageRequest};
use crate::parameters::Parameters;
use crate::refusals::ListRefusals;
use crate::store::{Store, StudentFilter};

/// Which learners are asked for.
#[derive(Debug, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct StudentQuery {
    /// Those in this classroom.
    #[param(value_type = Option<String>, example = "IA_2025")]
    classroom: Option<Name>,
    /// The one whom the LMS calls so.
    #[param(value_type = Option<String>, example = "lms-1017")]
    external_id: Option<Name>,
    /// How many on a page, 1 to 1000; 100 by default.
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
            limit: parameters.take("limit"),
            cursor: parameters.take("cursor"),
        };
        parameters.finish().map(|()| query)
    }
}

/// List learners
///
/// In the order of `student_id`.
#[utoipa::path(
    tag = "roster",
    params(StudentQuery),
    responses((status = 200, description = "A page of learners", body = Page<Student>), ListRefusals),
    security(("token" = ["roster"]))
)]
#[get("/students")]
pub async fn get_students(
    _: Require<Roster>,
    request: HttpRequest,
    store: Data<Store>,
) -> Result<HttpResponse, Problem> {
    let StudentQuery { classroom, external_id, limit, cursor } = StudentQuery::of(&request)?;
    let page = PageRequest::parse(limit, cursor.as_deref())?;
    let filter =
        StudentFilter { classroom: classroom.map(Into::into), external_id: external_id.map(Into::into) };
    let students = store.students(&filter, page.after, page.rows()).await?;
    Ok(page.page(students, |student| student.student_id).map(Student::from).answer(&request))
}
