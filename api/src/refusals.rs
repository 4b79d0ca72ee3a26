//! The problems that each kind of route may answer, for its documentation.

use std::collections::BTreeMap;

use utoipa::openapi::{ContentBuilder, Ref, RefOr, Response, ResponseBuilder};
use utoipa::{IntoResponses, ToSchema};

use crate::error::ProblemBody;

/// Of a route that takes logs.
pub struct IngestRefusals;
/// Of a route that answers a list.
pub struct ListRefusals;
/// Of a route that answers one row.
pub struct FindRefusals;
/// Of a route that takes one object, an array or a CSV.
pub struct UpsertRefusals;
/// Of a route that changes one row.
pub struct PatchRefusals;
/// Of the route that makes a user.
pub struct PostUserRefusals;
/// Of a route that deletes a row which others may refer to.
pub struct DeleteRefusals;
/// Of the route that answers everything on a learner.
pub struct ExportRefusals;
/// Of the route that answers a daily report.
pub struct ReportRefusals;
/// Of the route that makes a daily report.
pub struct PutReportRefusals;

impl IntoResponses for IngestRefusals {
    fn responses() -> BTreeMap<String, RefOr<Response>> {
        problems(&[400, 401, 403, 408, 409, 413, 415, 422, 503])
    }
}

impl IntoResponses for ListRefusals {
    fn responses() -> BTreeMap<String, RefOr<Response>> {
        problems(&[401, 403, 422, 503])
    }
}

impl IntoResponses for FindRefusals {
    fn responses() -> BTreeMap<String, RefOr<Response>> {
        problems(&[401, 403, 404, 503])
    }
}

impl IntoResponses for UpsertRefusals {
    fn responses() -> BTreeMap<String, RefOr<Response>> {
        problems(&[400, 401, 403, 408, 413, 415, 422, 503])
    }
}

impl IntoResponses for PatchRefusals {
    fn responses() -> BTreeMap<String, RefOr<Response>> {
        problems(&[400, 401, 403, 404, 408, 409, 413, 415, 422, 503])
    }
}

impl IntoResponses for PostUserRefusals {
    fn responses() -> BTreeMap<String, RefOr<Response>> {
        problems(&[400, 401, 403, 408, 409, 413, 415, 422, 503])
    }
}

impl IntoResponses for DeleteRefusals {
    fn responses() -> BTreeMap<String, RefOr<Response>> {
        problems(&[401, 403, 404, 409, 503])
    }
}

impl IntoResponses for ExportRefusals {
    fn responses() -> BTreeMap<String, RefOr<Response>> {
        problems(&[401, 403, 404, 406, 503])
    }
}

impl IntoResponses for ReportRefusals {
    fn responses() -> BTreeMap<String, RefOr<Response>> {
        problems(&[401, 403, 404, 406, 422, 503])
    }
}

impl IntoResponses for PutReportRefusals {
    fn responses() -> BTreeMap<String, RefOr<Response>> {
        problems(&[400, 401, 403, 408, 413, 415, 422, 503])
    }
}

fn problems(statuses: &[u16]) -> BTreeMap<String, RefOr<Response>> {
    statuses.iter().map(|&status| (status.to_string(), RefOr::T(problem(meaning(status))))).collect()
}

fn problem(meaning: &str) -> Response {
    let body = ContentBuilder::new().schema(Some(Ref::from_schema_name(ProblemBody::name()))).build();
    ResponseBuilder::new().description(meaning).content("application/problem+json", body).build()
}

fn meaning(status: u16) -> &'static str {
    match status {
        400 => "The query or the body cannot be read at all",
        401 => "No token, or one that does not hold",
        403 => "A token without the scope",
        404 => "There is no such thing",
        406 => "None of the forms that `Accept` names",
        408 => "The body came too slowly",
        409 => "It clashes with what is there",
        413 => "Too many bytes or too many rows",
        415 => "A content type or encoding that is not taken here",
        422 => "A parameter or a field cannot be; `errors` says where",
        503 => "The database cannot answer; perhaps done, send it again after `Retry-After`",
        _ => "A problem",
    }
}
