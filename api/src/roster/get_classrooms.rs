//! `GET /classrooms`: the classrooms.

use actix_web::web::Data;
use actix_web::{HttpRequest, HttpResponse, get};
use utoipa::IntoParams;

use super::Classroom;
use crate::auth::{Read, Require};
use crate::error::Problem;
use crate::name::Name;
use crate::paging::{Page, PageRequest};
use crate::parameters::Parameters;
use crate::refusals::ListRefusals;
use crate::store::Store;

/// Which page of the classrooms is asked for.
#[derive(Debug, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct ClassroomQuery {
    /// How many on a page, 1 to 1000; 100 by default.
    #[param(minimum = 1, maximum = 1000)]
    limit: Option<u32>,
    /// The `next` of the page before.
    cursor: Option<String>,
}

impl ClassroomQuery {
    fn of(request: &HttpRequest) -> Result<Self, Problem> {
        let mut parameters = Parameters::of(request);
        let query = Self { limit: parameters.take("limit"), cursor: parameters.take("cursor") };
        parameters.finish().map(|()| query)
    }
}

/// List classrooms
///
/// In the order of their name, with the number of learners in each. An educator is told of her own.
#[utoipa::path(
    tag = "roster",
    params(ClassroomQuery),
    responses((status = 200, description = "A page of classrooms", body = Page<Classroom>), ListRefusals),
    security(("token" = ["read"]))
)]
#[get("/classrooms")]
pub async fn get_classrooms(
    caller: Require<Read>,
    request: HttpRequest,
    store: Data<Store>,
) -> Result<HttpResponse, Problem> {
    let ClassroomQuery { limit, cursor } = ClassroomQuery::of(&request)?;
    let page: PageRequest<Name> = PageRequest::parse(limit, cursor.as_deref())?;
    let after = page.after.as_ref().map(Name::as_str);
    let classrooms = store.classrooms(caller.classes(), after, page.rows()).await?;
    Ok(page.page(classrooms, |row| row.classroom.clone()).map(Classroom::from).answer(&request))
}
