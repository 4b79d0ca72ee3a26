//! Plans, at moments of their own.

use super::*;

const STEADY: Demand =
    Demand { replicas: 1, batch: 1, rate: None, profile: Profile::Steady, duration: None, logs: None };

const fn seconds(seconds: u64) -> Duration {
    Duration::from_secs(seconds)
}

/// When each request of a replica is due, in milliseconds.
fn due(demand: Demand, replica: u32) -> Vec<u128> {
    let plan = Plan::of(demand, replica);
    let places = std::iter::from_fn(|| plan.next_place(Duration::ZERO));
    places.map(|place| place.due.unwrap().as_millis()).collect()
}

/// Takes so many requests.
fn take(plan: &Plan, requests: usize) {
    for _ in 0..requests {
        plan.next_place(Duration::ZERO).unwrap();
    }
}

#[test]
fn requests_are_due_at_the_rate() {
    let demand = Demand { batch: 10, rate: Some(1_000.0), logs: Some(45), ..STEADY };
    assert_eq!(due(demand, 0), [0, 10, 20, 30, 40]);
    // As many as the duration has room for, and not one more.
    let times = due(Demand { rate: Some(50.0), duration: Some(seconds(2)), ..STEADY }, 0);
    assert_eq!((times.len(), times.last()), (100, Some(&1_980)));
    // A log a minute.
    let slow = Demand { rate: Some(1.0 / 60.0), duration: Some(seconds(300)), ..STEADY };
    assert_eq!(due(slow, 0), [0, 60_000, 120_000, 180_000, 240_000]);
}

#[test]
fn replicas_share_the_logs_and_do_not_post_in_step() {
    let demand = Demand { replicas: 2, rate: Some(0.2), duration: Some(seconds(60)), ..STEADY };
    assert_eq!(due(demand, 0)[..3], [0, 5_000, 10_000]);
    assert_eq!(due(demand, 1)[..3], [2_500, 7_500, 12_500]);
    assert_eq!((due(demand, 0).len(), due(demand, 1).len()), (12, 12));
    let demand = Demand { replicas: 3, batch: 10, rate: Some(10.0), logs: Some(95), ..STEADY };
    assert_eq!([0, 1, 2].map(|replica| due(demand, replica).len()), [4, 3, 3]);
}

#[test]
fn a_ramp_has_half_of_the_requests_and_most_of_them_late() {
    let demand = Demand { rate: Some(100.0), profile: Profile::Ramp, duration: Some(seconds(10)), ..STEADY };
    let times = due(demand, 0);
    assert_eq!(times.len(), 500);
    // A quarter of them by the half.
    assert_eq!(times.iter().filter(|&&time| time < 5_000).count(), 125);
}

#[test]
fn without_a_rate_the_next_request_is_due_when_a_lane_is_free() {
    let plan = Plan::of(Demand { batch: 10, logs: Some(25), ..STEADY }, 0);
    let places: Vec<_> = std::iter::from_fn(|| plan.next_place(Duration::ZERO)).collect();
    let shares: Vec<_> = places.iter().map(|place| place.share).collect();
    assert_eq!(shares, [0.0, 1.0 / 3.0, 2.0 / 3.0]);
    assert!(places.iter().all(|place| place.due.is_none()) && plan.end().is_none());

    let plan = Plan::of(Demand { duration: Some(seconds(10)), ..STEADY }, 0);
    assert_eq!(plan.next_place(seconds(5)).unwrap().share, 0.5);
    assert_eq!(plan.progress(seconds(5)), 0.5);
    assert_eq!(plan.next_place(seconds(10)), None);
    assert!(plan.unsent(seconds(20), false).is_empty(), "nothing is due without a rate");
}

#[test]
fn what_was_due_is_sent_for_a_while_after_the_end_and_then_counted() {
    let plan = Plan::of(Demand { rate: Some(10.0), duration: Some(seconds(5)), ..STEADY }, 0);
    assert_eq!(plan.end(), Some(seconds(5)));
    take(&plan, 20);
    // Late, but sent.
    assert_eq!(plan.next_place(seconds(14)).unwrap().due, Some(seconds(2)));
    assert_eq!(plan.next_place(seconds(15)), None);
    // Answers to others may take longer; that is not their lateness.
    let unsent = plan.unsent(seconds(25), false);
    assert_eq!(unsent.len(), 29);
    assert_eq!(unsent[0], (Duration::from_millis(15_000 - 2_100), 1));
    assert_eq!(unsent[28], (Duration::from_millis(15_000 - 4_900), 1));
}

#[test]
fn a_load_that_is_told_to_stop_owes_only_what_was_due() {
    let plan = Plan::of(Demand { rate: Some(10.0), duration: Some(seconds(60)), ..STEADY }, 0);
    take(&plan, 30);
    assert!(plan.unsent(seconds(4), true).is_empty());
    // Those of 3.0 to 3.9 s; those of the last second were about to be sent.
    assert_eq!(plan.unsent(seconds(5), true).len(), 10);
}

#[test]
fn millions_that_were_never_sent_are_counted_all_the_same() {
    let demand = Demand { rate: Some(1_000_000.0), duration: Some(seconds(10)), ..STEADY };
    let unsent = Plan::of(demand, 0).unsent(seconds(20), false);
    assert_eq!(unsent.iter().map(|(_, count)| count).sum::<u64>(), 10_000_000);
    assert!(unsent.len() <= 200_000 && unsent[0].0 > unsent[unsent.len() - 1].0);
}

#[test]
fn a_load_of_so_many_logs_lasts_until_the_last_has_had_its_turn() {
    let demand = Demand { rate: Some(2.0), logs: Some(24), duration: Some(seconds(60)), ..STEADY };
    let plan = Plan::of(demand, 0);
    assert_eq!(plan.end(), Some(seconds(12)));
    assert_eq!(plan.progress(seconds(6)), 0.5);
    let longer = Plan::of(Demand { logs: Some(1_000), ..demand }, 0);
    assert_eq!(longer.end(), Some(seconds(60)));
}

#[test]
fn a_moment_that_no_clock_holds_is_no_panic() {
    let plan = Plan::of(Demand { rate: Some(0.001), logs: Some(u64::MAX), ..STEADY }, 0);
    plan.taken.store(u64::MAX / 2, Ordering::Relaxed);
    assert_eq!(plan.next_place(Duration::ZERO).unwrap().due, plan.end());
}
