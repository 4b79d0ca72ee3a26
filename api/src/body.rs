//! Request bodies, read under a limit of bytes, and a limit of what all of them hold together. The server keeps them to a
//! limit of time: one that comes too slowly fails with a time-out.

mod capped;

use std::io::{self, Write};
use std::ops::Deref;
use std::time::Duration;

use actix_web::error::PayloadError;
use actix_web::http::{StatusCode, header};
use actix_web::{HttpMessage, HttpRequest, web};
use bytes::Bytes;
use flate2::write::MultiGzDecoder;
use futures_util::StreamExt;
use serde::de::{DeserializeOwned, IgnoredAny};

use self::capped::Capped;
use crate::error::Problem;
use crate::room::Share;

/// How much of a body that is refused is still heard, in bytes, and for how long.
const HEARD_OUT: usize = 32 * 1024 * 1024;
const HEARING_OUT: Duration = Duration::from_secs(2);

/// What a decoder of gzip needs beside what it decodes, about.
const DECODER_BYTES: usize = 64 * 1024;

/// A whole body, decoded. While it lives, it takes its share of the room.
#[derive(Debug)]
pub struct Body {
    bytes: Bytes,
    share: Share,
}

impl Deref for Body {
    type Target = Bytes;

    fn deref(&self) -> &Bytes {
        &self.bytes
    }
}

impl Body {
    /// Takes room for what was made of the body as well; a 503 where there is none.
    pub fn take_room(&mut self, bytes: usize) -> Result<(), Problem> {
        self.share.grow(bytes).map_err(|_| too_busy())
    }
}

/// The whole body, decoded where it came as gzip; at most `max_bytes` of it, on the wire and decoded.
pub async fn read_body(
    req: &HttpRequest,
    mut payload: web::Payload,
    max_bytes: usize,
) -> Result<Body, Problem> {
    let read = read(req, &mut payload, max_bytes).await;
    // Of a body that broke off, or took all of its time, there is nothing more to hear.
    let goes_on = |problem: &Problem| !["invalid_body", "request_timeout"].contains(&problem.code());
    let is_short = declared_length(req).is_none_or(|length| length <= HEARD_OUT as u64);
    if is_short && read.as_ref().err().is_some_and(goes_on) {
        hear_out(payload).await;
    }
    read
}

/// Many clients send their whole body before they listen: one that is cut off in the middle never hears why.
async fn hear_out(mut payload: web::Payload) {
    let mut heard = 0;
    let listening = async {
        while let Some(Ok(chunk)) = payload.next().await
            && heard < HEARD_OUT
        {
            heard += chunk.len();
        }
    };
    // Whoever takes longer has had the time.
    let _ = tokio::time::timeout(HEARING_OUT, listening).await;
}

/// A body that is one JSON value, of at most `max_bytes`.
pub async fn read_json<T: DeserializeOwned>(
    req: &HttpRequest,
    payload: web::Payload,
    max_bytes: usize,
) -> Result<T, Problem> {
    if !req.content_type().eq_ignore_ascii_case("application/json") {
        return Err(unsupported("Content-Type must be application/json."));
    }
    let body = read_body(req, payload, max_bytes).await?;
    let parsed = match is_list(&body) {
        // It would be taken for the fields in their order.
        true => serde_json::from_slice::<IgnoredAny>(&body).map(|_| None),
        false => serde_json::from_slice(&body).map(Some),
    };
    match parsed {
        Ok(Some(value)) => Ok(value),
        Ok(None) => {
            Err(Problem::unprocessable("invalid_value", "The body must be an object, and is a list.", ""))
        }
        Err(error) if error.is_data() => {
            Err(Problem::unprocessable("invalid_value", short(&error.to_string()), ""))
        }
        Err(error) => Err(no_json(&error)),
    }
}

fn is_list(body: &[u8]) -> bool {
    body.trim_ascii_start().starts_with(b"[")
}

/// 400: where the body stops being JSON.
pub fn no_json(error: &serde_json::Error) -> Problem {
    let (line, column) = (error.line(), error.column());
    Problem::bad_request("invalid_json", format!("The body is no JSON: see line {line}, column {column}."))
}

/// 415: what may be sent instead.
pub fn unsupported(detail: impl Into<String>) -> Problem {
    Problem::new(StatusCode::UNSUPPORTED_MEDIA_TYPE, "unsupported_media_type", detail)
}

async fn read(req: &HttpRequest, payload: &mut web::Payload, max_bytes: usize) -> Result<Body, Problem> {
    let mut decoder = Decoder::of_encoding(req, max_bytes)?;
    if declared_length(req).is_some_and(|length| length > max_bytes as u64) {
        return Err(too_large(max_bytes));
    }
    let mut received = 0;
    while let Some(chunk) = payload.next().await {
        let chunk = chunk.map_err(|error| cut_off(&error))?;
        received += chunk.len();
        if received > max_bytes {
            return Err(too_large(max_bytes));
        }
        decoder.take(&chunk).map_err(|error| undecodable(&error, max_bytes))?;
    }
    decoder.finish().map_err(|error| undecodable(&error, max_bytes))
}

/// The bytes so far.
enum Decoder {
    Plain(Capped),
    Gzip(Box<MultiGzDecoder<Capped>>),
}

impl Decoder {
    fn of_encoding(req: &HttpRequest, max_bytes: usize) -> Result<Self, Problem> {
        let mut capped = Capped::new(max_bytes);
        // Several encodings, one over the other, may be named in one header or in several.
        let mut encodings = req.headers().get_all(header::CONTENT_ENCODING);
        match (encodings.next().map(|value| value.as_bytes()), encodings.next()) {
            (None, _) => Ok(Self::Plain(capped)),
            (Some(name), None) if name.eq_ignore_ascii_case(b"identity") => Ok(Self::Plain(capped)),
            (Some(name), None) if name.eq_ignore_ascii_case(b"gzip") => {
                capped.take_room(DECODER_BYTES).map_err(|_| too_busy())?;
                Ok(Self::Gzip(Box::new(MultiGzDecoder::new(capped))))
            }
            _ => Err(unsupported("Content-Encoding may be gzip, once, or be left out.")),
        }
    }

    fn take(&mut self, chunk: &[u8]) -> io::Result<()> {
        match self {
            Self::Plain(bytes) => bytes.write_all(chunk),
            Self::Gzip(decoder) => decoder.write_all(chunk),
        }
    }

    fn finish(self) -> io::Result<Body> {
        let (bytes, share) = match self {
            Self::Plain(capped) => capped.finish(),
            Self::Gzip(decoder) => decoder.finish()?.finish(),
        };
        Ok(Body { bytes, share })
    }
}

fn declared_length(req: &HttpRequest) -> Option<u64> {
    req.headers().get(header::CONTENT_LENGTH)?.to_str().ok()?.parse().ok()
}

fn undecodable(error: &io::Error, max_bytes: usize) -> Problem {
    match error.kind() {
        io::ErrorKind::FileTooLarge => too_large(max_bytes),
        io::ErrorKind::OutOfMemory => too_busy(),
        _ => {
            Problem::bad_request("invalid_gzip", "The body is not the gzip that Content-Encoding says it is.")
        }
    }
}

fn too_large(max_bytes: usize) -> Problem {
    let detail = format!("A body holds at most {max_bytes} bytes here, also decoded.");
    Problem::new(StatusCode::PAYLOAD_TOO_LARGE, "too_large", detail)
}

fn too_busy() -> Problem {
    Problem::unavailable("More is being received than memory has room for. Send it again.")
}

/// Why a body did not come to its end.
fn cut_off(error: &PayloadError) -> Problem {
    match error {
        PayloadError::Io(error) if error.kind() == io::ErrorKind::TimedOut => {
            let detail = "The body came too slowly: 1 KiB a second and 30 seconds are the limits.";
            Problem::new(StatusCode::REQUEST_TIMEOUT, "request_timeout", detail)
        }
        _ => Problem::bad_request("invalid_body", "The body ended too early, or its chunks are none."),
    }
}

/// What a library says may repeat what a client sent.
fn short(text: &str) -> String {
    text.chars().take(200).collect()
}

#[cfg(test)]
mod tests;
