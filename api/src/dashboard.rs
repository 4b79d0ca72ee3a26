//! `/`: the dashboard, which the binary holds. Built without it, the same place says what this is and how to get it.

use actix_web::http::header::{
    AcceptEncoding, CACHE_CONTROL, CONTENT_ENCODING, CONTENT_SECURITY_POLICY, Encoding, Header, VARY,
};
use actix_web::web::Path;
use actix_web::{HttpRequest, HttpResponse, get};
use rust_embed::Embed;

use crate::error::Problem;
use crate::forwarded::{host, is_https};
use crate::pieces::in_pieces;

/// What `npm run build` has made of `frontend/`; nothing where that never ran. Each file also compressed, as `NAME.gz`.
#[derive(Embed)]
#[folder = "../frontend/dist"]
#[allow_missing = true]
struct Files;

const PAGE: &str = "index.html";

/// Everything comes from here, and nobody shows the page within another.
const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; \
    form-action 'self'; frame-ancestors 'none'; base-uri 'none'";

/// The page for those who built without Node.js brings its style along, and nothing may run in its name.
const INSTEAD: &str = include_str!("index.html");
const POLICY_INSTEAD: &str =
    "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'; base-uri 'none'";

/// Ask each time whether there is a new one.
const ALWAYS_ASK: &str = "no-cache";

/// Their names hold a hash of their content, so they never change.
const FOR_EVER: &str = "public, max-age=31536000, immutable";

/// The dashboard
#[utoipa::path(
    tag = "about",
    responses((status = 200, description = "A page for people", body = String, content_type = "text/html"))
)]
#[get("/")]
pub async fn get_index(request: HttpRequest) -> HttpResponse {
    file(&request, PAGE, ALWAYS_ASK).unwrap_or_else(|| {
        HttpResponse::Ok()
            .insert_header((CONTENT_SECURITY_POLICY, POLICY_INSTEAD))
            .insert_header((CACHE_CONTROL, ALWAYS_ASK))
            .content_type("text/html; charset=utf-8")
            .body(INSTEAD.replace("{origin}", &origin(&request)))
    })
}

/// A file that the dashboard loads.
#[get("/assets/{name}")]
pub async fn get_asset(request: HttpRequest, name: Path<String>) -> Result<HttpResponse, Problem> {
    file(&request, &format!("assets/{name}"), FOR_EVER).ok_or_else(no_such_file)
}

/// The dashboard's sign in a browser's tabs.
#[get("/favicon.svg")]
pub async fn get_favicon(request: HttpRequest) -> Result<HttpResponse, Problem> {
    file(&request, "favicon.svg", ALWAYS_ASK).ok_or_else(no_such_file)
}

fn no_such_file() -> Problem {
    Problem::not_found("The dashboard has no such file. Perhaps it was replaced: load the page again.")
}

fn file(request: &HttpRequest, name: &str, caching: &'static str) -> Option<HttpResponse> {
    let mut answer = HttpResponse::Ok();
    answer
        .insert_header((CONTENT_SECURITY_POLICY, POLICY))
        .insert_header((CACHE_CONTROL, caching))
        .insert_header((VARY, "accept-encoding"))
        .content_type(media_type(name));
    if takes_gzip(request)
        && let Some(compressed) = Files::get(&format!("{name}.gz"))
    {
        answer.insert_header((CONTENT_ENCODING, "gzip"));
        return Some(answer.body(in_pieces(compressed.data)));
    }
    Some(answer.body(in_pieces(Files::get(name)?.data)))
}

fn takes_gzip(request: &HttpRequest) -> bool {
    let supported = [Encoding::gzip(), Encoding::identity()];
    AcceptEncoding::parse(request)
        .is_ok_and(|accepted| accepted.negotiate(supported.iter()) == Some(Encoding::gzip()))
}

fn media_type(name: &str) -> &'static str {
    match name.rsplit_once('.').map(|(_, extension)| extension) {
        Some("html") => "text/html; charset=utf-8",
        Some("js") => "text/javascript; charset=utf-8",
        Some("css") => "text/css; charset=utf-8",
        Some("svg") => "image/svg+xml",
        _ => "application/octet-stream",
    }
}

/// Where the reader found us, so that the examples can be copied as they are. A host that could be more than a host is
/// left out: it stands in a page.
fn origin(request: &HttpRequest) -> String {
    let is_host = |byte: u8| byte.is_ascii_alphanumeric() || b".:-[]".contains(&byte);
    let host = host(request).filter(|host| host.bytes().all(is_host));
    format!("{}://{}", if is_https(request) { "https" } else { "http" }, host.unwrap_or("127.0.0.1:8000"))
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

    #[test]
    fn only_who_takes_gzip_gets_it() {
        let takes = |header| takes_gzip(&TestRequest::default().insert_header(header).to_http_request());
        assert!(takes(("accept-encoding", "gzip, deflate, br, zstd")));
        assert!(!takes(("accept-encoding", "gzip;q=0, identity")));
        assert!(!takes(("accept-encoding", "br")));
        assert!(!takes(("accept", "*/*")));
    }
}
