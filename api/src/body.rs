//! Request bodies, read under a limit of bytes and a limit of time.

use std::io::{self, Write};
use std::time::Duration;

use actix_web::http::{StatusCode, header};
use actix_web::{HttpRequest, web};
use bytes::{Bytes, BytesMut};
use flate2::write::MultiGzDecoder;
use futures_util::StreamExt;

use crate::error::Problem;

/// How long a client may take to send its body; actix has no such limit of its own.
const PATIENCE: Duration = Duration::from_secs(30);

/// The whole body, decoded where it came as gzip; at most `max_bytes` of it, on the wire and decoded.
pub async fn read_body(req: &HttpRequest, payload: web::Payload, max_bytes: usize) -> Result<Bytes, Problem> {
    let body = Body::of_encoding(req, max_bytes)?;
    if declared_length(req).is_some_and(|length| length > max_bytes as u64) {
        return Err(too_large(max_bytes));
    }
    let reading = tokio::time::timeout(PATIENCE, read(payload, body, max_bytes));
    reading.await.unwrap_or_else(|_elapsed| Err(too_slow()))
}

async fn read(mut payload: web::Payload, mut body: Body, max_bytes: usize) -> Result<Bytes, Problem> {
    let mut received = 0;
    while let Some(chunk) = payload.next().await {
        let chunk =
            chunk.map_err(|_cut_off| Problem::bad_request("invalid_body", "The body ended too early."))?;
        received += chunk.len();
        if received > max_bytes {
            return Err(too_large(max_bytes));
        }
        body.take(&chunk).map_err(|error| undecodable(&error, max_bytes))?;
    }
    body.finish().map_err(|error| undecodable(&error, max_bytes))
}

/// The bytes so far.
enum Body {
    Plain(Capped),
    Gzip(Box<MultiGzDecoder<Capped>>),
}

impl Body {
    fn of_encoding(req: &HttpRequest, max_bytes: usize) -> Result<Self, Problem> {
        let capped = Capped { bytes: BytesMut::new(), max_bytes };
        match req.headers().get(header::CONTENT_ENCODING).map(|value| value.as_bytes()) {
            None => Ok(Self::Plain(capped)),
            Some(name) if name.eq_ignore_ascii_case(b"identity") => Ok(Self::Plain(capped)),
            Some(name) if name.eq_ignore_ascii_case(b"gzip") => {
                Ok(Self::Gzip(Box::new(MultiGzDecoder::new(capped))))
            }
            Some(_) => Err(Problem::new(
                StatusCode::UNSUPPORTED_MEDIA_TYPE,
                "unsupported_media_type",
                "Content-Encoding may be gzip, or be left out.",
            )),
        }
    }

    fn take(&mut self, chunk: &[u8]) -> io::Result<()> {
        match self {
            Self::Plain(bytes) => bytes.write_all(chunk),
            Self::Gzip(decoder) => decoder.write_all(chunk),
        }
    }

    fn finish(self) -> io::Result<Bytes> {
        let capped = match self {
            Self::Plain(capped) => capped,
            Self::Gzip(decoder) => decoder.finish()?,
        };
        Ok(capped.bytes.freeze())
    }
}

/// Bytes that refuse to become too many: a small gzip may hold gigabytes.
struct Capped {
    bytes: BytesMut,
    max_bytes: usize,
}

impl Write for Capped {
    fn write(&mut self, more: &[u8]) -> io::Result<usize> {
        if self.bytes.len() + more.len() > self.max_bytes {
            return Err(io::ErrorKind::FileTooLarge.into());
        }
        self.bytes.extend_from_slice(more);
        Ok(more.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

fn declared_length(req: &HttpRequest) -> Option<u64> {
    req.headers().get(header::CONTENT_LENGTH)?.to_str().ok()?.parse().ok()
}

fn undecodable(error: &io::Error, max_bytes: usize) -> Problem {
    match error.kind() {
        io::ErrorKind::FileTooLarge => too_large(max_bytes),
        _ => {
            Problem::bad_request("invalid_gzip", "The body is not the gzip that Content-Encoding says it is.")
        }
    }
}

fn too_large(max_bytes: usize) -> Problem {
    let detail = format!("A body holds at most {max_bytes} bytes, decoded: send several.");
    Problem::new(StatusCode::PAYLOAD_TOO_LARGE, "too_large", detail)
}

fn too_slow() -> Problem {
    let detail = format!("The body did not arrive within {} seconds.", PATIENCE.as_secs());
    Problem::new(StatusCode::REQUEST_TIMEOUT, "request_timeout", detail)
}

#[cfg(test)]
mod tests {
    use super::*;
    use actix_web::FromRequest;
    use actix_web::test::TestRequest;
    use flate2::Compression;
    use flate2::write::GzEncoder;

    async fn body_of(encoding: &str, bytes: Vec<u8>, max_bytes: usize) -> Result<Bytes, &'static str> {
        let request = TestRequest::default().insert_header(("content-encoding", encoding)).set_payload(bytes);
        let (req, mut payload) = request.to_http_parts();
        let payload = web::Payload::from_request(&req, &mut payload).await.unwrap();
        read_body(&req, payload, max_bytes).await.map_err(|problem| problem.code())
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
}
