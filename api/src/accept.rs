//! Which of several forms of an answer a request wants most (RFC 9110, 12.5.1).

use actix_web::HttpRequest;
use actix_web::http::header::{ACCEPT, Accept, Header, Quality};

/// The media type among these that a request wants most: of two that are wanted as much, the first, which is also the one
/// for whoever does not say. None where it wants none of them.
pub fn preferred<'m>(request: &HttpRequest, offered: &[&'m str]) -> Option<&'m str> {
    let is_given = request.headers().get_all(ACCEPT).any(|value| !value.as_bytes().trim_ascii().is_empty());
    if !is_given {
        return offered.first().copied();
    }
    let accept = Accept::parse(request).ok()?;
    let wanted = offered.iter().map(|media_type| (*media_type, quality(&accept, media_type)));
    // Of equals the last is the greatest.
    let (media_type, quality) = wanted.rev().max_by_key(|(_, quality)| *quality)?;
    (quality > Quality::ZERO).then_some(media_type)
}

/// How much a media type is wanted: as the range says that names it most closely.
fn quality(accept: &Accept, media_type: &str) -> Quality {
    let any_of_its_kind = media_type.split('/').next().map(|kind| format!("{kind}/*"));
    let ranges = accept.0.iter().filter_map(|range| {
        let closeness = match range.item.essence_str() {
            "*/*" => 0,
            essence if Some(essence) == any_of_its_kind.as_deref() => 1,
            essence if essence == media_type => 2,
            _ => return None,
        };
        Some((closeness, range.quality))
    });
    ranges.max().map_or(Quality::ZERO, |(_, quality)| quality)
}

#[cfg(test)]
mod tests {
    use actix_web::http::header::HeaderValue;
    use actix_web::test::TestRequest;
    use proptest::prelude::*;

    use super::*;

    const OFFERED: [&str; 2] = ["application/json", "text/markdown"];

    fn preferred_of(accept: &str) -> Option<&'static str> {
        let request = TestRequest::default().insert_header((ACCEPT, HeaderValue::from_str(accept).unwrap()));
        preferred(&request.to_http_request(), &OFFERED)
    }

    #[test]
    fn what_is_wanted_most_is_preferred() {
        assert_eq!(preferred_of("text/*"), Some("text/markdown"));
        assert_eq!(preferred_of("*/*;q=0.1, text/markdown"), Some("text/markdown"));
        assert_eq!(preferred_of("application/json;q=0"), None);
        assert_eq!(preferred_of(" "), Some("application/json"));
    }

    proptest! {
        #[test]
        fn no_header_makes_it_panic(accept in "[a-z*/;=,. q0-9\"]{0,60}|[ -~]{0,40}") {
            let _ = preferred_of(&accept);
        }
    }
}
