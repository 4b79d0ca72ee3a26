//! What is sent, and what comes back.

use bytes::Bytes;
use reqwest::{Method, Response, StatusCode};
use serde::de::DeserializeOwned;

use super::Failure;
use crate::environment;

/// What is sent, as often as it takes.
#[derive(Clone)]
pub(crate) struct Request {
    pub(super) method: Method,
    pub(super) path: &'static str,
    pub(super) query: Vec<(&'static str, String)>,
    pub(super) content_type: &'static str,
    pub(super) body: Bytes,
}

/// A success, read to its end.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: StatusCode,
    body: Bytes,
}

impl Request {
    /// A `GET`.
    pub(crate) fn get(path: &'static str, query: Vec<(&'static str, String)>) -> Self {
        Self { method: Method::GET, path, query, content_type: "application/json", body: Bytes::new() }
    }

    /// A `POST` of a body.
    pub(crate) fn post(path: &'static str, content_type: &'static str, body: impl Into<Bytes>) -> Self {
        Self { method: Method::POST, path, query: Vec::new(), content_type, body: body.into() }
    }
}

impl Answer {
    /// Tells a success from a failure.
    pub(super) async fn of(answer: Result<Response, reqwest::Error>) -> Result<Self, Failure> {
        let answer = answer.map_err(Failure::Unreachable)?;
        let (status, headers) = (answer.status(), answer.headers().clone());
        let body = answer.bytes().await;
        if status.is_success() {
            return Ok(Self { status, body: body.map_err(Failure::CutOff)? });
        }
        // The status alone says enough where the rest was lost.
        Err(Failure::of(status, &headers, &body.unwrap_or_default(), environment::now()))
    }

    /// What the body says.
    pub(crate) fn read<T: DeserializeOwned>(&self) -> Result<T, Failure> {
        serde_json::from_slice(&self.body).map_err(Failure::Unreadable)
    }
}
