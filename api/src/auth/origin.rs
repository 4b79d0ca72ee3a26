//! Where a request comes from: a browser sends our cookie along, whichever page made it ask.

use actix_web::HttpRequest;
use actix_web::http::header::{HOST, HeaderMap, HeaderName, ORIGIN, UPGRADE};
use actix_web::http::{StatusCode, Uri};

use crate::error::Problem;

/// Says whose page asks: browsers send it, and no script can.
const SEC_FETCH_SITE: HeaderName = HeaderName::from_static("sec-fetch-site");

/// What a browser says of the page that asks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum AskedBy {
    /// A page of ours.
    OurPage,
    /// A page of somebody else, or none.
    Another,
    /// It is not said: no browser, or an old one.
    Unknown,
}

impl AskedBy {
    /// `Sec-Fetch-Site` knows the scheme as well, and comes over https and on loopback alone; `Origin` comes everywhere.
    pub(super) fn of(headers: &HeaderMap) -> Self {
        let is_ours = match headers.get(SEC_FETCH_SITE) {
            Some(site) => site == "same-origin",
            None if !headers.contains_key(ORIGIN) => return Self::Unknown,
            None => origin_is_host(headers).unwrap_or(false),
        };
        if is_ours { Self::OurPage } else { Self::Another }
    }
}

/// A cookie alone lets nobody change anything, nor open a socket, which knows no same-origin policy: the request must
/// also show that a page of ours makes it.
pub(super) fn vouch_for_cookie(request: &HttpRequest) -> Result<(), Problem> {
    let is_safe = request.method().is_safe() && !request.headers().contains_key(UPGRADE);
    if is_safe || AskedBy::of(request.headers()) == AskedBy::OurPage { Ok(()) } else { Err(cross_origin()) }
}

/// 403: a session is for our own pages.
pub(super) fn cross_origin() -> Problem {
    let detail =
        "A session works for the dashboard's own pages alone: elsewhere use a token from POST /auth/token.";
    Problem::new(StatusCode::FORBIDDEN, "cross_origin", detail)
}

fn origin_is_host(headers: &HeaderMap) -> Option<bool> {
    let origin = headers.get(ORIGIN)?.to_str().ok()?.parse::<Uri>().ok()?;
    // `null`, which pages without an origin send, reads as an authority.
    origin.scheme()?;
    let host = headers.get(HOST)?.to_str().ok()?;
    Some(origin.authority()?.as_str().eq_ignore_ascii_case(host))
}

#[cfg(test)]
mod tests {
    use actix_web::http::Method;
    use actix_web::test::TestRequest;

    use super::*;

    fn asked_by(headers: &[(&str, &str)]) -> AskedBy {
        let request = TestRequest::default().insert_header((HOST, "school.example:8000"));
        let request = headers.iter().fold(request, |request, header| request.insert_header(*header));
        AskedBy::of(request.to_http_request().headers())
    }

    #[test]
    fn a_browser_says_whose_page_asks() {
        assert_eq!(asked_by(&[]), AskedBy::Unknown);
        assert_eq!(asked_by(&[("sec-fetch-site", "same-origin")]), AskedBy::OurPage);
        assert_eq!(asked_by(&[("origin", "http://school.example:8000")]), AskedBy::OurPage);
        assert_eq!(asked_by(&[("origin", "http://School.example:8000")]), AskedBy::OurPage);
        for site in ["same-site", "cross-site", "none"] {
            assert_eq!(asked_by(&[("sec-fetch-site", site)]), AskedBy::Another, "{site}");
        }
        for origin in
            ["http://school.example", "http://school.example:8001", "https://elsewhere.example", "null", ""]
        {
            assert_eq!(asked_by(&[("origin", origin)]), AskedBy::Another, "{origin}");
        }
        // The same host by another scheme.
        let downgraded = [("origin", "http://school.example:8000"), ("sec-fetch-site", "cross-site")];
        assert_eq!(asked_by(&downgraded), AskedBy::Another);
    }

    #[test]
    fn only_what_changes_something_or_opens_a_socket_has_to_show_it() {
        let refused = |request: TestRequest| vouch_for_cookie(&request.to_http_request()).is_err();
        for (method, is_refused) in [
            (Method::GET, false),
            (Method::HEAD, false),
            (Method::OPTIONS, false),
            (Method::POST, true),
            (Method::PATCH, true),
            (Method::PUT, true),
            (Method::DELETE, true),
        ] {
            assert_eq!(refused(TestRequest::default().method(method.clone())), is_refused, "{method}");
        }
        assert!(refused(TestRequest::default().insert_header((UPGRADE, "websocket"))));
    }
}
