//! The composition root: here everything meets, and whatever outlives a request is started and stopped.

use std::io::Write;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use actix_web::web::Data;
use anyhow::Context;
use metrics_exporter_prometheus::PrometheusHandle;
use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::{Notify, oneshot, watch};
use tokio::task::JoinHandle;

use crate::auth::{self, Access, Secrets, Tokens};
use crate::benchmarks::{Benchmarks, Ground, Worker};
use crate::clock::Clock;
use crate::config::{Config, ConfigError, DRAINING, Switch};
use crate::data_dir::DataDirLock;
use crate::health::Readiness;
use crate::ingest::Intake;
use crate::live::Hub;
use crate::server::{self, State};
use crate::store::{Calendar, DatabaseSettings, Serving, ServingError, Store};
use crate::{analytics, entropy, parent, retention, telemetry};

/// Between two upkeeps of the metrics, which would otherwise gather in memory.
const UPKEEP: Duration = Duration::from_secs(5);

/// How long a benchmark may take to take down what it made.
const TAKING_DOWN: Duration = Duration::from_secs(20);

/// What ends a server.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum End {
    /// SIGTERM or SIGINT.
    BySignal,
    /// The end of standard input as well.
    WithStdin,
}

/// Serves until it is told to stop, then answers what is in flight, stores what is queued, and returns.
pub async fn serve(config: Config, end: End) -> anyhow::Result<()> {
    let _lock = DataDirLock::take(&config)?;
    let key = auth::signing_key(&config, &mut entropy::rng())?;
    let figures = telemetry::start_metrics()?;
    let calendar = Calendar { zone: config.time_zone, threshold: config.completion_threshold };
    let (store, serving) = open_store(&config, &calendar).await?;
    let secrets = Secrets::default();
    make_bootstrap_client(&config, &store, &secrets).await?;

    let committed = Arc::new(Notify::new());
    let (intake, writer) = Intake::new(store.clone(), calendar, Arc::clone(&committed));
    let connections = server::connections(config.database_connections);
    let (live, hub) = Hub::new(store.clone(), calendar, Clock, committed, connections);
    let (benchmarks, measuring) = benchmarks(&config, &store);
    let database = store.clone();
    let state = State {
        readiness: Data::new(Readiness::new(store.clone())),
        figures: config.serves_metrics_beside_the_api().then(|| Data::new(figures.clone())),
        access: Data::new(Access { tokens: Tokens::new(&key), open_reading: config.is_embedded_default() }),
        secrets: Data::new(secrets),
        store: Data::new(store),
        intake: Data::new(intake),
        live: Data::new(live),
        benchmarks: Data::new(benchmarks),
        calendar: Data::new(calendar),
        clock: Data::new(Clock),
    };

    let (writing, writer_ended) = oneshot::channel::<()>();
    let writer = tokio::spawn(async move {
        let _writing = writing;
        writer.run().await;
    });
    let (close_sockets, closing) = oneshot::channel();
    let hub = tokio::spawn(hub.run(serving, async { drop::<Result<(), _>>(closing.await) }));
    keep_up(&config, &database, calendar, figures)?;
    let (stop_measuring, stopping) = watch::channel(false);
    let measuring = measuring.map(|worker| tokio::spawn(worker.run(stopping)));
    let served =
        serve_until_told((&config, end), (state, connections), (hub, writer_ended), close_sockets).await;
    stop_measuring.send_replace(true);
    // The last way in went with the last handler, so the writer ends once its queue is empty.
    tokio::time::timeout(DRAINING, writer).await.context("the queue was not stored in time")??;
    if let Some(measuring) = measuring {
        tokio::time::timeout(TAKING_DOWN, measuring)
            .await
            .context("a benchmark was not taken down in time")??;
    }
    database.fold_before_the_end().await;
    database.close().await.context("the database was not closed")?;
    tracing::info!("stopped");
    served
}

/// What goes on beside the requests, as long as the server runs.
fn keep_up(
    config: &Config,
    database: &Store,
    calendar: Calendar,
    figures: PrometheusHandle,
) -> Result<(), ConfigError> {
    tokio::spawn(keep_metrics_up(figures.clone()));
    let asking = database.clone();
    tokio::spawn(async move { asking.keep_link().await });
    let folding = database.clone();
    tokio::spawn(async move { folding.keep_folding().await });
    if let Some(days) = config.keep_days {
        tokio::spawn(retention::keep(database.clone(), calendar, Clock, days));
    }
    if let Some(at) = config.daily_report_at {
        tokio::spawn(analytics::report::schedule::keep(database.clone(), calendar, Clock, at));
    }
    if let Some(address) = config.metrics_listen {
        tokio::spawn(server::metrics_server(address, figures)?);
    }
    Ok(())
}

/// The way to those who measure, and who does it, unless it is switched off.
fn benchmarks(config: &Config, store: &Store) -> (Benchmarks, Option<Worker>) {
    let ground = Ground::beside(&database_settings(config), &config.data_dir);
    match config.benchmarks {
        Switch::Off => (Benchmarks::off(ground), None),
        Switch::On => {
            let (benchmarks, worker) = Benchmarks::new(store.clone(), ground);
            (benchmarks, Some(worker))
        }
    }
}

async fn open_store(config: &Config, calendar: &Calendar) -> anyhow::Result<(Store, Serving)> {
    tracing::info!(
        version = env!("CARGO_PKG_VERSION"),
        database = %config.database_url,
        time_zone = %calendar.zone,
        completion_threshold = calendar.threshold,
        "starting"
    );
    let store = Store::connect_patiently(&database_settings(config)).await?;
    store.migrate().await.context("the schema could not be brought up to date")?;
    // From here on nobody rebuilds, so what we agree on stays agreed.
    let serving = store.announce_serving().await?;
    store.agree_on_settings(calendar).await?;
    Ok((store, serving))
}

/// What the configuration says of the database, as the store wants it told.
pub fn database_settings(config: &Config) -> DatabaseSettings {
    DatabaseSettings {
        url: config.database_url.expose().to_owned(),
        connections: config.database_connections,
    }
}

async fn make_bootstrap_client(config: &Config, store: &Store, secrets: &Secrets) -> anyhow::Result<()> {
    let Some(client) = &config.bootstrap_client else {
        return Ok(());
    };
    let made = auth::put_bootstrap_client(store, secrets, client, Clock.now()).await;
    made.map_err(|problem| anyhow::anyhow!("the bootstrap client could not be made: {problem}"))
}

/// Between the first request and the last. Ends by itself where the hub does: then this process may not go on counting; and
/// where the writer does, which takes a panic: then it cannot store any more, and whoever supervises it starts another.
async fn serve_until_told(
    (config, end): (&Config, End),
    (state, connections): (State, usize),
    (mut hub, writer_ended): (JoinHandle<Result<(), ServingError>>, oneshot::Receiver<()>),
    close_sockets: oneshot::Sender<()>,
) -> anyhow::Result<()> {
    let readiness = state.readiness.clone();
    let (api, address) = server::api_server(config, state, connections)?;
    let told = told_to_stop(end)?;
    let handle = api.handle();
    let api = tokio::spawn(api);
    announce(config, address)?;

    let hub_ended = tokio::select! {
        () = told => None,
        ended = &mut hub => Some(ended),
        _ = writer_ended => None,
    };
    tracing::info!("stopping");
    readiness.stop();
    // Open sockets would hold up the server: the hub sees them off while requests in flight are answered.
    drop(close_sockets);
    handle.stop(true).await;
    api.await?.context("the server failed")?;
    let hub_ended = match hub_ended {
        Some(ended) => ended,
        None => hub.await,
    };
    Ok(hub_ended??)
}

fn announce(config: &Config, address: SocketAddr) -> anyhow::Result<()> {
    if !address.ip().is_loopback() {
        tracing::warn!(
            "this is plain HTTP beyond loopback: tokens and names can be read on the way without TLS in front"
        );
    }
    if config.bootstrap_client.is_none() {
        tracing::info!("no bootstrap client is configured: `edtech-api token` makes tokens");
    }
    let mut stdout = std::io::stdout();
    writeln!(stdout, "EdTech Stream listening on http://{address}")?;
    Ok(stdout.flush()?)
}

/// From now on SIGTERM and SIGINT end nothing by themselves.
fn told_to_stop(end: End) -> anyhow::Result<impl Future<Output = ()>> {
    let mut terminated = signal(SignalKind::terminate())?;
    let mut interrupted = signal(SignalKind::interrupt())?;
    let parent = (end == End::WithStdin).then(parent::gone);
    let parent_gone = async move {
        match parent {
            Some(gone) => gone.await,
            None => std::future::pending().await,
        }
    };
    Ok(async move {
        tokio::select! {
            _ = terminated.recv() => {}
            _ = interrupted.recv() => {}
            () = parent_gone => {}
        }
    })
}

async fn keep_metrics_up(figures: PrometheusHandle) {
    let mut next = tokio::time::interval(UPKEEP);
    loop {
        next.tick().await;
        figures.run_upkeep();
    }
}
