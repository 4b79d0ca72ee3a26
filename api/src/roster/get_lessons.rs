//! `GET /lessons`: the lessons.

use actix_web::web::Data;
use actix_web::{HttpRequest, HttpResponse, get};
use utoipa::IntoParams;

use super::Lesson;
use crate::auth::{Read, Require};
use crate::error::Problem;
use crate::name::Name;
use crate::paging::{Page, PageRequest};
use crate::parameters::Parameters;
use crate::refusals::ListRefusals;
use crate::store::{LessonFilter, Store};

/// Which lessons are asked for.
#[derive(Debug, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct LessonQuery {
    /// The one that the LMS calls so.
    #[param(value_type = Option<String>, example = "introduction-a-docker", pattern = r"^[^\u0000-\u001f\u007f-\u009f]*$")]
    external_id: Option<Name>,
    /// How many on a page, 1 to 1000; 100 by default.
    #[param(minimum = 1, maximum = 1000)]
    limit: Option<u32>,
    /// The `next` of the page before.
    cursor: Option<String>,
}

impl LessonQuery {
    fn of(request: &HttpRequest) -> Result<Self, Problem> {
        let mut parameters = Parameters::of(request);
        let query = Self {
            external_id: parameters.take("external_id"),
            limit: parameters.take("limit"),
            cursor: parameters.take("cursor"),
        };
        parameters.finish().map(|()| query)
    }
}

/// List lessons
///
/// In the order of `lesson_id`.
#[utoipa::path(
    tag = "roster",
    params(LessonQuery),
    responses((status = 200, description = "A page of lessons", body = Page<Lesson>), ListRefusals),
    security(("token" = ["read"]))
)]
#[get("/lessons")]
pub async fn get_lessons(
    _: Require<Read>,
    request: HttpRequest,
    store: Data<Store>,
) -> Result<HttpResponse, Problem> {
    let LessonQuery { external_id, limit, cursor } = LessonQuery::of(&request)?;
    let page = PageRequest::parse(limit, cursor.as_deref())?;
    let filter = LessonFilter { external_id: external_id.map(Into::into) };
    let lessons = store.lessons(&filter, page.after, page.rows()).await?;
    Ok(page.page(lessons, |lesson| lesson.lesson_id).map(Lesson::from).answer(&request))
}
