//! Runs what `POST /benchmarks` begins: one at a time, on whichever replica it was asked of.

use std::convert::Infallible;
use std::pin::pin;
use std::time::{Duration, Instant};

use chrono::TimeDelta;
use tokio::sync::{mpsc, watch};
use tokio::time::{MissedTickBehavior, interval};
use uuid::Uuid;

use super::report::Report;
use super::run::{Ground, Run};
use super::steps::{Progress, Steps};
use crate::clock::Clock;
use crate::error::{Problem, chain};
use crate::store::{BenchmarkEnd, NewBenchmark, Store, TrialDatabaseError};

/// Between two renewals of a lease: also how late a cancellation is seen.
const RENEWED_EACH: Duration = Duration::from_secs(1);

/// After so much silence a run belongs to a server that is gone.
const LEASE: TimeDelta = TimeDelta::seconds(20);

/// Between two looks for what others left behind.
const SWEPT_EACH: Duration = Duration::from_secs(30);

/// The way to the worker.
#[derive(Clone)]
pub struct Benchmarks {
    ground: Ground,
    /// None where benchmarks are switched off.
    queue: Option<mpsc::Sender<Run>>,
}

/// Does the measuring.
pub struct Worker {
    store: Store,
    ground: Ground,
    queue: mpsc::Receiver<Run>,
}

/// Why a run ended before it was done.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Stopped {
    /// Somebody asked for that.
    Cancelled,
    /// The server stops.
    WithTheServer,
}

impl Benchmarks {
    /// A worker, and the way to it.
    pub fn new(store: Store, ground: Ground) -> (Self, Worker) {
        let (sender, queue) = mpsc::channel(1);
        (Self { ground: ground.clone(), queue: Some(sender) }, Worker { store, ground, queue })
    }

    /// Where nothing is measured.
    pub fn off(ground: Ground) -> Self {
        Self { ground, queue: None }
    }

    /// Begins a run, unless it may not be.
    pub(super) async fn begin(&self, store: &Store, run: Run, requested_by: &str) -> Result<(), Problem> {
        let queue = self.queue.as_ref().ok_or_else(switched_off)?;
        self.ground.databases.may_be_made().await.map_err(no_database)?;
        let parameters = serde_json::to_string(&run.parameters).map_err(Problem::internal)?;
        let (id, kind) = (run.id, run.kind.name().to_owned());
        let new = NewBenchmark { id, kind, parameters, requested_by: requested_by.to_owned() };
        let now = Clock.now();
        if !store.begin_benchmark(&new, now, now + LEASE).await? {
            return Err(another_runs());
        }
        match queue.try_send(run) {
            Ok(()) => Ok(()),
            Err(_busy) => {
                store.end_benchmark(id, BenchmarkEnd::Cancelled, Clock.now()).await?;
                Err(another_runs())
            }
        }
    }
}

/// Done once the server stops.
async fn stopped(mut stopping: watch::Receiver<bool>) {
    // Whoever would tell us is gone: that is a stop as well.
    drop(stopping.wait_for(|stopping| *stopping).await);
}

fn switched_off() -> Problem {
    let detail = "This server does not measure itself: it was started with EDTECH_BENCHMARKS=off.";
    Problem::new(actix_web::http::StatusCode::FORBIDDEN, "benchmarks_off", detail)
}

fn another_runs() -> Problem {
    let detail = "Another benchmark is running, and two would measure each other: wait for it, or cancel it.";
    Problem::conflict("benchmark_running", detail)
}

fn no_database(error: TrialDatabaseError) -> Problem {
    match error {
        TrialDatabaseError::Denied { .. } => Problem::conflict("create_database_denied", format!("{error}.")),
        TrialDatabaseError::Store(error) => error.into(),
        TrialDatabaseError::Directory(error) => Problem::internal(error),
    }
}

impl Worker {
    /// Runs what comes, one after another, until the server stops.
    pub async fn run(mut self, stopping: watch::Receiver<bool>) {
        let mut stop = pin!(stopped(stopping.clone()));
        let mut sweeps = interval(SWEPT_EACH);
        sweeps.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            tokio::select! {
                () = &mut stop => return,
                _ = sweeps.tick() => self.sweep().await,
                run = self.queue.recv() => match run {
                    Some(run) => self.execute(&run, &stopping).await,
                    None => return,
                },
            }
        }
    }

    async fn sweep(&self) {
        let orphans = self.store.end_orphaned_benchmarks(Clock.now()).await;
        if let Err(error) = orphans {
            tracing::debug!(error = %chain(&error), "orphaned benchmarks could not be ended");
        }
        if let Err(error) = self.ground.sweep().await {
            tracing::debug!(error = %chain(&error), "what benchmarks left behind could not be removed");
        }
    }

    async fn execute(&self, run: &Run, stopping: &watch::Receiver<bool>) {
        let (mut steps, told) = Steps::new();
        let (stop, stopped) = watch::channel(None);
        let measuring = Box::pin(run.measure(&self.ground, &mut steps, said(stopped.clone())));
        let measured = tokio::select! {
            measured = measuring => measured,
            // Also while its server starts and while it is taken down.
            never = self.keep(run.id, told, stopping.clone(), stop) => match never {},
        };
        let end = end(measured, *stopped.borrow());
        if let Err(error) = self.store.end_benchmark(run.id, end, Clock.now()).await {
            tracing::error!(id = %run.id, error = %chain(&error), "the end of a benchmark could not be kept");
        }
    }

    /// Keeps the lease and tells how far it is; says once that somebody wants it to end.
    async fn keep(
        &self,
        id: Uuid,
        told: watch::Receiver<Option<Progress>>,
        stopping: watch::Receiver<bool>,
        stop: watch::Sender<Option<Stopped>>,
    ) -> Infallible {
        let begun = Instant::now();
        let mut renewals = interval(RENEWED_EACH);
        renewals.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            renewals.tick().await;
            let progress = told.borrow().clone();
            // A step may take minutes: whoever looks sees time pass.
            let progress = progress.map(|now| Progress { seconds: begun.elapsed().as_secs_f64(), ..now });
            let progress = progress.and_then(|progress| serde_json::to_string(&progress).ok());
            let renewed = self.store.renew_benchmark(id, progress, Clock.now() + LEASE).await;
            let why = match renewed {
                _ if *stopping.borrow() => Some(Stopped::WithTheServer),
                Ok(false) => Some(Stopped::Cancelled),
                Ok(true) => None,
                Err(error) => {
                    tracing::debug!(error = %chain(&error), "a benchmark's lease could not be renewed");
                    None
                }
            };
            // Whatever came first stays.
            stop.send_if_modified(|said| {
                said.is_none() && why.is_some() && {
                    *said = why;
                    true
                }
            });
        }
    }
}

/// Done once somebody wants a run to end.
async fn said(mut stopped: watch::Receiver<Option<Stopped>>) {
    // The keeper outlives the run: it does not fall silent.
    drop(stopped.wait_for(Option::is_some).await);
}

/// How a run ended.
fn end(measured: anyhow::Result<Option<Report>>, stopped: Option<Stopped>) -> BenchmarkEnd {
    let kept = |report: Report| {
        let json = serde_json::to_string(&report)?;
        Ok::<_, anyhow::Error>(BenchmarkEnd::Finished { report: json, verdict: report.verdict.name() })
    };
    let end = match (measured, stopped) {
        (Ok(Some(report)), _) => kept(report),
        (Ok(None), Some(Stopped::Cancelled)) => Ok(BenchmarkEnd::Cancelled),
        (Ok(None), _) => Err(anyhow::anyhow!("The server that ran it was stopped.")),
        (Err(error), _) => Err(error),
    };
    end.unwrap_or_else(|error| {
        tracing::warn!(error = %chain(error.as_ref()), "a benchmark failed to measure");
        BenchmarkEnd::Failed(format!("{error:#}"))
    })
}
