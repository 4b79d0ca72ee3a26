//! Every request has a name, so that an answer, its log lines and a complaint about it find each other.

use std::panic::AssertUnwindSafe;
use std::time::{Duration, Instant};

use actix_web::body::MessageBody;
use actix_web::dev::{ServiceRequest, ServiceResponse};
use actix_web::error::InternalError;
use actix_web::http::header::{HeaderMap, HeaderName, HeaderValue};
use actix_web::http::{Method, StatusCode};
use actix_web::middleware::Next;
use actix_web::{Error, HttpResponse, ResponseError};
use futures_util::FutureExt;
use rand::RngExt;
use tracing::Instrument;

use crate::entropy;
use crate::error::Problem;

/// Carries the name both ways.
pub const HEADER: HeaderName = HeaderName::from_static("x-request-id");

/// The longest name that is taken over from a client: twice a UUID leaves room for prefixes.
const MAX_LENGTH: usize = 64;

/// Asked every few seconds by machines: told at `debug`, or they would drown the rest.
const QUIET_ROUTES: [&str; 3] = ["/livez", "/readyz", "/metrics"];

tokio::task_local! {
    static CURRENT: String;
}

/// The name of the request that is being answered; empty outside of one.
pub fn current() -> String {
    CURRENT.try_with(Clone::clone).unwrap_or_default()
}

/// Middleware: names the request, follows it with a span and metrics, and turns a panic into an answer.
pub async fn follow(
    request: ServiceRequest,
    next: Next<impl MessageBody + 'static>,
) -> Result<ServiceResponse<impl MessageBody>, Error> {
    let id = accepted(request.headers()).unwrap_or_else(fresh);
    let seen = Seen::new(&request);
    let span = tracing::info_span!("request", request_id = %id, method = seen.method, route = seen.route);
    // Whatever was accepted or made fits a header.
    let header = HeaderValue::from_str(&id).unwrap_or(HeaderValue::from_static("-"));
    let following = async {
        let outcome = answer(request, next).await;
        seen.report(outcome.as_ref().map_or_else(HttpResponse::status, ServiceResponse::status));
        outcome
    };
    match CURRENT.scope(id, following.instrument(span)).await {
        Ok(mut response) => {
            response.headers_mut().insert(HEADER, header);
            Ok(response)
        }
        Err(mut response) => {
            response.headers_mut().insert(HEADER, header);
            Err(InternalError::from_response("no handler answered", response).into())
        }
    }
}

/// Errors become responses here, where the request still has its name.
async fn answer<B: MessageBody + 'static>(
    request: ServiceRequest,
    next: Next<B>,
) -> Result<ServiceResponse<B>, HttpResponse> {
    // Nothing that a handler leaves half done outlives it: what is shared is behind channels and the database.
    match AssertUnwindSafe(next.call(request)).catch_unwind().await {
        Ok(outcome) => outcome.map_err(|error| error.error_response()),
        Err(_) => Err(Problem::internal("a handler panicked").error_response()),
    }
}

fn accepted(headers: &HeaderMap) -> Option<String> {
    let name = headers.get(HEADER)?.to_str().ok()?;
    let sane = |byte: u8| byte.is_ascii_alphanumeric() || b"._-".contains(&byte);
    (!name.is_empty() && name.len() <= MAX_LENGTH && name.bytes().all(sane)).then(|| name.to_owned())
}

fn fresh() -> String {
    uuid::Builder::from_random_bytes(entropy::rng().random()).into_uuid().to_string()
}

/// What is said of a request in logs and metrics: never its query, which may hold names, nor its headers.
struct Seen {
    method: &'static str,
    route: String,
    begun: Instant,
}

impl Seen {
    fn new(request: &ServiceRequest) -> Self {
        let route = request.match_pattern().unwrap_or_else(|| "unmatched".to_owned());
        Self { method: known(request.method()), route, begun: Instant::now() }
    }

    fn report(&self, status: StatusCode) {
        let elapsed = self.begun.elapsed();
        self.count(status, elapsed);
        let (status, duration_ms) = (status.as_u16(), elapsed.as_micros() as f64 / 1000.0);
        if QUIET_ROUTES.contains(&self.route.as_str()) {
            tracing::debug!(status, duration_ms, "answered");
        } else {
            tracing::info!(status, duration_ms, "answered");
        }
    }

    fn count(&self, status: StatusCode, elapsed: Duration) {
        let labels = [("method", self.method.to_owned()), ("route", self.route.clone())];
        metrics::histogram!("http_request_duration_seconds", &labels).record(elapsed);
        let [method, route] = labels;
        metrics::counter!("http_requests_total", &[method, route, ("status", status.as_u16().to_string())])
            .increment(1);
    }
}

/// A client may make up methods; the number of time series may not be up to it.
fn known(method: &Method) -> &'static str {
    const KNOWN: [&str; 7] = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"];
    KNOWN.into_iter().find(|known| *known == method.as_str()).unwrap_or("OTHER")
}

#[cfg(test)]
mod tests;
