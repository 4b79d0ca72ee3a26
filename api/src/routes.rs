//! Every URL on one screen. What is registered here is what the specification says.

use actix_web::dev::ResourceDef;
use actix_web::http::StatusCode;
use actix_web::http::header::ALLOW;
use actix_web::web::{self, Data};
use actix_web::{HttpRequest, HttpResponse};
use utoipa_actix_web::service_config::ServiceConfig;

use crate::error::Problem;
use crate::{analytics, auth, dashboard, extractors, health, ingest, live, openapi, roster};

/// One operation a file, named alike.
macro_rules! register {
    ($api:ident: $($stage:ident { $($operation:ident)+ })+) => {
        $($($api.service($stage::$operation::$operation);)+)+
    };
}

/// Registers and documents every URL.
pub fn configure(api: &mut ServiceConfig) {
    api.configure(extractors::configure);
    register! { api:
        auth {
            post_token
            post_session get_session delete_session
        }
        ingest {
            post_streaming_logs get_streaming_logs
            get_rejected_logs post_rejected_logs_replay
        }
        analytics {
            get_daily get_daily_report put_daily_report
            get_engagement get_lessons get_classrooms
            get_lesson_progress
            get_timeseries
        }
        live {
            get_live
        }
        roster {
            get_classrooms post_classrooms get_classroom patch_classroom delete_classroom
            get_students post_students get_student patch_student delete_student
            get_lessons post_lessons get_lesson patch_lesson delete_lesson
        }
    }
    api.service(health::get_livez).service(health::get_readyz).service(health::get_healthz);
    api.service(health::get_metrics);
    api.service(openapi::get_openapi).service(dashboard::get_index);
}

/// The specification of every URL.
pub fn document() -> utoipa::openapi::OpenApi {
    openapi::document(configure)
}

/// What is no operation: what pages load, and the answer to every other URL.
pub fn configure_rest(app: &mut web::ServiceConfig) {
    app.service(dashboard::get_asset)
        .service(dashboard::get_favicon)
        .service(web::redirect("/swagger-ui", "/swagger-ui/"))
        .service(openapi::swagger_ui())
        .default_service(web::to(nowhere));
}

/// Which methods each URL knows, for those who try another one.
pub struct Methods(Vec<(ResourceDef, String)>);

impl Methods {
    /// Those of the specification.
    pub fn of(document: &utoipa::openapi::OpenApi) -> Self {
        let paths = document.paths.paths.iter();
        Self(
            paths
                .map(|(path, item)| (ResourceDef::new(path.as_str()), openapi::methods(item).join(", ")))
                .collect(),
        )
    }

    fn of_path(&self, path: &str) -> Option<&str> {
        let (_, methods) = self.0.iter().find(|(pattern, _)| pattern.is_match(path))?;
        Some(methods)
    }
}

async fn nowhere(request: HttpRequest, methods: Data<Methods>) -> Result<HttpResponse, Problem> {
    Err(match methods.of_path(request.path()) {
        Some(methods) => {
            let detail = format!("This URL knows {methods}.");
            Problem::new(StatusCode::METHOD_NOT_ALLOWED, "method_not_allowed", detail)
                .with_header(ALLOW, methods)
        }
        None => Problem::not_found("There is no such URL. /openapi.json lists those that there are."),
    })
}
