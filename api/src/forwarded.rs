//! Where a request comes from, as far as that can be believed: the connection says it, or a proxy that was named.
//!
//! Anybody can send `X-Forwarded-For`. So what stands in it, in its kin and in `Forwarded` (RFC 7239) counts where the
//! connection is one of a trusted proxy, and there from the right: each hop is believed as long as the one that tells of
//! it is.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};

use actix_web::HttpRequest;
use actix_web::http::header::{FORWARDED, HOST, HeaderMap, HeaderName, VIA, X_FORWARDED_FOR};
use actix_web::http::header::{X_FORWARDED_HOST, X_FORWARDED_PROTO};
use actix_web::web::Data;

use crate::config::TrustedProxies;

/// Marks a request as one that somebody passes on.
const MARKS: [HeaderName; 6] = [
    FORWARDED,
    VIA,
    X_FORWARDED_FOR,
    X_FORWARDED_HOST,
    X_FORWARDED_PROTO,
    HeaderName::from_static("x-real-ip"),
];

/// How requests reach this server; it is shared by the handlers.
#[derive(Debug, Clone, Default)]
pub struct Transport {
    /// Whose word counts.
    pub proxies: TrustedProxies,
    /// Whether the server itself speaks TLS.
    pub tls: bool,
}

impl Transport {
    fn of(request: &HttpRequest) -> Option<&Self> {
        request.app_data::<Data<Self>>().map(|transport| transport.get_ref())
    }
}

/// The address of who asks.
pub fn client_address(request: &HttpRequest) -> IpAddr {
    let peer = peer(request).unwrap_or(IpAddr::V4(Ipv4Addr::UNSPECIFIED));
    let Some(Transport { proxies, .. }) = Transport::of(request) else { return peer };
    let by_x = farthest(proxies, peer, elements(request.headers(), &X_FORWARDED_FOR));
    let by_rfc =
        elements(request.headers(), &FORWARDED).map(|element| parameter(element, "for").unwrap_or(""));
    let by_rfc = farthest(proxies, peer, by_rfc);
    match (by_x == peer, by_rfc == peer) {
        (false, true) => by_x,
        (true, false) => by_rfc,
        // Where the two tell different stories, the proxy passes on what a client wrote into one of them.
        _ if by_x == by_rfc => by_x,
        _ => peer,
    }
}

/// Whether the client came by TLS, to us or to a proxy.
pub fn is_https(request: &HttpRequest) -> bool {
    match told(request, &X_FORWARDED_PROTO, "proto") {
        Some(scheme) => scheme.eq_ignore_ascii_case("https"),
        None => Transport::of(request).is_some_and(|transport| transport.tls),
    }
}

/// The host that the client asked for.
pub fn host(request: &HttpRequest) -> Option<&str> {
    told(request, &X_FORWARDED_HOST, "host")
        .or_else(|| request.headers().get(HOST)?.to_str().ok())
        .or_else(|| request.uri().authority().map(|authority| authority.as_str()))
}

/// Whether somebody passed it on, trusted or not.
pub fn is_forwarded(request: &HttpRequest) -> bool {
    MARKS.iter().any(|mark| request.headers().contains_key(mark))
}

fn peer(request: &HttpRequest) -> Option<IpAddr> {
    request.peer_addr().map(|address| address.ip().to_canonical())
}

/// What the trusted proxy that is nearest says of the client's request, by either header.
fn told<'r>(request: &'r HttpRequest, header: &HeaderName, name: &str) -> Option<&'r str> {
    let Transport { proxies, .. } = Transport::of(request)?;
    peer(request).filter(|peer| proxies.contain(*peer))?;
    let headers = request.headers();
    let by_x = elements(headers, header).next();
    let by_rfc = || parameter(elements(headers, &FORWARDED).next()?, name);
    by_x.or_else(by_rfc).filter(|text| !text.is_empty())
}

/// The elements of a header that may come several times, the last one first.
fn elements<'h>(headers: &'h HeaderMap, name: &HeaderName) -> impl Iterator<Item = &'h str> {
    let values: Vec<&str> = headers.get_all(name).map(|value| value.to_str().unwrap_or("")).collect();
    values.into_iter().rev().flat_map(|value| value.rsplit(',')).map(str::trim)
}

/// From us towards the client, as far as each is believed. What cannot be read ends it.
fn farthest<'h>(proxies: &TrustedProxies, peer: IpAddr, hops: impl Iterator<Item = &'h str>) -> IpAddr {
    let mut believed = peer;
    for hop in hops {
        match address(hop) {
            Some(hop) if proxies.contain(believed) => believed = hop,
            _ => break,
        }
    }
    believed
}

/// An address, perhaps with a port: `192.0.2.1`, `192.0.2.1:80`, `2001:db8::1`, `[2001:db8::1]:80`.
fn address(text: &str) -> Option<IpAddr> {
    let text = text.trim_matches('"');
    let bare = text.trim_start_matches('[').trim_end_matches(']');
    let address = bare.parse().ok().or_else(|| text.parse::<SocketAddr>().ok().map(|address| address.ip()));
    address.map(|address: IpAddr| address.to_canonical())
}

/// A parameter of an element of `Forwarded`: `for=192.0.2.1;proto=https`.
fn parameter<'t>(element: &'t str, name: &str) -> Option<&'t str> {
    let mut pairs = element.split(';').filter_map(|pair| pair.split_once('='));
    let (_, value) = pairs.find(|(known, _)| known.trim().eq_ignore_ascii_case(name))?;
    Some(value.trim().trim_matches('"'))
}

#[cfg(test)]
mod tests;
