//! The specification: made from the handlers that are registered and held to them by a test, so that it cannot say anything else.

use std::collections::BTreeMap;
use std::sync::{Arc, LazyLock};

use actix_web::dev::HttpServiceFactory;
use actix_web::http::header::CONTENT_SECURITY_POLICY;
use actix_web::middleware::DefaultHeaders;
use actix_web::web;
use actix_web::{App, HttpResponse, get};
use serde::Deserialize;
use serde::de::IgnoredAny;
use utoipa::openapi::path::{Operation, PathItem};
use utoipa::openapi::security::{
    ApiKey, ApiKeyValue, ClientCredentials, Flow, OAuth2, Scopes, SecurityRequirement, SecurityScheme,
};
use utoipa::openapi::{ContentBuilder, Ref, Response, ResponseBuilder};
use utoipa::{Modify, OpenApi};
use utoipa_actix_web::AppExt;
use utoipa_actix_web::service_config::ServiceConfig;
use utoipa_swagger_ui::{Config, SwaggerFile};

use crate::auth::{SCOPES, SESSION_COOKIE};
use crate::error::{Problem, ProblemBody};
use crate::pieces::in_pieces;

const TOKEN_URL: &str = "/auth/token";

/// What any operation behind a token may answer, beside its own answers.
const COMMON: [(&str, &str); 4] = [
    ("401", "No token and no session, or one that does not hold"),
    ("403", "A caller without the scope, or a session in use by a page of somebody else (`cross_origin`)"),
    ("500", "Our fault; quote the `request_id`"),
    ("503", "Perhaps done, send it again after `Retry-After`"),
];

#[derive(OpenApi)]
#[openapi(
    info(title = "EdTech Stream", description = include_str!("openapi.md")),
    components(schemas(ProblemBody)),
    modifiers(&AccessSchemes),
    tags(
        (name = "access", description = "Tokens for programs, sessions for people"),
        (name = "people", description = "Who may sign in, and what for"),
        (name = "ingestion", description = "Streaming logs come in"),
        (name = "analytics", description = "Figures go out, pulled"),
        (name = "live", description = "Figures go out, pushed"),
        (name = "benchmarks", description = "The platform measures itself"),
        (name = "roster", description = "Learners, classrooms and lessons"),
        (name = "privacy", description = "What is owed to a learner, and who did what"),
        (name = "health", description = "What machines ask every few seconds"),
        (name = "about", description = "What this is"),
    )
)]
struct Platform;

/// The document of these routes.
pub fn document(routes: impl FnOnce(&mut ServiceConfig)) -> utoipa::openapi::OpenApi {
    let app = App::new().into_utoipa_app().openapi(Platform::openapi()).configure(routes);
    let (_, mut document) = app.split_for_parts();
    document.paths.paths.values_mut().flat_map(operations).for_each(add_what_is_common);
    document
}

/// The document as it is checked in and served: to make it anew takes megabytes of code and memory that a server would keep
/// from its start on.
const DOCUMENT: &str = include_str!("../../openapi/openapi.json");

/// The paths of the document, each with its methods in lower case.
#[derive(Default, Deserialize)]
pub struct Paths {
    paths: BTreeMap<String, BTreeMap<String, IgnoredAny>>,
}

impl Paths {
    /// Those of the document that is served; read once, by whoever first asks for what there is not.
    pub fn served() -> &'static Self {
        static SERVED: LazyLock<Paths> = LazyLock::new(|| {
            serde_json::from_str(DOCUMENT)
                .inspect_err(|error| tracing::error!(%error, "our own specification cannot be read"))
                .unwrap_or_default()
        });
        &SERVED
    }

    /// Each path, as the document writes it, with its methods as requests write them.
    pub fn methods(&self) -> impl Iterator<Item = (&str, String)> {
        let methods = |item: &BTreeMap<String, _>| {
            item.keys().map(|name| name.to_uppercase()).collect::<Vec<_>>().join(", ")
        };
        self.paths.iter().map(move |(path, item)| (path.as_str(), methods(item)))
    }
}

/// This specification
#[utoipa::path(tag = "about", responses((status = 200, description = "OpenAPI 3.1", body = serde_json::Value)))]
#[get("/openapi.json")]
pub async fn get_openapi() -> HttpResponse {
    HttpResponse::Ok().content_type("application/json").body(in_pieces(DOCUMENT.as_bytes().into()))
}

/// What Swagger UI needs is what the dashboard needs (its scripts and styles are files of ours as well), and more: its icons
/// are images within its styles (`data:`), and its scripts write styles into the page, where no hash could name them.
const SWAGGER_UI_POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; \
    img-src 'self' data:; connect-src 'self'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'";

/// It needs nothing from outside: no validator looks at our document either.
static SWAGGER_UI: LazyLock<Arc<Config<'static>>> = LazyLock::new(|| {
    let config = Config::new(["/openapi.json"]).display_request_duration(true);
    Arc::new(config.try_it_out_enabled(true).validator_url("none"))
});

/// Swagger UI.
pub fn swagger_ui() -> impl HttpServiceFactory {
    let policy = DefaultHeaders::new().add((CONTENT_SECURITY_POLICY, SWAGGER_UI_POLICY));
    web::scope("/swagger-ui").wrap(policy).service(get_file_of_swagger_ui)
}

/// Its largest file has a megabyte and a half, and anybody may ask for it.
#[get("/{file:.*}")]
async fn get_file_of_swagger_ui(file: web::Path<String>) -> Result<HttpResponse, Problem> {
    let found = utoipa_swagger_ui::serve(&file, Arc::clone(&SWAGGER_UI));
    let found = found.map_err(|error| Problem::internal(error.to_string()))?;
    let SwaggerFile { bytes, content_type, .. } =
        found.ok_or_else(|| Problem::not_found("Swagger UI has no such file."))?;
    Ok(HttpResponse::Ok().content_type(content_type).body(in_pieces(bytes)))
}

struct AccessSchemes;

impl Modify for AccessSchemes {
    fn modify(&self, document: &mut utoipa::openapi::OpenApi) {
        let flow = Flow::ClientCredentials(ClientCredentials::new(TOKEN_URL, Scopes::from_iter(SCOPES)));
        let scheme = SecurityScheme::OAuth2(OAuth2::new([flow]));
        let components = document.components.get_or_insert_default();
        components.add_security_scheme("token", scheme);
        let cookie =
            "Signed in by POST /auth/session; as good as a token with all scopes of its user or client.";
        let cookie = ApiKey::Cookie(ApiKeyValue::with_description(SESSION_COOKIE, cookie));
        components.add_security_scheme("session", SecurityScheme::ApiKey(cookie));
    }
}

fn operations(path: &mut PathItem) -> impl Iterator<Item = &mut Operation> {
    let PathItem { get, put, post, delete, patch, .. } = path;
    [get, put, post, delete, patch].into_iter().flatten()
}

/// Any request can say twice what may be said once, and be more than can be read. Wherever a token opens, a session does; and
/// both can be refused.
fn add_what_is_common(operation: &mut Operation) {
    let unreadable =
        "The request itself cannot be read, or says twice what may be said once (`repeated_header`)";
    operation.responses.responses.entry("400".to_owned()).or_insert_with(|| problem(unreadable).into());
    let Some(security) = &mut operation.security else {
        return;
    };
    let session = SecurityRequirement::new::<_, _, &str>("session", []);
    if !security.contains(&session) {
        security.push(session);
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
    fn what_is_served_is_what_the_handlers_say() {
        let said = document().to_pretty_json().unwrap();
        assert!(DOCUMENT.trim_end() == said, "run `make openapi`");
    }

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
