use std::pin::Pin;
use std::sync::Arc;

use actix_web::FromRequest;
use actix_web::body::to_bytes;
use actix_web::dev;
use actix_web::error::PayloadError;
use actix_web::test::TestRequest;
use actix_web::web::{Bytes, Payload};
use chrono::{DateTime, TimeDelta, Utc};
use futures_util::stream;
use tokio::sync::Notify;
use tokio::time::timeout;

use super::super::Hub;
use super::super::outgoing::Outgoing;
use super::*;
use crate::auth::{Issued, Standing};
use crate::clock::Clock;
use crate::store::{Account, Actor, ApiClient, Calendar, SessionKey, Store, TemporaryStore};

type BoxedPayloadStream = Pin<Box<dyn stream::Stream<Item = Result<Bytes, PayloadError>>>>;

const LOOKED_AT_EACH: Duration = Duration::from_millis(5);

/// Time for many looks.
const A_WHILE: Duration = Duration::from_millis(100);

/// Longer than the next look takes, also on a busy machine.
const SOON: Duration = Duration::from_secs(10);

const KEY: SessionKey = [7; 32];

/// All that a watcher is sent, once its socket has closed. Nothing comes in, and the hub says nothing.
async fn watched(standing: Standing, store: Store) -> Bytes {
    let request = TestRequest::default()
        .insert_header(("upgrade", "websocket"))
        .insert_header(("connection", "upgrade"))
        .insert_header(("sec-websocket-version", "13"))
        .insert_header(("sec-websocket-key", "x3JJHMbDL1EzLkh9GBhXDw=="))
        .to_http_request();
    let nothing: BoxedPayloadStream = Box::pin(stream::pending());
    let mut nothing = dev::Payload::Stream { payload: nothing };
    let payload = Payload::from_request(&request, &mut nothing).await.unwrap();
    let (response, socket, messages) = actix_ws::handle(&request, payload).unwrap();
    let control = response.into_body();
    let calendar = Calendar { zone: chrono_tz::UTC, threshold: 90 };
    let (live, _hub) = Hub::new(store.clone(), calendar, Clock, Arc::new(Notify::new()), 2);
    let seat = live.take_seat().unwrap();
    let pass = Pass::looked_at_each(LOOKED_AT_EACH, standing, store, Clock);
    let session = LiveSession::new((socket, messages), live, Classes::All, seat, pass);
    to_bytes(Outgoing::new(control, session.texts())).await.unwrap()
}

type Watching = Pin<Box<dyn Future<Output = Bytes>>>;

fn watch(standing: Standing, store: &Store) -> Watching {
    Box::pin(watched(standing, store.clone()))
}

async fn assert_stays(watching: &mut Watching) {
    assert!(timeout(A_WHILE, watching).await.is_err(), "it is closed");
}

/// A close frame with code and reason is the last that is sent.
async fn assert_signed_out(watching: Watching) {
    let sent = timeout(SOON, watching).await.expect("a closed socket");
    let reason = signed_out().description.unwrap();
    let frame = [&[0x88, 2 + reason.len() as u8], &SIGNED_OUT.to_be_bytes()[..], reason.as_bytes()].concat();
    assert!(sent.ends_with(&frame), "{sent:?}");
}

async fn sign_in(store: &Store, scope: &str, expires_at: DateTime<Utc>) {
    let (client_id, scopes) = ("school".to_owned(), vec![scope.to_owned()]);
    let client = ApiClient { client_id, secret_hash: "none".to_owned(), scopes };
    store.put_api_client(&client, Actor::cli(), Clock.now()).await.unwrap();
    assert!(store.begin_session(KEY, &Account::Client(client), Clock.now(), expires_at).await.unwrap());
}

#[actix_web::test]
async fn a_socket_closes_when_its_token_has_expired() {
    let temporary = TemporaryStore::open().await;
    let now = Clock.now();
    let token = |expires_at| Standing::Token(Issued { subject: "school".into(), issued_at: now, expires_at });
    assert_stays(&mut watch(token(now + TimeDelta::minutes(15)), &temporary.store)).await;
    assert_signed_out(watch(token(now - TimeDelta::seconds(1)), &temporary.store)).await;
}

#[actix_web::test]
async fn a_socket_closes_when_its_token_is_taken_back() {
    let temporary = TemporaryStore::open().await;
    let (issued_at, expires_at) = (Clock.now(), Clock.now() + TimeDelta::minutes(15));
    let token = Standing::Token(Issued { subject: "school".into(), issued_at, expires_at });
    let mut watching = watch(token, &temporary.store);
    assert_stays(&mut watching).await;
    temporary.store.revoke_tokens("school", Actor::cli(), Clock.now()).await.unwrap();
    assert_signed_out(watching).await;
}

#[actix_web::test]
async fn a_socket_closes_when_its_session_is_ended() {
    let temporary = TemporaryStore::open().await;
    sign_in(&temporary.store, "read", Clock.now() + TimeDelta::hours(1)).await;
    let mut watching = watch(Standing::Session(KEY), &temporary.store);
    assert_stays(&mut watching).await;
    temporary.store.end_session(&KEY).await.unwrap();
    assert_signed_out(watching).await;
}

#[actix_web::test]
async fn a_socket_closes_when_its_session_has_expired() {
    let temporary = TemporaryStore::open().await;
    sign_in(&temporary.store, "read", Clock.now() + TimeDelta::milliseconds(20)).await;
    assert_signed_out(watch(Standing::Session(KEY), &temporary.store)).await;
}

#[actix_web::test]
async fn a_socket_closes_when_its_client_may_not_read_any_longer() {
    let temporary = TemporaryStore::open().await;
    sign_in(&temporary.store, "ingest", Clock.now() + TimeDelta::hours(1)).await;
    assert_signed_out(watch(Standing::Session(KEY), &temporary.store)).await;
}

#[actix_web::test]
async fn where_reading_is_open_a_socket_stays() {
    let temporary = TemporaryStore::open().await;
    assert_stays(&mut watch(Standing::Open, &temporary.store)).await;
}
