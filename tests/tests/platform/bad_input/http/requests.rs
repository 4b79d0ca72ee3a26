//! The requests themselves: what cannot be read, and what cannot be served.

use edtech_tests::Client;

/// A request of several, as its bytes; `{auth}` and `{host}` are filled in.
pub(super) struct Broken {
    pub(super) what: &'static str,
    pub(super) bytes: Vec<u8>,
}

fn broken(what: &'static str, bytes: impl Into<Vec<u8>>) -> Broken {
    Broken { what, bytes: bytes.into() }
}

/// A post of `[]` with these lines in its head, and whatever follows the head.
pub(super) fn post(lines: &str, after: &str) -> String {
    format!(
        "POST /streaming-logs HTTP/1.1\r\nHost: {{host}}\r\nAuthorization: {{auth}}\r\n\
         Content-Type: application/json\r\n{lines}\r\n\r\n{after}"
    )
}

pub(super) fn get(path: &str, lines: &str) -> String {
    format!("GET {path} HTTP/1.1\r\nHost: {{host}}\r\nAuthorization: {{auth}}\r\n{lines}\r\n")
}

pub(super) fn filled(client: &Client, bytes: &[u8]) -> Vec<u8> {
    let Ok(text) = str::from_utf8(bytes) else { return bytes.to_vec() };
    let host = client.url().trim_start_matches("http://");
    let auth = format!("Bearer {}", client.token().expect("a token"));
    text.replace("{host}", host).replace("{auth}", &auth).into_bytes()
}

/// Of these nobody can say where they end, or what they are: two servers could read two things.
pub(super) fn unreadable() -> Vec<Broken> {
    let mut all = lengths();
    all.extend(heads());
    all.extend(protocols());
    all
}

fn lengths() -> Vec<Broken> {
    vec![
        broken("CL and TE", post("Content-Length: 2\r\nTransfer-Encoding: chunked", "0\r\n\r\n")),
        broken("TE and CL", post("Transfer-Encoding: chunked\r\nContent-Length: 2", "2\r\n[]\r\n0\r\n\r\n")),
        broken("two lengths", post("Content-Length: 2\r\nContent-Length: 2", "[]")),
        broken("two other lengths", post("Content-Length: 2\r\nContent-Length: 9", "[]")),
        broken("a list of lengths", post("Content-Length: 2, 2", "[]")),
        broken("a length with a sign", post("Content-Length: +2", "[]")),
        broken("a negative length", post("Content-Length: -2", "[]")),
        broken("a length in hexadecimal", post("Content-Length: 0x2", "[]")),
        broken("a length beyond 64 bits", post("Content-Length: 99999999999999999999", "[]")),
        broken("an empty length", post("Content-Length:", "[]")),
        broken("TE of a list", post("Transfer-Encoding: gzip, chunked", "2\r\n[]\r\n0\r\n\r\n")),
        broken("TE chunked twice", post("Transfer-Encoding: chunked, chunked", "2\r\n[]\r\n0\r\n\r\n")),
        broken(
            "two TE",
            post("Transfer-Encoding: chunked\r\nTransfer-Encoding: identity", "2\r\n[]\r\n0\r\n\r\n"),
        ),
        broken("TE of something else", post("Transfer-Encoding: xchunked", "2\r\n[]\r\n0\r\n\r\n")),
        broken("a space before the colon", post("Transfer-Encoding : chunked", "2\r\n[]\r\n0\r\n\r\n")),
        broken("a folded header", post("Transfer-Encoding:\r\n chunked", "2\r\n[]\r\n0\r\n\r\n")),
    ]
}

fn heads() -> Vec<Broken> {
    vec![
        broken("two hosts", get("/livez", "Host: elsewhere\r\n")),
        broken("no host", "GET /livez HTTP/1.1\r\n\r\n"),
        broken("a header of 200,000 bytes", get("/livez", &format!("X-Long: {}\r\n", "x".repeat(200_000)))),
        broken("2,000 headers", get("/livez", &"X-Many: x\r\n".repeat(2_000))),
        broken("a URL of 70,000 bytes", get(&format!("/livez?{}", "x".repeat(70_000)), "")),
        broken("a URL of 200,000 bytes", get(&format!("/livez?{}", "x".repeat(200_000)), "")),
        broken("U+0000 in a header", get("/livez", "X-Nul: a\0b\r\n")),
        broken("a control character in a header", get("/livez", "X-Bell: a\u{7}b\r\n")),
        broken("a header without a name", get("/livez", ": nothing\r\n")),
        broken("a header without a colon", get("/livez", "Nothing\r\n")),
        broken("a name with a space", get("/livez", "X Y: nothing\r\n")),
        broken("U+0000 in a URL", get("/live\0z", "")),
        broken("a space in a URL", get("/live z", "")),
    ]
}

fn protocols() -> Vec<Broken> {
    let bytes = (0..4096_u32).map(|place| (place.wrapping_mul(2_654_435_761) >> 13) as u8);
    vec![
        broken("HTTP/2 by its preface", "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\x12\x04\0\0\0\0\0"),
        broken("HTTP/2 by its name", "GET /livez HTTP/2.0\r\nHost: {host}\r\n\r\n"),
        broken("HTTP/9.9", "GET /livez HTTP/9.9\r\nHost: {host}\r\n\r\n"),
        broken("HTTP/0.9", "GET /livez\r\n"),
        broken(
            "HTTP/1.0 with chunks",
            "POST /streaming-logs HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        ),
        broken("HTTP/1.0 without a length", "POST /streaming-logs HTTP/1.0\r\n\r\n[]"),
        broken("TLS", b"\x16\x03\x01\x02\0\x01\0\x01\xfc\x03\x03\xff\xfe\xfd\r\n\r\n".to_vec()),
        broken("SSH", "SSH-2.0-OpenSSH_9.9\r\n\r\n"),
        broken("no bytes of anything", bytes.chain(*b"\r\n\r\n").collect::<Vec<u8>>()),
        broken("no method", "/livez HTTP/1.1\r\nHost: {host}\r\n\r\n"),
    ]
}

/// What can be read, and not served: the status and the code that it is answered with.
pub(super) type Unservable = (Broken, u16, &'static str);

pub(super) fn unservable() -> Vec<Unservable> {
    let mut all = bodies();
    all.extend(targets());
    all.extend(callers());
    all
}

fn bodies() -> Vec<Unservable> {
    let chunks = |chunks: &str| post("Transfer-Encoding: chunked", chunks);
    let of_type = |lines: &str| post(&format!("{lines}Content-Length: 2"), "[]");
    vec![
        (broken("two content types", of_type("Content-Type: text/csv\r\n")), 400, "repeated_header"),
        (broken("two tokens", of_type("Authorization: Bearer x\r\n")), 400, "repeated_header"),
        (
            broken("two encodings", of_type("Content-Encoding: gzip\r\nContent-Encoding: gzip\r\n")),
            415,
            "unsupported_media_type",
        ),
        (
            broken("chained encodings", of_type("Content-Encoding: gzip, gzip\r\n")),
            415,
            "unsupported_media_type",
        ),
        (broken("an unknown encoding", of_type("Content-Encoding: br\r\n")), 415, "unsupported_media_type"),
        (broken("no gzip", of_type("Content-Encoding: gzip\r\n")), 400, "invalid_gzip"),
        (broken("a length of 64 bits", post("Content-Length: 18446744073709551615", "[]")), 413, "too_large"),
        (broken("a chunk without a length", chunks("zz\r\n[]\r\n0\r\n\r\n")), 400, "invalid_body"),
        (broken("a chunk of a negative length", chunks("-2\r\n[]\r\n0\r\n\r\n")), 400, "invalid_body"),
        (
            broken("a chunk beyond 64 bits", chunks("FFFFFFFFFFFFFFFFF\r\n[]\r\n0\r\n\r\n")),
            400,
            "invalid_body",
        ),
        (
            broken("a chunk that is longer than it says", chunks("2\r\n[][]\r\n0\r\n\r\n")),
            400,
            "invalid_body",
        ),
    ]
}

fn targets() -> Vec<Unservable> {
    vec![
        (broken("an unknown method", "BREW / HTTP/1.1\r\nHost: {host}\r\n\r\n"), 405, "method_not_allowed"),
        (
            broken("a method in lower case", "get / HTTP/1.1\r\nHost: {host}\r\n\r\n"),
            405,
            "method_not_allowed",
        ),
        (broken("TRACE", "TRACE /students HTTP/1.1\r\nHost: {host}\r\n\r\n"), 405, "method_not_allowed"),
        (broken("a URL without a slash", get("livez", "")), 404, "not_found"),
        (broken("OPTIONS of all", "OPTIONS * HTTP/1.1\r\nHost: {host}\r\n\r\n"), 404, "not_found"),
        (
            broken("a URL of 60,000 bytes", get(&format!("/students?{}", "x".repeat(60_000)), "")),
            422,
            "unknown_parameter",
        ),
        (
            broken("a path of 60,000 bytes", get(&format!("/students/{}", "x".repeat(60_000)), "")),
            404,
            "not_found",
        ),
    ]
}

fn callers() -> Vec<Unservable> {
    vec![
        (
            broken(
                "a token of 60,000 bytes",
                format!(
                    "GET /students HTTP/1.1\r\nHost: {{host}}\r\nAuthorization: Bearer {}\r\n\r\n",
                    "x".repeat(60_000)
                ),
            ),
            401,
            "invalid_token",
        ),
        (
            broken(
                "a token of bytes",
                b"GET /students HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer \xff\xfe\r\n\r\n".to_vec(),
            ),
            401,
            "token_missing",
        ),
        (
            broken("no token", "GET /students HTTP/1.1\r\nHost: {host}\r\nAuthorization: Bearer\r\n\r\n"),
            401,
            "token_missing",
        ),
        (
            broken(
                "Basic of nothing",
                "GET /students HTTP/1.1\r\nHost: {host}\r\nAuthorization: Basic ????\r\n\r\n",
            ),
            401,
            "token_missing",
        ),
        (broken("no WebSocket", get("/live", "Upgrade: websocket\r\n")), 400, "no_websocket"),
        (
            broken(
                "a WebSocket of another version",
                get(
                    "/live",
                    "Connection: upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 7\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n",
                ),
            ),
            400,
            "no_websocket",
        ),
        (
            broken(
                "a WebSocket without a key",
                get("/live", "Connection: upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n"),
            ),
            400,
            "no_websocket",
        ),
    ]
}
