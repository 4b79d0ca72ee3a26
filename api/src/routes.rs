//! Every URL on one screen. What is registered here is what the specification says.

use actix_web::http::StatusCode;
use actix_web::http::header::ALLOW;
use actix_web::web;
use actix_web::{HttpRequest, HttpResponse};

use crate::error::Problem;
use crate::{
    analytics, audit, auth, benchmarks, dashboard, extractors, health, ingest, live, openapi, people,
    privacy, roster,
};

/// One operation a file, named alike; what is served is what is documented.
macro_rules! routes {
    ($($stage:ident { $($operation:ident)+ })+ ; $($alone:path)+) => {
        /// Documents every URL.
        fn documented(api: &mut utoipa_actix_web::service_config::ServiceConfig) {
            $($(api.service($stage::$operation::$operation);)+)+
            $(api.service($alone);)+
        }

        /// Serves every URL. A server does so once for each of its workers, and the documentation would be made each time.
        fn served(api: &mut web::ServiceConfig) {
            $($(api.service($stage::$operation::$operation);)+)+
            $(api.service($alone);)+
        }
    };
}

// URLs are tried in this order, those with a parameter by a regular expression: what is asked most comes first.
routes! {
    ingest {
        post_streaming_logs get_streaming_logs
        get_rejected_logs post_rejected_logs_replay
    }
    auth {
        post_token
        post_session get_session delete_session
        post_password
    }
    people {
        get_users post_users get_user patch_user delete_user
        delete_user_sessions
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
    benchmarks {
        post_benchmarks get_benchmarks get_benchmark delete_benchmark
        get_benchmark_report get_benchmark_comparison
    }
    roster {
        get_classrooms post_classrooms get_classroom patch_classroom delete_classroom
        get_students post_students get_student patch_student delete_student
        get_lessons post_lessons get_lesson patch_lesson delete_lesson
    }
    privacy {
        get_export get_erasure
    }
    audit {
        get_audit_log
    }
    ;
    health::get_livez health::get_readyz health::get_healthz health::get_metrics
    openapi::get_openapi dashboard::get_index
}

/// Serves every URL of the specification.
pub fn configure(app: &mut web::ServiceConfig) {
    app.configure(extractors::configure).configure(served);
}

/// The specification of every URL.
pub fn document() -> utoipa::openapi::OpenApi {
    openapi::document(documented)
}

/// What is no operation: what pages load, and the answer to every other URL.
pub fn configure_rest(app: &mut web::ServiceConfig) {
    app.service(dashboard::get_asset)
        .service(dashboard::get_favicon)
        .service(web::redirect("/swagger-ui", "/swagger-ui/"))
        .service(openapi::swagger_ui())
        .default_service(web::to(nowhere));
}

/// Which methods a URL knows, for those who try another one.
fn methods_of(path: &str) -> Option<String> {
    let mut known = openapi::Paths::served().methods();
    known.find(|(pattern, _)| fits(pattern, path)).map(|(_, methods)| methods)
}

/// Whether a path is one of a pattern such as `/lessons/{id}`.
fn fits(pattern: &str, path: &str) -> bool {
    let (wanted, given) = (pattern.split('/'), path.split('/'));
    let is_one =
        |(wanted, given): (&str, &str)| wanted == given || wanted.starts_with('{') && !given.is_empty();
    wanted.clone().count() == given.clone().count() && wanted.zip(given).all(is_one)
}

async fn nowhere(request: HttpRequest) -> Result<HttpResponse, Problem> {
    Err(match methods_of(request.path()) {
        Some(methods) => {
            let detail = format!("This URL knows {methods}.");
            Problem::new(StatusCode::METHOD_NOT_ALLOWED, "method_not_allowed", detail)
                .with_header(ALLOW, methods)
        }
        None => Problem::not_found("There is no such URL. /openapi.json lists those that there are."),
    })
}
