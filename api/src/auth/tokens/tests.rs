use chrono::SubsecRound;
use proptest::prelude::*;
use serde_json::{Value, json};

use jsonwebtoken::EncodingKey;

use super::*;
use crate::clock::Clock;

const KEY: &[u8] = b"a key of at least thirty-two bytes";
const OTHER_KEY: &[u8] = b"another key of thirty-two bytes!!!";

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
    let now = Clock.now();
    let token = tokens().sign("school", &scopes, now, LIFETIME).unwrap();
    let expires_at = (now + LIFETIME).trunc_subsecs(0);
    let standing = Standing::Token(Issued { subject: "school".into(), issued_at: now, expires_at });
    let (client, kind) = ("school".to_owned(), CallerKind::Client);
    let caller = Caller { client, kind, scopes, classes: Classes::All, standing };
    assert_eq!(tokens().read(&token).unwrap(), caller);
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
        json!({"iat": null}),
        json!({"iat": now + 60}),
        json!({"iat": "yesterday"}),
        // Longer than we let any live.
        json!({"iat": now - 8 * 86_400}),
        json!({"exp": now + 8 * 86_400}),
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

/// A token with this head, and a signature of our key whatever the head says.
fn with_head(head: &Value) -> String {
    let part = |value: &Value| BASE64_URL_SAFE_NO_PAD.encode(value.to_string());
    let signed = format!("{}.{}", part(head), part(&good_claims()));
    let signature =
        jsonwebtoken::crypto::sign(signed.as_bytes(), &EncodingKey::from_secret(KEY), Algorithm::HS256)
            .unwrap();
    format!("{signed}.{signature}")
}

#[test]
fn a_foreign_key_signs_nothing() {
    let foreign = forged(&Header::new(Algorithm::HS256), &good_claims(), OTHER_KEY);
    assert_eq!(refusal(&foreign), "invalid_token");
    // Nor where it calls itself ours, or has a name that nobody knows.
    let named = |name: &str| Header { kid: Some(name.to_owned()), ..Header::new(Algorithm::HS256) };
    assert_eq!(refusal(&forged(&named(tokens().key_name()), &good_claims(), OTHER_KEY)), "invalid_token");
    assert_eq!(refusal(&forged(&named("another"), &good_claims(), KEY)), "invalid_token");
    assert!(tokens().read(&forged(&named(tokens().key_name()), &good_claims(), KEY)).is_ok());
}

#[test]
fn the_algorithm_is_ours_to_choose() {
    for stronger in [Algorithm::HS384, Algorithm::HS512] {
        assert_eq!(refusal(&forged(&Header::new(stronger), &good_claims(), KEY)), "invalid_token");
    }
    // Signed by our key as if it were what the head says.
    for swapped in ["none", "None", "NONE", "", "hs256", "RS256", "PS256", "ES256", "EdDSA", "HS384", "HS512"]
    {
        assert_eq!(refusal(&with_head(&json!({"alg": swapped, "typ": "JWT"}))), "invalid_token", "{swapped}");
    }
    assert!(tokens().read(&with_head(&json!({"alg": "HS256", "typ": "JWT"}))).is_ok());

    let ours = with(json!({}));
    let (_, rest) = ours.split_once('.').unwrap();
    let (payload, signature) = rest.split_once('.').unwrap();
    // {"alg":"none","typ":"JWT"}
    let none = "eyJhbGciOiJub25lIiwidHlwIjoiSldUIn0";
    assert_eq!(refusal(&format!("{none}.{payload}.")), "invalid_token");
    assert_eq!(refusal(&format!("{none}.{payload}.{signature}")), "invalid_token");
}

#[test]
fn a_token_brings_no_key_along_and_nothing_to_be_fetched_or_understood() {
    let key = json!({"kty": "oct", "k": BASE64_URL_SAFE_NO_PAD.encode(KEY)});
    for (name, value) in [
        ("jwk", key),
        ("jku", json!("https://elsewhere.example/keys.json")),
        ("x5u", json!("https://elsewhere.example/chain.pem")),
        ("x5c", json!(["MIIB"])),
        ("x5t", json!("AAAA")),
        ("crit", json!(["exp"])),
        ("b64", json!(false)),
        ("cty", json!("JWT")),
        ("zip", json!("DEF")),
    ] {
        let head = json!({"alg": "HS256", "typ": "JWT", name: value});
        assert_eq!(refusal(&with_head(&head)), "invalid_token", "{head}");
    }
}

#[test]
fn a_token_of_another_type_is_no_access_token() {
    for typ in [json!("secevent+jwt"), json!("at+jwt"), json!("JWE"), json!(""), json!(7), json!(null)] {
        assert_eq!(refusal(&with_head(&json!({"alg": "HS256", "typ": typ}))), "invalid_token", "{typ}");
    }
    assert_eq!(refusal(&with_head(&json!({"alg": "HS256"}))), "invalid_token");
}

#[test]
fn while_keys_are_exchanged_both_are_read() {
    let (old, new) = (Tokens::new(OTHER_KEY), tokens().with_previous_key(OTHER_KEY));
    let made_by = |tokens: &Tokens| tokens.sign("school", &Scopes::all(), Clock.now(), LIFETIME).unwrap();
    assert!(new.read(&made_by(&old)).is_ok() && new.read(&made_by(&new)).is_ok());
    assert!(old.read(&made_by(&new)).is_err(), "the old one knows its own key alone");
    // So as long as there are old ones, new ones sign as they do.
    new.let_previous_key_sign(true);
    assert!(old.read(&made_by(&new)).is_ok() && new.read(&made_by(&new)).is_ok());
    new.let_previous_key_sign(false);
    assert!(tokens().read(&made_by(&old)).is_err(), "what nobody names any more is nobody's");
}

#[test]
fn what_was_taken_back_is_refused_also_where_it_was_remembered() {
    let tokens = tokens();
    let now = Clock.now();
    let before = tokens.sign("school", &Scopes::all(), now - TimeDelta::microseconds(1), LIFETIME).unwrap();
    let after = tokens.sign("school", &Scopes::all(), now, LIFETIME).unwrap();
    let others = tokens.sign("airflow", &Scopes::all(), now - TimeDelta::seconds(60), LIFETIME).unwrap();
    assert!(tokens.read(&before).is_ok());
    tokens.take_back([("school".to_owned(), now)]);
    for _ in 0..2 {
        assert_eq!(tokens.read(&before).unwrap_err().code(), "invalid_token");
        assert!(tokens.read(&after).is_ok() && tokens.read(&others).is_ok());
    }
}

#[test]
fn nobody_gets_a_token_for_longer_than_a_week() {
    let token = tokens().sign("school", &Scopes::all(), Clock.now(), TimeDelta::days(30)).unwrap();
    let Standing::Token(Issued { issued_at, expires_at, .. }) = tokens().read(&token).unwrap().standing
    else {
        unreachable!("a token")
    };
    assert!(expires_at - issued_at <= LONGEST_LIFETIME && expires_at - issued_at > TimeDelta::days(6));
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
    let good = |expires_at| Good { caller: caller.clone(), issued_at: Clock.now(), expires_at };
    tokens.admit(&token, good(now + 60)).unwrap();
    assert_eq!(tokens.read(&token).unwrap(), caller, "what is remembered is not verified again");
    tokens.admit(&token, good(now - 60)).unwrap();
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
    assert_eq!(tokens.known.read().unwrap().good.len(), REMEMBERED);
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
