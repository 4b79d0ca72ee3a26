use actix_web::test::TestRequest;

use super::*;
use crate::auth::{Ingest, LIFETIME};
use crate::clock::Clock;

const KEY: &[u8] = b"a key of at least thirty-two bytes";

fn token(scopes: &str) -> String {
    Tokens::new(KEY).sign("school", &Scopes::parse(scopes).unwrap(), Clock.now(), LIFETIME).unwrap()
}

async fn required<S: Scope>(open_reading: bool, headers: &[(&str, &str)]) -> Result<String, &'static str> {
    let access = Access { tokens: Tokens::new(KEY), open_reading };
    let request = TestRequest::default().app_data(web::Data::new(access));
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
