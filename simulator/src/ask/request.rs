//! A request as it is written on a command line.

use std::fmt::Display;

use hyper::{Method, Uri};

use crate::connection::{Route, Target};

/// A method and a path with its query.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Asked {
    text: String,
    method: Method,
    path: String,
}

/// Reads `/path?query`, `PUT:/path` or `POST:/path`.
pub(super) fn asked(text: &str) -> Result<Asked, String> {
    let (method, path) = match text.split_once(':') {
        Some(("GET", path)) => (Method::GET, path),
        Some(("PUT", path)) => (Method::PUT, path),
        Some(("POST", path)) => (Method::POST, path),
        _ => (Method::GET, text),
    };
    let is_path = path.starts_with('/') && !path.contains('#') && path.parse::<Uri>().is_ok();
    if !is_path {
        return Err(
            "a request is /path?query, PUT:/path or POST:/path, for example /analytics/daily".to_owned()
        );
    }
    Ok(Asked { text: text.to_owned(), method, path: path.to_owned() })
}

impl Asked {
    /// The request to a server.
    pub(super) fn route(&self, target: &Target) -> anyhow::Result<Route> {
        Route::new(target, self.method.clone(), &self.path)
    }
}

impl Display for Asked {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_request_is_a_path_and_maybe_a_method() {
        let read = |text| asked(text).map(|asked| (asked.method, asked.path));
        let path = |path: &str| path.to_owned();
        assert_eq!(read("/daily?date=2026-03-02"), Ok((Method::GET, path("/daily?date=2026-03-02"))));
        assert_eq!(read("/lessons?at=10:00"), Ok((Method::GET, path("/lessons?at=10:00"))));
        assert_eq!(read("PUT:/report"), Ok((Method::PUT, path("/report"))));
        assert_eq!(read("POST:/report"), Ok((Method::POST, path("/report"))));
        for text in ["", "daily", "DELETE:/students/1", "PUT:", "http://a/b", "/a b", "/a#b"] {
            assert!(read(text).is_err(), "{text}");
        }
    }
}
