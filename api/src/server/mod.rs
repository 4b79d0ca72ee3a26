//! The HTTP server: what every handler shares, and the limits that the protocol itself is held to.

mod connection;
mod descriptors;
mod headers;
mod pace;
mod seat;
mod stream;
mod tls;

use std::io;
use std::net::{SocketAddr, TcpListener};
use std::rc::Rc;
use std::time::Duration;

use actix_http::error::DispatchError;
use actix_http::{HttpService, Protocol};
use actix_server::GracefulShutdownSignal;
use actix_service::{IntoServiceFactory, ServiceFactory, ServiceFactoryExt, fn_service, map_config};
use actix_web::dev::{AppConfig, Server};
use actix_web::middleware::from_fn;
use actix_web::rt::net::TcpStream;
use actix_web::web::{self, Data};
use actix_web::{App, HttpServer};
use metrics_exporter_prometheus::PrometheusHandle;
use socket2::{Domain, Protocol as IpProtocol, Socket, Type};
use tokio_rustls::TlsAcceptor;

use crate::audit::{self, Journal};
use crate::auth::{Access, Secrets, Throttle};
use crate::benchmarks::Benchmarks;
use crate::clock::Clock;
use crate::config::{Config, ConfigError, METRICS_LISTEN, PORT};
use crate::forwarded::Transport;
use crate::health::{self, Readiness};
use crate::ingest::Intake;
use crate::live::LiveHandle;
use crate::pieces::PIECE;
use crate::store::{Calendar, Store};
use crate::{one_of_each, request_id, routes};
use connection::Connection;
use seat::{Crowd, KEEP_ALIVE, REQUEST_TIMEOUT, Seat};

pub use descriptors::connections;
pub use tls::Tls;

/// What a client may take to close a connection that we have done with.
const DISCONNECT_TIMEOUT: Duration = Duration::from_secs(2);

/// How many connections may wait to be accepted: some thousand dashboards that come back at once shall not be made to try
/// again.
const BACKLOG: i32 = 4096;

/// Monitoring asks one at a time.
const METRICS_CONNECTIONS: usize = 32;

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
    /// The way to the audit log.
    pub journal: Data<Journal>,
    /// The way to the live hub.
    pub live: Data<LiveHandle>,
    /// The way to those who measure.
    pub benchmarks: Data<Benchmarks>,
    /// Who may come in.
    pub access: Data<Access>,
    /// Client secrets.
    pub secrets: Data<Secrets>,
    /// How often they may be guessed.
    pub throttle: Data<Throttle>,
    /// How requests come here.
    pub transport: Data<Transport>,
    /// Whether this process wants requests.
    pub readiness: Data<Readiness>,
    /// Figures for Prometheus, where they are served beside the API.
    pub figures: Option<Data<PrometheusHandle>>,
}

impl State {
    fn register(self, app: &mut web::ServiceConfig) {
        let Self {
            store,
            calendar,
            clock,
            intake,
            journal,
            live,
            benchmarks,
            access,
            secrets,
            throttle,
            transport,
            readiness,
            figures,
        } = self;
        app.app_data(store).app_data(calendar).app_data(clock).app_data(intake).app_data(live);
        app.app_data(benchmarks).app_data(journal).app_data(throttle).app_data(transport);
        app.app_data(access).app_data(secrets).app_data(readiness);
        if let Some(figures) = figures {
            app.app_data(figures);
        }
    }
}

/// The API on its address, for at most so many connections, and which address that is; it works as long as it is polled.
pub fn api_server(
    config: &Config,
    state: State,
    connections: usize,
    tls: Option<TlsAcceptor>,
) -> Result<(Server, SocketAddr), ConfigError> {
    let address = SocketAddr::new(config.host, config.port);
    let cores = std::thread::available_parallelism().map_or(FEWEST_WORKERS, usize::from);
    let workers = cores.max(FEWEST_WORKERS);
    let for_each_worker = connections.div_ceil(workers);
    let builder = Server::build()
        .workers(workers)
        .max_concurrent_connections(for_each_worker)
        // Signals are the composition root's: sockets and the queue have to be told as well.
        .disable_signals()
        .shutdown_timeout(config.answering().as_secs());
    let stopping = builder.graceful_shutdown_signal();
    let listening = listen(address).and_then(|listener| {
        let address = listener.local_addr()?;
        let service =
            move || service(state.clone(), stopping.clone(), tls.clone(), Crowd::new(for_each_worker));
        Ok((builder.listen("api", listener, service)?.run(), address))
    });
    listening.map_err(|error| PORT.fault(unusable(address, &error)))
}

fn listen(address: SocketAddr) -> io::Result<TcpListener> {
    let socket = Socket::new(Domain::for_address(address), Type::STREAM, Some(IpProtocol::TCP))?;
    // A server that was just stopped leaves connections behind which nobody has to wait for.
    socket.set_reuse_address(true)?;
    socket.bind(&address.into())?;
    socket.listen(BACKLOG)?;
    Ok(socket.into())
}

/// What one worker does with its connections. This is what `HttpServer` does, but for the connections being our own.
fn service(
    state: State,
    stopping: GracefulShutdownSignal,
    tls: Option<TlsAcceptor>,
    crowd: Rc<Crowd>,
) -> impl ServiceFactory<TcpStream, Config = (), Response = (), Error = DispatchError, InitError = ()> {
    let application = application(state).map_err(|error| error.error_response());
    let http = HttpService::build()
        .graceful_shutdown_signal(move || {
            let stopping = stopping.clone();
            async move { stopping.notified().await }
        })
        .keep_alive(KEEP_ALIVE)
        .client_request_timeout(REQUEST_TIMEOUT)
        .client_disconnect_timeout(DISCONNECT_TIMEOUT)
        .h1_allow_half_closed(true)
        .h1_write_buffer_size(PIECE)
        .on_connect_ext(|connection: &Connection, request| {
            request.insert::<Rc<Seat>>(connection.seat());
        })
        .finish(map_config(application, |()| AppConfig::default()));
    let connect = move |stream: TcpStream| {
        let client = stream.peer_addr().ok();
        let connection = Connection::new(stream, tls.as_ref(), &crowd);
        async move { Ok::<_, DispatchError>((connection, Protocol::Http1, client)) }
    };
    fn_service(connect).and_then(http)
}

fn application(
    state: State,
) -> impl ServiceFactory<
    actix_http::Request,
    Config = AppConfig,
    Response = actix_web::dev::ServiceResponse<impl actix_web::body::MessageBody>,
    Error = actix_web::Error,
    InitError = (),
> {
    App::new()
        .wrap(from_fn(audit::follow))
        .wrap(from_fn(one_of_each::check))
        .wrap(from_fn(request_id::follow))
        .wrap(from_fn(headers::for_browsers))
        .wrap(from_fn(pace::keep))
        .configure(|app| state.register(app))
        .configure(routes::configure)
        .configure(routes::configure_rest)
        .into_factory()
}

/// `/metrics` on an address of its own, for the network that monitoring lives in.
pub fn metrics_server(address: SocketAddr, figures: PrometheusHandle) -> Result<Server, ConfigError> {
    let figures = Data::new(figures);
    let server = HttpServer::new(move || App::new().app_data(figures.clone()).service(health::get_metrics));
    let server =
        server.workers(1).max_connections(METRICS_CONNECTIONS).client_request_timeout(REQUEST_TIMEOUT);
    let server = server.disable_signals().shutdown_timeout(1);
    let server = server.bind(address).map_err(|error| METRICS_LISTEN.fault(unusable(address, &error)))?;
    Ok(server.run())
}

fn unusable(address: SocketAddr, error: &std::io::Error) -> String {
    format!("cannot be used: nothing can listen on {address} ({error})")
}
