use actix_web::test::TestRequest;
use proptest::prelude::*;

use super::*;
use crate::auth::{Ingest, LIFETIME};
use crate::store::{Account, Actor, ApiClient, NewUser, Role, TemporaryStore, UserOutcome};

const KEY: &[u8] = b"a key of at least thirty-two bytes";

fn token(scopes: &str) -> String {
    Tokens::new(KEY).sign("school", &Scopes::parse(scopes).unwrap(), Clock.now(), LIFETIME).unwrap()
}

async fn required<S: Scope>(open_reading: bool, headers: &[(&str, &str)]) -> Result<String, &'static str> {
    asked::<S>(TestRequest::default(), open_reading, headers).await
}

async fn asked<S: Scope>(
    request: TestRequest,
    open_reading: bool,
    headers: &[(&str, &str)],
) -> Result<String, &'static str> {
    let access = Access { tokens: Tokens::new(KEY), open_reading };
    let request = request.app_data(web::Data::new(access));
    let request = headers.iter().fold(request, |request, header| request.append_header(*header));
    let caller = Require::<S>::extract(&request.to_http_request()).await;
    caller.map(|caller| caller.client().to_owned()).map_err(|problem| problem.code())
}

#[actix_web::test]
async fn a_handler_gets_the_scope_it_asks_for_or_is_not_run() {
    let (ingest, read) = (format!("Bearer {}", token("ingest")), format!("bearer {}", token("read")));
    let school = Ok("school".to_owned());
    assert_eq!(required::<Ingest>(false, &[("authorization", &ingest)]).await, school);
    assert_eq!(required::<Read>(false, &[("authorization", &read)]).await, school);
    assert_eq!(required::<Ingest>(false, &[("authorization", &read)]).await, Err("insufficient_scope"));
    assert_eq!(required::<Ingest>(false, &[]).await, Err("token_missing"));
    assert_eq!(required::<Ingest>(false, &[("authorization", "Basic c2Nob29s")]).await, Err("token_missing"));
    assert_eq!(required::<Ingest>(false, &[("authorization", "Bearer x")]).await, Err("invalid_token"));
}

#[actix_web::test]
async fn a_websocket_may_bring_its_token_as_a_subprotocol() {
    let name = "sec-websocket-protocol";
    let school = Ok("school".to_owned());
    let offered = format!("edtech.bearer, {}", token("read"));
    assert_eq!(required::<Read>(false, &[(name, &offered)]).await, school);
    let in_two_headers = [(name, "edtech.bearer"), (name, &token("read"))];
    assert_eq!(required::<Read>(false, &in_two_headers).await, school);
    assert_eq!(required::<Read>(false, &[(name, &token("read"))]).await, Err("token_missing"));
    assert_eq!(required::<Read>(false, &[(name, "edtech.bearer")]).await, Err("token_missing"));
}

#[actix_web::test]
async fn open_reading_is_for_this_machine() {
    let anonymous = Ok("anonymous".to_owned());
    for host in ["127.0.0.1:8000", "localhost:8000", "[::1]:8000"] {
        assert_eq!(required::<Read>(true, &[("host", host)]).await, anonymous, "{host}");
    }
    let page = [("host", "127.0.0.1:8000"), ("origin", "http://localhost:5173")];
    assert_eq!(required::<Read>(true, &page).await, anonymous);
    for mark in ["x-forwarded-for", "forwarded", "x-real-ip", "via"] {
        let passed_on = [("host", "127.0.0.1:8000"), (mark, "for=127.0.0.1")];
        assert_eq!(required::<Read>(true, &passed_on).await, Err("token_missing"), "{mark}");
    }
    // A page of somebody else, open in a browser on this machine.
    for elsewhere in [
        [("host", "rebound.example:8000"), ("origin", "http://rebound.example:8000")],
        [("host", "127.0.0.1:8000"), ("origin", "https://elsewhere.example")],
        [("host", "127.0.0.1:8000"), ("origin", "null")],
    ] {
        assert_eq!(required::<Read>(true, &elsewhere).await, Err("token_missing"), "{elsewhere:?}");
    }
}

#[actix_web::test]
async fn open_reading_opens_nothing_else_and_mends_no_bad_token() {
    let host = ("host", "127.0.0.1:8000");
    assert_eq!(required::<Ingest>(true, &[host]).await, Err("token_missing"));
    assert_eq!(required::<Read>(true, &[host, ("authorization", "Bearer x")]).await, Err("invalid_token"));
    assert_eq!(required::<Read>(false, &[host]).await, Err("token_missing"));
}

/// A session of a client that may read, and a request that can look it up.
async fn signed_in(temporary: &TemporaryStore) -> (String, impl Fn() -> TestRequest) {
    let cookie = SessionCookie::random(&mut crate::entropy::rng());
    let (secret_hash, scopes) = ("none".to_owned(), vec!["read".to_owned()]);
    let client = ApiClient { client_id: "signed in".to_owned(), secret_hash, scopes };
    temporary.store.put_api_client(&client, Actor::cli(), Clock.now()).await.unwrap();
    sessions::begin(&temporary.store, &cookie, Account::Client(client), Clock.now()).await.unwrap().unwrap();
    let (_, header) = cookie.given(&TestRequest::default().to_http_request());
    let (cookie, _) = header.split_once(';').unwrap();
    let store = web::Data::new(temporary.store.clone());
    let request = move || TestRequest::default().app_data(store.clone()).app_data(web::Data::new(Clock));
    (cookie.to_owned(), request)
}

#[actix_web::test]
async fn a_session_is_as_good_as_a_token() {
    let temporary = TemporaryStore::open().await;
    let (cookie, request) = signed_in(&temporary).await;
    let cookie = [("cookie", cookie.as_str()), ("host", "127.0.0.1:8000")];
    let signed_in = Ok("signed in".to_owned());
    for open_reading in [false, true] {
        assert_eq!(asked::<Read>(request(), open_reading, &cookie).await, signed_in);
        assert_eq!(asked::<Ingest>(request(), open_reading, &cookie).await, Err("insufficient_scope"));
    }
}

#[actix_web::test]
async fn a_session_says_whose_learners_its_user_sees() {
    let temporary = TemporaryStore::open().await;
    let classrooms = ["IA_2025".to_owned()].into();
    let (name, password_hash) = ("ada".to_owned(), "none".to_owned());
    let new = NewUser { name, role: Role::Educator, classrooms, password_hash };
    let UserOutcome::Done(user) = temporary.store.create_user(new, Actor::cli(), Clock.now()).await.unwrap()
    else {
        panic!("no user")
    };
    let cookie = SessionCookie::random(&mut crate::entropy::rng());
    sessions::begin(&temporary.store, &cookie, Account::User(user), Clock.now()).await.unwrap().unwrap();
    let (_, header) = cookie.given(&TestRequest::default().to_http_request());
    for open_reading in [true, false] {
        let access = Access { tokens: Tokens::new(KEY), open_reading };
        let request = TestRequest::default()
            .app_data(web::Data::new(temporary.store.clone()))
            .app_data(web::Data::new(Clock))
            .app_data(web::Data::new(access))
            .insert_header(("host", "127.0.0.1:8000"))
            .insert_header(("cookie", header.split_once(';').unwrap().0));
        let caller = Require::<Read>::extract(&request.to_http_request()).await.unwrap();
        assert_eq!((caller.client(), caller.caller().kind), ("ada", CallerKind::User));
        assert_eq!(*caller.classes(), Classes::only(["IA_2025".to_owned()]));
    }
}

#[actix_web::test]
async fn a_session_that_has_ended_opens_nothing_and_closes_nothing() {
    let temporary = TemporaryStore::open().await;
    let (_, request) = signed_in(&temporary).await;
    let ended = [("cookie", "edtech_session=ended"), ("host", "127.0.0.1:8000")];
    assert_eq!(asked::<Read>(request(), false, &ended).await, Err("session_ended"));
    assert_eq!(asked::<Ingest>(request(), true, &ended).await, Err("session_ended"));
    assert_eq!(asked::<Read>(request(), true, &ended).await, Ok("anonymous".to_owned()));
}

/// There is no database in these requests: whoever asks for one gets an `internal` problem.
#[actix_web::test]
async fn a_token_asks_no_database_and_wins_over_a_cookie() {
    let (good, cookie) = (format!("Bearer {}", token("read")), ("cookie", "edtech_session=any"));
    assert_eq!(required::<Read>(false, &[cookie]).await, Err("internal"));
    assert_eq!(required::<Read>(false, &[cookie, ("authorization", &good)]).await, Ok("school".to_owned()));
    assert_eq!(required::<Read>(false, &[cookie, ("authorization", "Bearer x")]).await, Err("invalid_token"));
}

#[actix_web::test]
async fn a_cookie_from_elsewhere_is_not_even_looked_up() {
    let post = || TestRequest::post().insert_header(("host", "127.0.0.1:8000"));
    let cookie = ("cookie", "edtech_session=any");
    for elsewhere in
        [("origin", "https://elsewhere.example"), ("sec-fetch-site", "cross-site"), ("accept", "*/*")]
    {
        assert_eq!(asked::<Ingest>(post(), false, &[cookie, elsewhere]).await, Err("cross_origin"));
    }
    let ours = ("origin", "http://127.0.0.1:8000");
    assert_eq!(asked::<Ingest>(post(), false, &[cookie, ours]).await, Err("internal"));
    // What changes nothing, and needs no session here, needs no proof either.
    let socket =
        [cookie, ("upgrade", "websocket"), ("origin", "http://localhost:5173"), ("host", "127.0.0.1:8000")];
    assert_eq!(required::<Read>(true, &socket).await, Ok("anonymous".to_owned()));
    assert_eq!(required::<Read>(false, &socket).await, Err("cross_origin"));
}

/// What a request shows, by both ways.
fn shown(name: &str, value: &str) -> Option<String> {
    let value = actix_web::http::header::HeaderValue::from_str(value).ok()?;
    let name = HeaderName::from_bytes(name.as_bytes()).ok()?;
    let request = TestRequest::default().insert_header((name, value)).to_http_request();
    bearer(request.headers()).map(str::to_owned)
}

proptest! {
    #[test]
    fn a_token_is_shown_as_it_is(token in "[A-Za-z0-9_.-]{1,80}") {
        prop_assert_eq!(shown("authorization", &format!("Bearer {token}")), Some(token.clone()));
        prop_assert_eq!(shown("sec-websocket-protocol", &format!("edtech.bearer, {token}")), Some(token.clone()));
        prop_assert_eq!(shown("sec-websocket-protocol", &format!("other,edtech.bearer,{token},more")), Some(token));
    }

    #[test]
    fn no_header_makes_it_panic(value in "(Bearer|bearer|edtech.bearer)?[ ,A-Za-z.]{0,30}|[ -~é\u{80}]{0,40}") {
        for name in ["authorization", "sec-websocket-protocol"] {
            if let Some(token) = shown(name, &value) {
                prop_assert!(value.contains(&token));
            }
        }
    }
}
