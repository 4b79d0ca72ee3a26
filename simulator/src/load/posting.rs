//! All lanes of a load, from its first request to its last.

use std::ops::Range;
use std::sync::Arc;
use std::time::Duration;

use anyhow::Context;
use chrono::{DateTime, Utc};
use hyper::Method;
use rand::SeedableRng;
use rand::rngs::SmallRng;
use tokio::task::JoinSet;
use tokio::time::{Instant, interval, sleep_until};

use super::args::LoadArgs;
use super::lane::Lane;
use super::live_view::LiveView;
use super::plan::Plan;
use super::school::School;
use super::stream::{Era, LogStream};
use super::tally::{SharedTally, Tally};
use crate::client::Client;
use crate::connection::{Connection, Route, Target};
use crate::environment;
use crate::stop::Stop;

/// What happens over time is told second by second of a load that is known to be no longer than this.
const SHORT: Duration = Duration::from_secs(120);

/// A load on its way.
pub(super) struct Posting {
    begun: Instant,
    began_at: DateTime<Utc>,
    era: Era,
    /// Of each replica.
    plans: Vec<Arc<Plan>>,
    lanes: JoinSet<()>,
    tally: SharedTally,
    stop: Stop,
}

/// What a load has come to.
pub(super) struct Posted {
    pub(super) tally: SharedTally,
    pub(super) began_at: DateTime<Utc>,
    pub(super) seconds: f64,
    /// When its logs happened.
    pub(super) span: Range<DateTime<Utc>>,
    pub(super) is_interrupted: bool,
}

impl Posting {
    /// Starts every lane.
    pub(super) fn start(
        args: &LoadArgs,
        client: &Client,
        target: &Target,
        school: &Arc<School>,
        seed: u64,
        stop: Stop,
    ) -> anyhow::Result<Self> {
        let route = Route::new(target, Method::POST, "/streaming-logs")?;
        let route =
            route.with_body_of(if args.batch == 1 { "application/json" } else { "application/x-ndjson" });
        let (demand, era) = (args.demand(), Era::of_days(args.days));
        let (begun, began_at) = (Instant::now(), environment::now());
        let stretch_seconds = if args.duration.is_some_and(|duration| duration <= SHORT) { 1 } else { 10 };
        let tally = Tally::new(begun, args.replicas, stretch_seconds).with_ledger(args.check_ledger);
        let tally = SharedTally::new(tally);
        let plans: Vec<_> = (0..args.replicas).map(|replica| Arc::new(Plan::of(demand, replica))).collect();
        let mut seeds = SmallRng::seed_from_u64(seed);
        let mut lanes = JoinSet::new();
        for (replica, plan) in plans.iter().enumerate() {
            for _ in 0..args.connections {
                let rng = SmallRng::from_rng(&mut seeds);
                let lane = Lane {
                    replica,
                    begun,
                    batch: args.batch,
                    plan: Arc::clone(plan),
                    client: client.clone(),
                    route: route.clone(),
                    connection: Connection::new(target.clone()),
                    stream: LogStream::new(Arc::clone(school), args.pattern, era, rng),
                    tally: tally.clone(),
                    stop: stop.listener(),
                };
                lanes.spawn(lane.run());
            }
        }
        Ok(Self { begun, began_at, era, plans, lanes, tally, stop })
    }

    /// Waits until everything is posted and the time is over, or until it is told to stop; shows how it goes.
    pub(super) async fn finished(mut self, mut view: LiveView) -> anyhow::Result<Posted> {
        let end = self.plans.iter().filter_map(|plan| plan.end()).max();
        let mut interrupted = None;
        let mut ticks = interval(LiveView::EACH);
        let mut over = std::pin::pin!(over(&mut self.lanes, end.map(|end| self.begun + end), &self.stop));
        loop {
            tokio::select! {
                // First: what stops the lanes ends them, too.
                biased;
                () = self.stop.said(), if interrupted.is_none() => interrupted = Some(self.begun.elapsed()),
                over = &mut over => break over?,
                _ = ticks.tick() => view.show(self.begun.elapsed(), &self.plans, &self.tally),
            }
        }
        let passed = self.begun.elapsed();
        let interrupted = interrupted.or(self.stop.is_said().then_some(passed));
        let passed = interrupted.unwrap_or(passed);
        for (replica, plan) in self.plans.iter().enumerate() {
            for (lateness, requests) in plan.unsent(passed, interrupted.is_some()) {
                self.tally.with(|tally| tally.note_unsent(replica, lateness, requests));
            }
        }
        // A load at a rate lasts as long as it was to last, also where its last request was due before.
        let least = interrupted.or(end).unwrap_or_default();
        let seconds = self.tally.with(|tally| tally.last - self.begun).max(least).as_secs_f64();
        let Self { tally, began_at, era, .. } = self;
        let span = era.span(began_at, environment::now());
        Ok(Posted { tally, began_at, seconds, span, is_interrupted: interrupted.is_some() })
    }
}

/// Waits for all lanes, and then for the end, if there is one and nobody says 'stop'.
async fn over(lanes: &mut JoinSet<()>, end: Option<Instant>, stop: &Stop) -> anyhow::Result<()> {
    while let Some(ended) = lanes.join_next().await {
        ended.context("the load was not posted to its end")?;
    }
    let Some(end) = end else { return Ok(()) };
    tokio::select! {
        () = sleep_until(end) => {}
        () = stop.said() => {}
    }
    Ok(())
}
