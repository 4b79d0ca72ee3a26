//! Tokens as programs live with them: keys are exchanged under load, and what was taken back is refused soon.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use edtech_tests::{Client, Command, Database, Platform, eventually, on_both_databases, on_postgres};
use reqwest::Method;
use serde_json::json;

use crate::access::operations;

on_both_databases!(what_is_taken_from_a_client_it_loses_within_a_minute, a_token_in_a_url_opens_nothing);

/// The promise; a server looks four times as often.
const A_MINUTE: Duration = Duration::from_secs(60);

async fn by_command(database: &Database, arguments: &[&str]) -> String {
    Command::api(database, arguments.iter().copied()).run().await.expect(0)
}

/// A token of a client by its secret.
async fn token(client: &Client, id: &str, secret: &str) -> String {
    let form = json!({"grant_type": "client_credentials"});
    let request = client.request(Method::POST, "/auth/token").basic_auth(id, Some(secret)).form(&form);
    let answer = client.send(request).await.expect(200);
    answer["access_token"].as_str().expect("an access_token").to_owned()
}

async fn what_is_taken_from_a_client_it_loses_within_a_minute(database: Database) {
    let first = Platform::start(&database).await;
    let second = if database.is_postgres() { Some(Platform::start(&database).await) } else { None };
    let mut holders = Vec::new();
    for id in ["changed", "narrowed", "removed", "kept"] {
        let secret = by_command(&database, &["client", "put", "--id", id, "--scope", "read,report"]).await;
        holders.push(first.anonymous().with_token(&token(&first.anonymous(), id, secret.trim()).await));
    }
    let operators = by_command(&database, &["token", "--scope", "report", "--subject", "eve"]).await;
    holders.push(first.anonymous().with_token(operators.trim()));
    let replicas: Vec<&Platform> = [Some(&first), second.as_ref()].into_iter().flatten().collect();
    let asked = async |holder: &Client, replica: &Platform| {
        let holder = holder.at(replica.url());
        holder.send(holder.request(Method::PUT, "/analytics/daily/2026-03-02/report")).await.status
    };
    for holder in &holders {
        for replica in &replicas {
            assert!([200, 201].contains(&asked(holder, replica).await));
        }
    }

    by_command(&database, &["client", "put", "--id", "changed", "--scope", "read,report"]).await;
    by_command(&database, &["client", "put", "--id", "narrowed", "--scope", "read"]).await;
    by_command(&database, &["client", "remove", "--id", "removed"]).await;
    by_command(&database, &["token", "revoke", "--sub", "eve"]).await;
    for number in [0, 1, 2, 4] {
        for replica in &replicas {
            eventually("refused", A_MINUTE, async || {
                (asked(&holders[number], replica).await == 401).then_some(())
            })
            .await;
        }
    }
    for replica in &replicas {
        assert_eq!(asked(&holders[3], replica).await, 200, "nothing was taken from this one");
        let again = by_command(&database, &["token", "--scope", "report", "--subject", "eve"]).await;
        let again = first.anonymous().with_token(again.trim());
        assert_eq!(asked(&again, replica).await, 200, "one that was made since");
    }
}

/// Where it would be kept by proxies, histories and logs. It is not even looked at.
async fn a_token_in_a_url_opens_nothing(database: Database) {
    let platform = Platform::start(&database).env("RUST_LOG", "trace").await;
    let client = platform.client().await;
    let (token, anonymous) = (client.token().expect("a token"), platform.anonymous());
    let is_open = |scope: Option<&str>| scope.is_none() || !database.is_postgres() && scope == Some("read");
    let operations = operations(&anonymous).await;
    for operation in operations.iter().filter(|operation| !is_open(operation.scope.as_deref())) {
        for name in ["access_token", "token", "bearer", "authorization"] {
            let path = operation.path.replace(['{', '}'], "");
            let request = anonymous.request(operation.method.clone(), &format!("{path}?{name}={token}"));
            assert_eq!(anonymous.send(request).await.code(401), "token_missing", "{}", operation.name());
        }
    }
    assert!(!platform.said().contains(token), "it is logged");
}

mod on_replicas {
    use super::*;

    on_postgres!(keys_are_exchanged_under_load_without_one_401);

    const OLD: &str = "the key that all replicas begin with, long enough";
    const NEW: &str = "the key that all replicas end with, long enough";

    /// Whoever asks both replicas all the time, with a token of either.
    struct Load {
        urls: Arc<Mutex<[String; 2]>>,
        stop: Arc<AtomicBool>,
        asking: Vec<tokio::task::JoinHandle<Vec<String>>>,
    }

    impl Load {
        fn begin(client: &Client, secret: &str, urls: [String; 2]) -> Self {
            let (urls, stop) = (Arc::new(Mutex::new(urls)), Arc::new(AtomicBool::new(false)));
            let asking = (0..4).map(|number| {
                let (client, secret) = (client.on_its_own(), secret.to_owned());
                tokio::spawn(ask(client, secret, number, Arc::clone(&urls), Arc::clone(&stop)))
            });
            Self { asking: asking.collect(), urls, stop }
        }

        fn moved(&self, number: usize, platform: &Platform) {
            self.urls.lock().expect("the urls")[number] = platform.url().to_owned();
        }

        /// The names of the keys that tokens were signed with, in order. No answer may have been a 401.
        async fn end(self) -> Vec<String> {
            self.stop.store(true, Ordering::Relaxed);
            let mut keys = Vec::new();
            for asking in self.asking {
                keys.extend(asking.await.expect("no 401"));
            }
            keys
        }
    }

    async fn ask(
        client: Client,
        secret: String,
        number: usize,
        urls: Arc<Mutex<[String; 2]>>,
        stop: Arc<AtomicBool>,
    ) -> Vec<String> {
        let (mut keys, mut asked) = (Vec::new(), 0_u32);
        while !stop.load(Ordering::Relaxed) {
            let places = urls.lock().expect("the urls").clone();
            let issuer = client.at(&places[number % 2]);
            let Some(token) = try_token(&issuer, &secret).await else { continue };
            keys.push(key_name(&token));
            let until = std::time::Instant::now() + Duration::from_millis(700);
            while std::time::Instant::now() < until {
                let places = urls.lock().expect("the urls").clone();
                for place in places {
                    let holder = client.at(&place).with_token(&token);
                    // A replica that is being restarted does not answer, which is another matter.
                    let Ok(answer) = holder.try_send(holder.request(Method::GET, "/analytics/daily")).await
                    else {
                        continue;
                    };
                    assert_ne!(answer.status, 401, "{}", answer.body);
                    asked += 1;
                }
            }
        }
        assert!(asked > 100, "no load to speak of: {asked}");
        keys
    }

    async fn try_token(client: &Client, secret: &str) -> Option<String> {
        let form = json!({"grant_type": "client_credentials", "client_id": "story", "client_secret": secret});
        let answer = client.try_send(client.request(Method::POST, "/auth/token").form(&form)).await.ok()?;
        assert_ne!(answer.status, 401, "{}", answer.body);
        Some(answer.body["access_token"].as_str()?.to_owned())
    }

    /// What the head of a token calls its key.
    fn key_name(token: &str) -> String {
        let (head, _) = token.split_once('.').expect("a JWT");
        head.to_owned()
    }

    async fn keys_are_exchanged_under_load_without_one_401(database: Database) {
        let with = |current: &'static str, previous: Option<&'static str>| {
            let start = Platform::start(&database).env("EDTECH_JWT_SIGNING_KEY", current);
            match previous {
                Some(previous) => start.env("EDTECH_JWT_PREVIOUS_KEY", previous),
                None => start,
            }
        };
        let (first, second) = (with(OLD, None).await, with(OLD, None).await);
        let [_, _, (_, secret)] = first.simulator_environment();
        let secret = &secret.to_owned();
        let urls = [first.url().to_owned(), second.url().to_owned()];
        let load = Load::begin(&first.anonymous(), secret, urls);
        tokio::time::sleep(Duration::from_secs(1)).await;

        first.stop().await;
        let first = with(NEW, Some(OLD)).await;
        load.moved(0, &first);
        tokio::time::sleep(Duration::from_secs(2)).await;
        second.stop().await;
        let second = with(NEW, Some(OLD)).await;
        load.moved(1, &second);

        // A minute after the last replica that knew the old key alone, as if it had passed.
        let aged = "UPDATE token_keys SET seen_at = seen_at - interval '1 minute' \
                    WHERE seen_at = (SELECT min(seen_at) FROM token_keys)";
        let signs_with = async |platform: &Platform| {
            try_token(&platform.anonymous(), secret).await.map(|token| key_name(&token))
        };
        let old = signs_with(&first).await;
        assert_eq!(database.execute(aged).await, 1);
        for replica in [&first, &second] {
            edtech_tests::eventually("the new key signs", Duration::from_secs(90), async || {
                signs_with(replica).await.filter(|key| Some(key) != old.as_ref())
            })
            .await;
        }
        // Tokens that were taken before are asked with for this long.
        tokio::time::sleep(Duration::from_secs(2)).await;

        first.stop().await;
        let first = with(NEW, None).await;
        load.moved(0, &first);
        second.stop().await;
        let second = with(NEW, None).await;
        load.moved(1, &second);
        tokio::time::sleep(Duration::from_secs(1)).await;
        let mut keys = load.end().await;
        let last = keys.last().cloned();
        keys.sort();
        keys.dedup();
        assert_eq!(keys.len(), 2, "tokens of the old key, then of the new one");
        let signed_now = try_token(&second.anonymous(), secret).await.map(|token| key_name(&token));
        assert_eq!(signed_now, last);
        let by_command =
            Command::api(&database, ["token"]).env("EDTECH_JWT_SIGNING_KEY", NEW).run().await.expect(0);
        assert_eq!(Some(key_name(by_command.trim())), last, "the new one signs");
        drop(first);
    }
}
