//! `/`: what this is, in one page that needs nothing from outside.

use actix_web::http::header::{CACHE_CONTROL, CONTENT_SECURITY_POLICY};
use actix_web::{HttpResponse, get};

const PAGE: &str = include_str!("index.html");

/// The page brings its style along, and nothing else may run in its name.
const POLICY: &str = "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'; base-uri 'none'";

/// What this is
#[utoipa::path(
    tag = "about",
    responses((status = 200, description = "A page for people", body = String, content_type = "text/html"))
)]
#[get("/")]
pub async fn get_index() -> HttpResponse {
    HttpResponse::Ok()
        .insert_header((CONTENT_SECURITY_POLICY, POLICY))
        .insert_header((CACHE_CONTROL, "no-cache"))
        .content_type("text/html; charset=utf-8")
        .body(PAGE)
}
