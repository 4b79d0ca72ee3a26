//! Lists in pages: `?limit=&cursor=` comes in, `{"items", "next"}` and a `Link` header go out.
//!
//! A cursor is the last key of the page before, in hexadecimal: opaque to clients, and stable while rows come and go.

use std::fmt::Display;
use std::str::FromStr;

use actix_web::http::header;
use actix_web::{HttpRequest, HttpResponse};
use serde::Serialize;
use utoipa::ToSchema;

use crate::error::Problem;

/// What a page holds where the client does not say.
const DEFAULT_LIMIT: u32 = 100;
/// The most that one page holds: more rows than a screen, fewer than a second of work.
const MAX_LIMIT: u32 = 1000;

/// Which page of a list a client asks for; `K` is what the list is sorted by.
#[derive(Debug, PartialEq, Eq)]
pub struct PageRequest<K> {
    /// The last key of the page before, none for the first page.
    pub after: Option<K>,
    limit: u32,
}

impl<K: FromStr> PageRequest<K> {
    /// Reads the two query parameters.
    pub fn parse(limit: Option<u32>, cursor: Option<&str>) -> Result<Self, Problem> {
        let limit = limit.unwrap_or(DEFAULT_LIMIT);
        if !(1..=MAX_LIMIT).contains(&limit) {
            let detail = format!("limit is a number from 1 to {MAX_LIMIT}.");
            return Err(Problem::unprocessable("out_of_range", detail, "limit"));
        }
        let after = cursor.map(|cursor| from_cursor(cursor).ok_or_else(invalid_cursor)).transpose()?;
        Ok(Self { after, limit })
    }
}

impl<K> PageRequest<K> {
    /// How many rows to read: one more than the page shows tells whether there is another page.
    pub fn rows(&self) -> u64 {
        u64::from(self.limit) + 1
    }

    /// The page, from the rows that were read for it.
    pub fn page<T, N: Display>(&self, mut rows: Vec<T>, key: impl Fn(&T) -> N) -> Page<T> {
        let limit = self.limit as usize;
        let goes_on = rows.len() > limit;
        rows.truncate(limit);
        let next = rows.last().filter(|_| goes_on).map(|last| to_cursor(&key(last)));
        Page { items: rows, next }
    }
}

/// One page of a list.
#[derive(Debug, Serialize, ToSchema)]
pub struct Page<T> {
    /// What is on this page.
    items: Vec<T>,
    /// The `cursor` of the next page; null on the last one.
    #[schema(required)]
    next: Option<String>,
}

impl<T> Page<T> {
    /// The same page in other words.
    pub fn map<U>(self, one: impl FnMut(T) -> U) -> Page<U> {
        let Self { items, next } = self;
        Page { items: items.into_iter().map(one).collect(), next }
    }
}

impl<T: Serialize> Page<T> {
    /// 200 with the page, and with a `Link` to the next one.
    pub fn answer(&self, req: &HttpRequest) -> HttpResponse {
        let mut response = HttpResponse::Ok();
        if let Some(next) = &self.next {
            response.insert_header((header::LINK, link_to_next(req, next)));
        }
        response.json(self)
    }
}

/// The same request with another cursor.
fn link_to_next(req: &HttpRequest, cursor: &str) -> String {
    let others =
        req.query_string().split('&').filter(|pair| !pair.is_empty() && !pair.starts_with("cursor="));
    let query: String = others.flat_map(|pair| [pair, "&"]).collect();
    format!("<{}?{query}cursor={cursor}>; rel=\"next\"", req.uri().path())
}

fn to_cursor(key: &impl Display) -> String {
    key.to_string().bytes().map(|byte| format!("{byte:02x}")).collect()
}

fn from_cursor<K: FromStr>(cursor: &str) -> Option<K> {
    if !cursor.len().is_multiple_of(2) {
        return None;
    }
    let pairs = (0..cursor.len()).step_by(2);
    let byte = |at| u8::from_str_radix(cursor.get(at..at + 2)?, 16).ok();
    let bytes = pairs.map(byte).collect::<Option<Vec<u8>>>()?;
    String::from_utf8(bytes).ok()?.parse().ok()
}

fn invalid_cursor() -> Problem {
    Problem::unprocessable(
        "invalid_cursor",
        "cursor is the `next` of an earlier page of this list.",
        "cursor",
    )
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::name::Name;
    use actix_web::test::TestRequest;

    fn first(limit: u32) -> PageRequest<i64> {
        PageRequest::parse(Some(limit), None).unwrap()
    }

    #[test]
    fn a_page_leads_to_the_next_one_until_the_last() {
        let page = first(2).page(vec![5, 6, 7], |key| *key);
        assert_eq!(page.items, [5, 6]);
        let next = PageRequest::<i64>::parse(Some(2), page.next.as_deref()).unwrap();
        assert_eq!(next.after, Some(6));
        assert_eq!(next.page(vec![7], |key| *key).next, None);
        assert_eq!(next.page(vec![7, 8], |key| *key).next, None);
    }

    #[test]
    fn a_text_key_survives_whatever_it_holds() {
        let cursor = to_cursor(&"Données & <2025>");
        assert!(cursor.bytes().all(|byte| byte.is_ascii_hexdigit()));
        assert_eq!(from_cursor::<String>(&cursor).as_deref(), Some("Données & <2025>"));
    }

    #[test]
    fn a_limit_or_cursor_that_cannot_be_is_named() {
        let code =
            |limit, cursor| PageRequest::<i64>::parse(limit, cursor).map_err(|problem| problem.code()).err();
        assert_eq!(code(Some(0), None), Some("out_of_range"));
        assert_eq!(code(Some(1001), None), Some("out_of_range"));
        for cursor in ["", "3", "zz", "é1", "61"] {
            assert_eq!(code(None, Some(cursor)), Some("invalid_cursor"), "{cursor}");
        }
    }

    #[test]
    fn the_link_keeps_the_other_parameters() {
        let req = TestRequest::with_uri("/students?classroom=IA_2025&cursor=31&limit=2").to_http_request();
        let link = link_to_next(&req, "32");
        assert_eq!(link, r#"</students?classroom=IA_2025&limit=2&cursor=32>; rel="next""#);
    }

    proptest! {
        #[test]
        fn a_cursor_is_read_as_it_was_given(text in ".{0,60}", number in any::<i64>()) {
            prop_assert_eq!(from_cursor::<String>(&to_cursor(&text)), Some(text));
            prop_assert_eq!(from_cursor::<i64>(&to_cursor(&number)), Some(number));
        }

        #[test]
        fn no_cursor_makes_it_panic(cursor in "([0-9a-f]{2}|[0-9A-F]{2}){0,20}|.{0,40}") {
            for outcome in [
                PageRequest::<i64>::parse(None, Some(&cursor)).map(|page| page.after.map(|key| key.to_string())),
                PageRequest::<Name>::parse(None, Some(&cursor)).map(|page| page.after.map(String::from)),
            ] {
                match outcome {
                    Ok(after) => prop_assert!(after.is_some()),
                    Err(problem) => prop_assert_eq!(problem.code(), "invalid_cursor"),
                }
            }
        }
    }
}
