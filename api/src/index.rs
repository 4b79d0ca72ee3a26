//! `/`: what this is, in one page that needs nothing from outside.

use actix_web::http::header::{CACHE_CONTROL, CONTENT_SECURITY_POLICY};
use actix_web::{HttpRequest, HttpResponse, get};

const PAGE: &str = include_str!("index.html");

/// The page brings its style along, and nothing else may run in its name.
const POLICY: &str = "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'; base-uri 'none'";

/// What this is
#[utoipa::path(
    tag = "about",
    responses((status = 200, description = "A page for people", body = String, content_type = "text/html"))
)]
#[get("/")]
pub async fn get_index(request: HttpRequest) -> HttpResponse {
    HttpResponse::Ok()
        .insert_header((CONTENT_SECURITY_POLICY, POLICY))
        .insert_header((CACHE_CONTROL, "no-cache"))
        .content_type("text/html; charset=utf-8")
        .body(PAGE.replace("{origin}", &origin(&request)))
}

/// Where the reader found us, so that the examples can be copied as they are. A host that could be more than a host is
/// left out: it stands in a page.
fn origin(request: &HttpRequest) -> String {
    let connection = request.connection_info();
    let is_host = |byte: u8| byte.is_ascii_alphanumeric() || b".:-[]".contains(&byte);
    let host = Some(connection.host()).filter(|host| host.bytes().all(is_host));
    format!("http://{}", host.unwrap_or("127.0.0.1:8000"))
}

#[cfg(test)]
mod tests {
    use actix_web::test::TestRequest;

    use super::*;

    #[test]
    fn the_examples_name_the_address_that_was_asked() {
        let asked = |host| origin(&TestRequest::default().insert_header(("host", host)).to_http_request());
        assert_eq!(asked("127.0.0.1:8123"), "http://127.0.0.1:8123");
        assert_eq!(asked("<script>"), "http://127.0.0.1:8000");
    }
}
