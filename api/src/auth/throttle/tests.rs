use std::sync::atomic::{AtomicU32, Ordering};

use futures_util::future::join_all;
use governor::clock::FakeRelativeClock;

use super::*;

const HERE: IpAddr = IpAddr::V4(std::net::Ipv4Addr::new(192, 0, 2, 1));
const ELSEWHERE: IpAddr = IpAddr::V4(std::net::Ipv4Addr::new(192, 0, 2, 2));

type Fake = Throttle<FakeRelativeClock>;

fn throttle() -> (Fake, FakeRelativeClock) {
    let clock = FakeRelativeClock::default();
    (Throttle::by_clock(&clock), clock)
}

async fn wrong() -> Result<(), Problem> {
    tokio::task::yield_now().await;
    Err(Problem::unauthorized("invalid_client", "No such client, or another secret."))
}

async fn right() -> Result<(), Problem> {
    tokio::task::yield_now().await;
    Ok(())
}

async fn code(
    throttle: &Fake,
    from: IpAddr,
    name: &str,
    look: impl Future<Output = Result<(), Problem>>,
) -> &'static str {
    throttle.watch_from(from, name, look).await.map_or_else(|problem| problem.code(), |()| "right")
}

#[tokio::test]
async fn the_sixth_guess_at_a_name_has_to_wait() {
    let (throttle, clock) = throttle();
    for _ in 0..5 {
        assert_eq!(code(&throttle, HERE, "school", wrong()).await, "invalid_client");
    }
    let refused = throttle.watch_from(HERE, "school", right()).await.unwrap_err();
    assert_eq!((refused.status_code(), refused.code()), (StatusCode::TOO_MANY_REQUESTS, "too_many_attempts"));
    let wait: u64 =
        refused.error_response().headers().get("retry-after").unwrap().to_str().unwrap().parse().unwrap();
    assert!((55..=61).contains(&wait), "{wait}");
    // Neither others here nor the same elsewhere are told to wait.
    assert_eq!(code(&throttle, HERE, "airflow", right()).await, "right");
    assert_eq!(code(&throttle, ELSEWHERE, "school", right()).await, "right");
    clock.advance(Duration::from_secs(wait));
    assert_eq!(code(&throttle, HERE, "school", wrong()).await, "invalid_client");
    assert_eq!(code(&throttle, HERE, "school", right()).await, "too_many_attempts");
}

#[tokio::test]
async fn whoever_is_right_is_never_told_to_wait() {
    let (throttle, _clock) = throttle();
    for _ in 0..1_000 {
        assert_eq!(code(&throttle, HERE, "school", right()).await, "right");
    }
    let at_once = (0..200).map(|_| code(&throttle, HERE, "school", right()));
    assert_eq!(join_all(at_once).await, ["right"; 200]);
    assert_eq!(throttle.by_name.remembered() + throttle.by_address.remembered(), 0, "nothing is left of it");
}

#[tokio::test]
async fn many_guesses_at_once_are_no_more_guesses() {
    let (throttle, _clock) = throttle();
    let looked = AtomicU32::new(0);
    let guess = async || {
        let look = async {
            looked.fetch_add(1, Ordering::Relaxed);
            wrong().await
        };
        code(&throttle, HERE, "school", look).await
    };
    let codes = join_all((0..100).map(|_| guess())).await;
    assert_eq!(looked.load(Ordering::Relaxed), 5, "secrets that were looked at");
    assert_eq!(codes.iter().filter(|code| **code == "too_many_attempts").count(), 95);
}

#[tokio::test]
async fn whoever_hangs_up_has_guessed_all_the_same() {
    let (throttle, _clock) = throttle();
    for _ in 0..5 {
        let hung_up = timeout(
            Duration::from_millis(1),
            throttle.watch_from::<()>(HERE, "school", std::future::pending()),
        );
        assert!(hung_up.await.is_err());
    }
    assert_eq!(code(&throttle, HERE, "school", right()).await, "too_many_attempts");
}

#[tokio::test]
async fn an_address_has_more_guesses_and_not_any_number() {
    let (throttle, clock) = throttle();
    for number in 0..50 {
        assert_eq!(code(&throttle, HERE, &format!("name {number}"), wrong()).await, "invalid_client");
    }
    assert_eq!(code(&throttle, HERE, "school", right()).await, "too_many_attempts");
    assert_eq!(code(&throttle, ELSEWHERE, "school", right()).await, "right");
    clock.advance(Duration::from_secs(5));
    assert_eq!(code(&throttle, HERE, "school", right()).await, "right");
}

#[tokio::test]
async fn what_could_not_be_looked_at_is_no_wrong_guess() {
    let (throttle, _clock) = throttle();
    for _ in 0..20 {
        let busy = async { Err(Problem::unavailable("Too many clients ask for a token at once.")) };
        assert_eq!(code(&throttle, HERE, "school", busy).await, "unavailable");
    }
    assert_eq!(code(&throttle, HERE, "school", right()).await, "right");
}

#[tokio::test]
async fn a_flood_of_addresses_takes_no_more_room() {
    let (throttle, _clock) = throttle();
    for number in 0..12_000_u32 {
        let address = IpAddr::V4(std::net::Ipv4Addr::from_bits(number));
        assert_eq!(code(&throttle, address, &"long ".repeat(1_000), wrong()).await, "invalid_client");
    }
    assert_eq!((throttle.by_name.remembered(), throttle.by_address.remembered()), (10_000, 10_000));
}

#[test]
fn an_ipv6_network_is_one_address() {
    let network_of = |text: &str| network(text.parse().unwrap()).to_string();
    assert_eq!(network_of("2001:db8:1:2:3:4:5:6"), "2001:db8:1:2::");
    assert_eq!(network_of("::ffff:192.0.2.1"), "192.0.2.1");
    assert_eq!(network_of("192.0.2.1"), "192.0.2.1");
}
