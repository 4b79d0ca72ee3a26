//! The specification: made from the handlers that are registered, so that it cannot say anything else.

use actix_web::web::Data;
use actix_web::{App, HttpResponse, get};
use utoipa::openapi::path::{Operation, PathItem};
use utoipa::openapi::security::{ClientCredentials, Flow, OAuth2, Scopes, SecurityScheme};
use utoipa::openapi::{ContentBuilder, Ref, Response, ResponseBuilder};
use utoipa::{Modify, OpenApi};
use utoipa_actix_web::AppExt;
use utoipa_actix_web::service_config::ServiceConfig;
use utoipa_swagger_ui::{Config, SwaggerUi};

use crate::auth::SCOPES;
use crate::error::ProblemBody;

const TOKEN_URL: &str = "/auth/token";

/// What any operation behind a token may answer, beside its own answers.
const COMMON: [(&str, &str); 4] = [
    ("401", "No token, or one that does not hold"),
    ("403", "A token without the scope"),
    ("500", "Our fault; quote the `request_id`"),
    ("503", "Perhaps done, send it again after `Retry-After`"),
];

#[derive(OpenApi)]
#[openapi(
    info(title = "EdTech Stream", description = include_str!("openapi.md")),
    components(schemas(ProblemBody)),
    modifiers(&TokenScheme),
    tags(
        (name = "access", description = "Tokens for programs"),
        (name = "ingestion", description = "Streaming logs come in"),
        (name = "analytics", description = "Figures go out, pulled"),
        (name = "live", description = "Figures go out, pushed"),
        (name = "roster", description = "Learners, classrooms and lessons"),
        (name = "health", description = "What machines ask every few seconds"),
        (name = "about", description = "What this is"),
    )
)]
struct Platform;

/// The document of these routes.
pub fn document(routes: impl FnOnce(&mut ServiceConfig)) -> utoipa::openapi::OpenApi {
    let app = App::new().into_utoipa_app().openapi(Platform::openapi()).configure(routes);
    let (_, mut document) = app.split_for_parts();
    document.paths.paths.values_mut().flat_map(operations).for_each(add_common_problems);
    document
}

/// The methods that each path of the document knows.
pub fn methods(path: &PathItem) -> Vec<&'static str> {
    let PathItem { get, put, post, delete, patch, .. } = path;
    let methods = [("GET", get), ("PUT", put), ("POST", post), ("DELETE", delete), ("PATCH", patch)];
    methods.into_iter().filter(|(_, operation)| operation.is_some()).map(|(method, _)| method).collect()
}

/// The document, written once.
pub struct Document(pub String);

/// This specification
#[utoipa::path(tag = "about", responses((status = 200, description = "OpenAPI 3.1", body = serde_json::Value)))]
#[get("/openapi.json")]
pub async fn get_openapi(document: Data<Document>) -> HttpResponse {
    HttpResponse::Ok().content_type("application/json").body(document.0.clone())
}

/// Swagger UI, which needs nothing from outside.
pub fn swagger_ui() -> SwaggerUi {
    let config = Config::new(["/openapi.json"]).persist_authorization(true).display_request_duration(true);
    SwaggerUi::new("/swagger-ui/{_:.*}").config(config.try_it_out_enabled(true))
}

struct TokenScheme;

impl Modify for TokenScheme {
    fn modify(&self, document: &mut utoipa::openapi::OpenApi) {
        let flow = Flow::ClientCredentials(ClientCredentials::new(TOKEN_URL, Scopes::from_iter(SCOPES)));
        let scheme = SecurityScheme::OAuth2(OAuth2::new([flow]));
        document.components.get_or_insert_default().add_security_scheme("token", scheme);
    }
}

fn operations(path: &mut PathItem) -> impl Iterator<Item = &mut Operation> {
    let PathItem { get, put, post, delete, patch, .. } = path;
    [get, put, post, delete, patch].into_iter().flatten()
}

fn add_common_problems(operation: &mut Operation) {
    if operation.security.is_none() {
        return;
    }
    for (status, description) in COMMON {
        operation.responses.responses.entry(status.to_owned()).or_insert_with(|| problem(description).into());
    }
}

fn problem(description: &str) -> Response {
    let body = ContentBuilder::new().schema(Some(Ref::from_schema_name("ProblemBody"))).build();
    ResponseBuilder::new().description(description).content("application/problem+json", body).build()
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;
    use crate::routes::document;

    #[test]
    fn every_operation_has_a_name_of_its_own() {
        let mut document = document();
        let mut names = BTreeSet::new();
        for operation in document.paths.paths.values_mut().flat_map(operations) {
            let name = operation.operation_id.clone().unwrap();
            assert!(names.insert(name.clone()), "{name} is there twice");
        }
        assert!(names.len() > 20, "{names:?}");
    }

    #[test]
    fn every_scope_and_every_schema_that_is_named_is_there() {
        let document = serde_json::to_value(document()).unwrap();
        let scopes =
            &document["components"]["securitySchemes"]["token"]["flows"]["clientCredentials"]["scopes"];
        assert_eq!(scopes.as_object().unwrap().len(), SCOPES.len());
        for operation in
            document["paths"].as_object().unwrap().values().flat_map(|path| path.as_object().unwrap())
        {
            let wanted = &operation.1["security"][0]["token"][0];
            assert!(wanted.is_null() || scopes.get(wanted.as_str().unwrap()).is_some(), "{wanted}");
        }
        let text = document.to_string();
        for name in text.split("#/components/schemas/").skip(1).filter_map(|rest| rest.split('"').next()) {
            assert!(!document["components"]["schemas"][name].is_null(), "{name} is named and not there");
        }
    }
}
