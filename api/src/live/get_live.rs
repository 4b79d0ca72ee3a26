//! `GET /live`: today as it happens, over a WebSocket.

use actix_web::body::MessageBody;
use actix_web::http::StatusCode;
use actix_web::web::{Data, Payload};
use actix_web::{HttpRequest, HttpResponse, get};

use super::frames::LiveFrame;
use super::hub::LiveHandle;
use super::incoming::{MESSAGE_BYTES, within_limits};
use super::outgoing::Outgoing;
use super::pass::Pass;
use super::session::LiveSession;
use crate::auth::{BEARER_SUBPROTOCOL, Read, Require};
use crate::clock::Clock;
use crate::error::{Problem, ProblemBody};
use crate::store::Store;

/// Watch today as it happens
///
/// A WebSocket of JSON texts: first a snapshot, then what changes, once it is committed. Nothing resumes: whoever
/// connects again, or falls behind, gets another snapshot. The token comes by header or, from a browser, as the
/// second of two subprotocols: `edtech.bearer, <token>`. The dashboard brings its session's cookie. Within a minute of the
/// end of what let it in, the socket is closed with 4401.
#[utoipa::path(
    tag = "live",
    responses(
        (status = 101, description = "The socket is open; each of its texts is a frame", body = LiveFrame),
        (status = 400, description = "This is no WebSocket handshake", body = ProblemBody,
            content_type = "application/problem+json"),
        (status = 503, description = "There are too many sockets already", body = ProblemBody,
            content_type = "application/problem+json"),
    ),
    security(("token" = ["read"]))
)]
#[get("/live")]
pub async fn get_live(
    caller: Require<Read>,
    request: HttpRequest,
    payload: Payload,
    live: Data<LiveHandle>,
    store: Data<Store>,
    clock: Data<Clock>,
) -> Result<HttpResponse, Problem> {
    let payload = within_limits(&request, payload).await.map_err(|error| no_websocket(&error))?;
    let handshake = actix_ws::handle_with_protocols(&request, payload, &[BEARER_SUBPROTOCOL]);
    let (response, socket, messages) = handshake.map_err(|error| no_websocket(&error))?;
    let seat = live.take_seat().ok_or_else(no_seat)?;
    let pass = Pass::new(caller.standing().clone(), store.get_ref().clone(), *clock.get_ref());
    let socket = (socket, messages.max_frame_size(MESSAGE_BYTES));
    let session = LiveSession::new(socket, live.get_ref().clone(), caller.classes().clone(), seat, pass);
    Ok(response.map_body(|_, control| Outgoing::new(control, session.texts()).boxed()))
}

fn no_websocket(error: &actix_web::Error) -> Problem {
    Problem::bad_request("no_websocket", format!("This URL wants a WebSocket handshake: {error}."))
}

fn no_seat() -> Problem {
    let detail = "Too many clients are watching. Try again later.";
    Problem::new(StatusCode::SERVICE_UNAVAILABLE, "too_many_sockets", detail).retry_after(10)
}
