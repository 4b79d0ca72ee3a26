//! How much a replica posts, how fast, and for how long.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use super::profile::{Curve, Profile};

/// What was due within the duration is sent until so long after it: a server that stalled near the end is not spared.
const GRACE: Duration = Duration::from_secs(10);

/// What was due so little before a sudden end was about to be sent.
const PUNCTUAL: Duration = Duration::from_secs(1);

/// Far enough: ten years. A clock could not hold what is much further.
const FURTHEST_SECONDS: f64 = 315_360_000.0;

/// Latencies of requests that were never sent are told apart up to this many; beyond it, several count as one.
const UNSENT_TOLD_APART: u64 = 100_000;

/// A rounding error is no request.
const ROUNDING: f64 = 1e-6;

/// What a load asks of each replica.
#[derive(Debug, Clone, Copy)]
pub(super) struct Demand {
    pub(super) replicas: u32,
    /// Logs in a request.
    pub(super) batch: u32,
    /// Logs in a second, from each replica; as fast as the server answers without it.
    pub(super) rate: Option<f64>,
    pub(super) profile: Profile,
    pub(super) duration: Option<Duration>,
    /// Logs to post by all replicas, at least; the last requests are whole ones.
    pub(super) logs: Option<u64>,
}

/// What all lanes of a replica share. It knows no clock: moments are counted from the beginning of the load.
#[derive(Debug)]
pub(super) struct Plan {
    duration: Option<Duration>,
    pace: Option<Pace>,
    /// How many requests there are; as many as there is time for without it.
    requests: Option<u64>,
    /// When it is over, where there is a rate.
    end: Option<Duration>,
    taken: AtomicU64,
}

/// When each request of a replica is due.
#[derive(Debug)]
struct Pace {
    requests_per_second: f64,
    /// The part of a request's turn that passes before the first: replicas do not post in step.
    offset: f64,
    /// How the rate changes, and over how many seconds.
    change: Option<(Curve, f64)>,
}

/// The next request of a lane.
#[derive(Debug, PartialEq)]
pub(super) struct Place {
    /// How much of the load is behind it, 0 to 1.
    pub(super) share: f64,
    /// When it is due, where there is a rate.
    pub(super) due: Option<Duration>,
}

impl Plan {
    /// The plan of one of the replicas.
    pub(super) fn of(demand: Demand, replica: u32) -> Self {
        let Demand { replicas, batch, duration, logs, .. } = demand;
        let pace = Pace::of(demand, replica);
        // Replicas take turns: the first ones have one request more where they do not come out even.
        let limit = logs.map(|logs| {
            let all = logs.div_ceil(batch.into());
            all / u64::from(replicas) + u64::from(u64::from(replica) < all % u64::from(replicas))
        });
        let due = pace.as_ref().zip(duration).map(|(pace, duration)| pace.requests_before(duration));
        let requests = [limit, due].into_iter().flatten().min();
        // Each request has its turn, the last one, too.
        let turns = limit.filter(|&limit| due.is_none_or(|due| limit < due));
        let turns = pace.as_ref().zip(turns).map(|(pace, turns)| pace.moment(turns as f64));
        let end = turns.or(duration).filter(|_| pace.is_some());
        Self { duration, pace, requests, end, taken: AtomicU64::new(0) }
    }

    /// The next request for whichever lane is free; none when nothing is left, or no time.
    pub(super) fn next_place(&self, passed: Duration) -> Option<Place> {
        if self.last_moment().is_some_and(|last| passed >= last) {
            return None;
        }
        let number = self.taken.fetch_add(1, Ordering::Relaxed);
        if self.requests.is_some_and(|requests| number >= requests) {
            return None;
        }
        let due = self.pace.as_ref().map(|pace| pace.due(number));
        let by_time = |duration| due.unwrap_or(passed).div_duration_f64(duration);
        let by_number = |requests: u64| number as f64 / requests as f64;
        let shares = [self.duration.map(by_time), self.requests.map(by_number)];
        let share = shares.into_iter().flatten().fold(0.0, f64::max).min(1.0);
        Some(Place { share, due })
    }

    /// How much of the load is over, 0 to 1.
    pub(super) fn progress(&self, passed: Duration) -> f64 {
        if let Some(end) = self.end {
            return passed.div_duration_f64(end).min(1.0);
        }
        let by_time = self.duration.map(|duration| passed.div_duration_f64(duration));
        let taken = self.taken.load(Ordering::Relaxed) as f64;
        let by_number = self.requests.map(|requests| taken / requests.max(1) as f64);
        [by_time, by_number].into_iter().flatten().fold(0.0, f64::max).min(1.0)
    }

    /// The moment after which nothing is sent any more.
    fn last_moment(&self) -> Option<Duration> {
        let grace = if self.pace.is_some() { GRACE } else { Duration::ZERO };
        self.duration.map(|duration| duration + grace)
    }

    /// The moment at which a load with a rate is over, whatever became of it.
    pub(super) fn end(&self) -> Option<Duration> {
        self.end
    }

    /// How late requests are that were due and never sent, and how many are so late, when nothing more is sent from now
    /// on.
    pub(super) fn unsent(&self, passed: Duration, is_interrupted: bool) -> Vec<(Duration, u64)> {
        let Some(pace) = &self.pace else { return Vec::new() };
        let passed = self.last_moment().map_or(passed, |last| last.min(passed));
        let due = if is_interrupted { passed.saturating_sub(PUNCTUAL) } else { passed };
        let due = self.duration.map_or(due, |duration| duration.min(due));
        let due = pace.requests_before(due).min(self.requests.unwrap_or(u64::MAX));
        let sent = self.taken.load(Ordering::Relaxed).min(due);
        let step = ((due - sent) / UNSENT_TOLD_APART).max(1);
        let starts = (0..).map(|turn| sent + turn * step).take_while(|&start| start < due);
        starts
            .map(|start| {
                let count = step.min(due - start);
                (passed.saturating_sub(pace.due(start + count / 2)), count)
            })
            .collect()
    }
}

impl Pace {
    fn of(demand: Demand, replica: u32) -> Option<Self> {
        let Demand { replicas, batch, rate, profile, duration, .. } = demand;
        let change = duration.filter(|_| profile != Profile::Steady).map(|duration| duration.as_secs_f64());
        Some(Self {
            requests_per_second: rate? / f64::from(batch),
            offset: f64::from(replica) / f64::from(replicas),
            change: change.map(|seconds| (Curve::of(profile, seconds), seconds)),
        })
    }

    /// When a request is due.
    fn due(&self, number: u64) -> Duration {
        self.moment(number as f64 + self.offset)
    }

    /// When so many requests' turns are over.
    fn moment(&self, requests: f64) -> Duration {
        let seconds = requests / self.requests_per_second;
        let seconds = match &self.change {
            Some((curve, length)) => length * curve.share_of(seconds / length),
            None => seconds,
        };
        Duration::from_secs_f64(seconds.min(FURTHEST_SECONDS))
    }

    /// How many requests are due before a moment.
    fn requests_before(&self, moment: Duration) -> u64 {
        let seconds = moment.as_secs_f64();
        let seconds = match &self.change {
            Some((curve, length)) => length * curve.area(seconds / length),
            None => seconds,
        };
        (seconds * self.requests_per_second - self.offset - ROUNDING).ceil().max(0.0) as u64
    }
}

#[cfg(test)]
#[path = "plan_tests.rs"]
mod tests;
