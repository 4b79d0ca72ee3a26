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
use serde::de::DeserializeOwned;

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
    serde_json::from_slice(&body).map_err(|error| match error.is_data() {
        true => Problem::unprocessable("invalid_value", short(&error.to_string()), ""),
        false => no_json(&error),
    })
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
mod tests {
    use proptest::prelude::*;

    use super::*;
    use actix_web::FromRequest;
    use actix_web::test::TestRequest;
    use flate2::Compression;
    use flate2::write::GzEncoder;

    async fn body_of(encoding: &str, bytes: Vec<u8>, max_bytes: usize) -> Result<Bytes, &'static str> {
        let request = TestRequest::default().insert_header(("content-encoding", encoding)).set_payload(bytes);
        let (req, mut payload) = request.to_http_parts();
        let payload = web::Payload::from_request(&req, &mut payload).await.unwrap();
        read_body(&req, payload, max_bytes).await.map(|body| body.clone()).map_err(|problem| problem.code())
    }

    fn gzip(bytes: &[u8]) -> Vec<u8> {
        let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
        encoder.write_all(bytes).unwrap();
        encoder.finish().unwrap()
    }

    #[actix_web::test]
    async fn plain_and_gzip_bodies_arrive_whole() {
        assert_eq!(body_of("identity", b"{}".to_vec(), 2).await, Ok(Bytes::from_static(b"{}")));
        assert_eq!(body_of("GZIP", gzip(b"{}"), 100).await, Ok(Bytes::from_static(b"{}")));
    }

    #[actix_web::test]
    async fn a_small_gzip_of_many_bytes_is_too_large() {
        let bomb = gzip(&vec![0; 1 << 20]);
        assert!(bomb.len() < 10_000);
        assert_eq!(body_of("gzip", bomb, 10_000).await, Err("too_large"));
        assert_eq!(body_of("identity", vec![0; 11], 10).await, Err("too_large"));
    }

    #[actix_web::test]
    async fn what_is_no_whole_gzip_is_refused() {
        let whole = gzip(b"{}");
        assert_eq!(body_of("gzip", whole[..whole.len() - 3].to_vec(), 100).await, Err("invalid_gzip"));
        assert_eq!(body_of("gzip", b"{}".to_vec(), 100).await, Err("invalid_gzip"));
        assert_eq!(body_of("br", b"{}".to_vec(), 100).await, Err("unsupported_media_type"));
    }

    #[actix_web::test]
    async fn one_encoding_alone_is_undone() {
        for encodings in
            [&["gzip", "gzip"][..], &["identity", "gzip"], &["gzip, gzip"], &["gzip, br"], &["deflate"]]
        {
            let request = encodings.iter().fold(TestRequest::default(), |request, encoding| {
                request.append_header(("content-encoding", *encoding))
            });
            let (req, mut payload) = request.set_payload(gzip(&gzip(b"{}"))).to_http_parts();
            let payload = web::Payload::from_request(&req, &mut payload).await.unwrap();
            let code = read_body(&req, payload, 100).await.map_err(|problem| problem.code()).unwrap_err();
            assert_eq!(code, "unsupported_media_type", "{encodings:?}");
        }
        // A gzip within a gzip is undone once: what is in it is for the reader to judge.
        assert_eq!(body_of("gzip", gzip(&gzip(b"{}")), 100).await, Ok(Bytes::from(gzip(b"{}"))));
    }

    #[actix_web::test]
    async fn a_gzip_goes_on_in_another_and_ends_with_the_last() {
        assert_eq!(
            body_of("gzip", [gzip(b"{"), gzip(b"}")].concat(), 100).await,
            Ok(Bytes::from_static(b"{}"))
        );
        assert_eq!(body_of("gzip", [&gzip(b"{}")[..], b"{}"].concat(), 100).await, Err("invalid_gzip"));
        let bombs = vec![gzip(&[b' '; 6]); 3].concat();
        assert_eq!(body_of("gzip", bombs, 17).await, Err("too_large"));
    }

    fn decoded(chunks: &[&[u8]], max_bytes: usize) -> io::Result<Bytes> {
        let mut decoder = Decoder::Gzip(Box::new(MultiGzDecoder::new(Capped::new(max_bytes))));
        chunks.iter().try_for_each(|chunk| decoder.take(chunk))?;
        decoder.finish().map(|body| body.clone())
    }

    proptest! {
        #[test]
        fn a_gzip_is_what_went_into_it_or_too_large(
            bytes in prop::collection::vec(0_u8..3, 0..3000),
            chunk in 1_usize..500,
            max_bytes in 0_usize..3000,
        ) {
            let sent = gzip(&bytes);
            let outcome = decoded(&sent.chunks(chunk).collect::<Vec<_>>(), max_bytes);
            if bytes.len() <= max_bytes {
                prop_assert_eq!(outcome.unwrap(), bytes);
            } else {
                prop_assert_eq!(outcome.unwrap_err().kind(), io::ErrorKind::FileTooLarge);
            }
        }

        #[test]
        fn no_damage_to_a_gzip_makes_it_panic(
            bytes in prop::collection::vec(any::<u8>(), 0..300),
            at in any::<prop::sample::Index>(),
            damage in 1_u8..=255,
            cut in any::<prop::sample::Index>(),
        ) {
            let mut sent = gzip(&bytes);
            let at = at.index(sent.len());
            sent[at] ^= damage;
            sent.truncate(cut.index(sent.len()) + 1);
            if let Ok(decoded) = decoded(&[&sent], 400) {
                prop_assert!(decoded.len() <= 400);
            }
        }
    }
}
