//! Where a request comes from: a browser sends our cookie along, whichever page made it ask.

use actix_web::HttpRequest;
use actix_web::http::header::{HeaderName, ORIGIN, UPGRADE};
use actix_web::http::{StatusCode, Uri};

use crate::error::Problem;
use crate::forwarded::{host, is_https};

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
    pub(super) fn of(request: &HttpRequest) -> Self {
        let headers = request.headers();
        let is_ours = match headers.get(SEC_FETCH_SITE) {
            Some(site) => site == "same-origin",
            None if !headers.contains_key(ORIGIN) => return Self::Unknown,
            None => origin_is_ours(request).unwrap_or(false),
        };
        if is_ours { Self::OurPage } else { Self::Another }
    }
}

/// A cookie alone lets nobody change anything, nor open a socket, which knows no same-origin policy: the request must
/// also show that a page of ours makes it.
pub(super) fn vouch_for_cookie(request: &HttpRequest) -> Result<(), Problem> {
    let is_safe = request.method().is_safe() && !request.headers().contains_key(UPGRADE);
    if is_safe || AskedBy::of(request) == AskedBy::OurPage { Ok(()) } else { Err(cross_origin()) }
}

/// 403: a session is for our own pages.
pub(super) fn cross_origin() -> Problem {
    let detail =
        "A session works for the dashboard's own pages alone: elsewhere use a token from POST /auth/token.";
    Problem::new(StatusCode::FORBIDDEN, "cross_origin", detail)
}

/// The host is the one that was asked for. Where that was by TLS, a page of plain HTTP is somebody else's: whoever is on the
/// way could have written it.
fn origin_is_ours(request: &HttpRequest) -> Option<bool> {
    let origin = request.headers().get(ORIGIN)?.to_str().ok()?.parse::<Uri>().ok()?;
    // `null`, which pages without an origin send, reads as an authority.
    let by_tls = origin.scheme_str()? == "https";
    let is_our_host = origin.authority()?.as_str().eq_ignore_ascii_case(host(request)?);
    Some(is_our_host && (by_tls || !is_https(request)))
}

#[cfg(test)]
mod tests {
    use actix_web::http::Method;
    use actix_web::http::header::HOST;
    use actix_web::test::TestRequest;
    use actix_web::web::Data;

    use super::*;
    use crate::forwarded::Transport;

    fn asked_by(headers: &[(&str, &str)]) -> AskedBy {
        asked_over(false, headers)
    }

    fn asked_over(tls: bool, headers: &[(&str, &str)]) -> AskedBy {
        let request = TestRequest::default().insert_header((HOST, "school.example:8000"));
        let request = request.app_data(Data::new(Transport { tls, ..Transport::default() }));
        let request = headers.iter().fold(request, |request, header| request.insert_header(*header));
        AskedBy::of(&request.to_http_request())
    }

    #[test]
    fn by_tls_a_page_of_plain_http_is_somebody_elses() {
        assert_eq!(asked_over(true, &[("origin", "https://school.example:8000")]), AskedBy::OurPage);
        assert_eq!(asked_over(true, &[("origin", "http://school.example:8000")]), AskedBy::Another);
        // A proxy that nobody has named may speak TLS for us.
        assert_eq!(asked_over(false, &[("origin", "https://school.example:8000")]), AskedBy::OurPage);
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
