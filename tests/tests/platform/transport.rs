//! How requests come here: by the server's own TLS, or through a proxy that was named.

use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use edtech_tests::{
    Answer, Client, Command, Database, Platform, Process, Start, eventually, log, on_both_databases,
};
use futures_util::StreamExt;
use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, IsCa, KeyPair};
use reqwest::Method;
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;
use tokio_rustls::rustls::crypto::ring;
use tokio_rustls::rustls::pki_types::ServerName;
use tokio_rustls::rustls::{ClientConfig, RootCertStore};
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::client::IntoClientRequest;

on_both_databases!(
    by_its_own_certificate_it_speaks_tls,
    the_live_socket_is_open_by_tls_as_well,
    another_certificate_is_taken_up_without_a_restart,
    whoever_shakes_no_hands_has_to_go,
    what_is_no_certificate_is_refused_in_one_line,
    only_a_trusted_proxy_says_that_it_was_https,
    beyond_loopback_plain_http_is_warned_of,
);

/// Who signs certificates here.
struct Authority(CertifiedIssuer<'static, KeyPair>);

impl Authority {
    fn new() -> Self {
        let mut params = CertificateParams::default();
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        Self(CertifiedIssuer::self_signed(params, KeyPair::generate().expect("a key")).expect("an authority"))
    }

    fn root(&self) -> String {
        self.0.pem()
    }

    /// Writes a certificate for this machine, and its key.
    fn certify(&self, directory: &Path) {
        let params =
            CertificateParams::new(["127.0.0.1", "0.0.0.0", "localhost"].map(str::to_owned)).expect("names");
        let key = KeyPair::generate().expect("a key");
        let certificate = params.signed_by(&key, &self.0).expect("a certificate");
        std::fs::write(directory.join("tls.crt"), certificate.pem()).expect("a file");
        std::fs::write(directory.join("tls.key"), key.serialize_pem()).expect("a file");
    }
}

fn by_tls<'d>(database: &'d Database, authority: &Authority) -> Start<'d> {
    let file = |name: &str| database.directory().join(name).to_str().expect("a path in UTF-8").to_owned();
    let start = Platform::start(database).env("EDTECH_TLS_CERTIFICATE", &file("tls.crt"));
    start.env("EDTECH_TLS_KEY", &file("tls.key")).trusting(&authority.root())
}

fn port(platform: &Platform) -> String {
    platform.url().trim_start_matches("https://").to_owned()
}

async fn by_its_own_certificate_it_speaks_tls(database: Database) {
    let authority = Authority::new();
    authority.certify(database.directory());
    let platform = by_tls(&database, &authority).env("HOST", "0.0.0.0").await;
    let url = platform.url().replace("0.0.0.0", "127.0.0.1");
    assert!(url.starts_with("https://"), "{url}");
    assert!(!platform.said().contains("plain HTTP"), "it warns of what it is not");

    let client = platform.anonymous().at(&url);
    let signed_in = client.post_json("/auth/session", &platform.credentials()).await;
    assert!(signed_in.header("set-cookie").ends_with("; Secure"), "{}", signed_in.header("set-cookie"));
    assert_eq!(signed_in.header("strict-transport-security"), "max-age=31536000");
    let (cookie, _) = signed_in.header("set-cookie").split_once(';').expect("a cookie");
    let browser = client.with_cookie(cookie);
    let ada = json!({"external_id": "ada", "name": "Ada", "classroom": "Data_2025"});
    browser.post_json("/students", &ada).await.expect(201);
    // A page that somebody on the way has made is none of ours.
    let downgraded = browser.request_to(Method::POST, &format!("{url}/students")).json(&ada);
    let downgraded = downgraded.header("cookie", cookie).header("origin", url.replace("https", "http"));
    assert_eq!(browser.send(downgraded).await.code(403), "cross_origin");

    // Whoever does not know the authority hears nothing, and whoever speaks plainly neither.
    let stranger = platform.anonymous().on_its_own().at(&url);
    assert!(stranger.try_send(stranger.request(Method::GET, "/livez")).await.is_err());
    let plain = stranger.at(&url.replace("https", "http"));
    assert!(plain.try_send(plain.request(Method::GET, "/livez")).await.is_err());
    client.get("/livez").await.expect(200);
    platform.stop().await;
}

/// A connection that has shaken hands.
async fn shaken(authority: &Authority, platform: &Platform) -> TlsStream<TcpStream> {
    let mut roots = RootCertStore::empty();
    roots.add(authority.0.der().clone()).expect("a root");
    let config = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()));
    let config = config.with_safe_default_protocol_versions().expect("versions");
    let config = config.with_root_certificates(roots).with_no_client_auth();
    let stream = TcpStream::connect(port(platform)).await.expect("a connection");
    let name = ServerName::try_from("127.0.0.1").expect("a name");
    TlsConnector::from(Arc::new(config)).connect(name, stream).await.expect("hands to shake")
}

/// The next frame that says something; pings do not.
async fn next_text(socket: &mut WebSocketStream<TlsStream<TcpStream>>) -> String {
    loop {
        let frame = socket.next().await.expect("an open socket").expect("a frame");
        if frame.is_text() {
            return frame.into_text().expect("a text").to_string();
        }
    }
}

async fn the_live_socket_is_open_by_tls_as_well(database: Database) {
    let authority = Authority::new();
    authority.certify(database.directory());
    let platform = by_tls(&database, &authority).await;
    let stream = shaken(&authority, &platform).await;
    let url = format!("wss://{}/live", port(&platform));
    let client = platform.client().await;
    let mut request = url.into_client_request().expect("a request");
    let token = format!("Bearer {}", client.token().expect("a token"));
    request.headers_mut().insert("authorization", token.parse().expect("a header"));
    let (mut socket, _) = tokio_tungstenite::client_async(request, stream).await.expect("a socket");
    let first: Value = serde_json::from_str(&next_text(&mut socket).await).expect("JSON");
    assert_eq!((&first["type"], &first["seq"]), (&json!("snapshot"), &json!(0)));
    client.enrol("ada", "Data_2025").await;
    client.store(&[log("ada", "2026-03-02T12:00:00Z", json!({}))]).await;
    let changed = tokio::time::timeout(Duration::from_secs(30), async {
        while !next_text(&mut socket).await.contains("\"recent\"") {}
    });
    changed.await.expect("a delta");
}

async fn another_certificate_is_taken_up_without_a_restart(database: Database) {
    let (first, second) = (Authority::new(), Authority::new());
    first.certify(database.directory());
    let platform = by_tls(&database, &first).await;
    let client = platform.anonymous();
    client.get("/livez").await.expect(200);

    // Half of an exchange is none.
    std::fs::write(database.directory().join("tls.crt"), "half of a file").expect("a file");
    Process(platform.process()).signal("HUP");
    eventually("the fault is told", Duration::from_secs(20), async || {
        platform.said().contains("the certificate stays as it was").then_some(())
    })
    .await;
    let again = platform.anonymous();
    again.get("/livez").await.expect(200);

    second.certify(database.directory());
    Process(platform.process()).signal("HUP");
    let knows_second = platform.anonymous().trusting_only(&second.root());
    eventually("the new certificate", Duration::from_secs(20), async || {
        knows_second
            .try_send(knows_second.request(Method::GET, "/livez"))
            .await
            .ok()
            .map(|answer| answer.expect(200))
    })
    .await;
    client.get("/livez").await.expect(200);
    let knows_first = platform.anonymous().trusting_only(&first.root());
    assert!(knows_first.try_send(knows_first.request(Method::GET, "/livez")).await.is_err());
}

/// As for the head of a request, which begins with it.
async fn whoever_shakes_no_hands_has_to_go(database: Database) {
    let authority = Authority::new();
    authority.certify(database.directory());
    let platform = by_tls(&database, &authority).await;
    let begun = Instant::now();
    let mut silent = TcpStream::connect(port(&platform)).await.expect("a connection");
    let mut slow = TcpStream::connect(port(&platform)).await.expect("a connection");
    // The beginning of a hello.
    slow.write_all(&[0x16, 0x03, 0x01, 0x02, 0x00]).await.expect("a write");
    let mut nothing = [0; 64];
    for stream in [&mut silent, &mut slow] {
        let heard = tokio::time::timeout(Duration::from_secs(60), stream.read(&mut nothing)).await;
        assert!(!matches!(heard.expect("an end"), Ok(1..)), "an answer without TLS");
    }
    let waited = begun.elapsed();
    assert!((Duration::from_secs(4)..Duration::from_secs(60)).contains(&waited), "{waited:?}");
    platform.anonymous().get("/livez").await.expect(200);
}

async fn what_is_no_certificate_is_refused_in_one_line(database: Database) {
    let directory = database.directory();
    let file = |name: &str| directory.join(name).to_str().expect("a path in UTF-8").to_owned();
    let refused = async |certificate: &str, key: &str| {
        let command = Command::api(&database, ["serve", "--port", "0"]).quietly();
        let command = command.env("EDTECH_TLS_CERTIFICATE", certificate).env("EDTECH_TLS_KEY", key);
        command.run().await.refusal().to_owned()
    };
    Authority::new().certify(directory);
    std::fs::copy(file("tls.key"), file("other.key")).expect("a copy");
    Authority::new().certify(directory);
    std::fs::write(file("none"), "no PEM").expect("a file");
    for (certificate, key, blamed) in [
        ("/nowhere/tls.crt", file("tls.key"), "EDTECH_TLS_CERTIFICATE"),
        (&file("none"), file("tls.key"), "EDTECH_TLS_CERTIFICATE"),
        (&file("tls.crt"), file("none"), "EDTECH_TLS_KEY"),
        (&file("tls.crt"), file("other.key"), "EDTECH_TLS_KEY"),
    ] {
        let line = refused(certificate, &key).await;
        assert!(line.contains(&format!("{blamed} ")) && line.contains("for example"), "{line}");
    }
}

/// Signs in as through a proxy.
async fn sign_in(platform: &Platform, client: &Client, headers: &[(&str, &str)]) -> Answer {
    let request = client.request(Method::POST, "/auth/session").json(&platform.credentials());
    client.send(headers.iter().fold(request, |request, (name, value)| request.header(*name, *value))).await
}

async fn only_a_trusted_proxy_says_that_it_was_https(database: Database) {
    let told = [
        ("x-forwarded-proto", "https"),
        ("x-forwarded-host", "school.example"),
        ("origin", "https://school.example"),
    ];
    let platform = Platform::start(&database).await;
    let client = platform.anonymous();
    assert_eq!(sign_in(&platform, &client, &told).await.code(403), "cross_origin", "another host's page");
    let signed_in = sign_in(&platform, &client, &told[..1]).await;
    assert!(!signed_in.header("set-cookie").contains("Secure"), "{}", signed_in.header("set-cookie"));
    assert_eq!(signed_in.header("strict-transport-security"), "");
    // Reading is open to this machine, and not to whoever a proxy on it lets through.
    let passed_on = client.request(Method::GET, "/analytics/daily").header("x-forwarded-for", "192.0.2.1");
    assert_eq!(client.send(passed_on).await.code(401), "token_missing");
    platform.stop().await;

    let platform = Platform::start(&database).env("EDTECH_TRUSTED_PROXIES", "127.0.0.1").await;
    let client = platform.anonymous();
    let signed_in = sign_in(&platform, &client, &told).await;
    assert!(signed_in.header("set-cookie").ends_with("; Secure"), "{}", signed_in.header("set-cookie"));
    assert_eq!(signed_in.header("strict-transport-security"), "max-age=31536000");
    assert_eq!(signed_in.status, 200);
    client.get("/analytics/daily").await.expect(401);
}

async fn beyond_loopback_plain_http_is_warned_of(database: Database) {
    let warns = async |start: Start<'_>| {
        let platform = start.env("HOST", "0.0.0.0").await;
        let warns = platform.said().contains("plain HTTP beyond loopback");
        platform.stop().await;
        warns
    };
    assert!(warns(Platform::start(&database)).await);
    assert!(!warns(Platform::start(&database).env("EDTECH_TRUSTED_PROXIES", "10.0.0.0/8")).await);
}
