//! What every answer tells a browser: it is what it says it is, may load and run nothing, is shown within no other page and
//! loaded by none. A page says itself what it needs beyond that.
//!
//! No answer ever carries `Access-Control-Allow-Origin`: pages from elsewhere read nothing here.

use actix_web::Error;
use actix_web::body::MessageBody;
use actix_web::dev::{ServiceRequest, ServiceResponse};
use actix_web::error::InternalError;
use actix_web::http::header::{
    CACHE_CONTROL, CONTENT_SECURITY_POLICY, CONTENT_TYPE, CROSS_ORIGIN_OPENER_POLICY,
    CROSS_ORIGIN_RESOURCE_POLICY, HeaderMap, HeaderName, HeaderValue, PERMISSIONS_POLICY, REFERRER_POLICY,
    STRICT_TRANSPORT_SECURITY, X_CONTENT_TYPE_OPTIONS, X_FRAME_OPTIONS,
};
use actix_web::middleware::Next;

use crate::forwarded::is_https;

const EVERYWHERE: [(HeaderName, &str); 5] = [
    (X_CONTENT_TYPE_OPTIONS, "nosniff"),
    (REFERRER_POLICY, "no-referrer"),
    (X_FRAME_OPTIONS, "DENY"),
    (CROSS_ORIGIN_RESOURCE_POLICY, "same-origin"),
    (CONTENT_SECURITY_POLICY, "default-src 'none'; frame-ancestors 'none'; base-uri 'none'"),
];

/// A page shares no window with others and needs nothing of the machine.
const ON_PAGES: [(HeaderName, &str); 2] = [
    (CROSS_ORIGIN_OPENER_POLICY, "same-origin"),
    (PERMISSIONS_POLICY, "camera=(), display-capture=(), geolocation=(), microphone=(), payment=(), usb=()"),
];

/// Data may be of people: nobody on the way keeps it.
const ON_DATA: [(HeaderName, &str); 1] = [(CACHE_CONTROL, "no-store")];

/// A year: whoever came by TLS once comes by nothing else.
const ONLY_TLS: &str = "max-age=31536000";

/// Middleware: puts them on each answer, also on those that no handler gave.
pub(super) async fn for_browsers(
    request: ServiceRequest,
    next: Next<impl MessageBody + 'static>,
) -> Result<ServiceResponse<impl MessageBody>, Error> {
    let by_tls = is_https(request.request());
    match next.call(request).await {
        Ok(mut response) => {
            guard(response.headers_mut(), by_tls);
            Ok(response)
        }
        Err(error) => {
            let mut response = error.error_response();
            guard(response.headers_mut(), by_tls);
            Err(InternalError::from_response("no handler answered", response).into())
        }
    }
}

fn guard(headers: &mut HeaderMap, by_tls: bool) {
    let is =
        |kind: &str| headers.get(CONTENT_TYPE).is_some_and(|it| it.as_bytes().starts_with(kind.as_bytes()));
    let (is_page, is_data) = (is("text/html"), is("application/json"));
    let on_page = ON_PAGES.into_iter().filter(|_| is_page);
    let on_data = ON_DATA.into_iter().filter(|_| is_data);
    let by_tls = by_tls.then_some((STRICT_TRANSPORT_SECURITY, ONLY_TLS));
    for (name, value) in EVERYWHERE.into_iter().chain(on_page).chain(on_data).chain(by_tls) {
        if !headers.contains_key(&name) {
            headers.insert(name, HeaderValue::from_static(value));
        }
    }
}
