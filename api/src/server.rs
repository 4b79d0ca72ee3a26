//! The HTTP server: what every handler shares, and the limits that the protocol itself is held to.

use std::net::SocketAddr;
use std::time::Duration;

use actix_web::dev::Server;
use actix_web::http::header::{CONTENT_SECURITY_POLICY, REFERRER_POLICY, X_CONTENT_TYPE_OPTIONS};
use actix_web::middleware::{DefaultHeaders, from_fn};
use actix_web::web::{self, Data};
use actix_web::{App, HttpServer};
use metrics_exporter_prometheus::PrometheusHandle;

use crate::auth::{Access, Secrets};
use crate::benchmarks::Benchmarks;
use crate::clock::Clock;
use crate::config::{Config, ConfigError, METRICS_LISTEN, PORT};
use crate::health::{self, Readiness};
use crate::ingest::Intake;
use crate::live::LiveHandle;
use crate::openapi::Document;
use crate::routes::Methods;
use crate::store::{Calendar, Store};
use crate::{one_of_each, request_id, routes};

/// What a client may take to send the head of its request.
const REQUEST_TIMEOUT: Duration = Duration::from_secs(5);

/// What a client may take to close a connection that we have done with.
const DISCONNECT_TIMEOUT: Duration = Duration::from_secs(2);

/// Longer than usual proxies keep an idle connection, which would otherwise send into one that we are closing.
const KEEP_ALIVE: Duration = Duration::from_secs(75);

/// What a client may leave unread before the kernel closes its connection. Nothing else would: actix waits for a full
/// connection as long as the client keeps it open, also after everybody here has let go of it.
#[cfg(target_os = "linux")]
const UNREAD_TIMEOUT: Duration = Duration::from_secs(20);

/// How many connections may wait while every worker is busy.
const BACKLOG: u32 = 1024;

/// Of every worker there is another, so that one slow answer does not hold up all.
const FEWEST_WORKERS: usize = 2;

/// What the handlers share.
#[derive(Clone)]
pub struct State {
    /// The database.
    pub store: Data<Store>,
    /// Days and completions.
    pub calendar: Data<Calendar>,
    /// The time.
    pub clock: Data<Clock>,
    /// The way in for logs.
    pub intake: Data<Intake>,
    /// The way to the live hub.
    pub live: Data<LiveHandle>,
    /// The way to those who measure.
    pub benchmarks: Data<Benchmarks>,
    /// Who may come in.
    pub access: Data<Access>,
    /// Client secrets.
    pub secrets: Data<Secrets>,
    /// Whether this process wants requests.
    pub readiness: Data<Readiness>,
    /// Figures for Prometheus, where they are served beside the API.
    pub figures: Option<Data<PrometheusHandle>>,
    /// The specification.
    pub document: Data<Document>,
    /// Which methods each URL knows.
    pub methods: Data<Methods>,
}

impl State {
    fn register(self, app: &mut web::ServiceConfig) {
        let Self {
            store,
            calendar,
            clock,
            intake,
            live,
            benchmarks,
            access,
            secrets,
            readiness,
            figures,
            document,
            methods,
        } = self;
        app.app_data(store).app_data(calendar).app_data(clock).app_data(intake).app_data(live);
        app.app_data(benchmarks);
        app.app_data(access).app_data(secrets).app_data(readiness).app_data(document).app_data(methods);
        if let Some(figures) = figures {
            app.app_data(figures);
        }
    }
}

/// The API on its address, and which one that is; it works as long as it is polled.
pub fn api_server(config: &Config, state: State) -> Result<(Server, SocketAddr), ConfigError> {
    let address = SocketAddr::new(config.host, config.port);
    let server = HttpServer::new(move || {
        let state = state.clone();
        App::new()
            .wrap(from_fn(one_of_each::check))
            .wrap(for_browsers())
            .wrap(from_fn(request_id::follow))
            .configure(|app| state.register(app))
            .configure(routes::configure)
            .configure(routes::configure_rest)
    });
    #[cfg(target_os = "linux")]
    let server = server.on_connect(cut_when_unread);
    let cores = std::thread::available_parallelism().map_or(FEWEST_WORKERS, usize::from);
    let server = server
        .workers(cores.max(FEWEST_WORKERS))
        .backlog(BACKLOG)
        .keep_alive(KEEP_ALIVE)
        .client_request_timeout(REQUEST_TIMEOUT)
        .client_disconnect_timeout(DISCONNECT_TIMEOUT)
        .tcp_nodelay(true)
        // Signals are the composition root's: sockets and the queue have to be told as well.
        .disable_signals()
        .shutdown_timeout(config.answering().as_secs());
    let server = server.bind(address).map_err(|error| PORT.fault(unusable(address, &error)))?;
    let address = server.addrs().first().copied().unwrap_or(address);
    Ok((server.run(), address))
}

/// What every answer tells a browser: it is what it says it is, may load and run nothing, and is shown within no other page.
/// A page says itself what it needs beyond that.
fn for_browsers() -> DefaultHeaders {
    DefaultHeaders::new()
        .add((X_CONTENT_TYPE_OPTIONS, "nosniff"))
        .add((REFERRER_POLICY, "no-referrer"))
        .add((CONTENT_SECURITY_POLICY, "default-src 'none'; frame-ancestors 'none'; base-uri 'none'"))
}

#[cfg(target_os = "linux")]
fn cut_when_unread(connection: &dyn std::any::Any, _: &mut actix_web::dev::Extensions) {
    let Some(connection) = connection.downcast_ref::<actix_web::rt::net::TcpStream>() else { return };
    if let Err(error) = socket2::SockRef::from(connection).set_tcp_user_timeout(Some(UNREAD_TIMEOUT)) {
        tracing::debug!(%error, "a connection has no limit for what is left unread");
    }
}

/// `/metrics` on an address of its own, for the network that monitoring lives in.
pub fn metrics_server(address: SocketAddr, figures: PrometheusHandle) -> Result<Server, ConfigError> {
    let figures = Data::new(figures);
    let server = HttpServer::new(move || App::new().app_data(figures.clone()).service(health::get_metrics));
    let server =
        server.workers(1).client_request_timeout(REQUEST_TIMEOUT).disable_signals().shutdown_timeout(1);
    let server = server.bind(address).map_err(|error| METRICS_LISTEN.fault(unusable(address, &error)))?;
    Ok(server.run())
}

fn unusable(address: SocketAddr, error: &std::io::Error) -> String {
    format!("cannot be used: nothing can listen on {address} ({error})")
}
