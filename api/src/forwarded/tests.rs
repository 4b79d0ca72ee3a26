use actix_web::test::TestRequest;
use proptest::prelude::*;

use super::*;
use crate::config::{Config, Settings};

const CLIENT: &str = "203.0.113.9";

/// A request by this peer, to a server that trusts the proxies of 10.0.0.0/8.
fn asked(peer: &str, tls: bool, headers: &[(&str, &str)]) -> HttpRequest {
    let proxies = trusting("10.0.0.0/8");
    let request = TestRequest::default().app_data(Data::new(Transport { proxies, tls }));
    let request = request.peer_addr(SocketAddr::new(peer.parse().unwrap(), 40_000));
    headers.iter().fold(request, |request, header| request.append_header(*header)).to_http_request()
}

fn trusting(networks: &str) -> TrustedProxies {
    #[derive(clap::Parser)]
    struct Only {
        #[command(flatten)]
        settings: Settings,
    }
    let Only { settings } = clap::Parser::parse_from(["edtech-api", "--trusted-proxies", networks]);
    Config::try_from(settings).unwrap().trusted_proxies
}

fn from(peer: &str, headers: &[(&str, &str)]) -> String {
    client_address(&asked(peer, false, headers)).to_string()
}

#[test]
fn what_a_client_says_of_itself_does_not_count() {
    for header in [
        ("x-forwarded-for", "192.0.2.7"),
        ("x-forwarded-for", "10.0.0.1"),
        ("x-real-ip", "192.0.2.7"),
        ("forwarded", "for=192.0.2.7"),
    ] {
        assert_eq!(from(CLIENT, &[header]), CLIENT, "{header:?}");
    }
    let lie =
        [("x-forwarded-proto", "https"), ("x-forwarded-host", "evil.example"), ("host", "school.example")];
    let request = asked(CLIENT, false, &lie);
    assert!(!is_https(&request) && is_forwarded(&request));
    assert_eq!(host(&request), Some("school.example"));
    let nobody_trusted = TestRequest::default().append_header(("x-forwarded-for", "192.0.2.7"));
    let nobody_trusted = nobody_trusted.peer_addr("10.0.0.1:1".parse().unwrap()).to_http_request();
    assert_eq!(client_address(&nobody_trusted).to_string(), "10.0.0.1");
}

#[test]
fn a_trusted_proxy_says_who_asks() {
    for (header, value) in [
        ("x-forwarded-for", "203.0.113.9"),
        ("x-forwarded-for", "203.0.113.9:4711"),
        ("x-forwarded-for", "6.6.6.6, 203.0.113.9"),
        ("x-forwarded-for", "6.6.6.6, 203.0.113.9, 10.0.0.2"),
        ("forwarded", "for=203.0.113.9;proto=https"),
        ("forwarded", "for=6.6.6.6, For=\"203.0.113.9:80\";by=10.0.0.1"),
    ] {
        assert_eq!(from("10.0.0.1", &[(header, value)]), CLIENT, "{header}: {value}");
    }
    let repeated = [("x-forwarded-for", "6.6.6.6"), ("x-forwarded-for", "203.0.113.9")];
    assert_eq!(from("10.0.0.1", &repeated), CLIENT);
    assert_eq!(from("::ffff:10.0.0.1", &[("x-forwarded-for", CLIENT)]), CLIENT);
    assert_eq!(from("10.0.0.1", &[("forwarded", "for=\"[2001:db8::7]:80\"")]), "2001:db8::7");
}

#[test]
fn what_cannot_be_read_or_believed_ends_at_the_last_that_can() {
    assert_eq!(from("10.0.0.1", &[]), "10.0.0.1");
    assert_eq!(from("10.0.0.1", &[("x-forwarded-for", "")]), "10.0.0.1");
    assert_eq!(from("10.0.0.1", &[("x-forwarded-for", "6.6.6.6, unknown, 10.0.0.2")]), "10.0.0.2");
    assert_eq!(from("10.0.0.1", &[("forwarded", "proto=https")]), "10.0.0.1");
    // A proxy that writes one of the two passes the other on as the client wrote it.
    let two_stories = [("x-forwarded-for", CLIENT), ("forwarded", "for=6.6.6.6")];
    assert_eq!(from("10.0.0.1", &two_stories), "10.0.0.1");
    let one_story = [("x-forwarded-for", CLIENT), ("forwarded", "for=203.0.113.9")];
    assert_eq!(from("10.0.0.1", &one_story), CLIENT);
}

#[test]
fn a_trusted_proxy_says_by_what_and_for_which_host() {
    let host_header = ("host", "inside:8000");
    let told = |headers: &[(&str, &str)]| {
        let request = asked("10.0.0.1", false, &[&[host_header], headers].concat());
        (is_https(&request), host(&request).map(str::to_owned))
    };
    let school = Some("school.example".to_owned());
    assert_eq!(
        told(&[("x-forwarded-proto", "https"), ("x-forwarded-host", "school.example")]),
        (true, school.clone())
    );
    assert_eq!(told(&[("forwarded", "for=6.6.6.6;proto=https;host=school.example")]), (true, school));
    assert_eq!(told(&[("x-forwarded-proto", "http")]), (false, Some("inside:8000".to_owned())));
    assert_eq!(told(&[]), (false, Some("inside:8000".to_owned())));
    assert!(is_https(&asked(CLIENT, true, &[])), "our own TLS");
}

proptest! {
    #[test]
    fn no_header_makes_it_panic_or_lets_a_stranger_lie(value in r#"[a-z0-9.:,;="\[\] ]{0,60}|[ -~]{0,60}"#) {
        for name in ["x-forwarded-for", "forwarded", "x-forwarded-proto", "x-forwarded-host"] {
            let stranger = asked(CLIENT, false, &[(name, &value)]);
            prop_assert_eq!(client_address(&stranger).to_string(), CLIENT);
            prop_assert!(!is_https(&stranger));
            let proxy = asked("10.0.0.1", false, &[(name, &value)]);
            let _ = (client_address(&proxy), is_https(&proxy), host(&proxy));
        }
    }
}
