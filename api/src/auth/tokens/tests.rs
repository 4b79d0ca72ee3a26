use chrono::SubsecRound;
use proptest::prelude::*;
use serde_json::{Value, json};

use super::*;
use crate::clock::Clock;

const KEY: &[u8] = b"a key of at least thirty-two bytes";

fn tokens() -> Tokens {
    Tokens::new(KEY)
}

fn good_claims() -> Value {
    let now = Clock.now().timestamp();
    json!({
        "iss": "edtech-stream", "aud": "edtech-api", "sub": "school", "scope": "read ingest",
        "iat": now, "nbf": now, "exp": now + 60,
    })
}

fn forged(header: &Header, claims: &Value, key: &[u8]) -> String {
    jsonwebtoken::encode(header, claims, &EncodingKey::from_secret(key)).unwrap()
}

/// A token of ours in all but these claims; null takes one away.
fn with(changes: Value) -> String {
    let mut claims = good_claims();
    for (name, value) in changes.as_object().unwrap() {
        claims[name] = value.clone();
    }
    claims.as_object_mut().unwrap().retain(|_, value| !value.is_null());
    forged(&Header::new(Algorithm::HS256), &claims, KEY)
}

fn refusal(token: &str) -> &'static str {
    tokens().read(token).map_err(|problem| problem.code()).expect_err("it must be refused")
}

#[test]
fn a_token_says_who_and_what() {
    let scopes = Scopes::parse("ingest read").unwrap();
    let now = Clock.now().trunc_subsecs(0);
    let token = tokens().sign("school", &scopes, now, LIFETIME).unwrap();
    let standing = Standing::Token { expires_at: now + LIFETIME };
    assert_eq!(tokens().read(&token).unwrap(), Caller { client: "school".to_owned(), scopes, standing });
}

#[test]
fn every_claim_is_wanted_and_checked() {
    assert!(tokens().read(&with(json!({}))).is_ok());
    let now = Clock.now().timestamp();
    for changes in [
        json!({"exp": now - 60}),
        json!({"nbf": now + 60}),
        json!({"iss": "somebody-else"}),
        json!({"aud": "another-api"}),
        json!({"exp": null}),
        json!({"nbf": null}),
        json!({"iss": null}),
        json!({"aud": null}),
        json!({"sub": null}),
        json!({"scope": null}),
        json!({"exp": "tomorrow"}),
    ] {
        assert_eq!(refusal(&with(changes.clone())), "invalid_token", "{changes}");
    }
}

#[test]
fn clocks_may_be_a_little_apart() {
    let now = Clock.now().timestamp();
    assert!(tokens().read(&with(json!({"nbf": now + 3}))).is_ok());
    assert!(tokens().read(&with(json!({"exp": now - 3}))).is_ok());
}

#[test]
fn a_foreign_key_signs_nothing() {
    let foreign =
        forged(&Header::new(Algorithm::HS256), &good_claims(), b"another key of thirty-two bytes!!!");
    assert_eq!(refusal(&foreign), "invalid_token");
}

#[test]
fn the_algorithm_is_ours_to_choose() {
    let stronger = forged(&Header::new(Algorithm::HS512), &good_claims(), KEY);
    assert_eq!(refusal(&stronger), "invalid_token");

    let ours = with(json!({}));
    let (_, rest) = ours.split_once('.').unwrap();
    let (payload, signature) = rest.split_once('.').unwrap();
    // {"alg":"none","typ":"JWT"}
    let none = "eyJhbGciOiJub25lIiwidHlwIjoiSldUIn0";
    assert_eq!(refusal(&format!("{none}.{payload}.")), "invalid_token");
    assert_eq!(refusal(&format!("{none}.{payload}.{signature}")), "invalid_token");
}

#[test]
fn a_token_of_another_type_is_no_access_token() {
    let mut header = Header::new(Algorithm::HS256);
    header.typ = Some("secevent+jwt".to_owned());
    assert_eq!(refusal(&forged(&header, &good_claims(), KEY)), "invalid_token");
    header.typ = None;
    assert_eq!(refusal(&forged(&header, &good_claims(), KEY)), "invalid_token");
}

#[test]
fn what_is_no_token_at_all_is_refused() {
    for text in ["", ".", "..", "a.b.c", "eyJhbGciOiJIUzI1NiJ9"] {
        assert_eq!(refusal(text), "invalid_token", "{text:?}");
    }
}

#[test]
fn a_remembered_token_expires_all_the_same() {
    let tokens = tokens();
    let now = get_current_timestamp();
    let token = with(json!({"exp": now - 60}));
    let caller = Caller { client: "school".to_owned(), ..Caller::anonymous() };
    tokens.remember(&token, &Good { caller: caller.clone(), expires_at: now + 60 });
    assert_eq!(tokens.read(&token).unwrap(), caller, "what is remembered is not verified again");
    tokens.remember(&token, &Good { caller, expires_at: now - 60 });
    assert_eq!(tokens.read(&token).unwrap_err().code(), "invalid_token");
}

#[test]
fn a_flood_of_tokens_is_read_and_not_remembered() {
    let tokens = tokens();
    let now = get_current_timestamp();
    for number in 0..=REMEMBERED {
        let token = with(json!({"sub": format!("client {number}"), "exp": now + 60}));
        assert!(tokens.read(&token).is_ok());
    }
    assert_eq!(tokens.good.read().unwrap().len(), REMEMBERED);
}

proptest! {
    #[test]
    fn no_text_is_a_token_or_makes_it_panic(text in "[A-Za-z0-9_-]{0,30}(\\.[A-Za-z0-9_-]{0,60}){0,3}|.{0,40}") {
        prop_assert_eq!(refusal(&text), "invalid_token");
    }

    #[test]
    fn no_claim_of_another_type_makes_it_panic(
        name in prop::sample::select(vec!["iss", "aud", "sub", "scope", "iat", "nbf", "exp"]),
        value in prop::sample::select(vec![json!(1e300), json!(-1), json!({}), json!([]), json!(true), json!("\u{0}")]),
    ) {
        let token = with(json!({ name: value }));
        let outcome = tokens().read(&token).map_err(|problem| problem.code());
        let is_harmless = ["sub", "scope"].contains(&name);
        prop_assert!(is_harmless || outcome.is_err() || name == "iat", "{name}: {outcome:?}");
    }
}
