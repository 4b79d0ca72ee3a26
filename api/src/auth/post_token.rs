//! `POST /auth/token`: the client-credentials grant of OAuth 2 (RFC 6749, 4.4).

use actix_web::http::header::CACHE_CONTROL;
use actix_web::web::{Data, Payload, Query};
use actix_web::{HttpMessage, HttpRequest, HttpResponse, post};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::acting::remember_claim;
use super::credentials::{Credentials, invalid_client};
use super::post_session::BODY_LIMIT;
use super::{Access, LIFETIME, Scopes, Secrets, Throttle};
use crate::body::read_body;
use crate::clock::Clock;
use crate::error::{Problem, ProblemBody};
use crate::store::{ApiClient, Store};

/// What a client sends to get a token.
#[derive(Deserialize, ToSchema)]
#[schema(example = json!({"grant_type": "client_credentials", "client_id": "school", "client_secret": "…"}))]
pub struct TokenRequest {
    /// Always `client_credentials`.
    #[schema(pattern = "^client_credentials$")]
    grant_type: String,
    /// The client's name, unless it comes by HTTP Basic.
    pub(super) client_id: Option<String>,
    /// The client's secret, unless it comes by HTTP Basic.
    pub(super) client_secret: Option<String>,
    /// The scopes that the token shall carry, between spaces; all that the client has if this is left out.
    scope: Option<String>,
}

/// A token, and what it is good for.
#[derive(Serialize, ToSchema)]
pub struct TokenAnswer {
    /// Goes into `Authorization: Bearer …`.
    access_token: String,
    /// Always `Bearer`.
    token_type: &'static str,
    /// Seconds until it expires.
    expires_in: i64,
    /// The scopes that it carries, between spaces.
    scope: String,
}

/// Get a token
///
/// The client-credentials grant of OAuth 2. Credentials come in the form or by HTTP Basic. Problems carry the codes of
/// RFC 6749, 5.2.
#[utoipa::path(
    tag = "access",
    request_body(content = TokenRequest, content_type = "application/x-www-form-urlencoded"),
    responses(
        (status = 200, description = "A token", body = TokenAnswer),
        (status = 400, description = "`invalid_request`, `unsupported_grant_type` or `invalid_scope`",
            body = ProblemBody, content_type = "application/problem+json"),
        (status = 401, description = "`invalid_client`: no such client, or another secret", body = ProblemBody,
            content_type = "application/problem+json"),
        (status = 408, description = "The body came too slowly", body = ProblemBody,
            content_type = "application/problem+json"),
        (status = 413, description = "The body is too large", body = ProblemBody,
            content_type = "application/problem+json"),
        (status = 415, description = "The body has an encoding that is not taken here", body = ProblemBody,
            content_type = "application/problem+json"),
        (status = 429, description = "`too_many_attempts`: too many wrong secrets from here", body = ProblemBody,
            content_type = "application/problem+json",
            headers(("Retry-After" = u32, description = "Seconds to wait"))),
        (status = 503, description = "Too many ask at once, or the database is away", body = ProblemBody,
            content_type = "application/problem+json"),
    ),
)]
#[post("/auth/token")]
pub async fn post_token(
    request: HttpRequest,
    payload: Payload,
    store: Data<Store>,
    access: Data<Access>,
    secrets: Data<Secrets>,
    throttle: Data<Throttle>,
    clock: Data<Clock>,
) -> Result<HttpResponse, Problem> {
    let form = read_form(&request, payload).await?;
    if form.grant_type != "client_credentials" {
        return Err(Problem::bad_request(
            "unsupported_grant_type",
            "The one grant here is client_credentials.",
        ));
    }
    let credentials = Credentials::of(&request, &form)?;
    let name = credentials.client_id.clone();
    remember_claim(&request, &name);
    let client = throttle.watch(&request, &name, credentials.authenticate(&store, &secrets)).await?;
    // A change of the client that is under way is waited for; of one that comes later this token is older.
    let now = clock.now();
    let client = store.api_client_with_secret(&client).await?.ok_or_else(invalid_client)?;
    let scopes = granted(&client, form.scope.as_deref())?;
    let token = access.tokens.sign(&client.client_id, &scopes, now, LIFETIME).map_err(Problem::internal)?;
    Ok(HttpResponse::Ok().insert_header((CACHE_CONTROL, "no-store")).json(TokenAnswer {
        access_token: token,
        token_type: "Bearer",
        expires_in: LIFETIME.num_seconds(),
        scope: scopes.to_string(),
    }))
}

fn granted(client: &ApiClient, wanted: Option<&str>) -> Result<Scopes, Problem> {
    let held = Scopes::of_client(client);
    let Some(wanted) = wanted.filter(|wanted| !wanted.trim().is_empty()) else {
        return Ok(held);
    };
    let wanted =
        Scopes::parse(wanted).map_err(|error| Problem::bad_request("invalid_scope", error.to_string()))?;
    if !wanted.is_within(&held) {
        return Err(Problem::bad_request(
            "invalid_scope",
            format!("This client may have no more than: {held}."),
        ));
    }
    Ok(wanted)
}

async fn read_form(request: &HttpRequest, payload: Payload) -> Result<TokenRequest, Problem> {
    if !request.content_type().eq_ignore_ascii_case("application/x-www-form-urlencoded") {
        return Err(invalid_request("Content-Type must be application/x-www-form-urlencoded"));
    }
    let body = read_body(request, payload, BODY_LIMIT).await?;
    let form = str::from_utf8(&body).map_err(|_| invalid_request("it is not UTF-8"))?;
    // A form is written like a query, and one that comes with a field twice is refused like one.
    Query::from_query(form)
        .map(Query::into_inner)
        .map_err(|_| invalid_request("a field is missing or comes twice"))
}

fn invalid_request(fault: &str) -> Problem {
    let detail = format!("The form cannot be read: {fault}. Send grant_type, client_id and client_secret.");
    Problem::bad_request("invalid_request", detail)
}
