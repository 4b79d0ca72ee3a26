//! `GET /auth/session`: who is signed in.

use actix_web::http::header::CACHE_CONTROL;
use actix_web::web::Data;
use actix_web::{HttpRequest, HttpResponse, get};
use chrono::{DateTime, Utc};
use serde::Serialize;
use utoipa::ToSchema;

use super::cookie::SessionCookie;
use super::{Access, Read, Scopes, UserRole, sessions};
use crate::clock::Clock;
use crate::error::{Problem, ProblemBody};
use crate::store::{Account, OpenSession, Store};

/// Who is signed in, and what that allows.
#[derive(Serialize, ToSchema)]
pub struct Session {
    /// Who has signed in; null where nobody has.
    #[schema(required)]
    name: Option<String>,
    /// Whether that is a user or a client; null where nobody has signed in.
    #[schema(required)]
    kind: Option<AccountKind>,
    /// The role of a user; null for others.
    #[schema(required)]
    role: Option<UserRole>,
    /// The classrooms whose learners are all that this caller sees; null where it is every classroom.
    #[schema(required, example = json!(["IA_2025"]))]
    classrooms: Option<Vec<String>>,
    /// What this caller may do.
    #[schema(example = json!(["read", "roster"]))]
    scopes: Vec<&'static str>,
    /// When the session ends, unless it is used before.
    #[schema(required)]
    expires_at: Option<DateTime<Utc>>,
    /// Whether reading wants a sign-in here.
    sign_in: SignIn,
}

/// Who can sign in.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "lowercase")]
enum AccountKind {
    /// A person.
    User,
    /// A program, with whose secret somebody has signed in.
    Client,
}

impl AccountKind {
    fn of(account: &Account) -> Self {
        match account {
            Account::User(_) => Self::User,
            Account::Client(_) => Self::Client,
        }
    }
}

/// Whether reading wants a sign-in.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "lowercase")]
enum SignIn {
    /// Figures are open to this caller, names are not.
    Optional,
    /// Nothing is open.
    Required,
}

impl Session {
    /// As it is told to its browser.
    pub(super) fn of(session: Option<OpenSession>, reading_is_open: bool) -> Self {
        let account = session.as_ref().map(|session| &session.account);
        let scopes = account.map_or_else(Scopes::none, Scopes::of_account);
        let (scopes, sign_in) = match reading_is_open {
            true => (scopes.with::<Read>(), SignIn::Optional),
            false => (scopes, SignIn::Required),
        };
        let bound_to = account.and_then(Account::classrooms);
        Self {
            name: account.map(|account| account.name().to_owned()),
            kind: account.map(AccountKind::of),
            role: account.and_then(Account::role).map(UserRole::from),
            classrooms: bound_to.map(|classrooms| classrooms.iter().cloned().collect()),
            scopes: scopes.names().collect(),
            expires_at: session.as_ref().map(|session| session.expires_at),
            sign_in,
        }
    }
}

/// Who is signed in?
///
/// Also where nobody is: then it says what is open and whether to sign in. To ask is to use the session, and renews its
/// cookie.
#[utoipa::path(
    tag = "access",
    responses(
        (status = 200, description = "Who, and what that allows", body = Session),
        (status = 503, description = "The database is away", body = ProblemBody,
            content_type = "application/problem+json"),
    ),
)]
#[get("/auth/session")]
pub async fn get_session(
    request: HttpRequest,
    store: Data<Store>,
    access: Data<Access>,
    clock: Data<Clock>,
) -> Result<HttpResponse, Problem> {
    let mut answer = HttpResponse::Ok();
    answer.insert_header((CACHE_CONTROL, "no-store"));
    let mut session = None;
    if let Some(cookie) = SessionCookie::of(request.headers()) {
        session = sessions::go_on(&store, &cookie.key(), clock.now()).await?;
        answer.insert_header(match session {
            Some(_) => cookie.given(&request),
            None => SessionCookie::taken(&request),
        });
    }
    Ok(answer.json(Session::of(session, access.opens_reading_to(&request))))
}
