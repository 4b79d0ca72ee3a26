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
use tokio::task::{JoinHandle, JoinSet};
use tokio_rustls::TlsAcceptor;

use crate::audit::Journal;
use crate::auth::{self, Access, Secrets, Throttle, Tokens};
use crate::benchmarks::{Benchmarks, Ground, Worker};
use crate::clock::Clock;
use crate::config::{Config, ConfigError, DRAINING, Switch};
use crate::data_dir::DataDirLock;
use crate::forwarded::Transport;
use crate::health::Readiness;
use crate::ingest::Intake;
use crate::live::Hub;
use crate::server::{self, State, Tls};
use crate::store::{Actor, Calendar, DatabaseSettings, Serving, ServingError, Store};
use crate::{analytics, entropy, parent, retention, telemetry};

/// Between two upkeeps of the metrics, which would otherwise gather in memory.
const UPKEEP: Duration = Duration::from_secs(5);

/// How long the end waits for the database: after a flood it may fold for longer, and what is not folded counts all the same.
const LETTING_GO: Duration = Duration::from_secs(4);

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
    let tls = open_tls(&config)?;
    let tokens = auth::tokens(&config, Some(&mut entropy::rng()))?;
    let erasure_key = auth::erasure_key(&config, Some(&mut entropy::rng()))?;
    let figures = telemetry::start_metrics()?;
    let calendar = Calendar { zone: config.time_zone, threshold: config.completion_threshold };
    let (store, serving) = open_store(&config, &calendar).await?;
    let store = keep_the_erased_out(store.with_erasure_key(erasure_key), calendar).await?;
    let secrets = Secrets::default();
    make_bootstrap_client(&config, &store, &secrets).await?;
    let access = open_access(&config, &store, tokens).await?;

    let committed = Arc::new(Notify::new());
    let (journal, keeper) = Journal::new(store.clone(), Clock);
    let (intake, writer) = Intake::new(store.clone(), calendar, Arc::clone(&committed));
    let connections = server::connections(config.database_connections);
    let (live, hub) = Hub::new(store.clone(), calendar, Clock, committed, connections);
    let (benchmarks, measuring) = benchmarks(&config, &store);
    let database = store.clone();
    let state = State {
        readiness: Data::new(Readiness::new(store.clone())),
        figures: config.serves_metrics_beside_the_api().then(|| Data::new(figures.clone())),
        access,
        secrets: Data::new(secrets),
        throttle: Data::new(Throttle::default()),
        transport: Data::new(Transport { proxies: config.trusted_proxies.clone(), tls: tls.is_some() }),
        store: Data::new(store),
        intake: Data::new(intake),
        journal: Data::new(journal),
        live: Data::new(live),
        benchmarks: Data::new(benchmarks),
        calendar: Data::new(calendar),
        clock: Data::new(Clock),
    };

    let (writing, writer_ended) = oneshot::channel::<()>();
    let writer = database.spawn_writer(async move {
        let _writing = writing;
        writer.run().await;
    });
    let keeper = tokio::spawn(keeper.run());
    let (close_sockets, closing) = oneshot::channel();
    let hub = tokio::spawn(hub.run(serving, async { drop::<Result<(), _>>(closing.await) }));
    let writing_beside = keep_up(&config, &database, calendar, figures)?;
    let (stop_measuring, stopping) = watch::channel(false);
    let measuring = measuring.map(|worker| tokio::spawn(worker.run(stopping)));
    let served =
        serve_until_told((&config, end), (state, connections, tls), (hub, writer_ended), close_sockets).await;
    stop_measuring.send_replace(true);
    // The last way in went with the last handler, so the writer ends once its queue is empty.
    tokio::time::timeout(DRAINING, writer).await.context("the queue was not stored in time")??;
    tokio::time::timeout(DRAINING, keeper).await.context("the audit log was not written in time")??;
    if let Some(measuring) = measuring {
        tokio::time::timeout(TAKING_DOWN, measuring)
            .await
            .context("a benchmark was not taken down in time")??;
    }
    // Whoever was still at it would find the database closed, and say so.
    drop(writing_beside);
    let_go(database).await?;
    tracing::info!("stopped");
    served
}

/// Folds what there is and closes the database, as far as there is time for it.
async fn let_go(database: Store) -> anyhow::Result<()> {
    let letting_go = async {
        database.fold_before_the_end().await;
        database.close().await
    };
    match tokio::time::timeout(LETTING_GO, letting_go).await {
        Ok(closed) => closed.context("the database was not closed"),
        Err(_) => {
            tracing::warn!(
                "the database is still at work for us: what it is at is left to whoever runs next"
            );
            Ok(())
        }
    }
}

/// Who may come in, and whoever looks after that.
async fn open_access(config: &Config, store: &Store, tokens: Tokens) -> anyhow::Result<Data<Access>> {
    auth::look_after_tokens(&tokens, store).await?;
    let access = Data::new(Access { tokens, open_reading: config.is_embedded_default() });
    tokio::spawn(auth::keep_tokens(access.clone(), store.clone()));
    Ok(access)
}

/// Who shakes hands, where there is a certificate, and whoever looks after that.
fn open_tls(config: &Config) -> Result<Option<TlsAcceptor>, ConfigError> {
    let Some(files) = &config.tls else { return Ok(None) };
    let tls = Tls::open(files)?;
    let acceptor = tls.acceptor();
    tokio::spawn(tls.keep());
    Ok(Some(acceptor))
}

/// Begins what goes on beside the requests, as long as the server runs, and returns what of that writes.
fn keep_up(
    config: &Config,
    database: &Store,
    calendar: Calendar,
    figures: PrometheusHandle,
) -> Result<JoinSet<()>, ConfigError> {
    tokio::spawn(keep_metrics_up(figures.clone()));
    if let Some(address) = config.metrics_listen {
        tokio::spawn(server::metrics_server(address, figures)?);
    }
    let asking = database.clone();
    tokio::spawn(async move { asking.keep_link().await });
    let mut writing = JoinSet::new();
    let folding = database.clone();
    writing.spawn(async move { folding.keep_folding().await });
    writing.spawn(retention::keep(database.clone(), calendar, Clock, config.keep));
    if let Some(at) = config.daily_report_at {
        writing.spawn(analytics::report::schedule::keep(database.clone(), calendar, Clock, at));
    }
    Ok(writing)
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
    let serving = store.announce_serving(*calendar).await?;
    store.agree_on_settings(calendar).await?;
    Ok((store, serving))
}

/// Learners whom a backup has brought back, and whom a tombstone from elsewhere tells, are erased before anybody is answered.
async fn keep_the_erased_out(store: Store, calendar: Calendar) -> anyhow::Result<Store> {
    if !store.agrees_on_erasure_key().await? {
        return Err(auth::another_erasure_key().into());
    }
    let erased = store.apply_erasures(calendar, &Actor::platform(), Clock.now()).await?;
    if erased > 0 {
        tracing::info!(erased, "learners whom a backup had brought back are erased again");
    }
    Ok(store)
}

/// What the configuration says of the database, as the store wants it told.
pub fn database_settings(config: &Config) -> DatabaseSettings {
    DatabaseSettings::new(config.database_url.expose().to_owned(), config.database_connections)
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
    (state, connections, tls): (State, usize, Option<TlsAcceptor>),
    (mut hub, writer_ended): (JoinHandle<Result<(), ServingError>>, oneshot::Receiver<()>),
    close_sockets: oneshot::Sender<()>,
) -> anyhow::Result<()> {
    let readiness = state.readiness.clone();
    let (api, address) = server::api_server(config, state, connections, tls)?;
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
    let has_tls = config.tls.is_some() || !config.trusted_proxies.is_empty();
    if !address.ip().is_loopback() && !has_tls {
        tracing::warn!(
            "this is plain HTTP beyond loopback: tokens and names can be read on the way. Set EDTECH_TLS_CERTIFICATE \
             and EDTECH_TLS_KEY, or EDTECH_TRUSTED_PROXIES where a proxy speaks TLS"
        );
    }
    if config.bootstrap_client.is_none() {
        tracing::info!("no bootstrap client is configured: `edtech-api token` makes tokens");
    }
    let mut stdout = std::io::stdout();
    let scheme = if config.tls.is_some() { "https" } else { "http" };
    writeln!(stdout, "EdTech Stream listening on {scheme}://{address}")?;
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
