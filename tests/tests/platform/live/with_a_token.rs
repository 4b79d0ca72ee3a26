//! The socket where reading is not open.

use super::*;

on_postgres!(the_socket_opens_by_header_or_subprotocol_and_never_by_url);

async fn the_socket_opens_by_header_or_subprotocol_and_never_by_url(database: Database) {
    let platform = Platform::start(&database).await;
    let client = platform.client().await;
    let token = client.token().expect("a token");

    let without = Watcher::request(&client.without_token());
    assert_eq!(refused(without).await, 401);
    let mut in_url = Watcher::request(&client.without_token());
    let url = format!("{}?token={token}&access_token={token}", in_url.uri());
    *in_url.uri_mut() = url.parse().expect("a URL");
    assert_eq!(refused(in_url).await, 401);

    let mut by_subprotocol = Watcher::request(&client.without_token());
    let subprotocols = format!("edtech.bearer, {token}").parse().expect("a header");
    by_subprotocol.headers_mut().insert(SEC_WEBSOCKET_PROTOCOL, subprotocols);
    let (_socket, response) = connect_async(by_subprotocol).await.expect("a socket");
    let chosen = response.headers().get(SEC_WEBSOCKET_PROTOCOL).and_then(|name| name.to_str().ok());
    assert_eq!(chosen, Some("edtech.bearer"), "the token is not sent back");
    let by_header = Watcher::request(&client);
    assert!(by_header.headers().contains_key(AUTHORIZATION));
    connect_async(by_header).await.expect("a socket");
}
