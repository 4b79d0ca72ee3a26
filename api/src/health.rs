//! What machines ask every few seconds: is it alive, is it ready, how is it.

use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use actix_web::http::StatusCode;
use actix_web::web::{Data, Json};
use actix_web::{HttpResponse, get};
use metrics_exporter_prometheus::PrometheusHandle;
use serde::Serialize;
use utoipa::ToSchema;

use crate::error::{Problem, ProblemBody, chain};
use crate::ingest::Intake;
use crate::live::LiveHandle;
use crate::store::{Dialect, Store};

/// How long the database may take to say that it is there.
const PATIENCE: Duration = Duration::from_secs(1);

/// Whether this process wants requests. It exists from when the schema is up to date and the bootstrap client is made.
pub struct Readiness {
    store: Store,
    begun: Instant,
    stopping: AtomicBool,
}

impl Readiness {
    /// Ready as long as the database answers and logs can be stored.
    pub fn new(store: Store) -> Self {
        Self { store, begun: Instant::now(), stopping: AtomicBool::new(false) }
    }

    /// Not ready from now on: the last requests are being answered.
    pub fn stop(&self) {
        self.stopping.store(true, Ordering::Relaxed);
    }

    /// Ready, or why not.
    pub async fn check(&self) -> Result<(), &'static str> {
        if self.stopping.load(Ordering::Relaxed) {
            return Err("This server is stopping.");
        }
        if self.store.is_held() {
            return Err("Somebody else holds what logs are stored in.");
        }
        match tokio::time::timeout(PATIENCE, self.store.ping()).await {
            Ok(Ok(())) => Ok(()),
            Ok(Err(error)) => {
                tracing::debug!(error = %chain(&error), "the database does not answer");
                Err("The database does not answer.")
            }
            Err(_elapsed) => Err("The database takes longer than a second to answer."),
        }
    }
}

/// Is it alive?
///
/// 200 as long as the process runs; never asks the database, because a restart would not mend that.
#[utoipa::path(tag = "health", responses((status = 200, description = "It is", body = Alive)))]
#[get("/livez")]
pub async fn get_livez() -> Json<Alive> {
    Json(Alive { status: "alive" })
}

/// Is it ready?
///
/// 200 once migrations are done, the bootstrap client exists, the database answers and logs can be stored; 503 otherwise and
/// while stopping.
#[utoipa::path(
    tag = "health",
    responses(
        (status = 200, description = "It is", body = Alive),
        (status = 503, description = "It is not; the `detail` says why", body = ProblemBody,
            content_type = "application/problem+json"),
    ),
)]
#[get("/readyz")]
pub async fn get_readyz(readiness: Data<Readiness>) -> Result<Json<Alive>, Problem> {
    let not_ready = |why| Problem::new(StatusCode::SERVICE_UNAVAILABLE, "not_ready", why).retry_after(1);
    readiness.check().await.map_err(not_ready)?;
    Ok(Json(Alive { status: "ready" }))
}

/// How is it?
#[utoipa::path(tag = "health", responses((status = 200, description = "Like this", body = Health)))]
#[get("/healthz")]
pub async fn get_healthz(
    readiness: Data<Readiness>,
    store: Data<Store>,
    intake: Data<Intake>,
    live: Data<LiveHandle>,
) -> Json<Health> {
    let latency = intake.latency();
    Json(Health {
        version: env!("CARGO_PKG_VERSION"),
        database: match store.dialect() {
            Dialect::Postgres => "postgresql",
            Dialect::Sqlite => "sqlite",
        },
        uptime_seconds: readiness.begun.elapsed().as_secs(),
        ready: readiness.check().await.is_ok(),
        queued_bytes: intake.queued_bytes(),
        live_sockets: live.sockets(),
        ingestion: IngestionLatency {
            p50_ms: latency.map(|latency| latency.p50_ms),
            p99_ms: latency.map(|latency| latency.p99_ms),
        },
    })
}

/// Figures for Prometheus
///
/// On the loopback demo beside the API; elsewhere on the listener of `EDTECH_METRICS_LISTEN` alone.
#[utoipa::path(
    tag = "health",
    responses(
        (status = 200, description = "The figures", body = String, content_type = "text/plain"),
        (status = 404, description = "They are not here", body = ProblemBody, content_type = "application/problem+json"),
    ),
)]
#[get("/metrics")]
pub async fn get_metrics(figures: Option<Data<PrometheusHandle>>) -> Result<HttpResponse, Problem> {
    let figures = figures.ok_or_else(|| {
        Problem::not_found(
            "Metrics are not served beside the API here: set EDTECH_METRICS_LISTEN and ask there.",
        )
    })?;
    Ok(HttpResponse::Ok().content_type("text/plain; version=0.0.4; charset=utf-8").body(figures.render()))
}

/// A word that says it all.
#[derive(Serialize, ToSchema)]
pub struct Alive {
    /// `alive` or `ready`.
    status: &'static str,
}

/// How this process is.
#[derive(Serialize, ToSchema)]
pub struct Health {
    /// The version of the platform.
    version: &'static str,
    /// `postgresql` or `sqlite`.
    database: &'static str,
    /// Seconds since it was ready first.
    uptime_seconds: u64,
    /// What `/readyz` would say.
    ready: bool,
    /// What waits to be stored, in bytes of payload.
    queued_bytes: usize,
    /// How many watch today as it happens.
    live_sockets: usize,
    /// How long logs wait to be stored.
    ingestion: IngestionLatency,
}

/// From a submission's arrival in the queue to its verdict, over the last one to two minutes; null where nothing came.
#[derive(Serialize, ToSchema)]
pub struct IngestionLatency {
    /// Milliseconds that half of the submissions waited at most.
    #[schema(required)]
    p50_ms: Option<f64>,
    /// Milliseconds that all but one in a hundred waited at most.
    #[schema(required)]
    p99_ms: Option<f64>,
}
