//! Bodies have to come at a pace, whoever reads them; actix has no such limit of its own.

use std::io::ErrorKind;
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll};
use std::time::{Duration, Instant};

use actix_web::body::MessageBody;
use actix_web::dev::{Payload, ServiceRequest, ServiceResponse};
use actix_web::error::PayloadError;
use actix_web::http::{Method, StatusCode};
use actix_web::middleware::Next;
use actix_web::rt::time::{Sleep, sleep};
use actix_web::{Error, HttpMessage};
use bytes::Bytes;
use futures_util::Stream;

use super::seat::Seat;

/// What a body may take, however much of it has come.
const LONGEST: Duration = Duration::from_secs(30);

/// What any body may take.
const AT_FIRST: Duration = Duration::from_secs(5);

/// The same where connections run short.
const AT_FIRST_IN_A_CROWD: Duration = Duration::from_millis(500);

/// What a body has to bring for each second more: the slowest of mobile networks does.
const BYTES_PER_SECOND: f64 = 1024.0;

/// Between two looks.
const LOOK_EACH: Duration = Duration::from_millis(250);

/// Middleware: tells the connection that a request of its is being answered, and keeps its body to the pace.
pub(super) async fn keep(
    mut request: ServiceRequest,
    next: Next<impl MessageBody + 'static>,
) -> Result<ServiceResponse<impl MessageBody>, Error> {
    let Some(seat) = request.conn_data::<Rc<Seat>>().cloned() else {
        return next.call(request).await;
    };
    let _answering = Answering::begin(&seat);
    if !may_become_socket(&request) {
        pace_body(&mut request, &seat);
    }
    let outcome = next.call(request).await;
    if outcome.as_ref().is_ok_and(|response| response.status() == StatusCode::SWITCHING_PROTOCOLS) {
        seat.become_socket();
    }
    outcome
}

/// What comes through a socket comes when it likes.
fn may_become_socket(request: &ServiceRequest) -> bool {
    request.method() == Method::GET && request.head().upgrade()
}

fn pace_body(request: &mut ServiceRequest, seat: &Rc<Seat>) {
    let body = request.take_payload();
    if !matches!(body, Payload::None) {
        let paced = Paced::new(body, Rc::clone(seat));
        request.set_payload(Payload::Stream { payload: Box::pin(paced) });
    }
}

/// As long as this is there, we are the ones who are waited for.
struct Answering(Rc<Seat>);

impl Answering {
    fn begin(seat: &Rc<Seat>) -> Self {
        seat.begin_answer();
        Self(Rc::clone(seat))
    }
}

impl Drop for Answering {
    fn drop(&mut self) {
        self.0.end_answer();
    }
}

/// A body that fails with a time-out where it comes too slowly.
struct Paced {
    body: Payload,
    seat: Rc<Seat>,
    begun: Option<Instant>,
    received: usize,
    look: Option<Pin<Box<Sleep>>>,
}

impl Paced {
    fn new(body: Payload, seat: Rc<Seat>) -> Self {
        Self { body, seat, begun: None, received: 0, look: None }
    }

    /// Counted from when somebody began to read.
    fn is_too_slow(&mut self, now: Instant) -> bool {
        let begun = *self.begun.get_or_insert(now);
        now.saturating_duration_since(begun) >= patience(self.received, self.seat.is_crowded())
    }
}

/// What a body of which so much has come may have taken.
fn patience(received: usize, is_crowded: bool) -> Duration {
    let at_first = if is_crowded { AT_FIRST_IN_A_CROWD } else { AT_FIRST };
    LONGEST.min(at_first + Duration::from_secs_f64(received as f64 / BYTES_PER_SECOND))
}

impl Stream for Paced {
    type Item = Result<Bytes, PayloadError>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        let this = &mut *self;
        match Pin::new(&mut this.body).poll_next(cx) {
            Poll::Ready(Some(Ok(chunk))) => {
                this.received += chunk.len();
                Poll::Ready(Some(Ok(chunk)))
            }
            Poll::Ready(end) => Poll::Ready(end),
            Poll::Pending => loop {
                if this.is_too_slow(Instant::now()) {
                    metrics::counter!("http_bodies_too_slow_total").increment(1);
                    return Poll::Ready(Some(Err(PayloadError::Io(ErrorKind::TimedOut.into()))));
                }
                let look = this.look.get_or_insert_with(|| Box::pin(sleep(LOOK_EACH)));
                if look.as_mut().poll(cx).is_pending() {
                    return Poll::Pending;
                }
                this.look = None;
            },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_body_may_take_longer_the_more_of_it_has_come() {
        assert_eq!(patience(0, false), AT_FIRST);
        assert_eq!(patience(2 * 1024, false), AT_FIRST + Duration::from_secs(2));
        assert_eq!(patience(8 * 1024 * 1024, false), LONGEST);
        assert_eq!(patience(0, true), AT_FIRST_IN_A_CROWD);
        assert_eq!(patience(8 * 1024 * 1024, true), LONGEST);
    }
}
