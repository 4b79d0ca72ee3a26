//! Headers that say what a request is may come once. Of two, a proxy in front could believe the one and we the other.

use actix_web::Error;
use actix_web::body::MessageBody;
use actix_web::dev::{ServiceRequest, ServiceResponse};
use actix_web::http::header::{AUTHORIZATION, CONTENT_TYPE, HeaderMap, HeaderName, ORIGIN};
use actix_web::middleware::Next;

use crate::error::Problem;

/// Of `Host`, `Content-Length` and `Transfer-Encoding` actix takes one alone; of encodings a body does.
const ONCE: [HeaderName; 3] = [AUTHORIZATION, CONTENT_TYPE, ORIGIN];

/// Middleware: refuses a request that says twice who sends it or what it holds.
pub async fn check(
    request: ServiceRequest,
    next: Next<impl MessageBody + 'static>,
) -> Result<ServiceResponse<impl MessageBody>, Error> {
    match repeated(request.headers()) {
        Some(name) => {
            let detail = format!("The header `{name}` may come once.");
            Err(Problem::bad_request("repeated_header", detail).into())
        }
        None => next.call(request).await,
    }
}

fn repeated(headers: &HeaderMap) -> Option<HeaderName> {
    ONCE.into_iter().find(|name| headers.get_all(name).nth(1).is_some())
}

#[cfg(test)]
mod tests {
    use actix_web::test::TestRequest;

    use super::*;

    #[test]
    fn two_of_the_same_are_one_too_many() {
        let repeated = |headers: &[(&str, &str)]| {
            let request = TestRequest::default();
            let request = headers.iter().fold(request, |request, header| request.append_header(*header));
            repeated(request.to_http_request().headers())
        };
        assert_eq!(repeated(&[("authorization", "Bearer a"), ("content-type", "text/csv")]), None);
        assert_eq!(
            repeated(&[("cookie", "a=1"), ("cookie", "b=2"), ("accept", "*/*"), ("accept", "a/b")]),
            None
        );
        assert_eq!(
            repeated(&[("authorization", "Bearer a"), ("authorization", "Bearer a")]),
            Some(AUTHORIZATION)
        );
        assert_eq!(
            repeated(&[("content-type", "text/csv"), ("content-type", "text/plain")]),
            Some(CONTENT_TYPE)
        );
    }
}
