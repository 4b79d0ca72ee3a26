//! `GET /users`: the people who may sign in.

use actix_web::web::Data;
use actix_web::{HttpRequest, HttpResponse, get};
use utoipa::IntoParams;

use super::User;
use crate::auth::{Admin, Require};
use crate::error::Problem;
use crate::name::Name;
use crate::paging::{Page, PageRequest};
use crate::parameters::Parameters;
use crate::refusals::ListRefusals;
use crate::store::Store;

/// Which page of the users is asked for.
#[derive(Debug, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct UserQuery {
    /// How many on a page, 1 to 1000; 100 by default.
    #[param(minimum = 1, maximum = 1000)]
    limit: Option<u32>,
    /// The `next` of the page before.
    cursor: Option<String>,
}

impl UserQuery {
    fn of(request: &HttpRequest) -> Result<Self, Problem> {
        let mut parameters = Parameters::of(request);
        let query = Self { limit: parameters.take("limit"), cursor: parameters.take("cursor") };
        parameters.finish().map(|()| query)
    }
}

/// List users
///
/// In the order of their name. The programs are kept by `edtech-api client`.
#[utoipa::path(
    tag = "people",
    params(UserQuery),
    responses((status = 200, description = "A page of users", body = Page<User>), ListRefusals),
    security(("token" = ["admin"]))
)]
#[get("/users")]
pub async fn get_users(
    _: Require<Admin>,
    request: HttpRequest,
    store: Data<Store>,
) -> Result<HttpResponse, Problem> {
    let UserQuery { limit, cursor } = UserQuery::of(&request)?;
    let page: PageRequest<Name> = PageRequest::parse(limit, cursor.as_deref())?;
    let users = store.users(page.after.as_ref().map(Name::as_str), page.rows()).await?;
    Ok(page.page(users, |user| user.name.clone()).map(User::from).answer(&request))
}
