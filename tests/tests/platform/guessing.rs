//! Whoever guesses secrets is told to wait, before anybody looks at what was guessed.

use edtech_tests::{Answer, Client, Database, Platform, on_both_databases};
use reqwest::Method;
use serde_json::json;

on_both_databases!(
    the_sixth_wrong_secret_is_told_to_wait,
    right_secrets_never_wait,
    many_guesses_at_once_are_no_more_guesses,
    another_address_is_one_that_a_trusted_proxy_tells_of,
);

/// What `/auth/token` says to this secret, from behind this proxy.
async fn ask_for_token(client: &Client, id: &str, secret: &str, forwarded_for: Option<&str>) -> Answer {
    let form = json!({"grant_type": "client_credentials", "client_id": id, "client_secret": secret});
    let mut request = client.request(Method::POST, "/auth/token").form(&form);
    if let Some(address) = forwarded_for {
        request = request.header("x-forwarded-for", address);
    }
    client.send(request).await
}

#[track_caller]
fn assert_told_to_wait(answer: &Answer) {
    assert_eq!(answer.code(429), "too_many_attempts");
    let seconds: u64 = answer.header("retry-after").parse().expect("seconds");
    assert!((1..=61).contains(&seconds), "{seconds}");
}

fn secret(platform: &Platform) -> String {
    let [_, _, (_, secret)] = platform.simulator_environment();
    secret.to_owned()
}

async fn the_sixth_wrong_secret_is_told_to_wait(database: Database) {
    let platform = Platform::start(&database).await;
    let client = platform.anonymous();
    // A name that there is and one that there is not are treated alike; both doors count.
    for name in ["story", "nobody"] {
        for number in 0..5 {
            let (answer, code) = match number % 2 {
                0 => (ask_for_token(&client, name, "wrong", None).await, "invalid_client"),
                _ => {
                    let credentials = json!({"name": name, "password": "wrong"});
                    (client.post_json("/auth/session", &credentials).await, "invalid_credentials")
                }
            };
            assert_eq!(answer.code(401), code, "{name} {number}");
        }
        assert_told_to_wait(&ask_for_token(&client, name, "wrong", None).await);
    }
    // Also with the right one: or an answer would tell which it was.
    assert_told_to_wait(&ask_for_token(&client, "story", &secret(&platform), None).await);
    assert_told_to_wait(&client.post_json("/auth/session", &platform.credentials()).await);
    // Nobody else is kept out, and what was given before still holds.
    assert_eq!(ask_for_token(&client, "somebody", "wrong", None).await.code(401), "invalid_client");
    client.get("/livez").await.expect(200);
}

async fn right_secrets_never_wait(database: Database) {
    let platform = Platform::start(&database).await;
    let (client, secret) = (platform.anonymous(), secret(&platform));
    for _ in 0..4 {
        ask_for_token(&client, "story", "wrong", None).await.expect(401);
        for _ in 0..5 {
            ask_for_token(&client, "story", &secret, None).await.expect(200);
        }
    }
    let at_once = (0..12).map(|_| ask_for_token(&client, "story", &secret, None));
    for answer in futures_util::future::join_all(at_once).await {
        // Two are looked at at a time: on a busy machine the last ones are told to come again, and not that they guess.
        assert!([200, 503].contains(&answer.status), "{}", answer.body);
    }
}

async fn many_guesses_at_once_are_no_more_guesses(database: Database) {
    let platform = Platform::start(&database).await;
    let client = platform.anonymous();
    let at_once = (0..40).map(|_| ask_for_token(&client, "story", "wrong", None));
    let answers = futures_util::future::join_all(at_once).await;
    let with = |status| answers.iter().filter(|answer| answer.status == status).count();
    assert!(with(401) <= 5, "{} were looked at", with(401));
    assert_eq!(with(401) + with(429) + with(503), 40);
}

async fn another_address_is_one_that_a_trusted_proxy_tells_of(database: Database) {
    let platform = Platform::start(&database).await;
    let client = platform.anonymous();
    for number in 0..5 {
        let lie = format!("192.0.2.{number}");
        ask_for_token(&client, "story", "wrong", Some(&lie)).await.expect(401);
    }
    assert_told_to_wait(&ask_for_token(&client, "story", "wrong", Some("192.0.2.77")).await);
    platform.stop().await;

    let platform = Platform::start(&database).env("EDTECH_TRUSTED_PROXIES", "127.0.0.0/8,::1").await;
    let client = platform.anonymous();
    for _ in 0..5 {
        // What stands to the left the client wrote itself.
        ask_for_token(&client, "story", "wrong", Some("198.51.100.1, 192.0.2.1")).await.expect(401);
    }
    assert_told_to_wait(&ask_for_token(&client, "story", "wrong", Some("198.51.100.2, 192.0.2.1")).await);
    ask_for_token(&client, "story", &secret(&platform), Some("192.0.2.2")).await.expect(200);
}
