//! The HTTP server: from wired parts to a running process, and back.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use actix_cors::Cors;
use actix_web::dev::{Server, ServerHandle};
use actix_web::middleware::{Condition, from_fn};
use actix_web::web::{self, Data};
use actix_web::{App as Actix, HttpServer};
use menshen_domain::ports::audit_log::AuditLog;
use menshen_domain::ports::clock::Clock as _;
use menshen_sql::Database;
use menshen_token::key_set::KeySet;

use crate::clock::SystemClock;
use crate::housekeeping::{self, RunningHousekeeping};
use crate::http::front_door::front_door;
use crate::http::{self, App};
use crate::key_audit::tell_new_key;
use crate::metrics::background::Background;
use crate::receipt_address::ReceiptAddress;
use crate::settings::Settings;
use crate::wiring::{self, InProcessSimulator, StartError};

/// How often signing keys are looked after: other replicas' are taken in, and a
/// new one is made when it is due.
const KEY_MAINTENANCE: Duration = Duration::from_mins(1);

/// What that work is called in metrics.
const SIGNING_KEYS: &str = "signing_keys";

/// How long the end waits for the last traces.
const LAST_TRACES: Duration = Duration::from_secs(2);

/// A server that listens.
pub struct Running {
    /// Where it listens.
    pub address: SocketAddr,
    /// Where the offline WeChat and vendors listen, if they run.
    pub simulator_address: Option<SocketAddr>,
    /// Where vendors push delivery receipts, if they do.
    pub receipt_address: Option<ReceiptAddress>,
    /// The database, for measuring.
    pub database: Database,
    server: Server,
    app: Data<App>,
    simulator: Option<InProcessSimulator>,
    maintenance: tokio::task::JoinHandle<()>,
    housekeeping: RunningHousekeeping,
}

/// Starts the server.
///
/// # Errors
///
/// [`StartError`] if a part cannot be had, or the address is taken.
pub async fn start(settings: &Settings) -> Result<Running, StartError> {
    let parts = wiring::wire(settings).await?;
    let background = parts.app.metrics.background.clone();
    let app = Data::new(parts.app);
    let (shared, control) = (
        app.clone(),
        parts
            .simulator
            .as_ref()
            .map(|simulator| simulator.simulator.clone()),
    );
    let origins = settings.server.cors_origins.clone();
    let server = HttpServer::new(move || {
        let control = control.clone();
        let playground = shared.playground;
        Actix::new()
            .app_data(shared.clone())
            .wrap(Condition::new(!origins.is_empty(), cors(&origins)))
            .wrap(from_fn(front_door))
            .configure(move |config| {
                if let Some(control) = control.filter(|_| playground) {
                    config.service(
                        web::scope("/simulator")
                            .configure(|config| control.configure_control(config)),
                    );
                }
                http::routes(config, playground);
            })
    })
    .disable_signals()
    .shutdown_timeout(settings.server.shutdown_grace.as_secs())
    .client_request_timeout(Duration::from_secs(5))
    .keep_alive(Duration::from_secs(75));
    let server = if settings.server.workers == 0 {
        server
    } else {
        server.workers(settings.server.workers)
    };
    let server = server.bind(settings.server.listen).map_err(|error| {
        format!(
            "cannot listen on {}: {error}; set server.listen to another address",
            settings.server.listen
        )
    })?;
    let address = server
        .addrs()
        .first()
        .copied()
        .ok_or("the server listens nowhere")?;
    Ok(Running {
        address,
        simulator_address: parts
            .simulator
            .as_ref()
            .map(|simulator| simulator.running.address()),
        receipt_address: parts.receipt_address,
        database: parts.database,
        server: server.run(),
        app,
        simulator: parts.simulator,
        maintenance: tokio::spawn(look_after(parts.key_set, parts.audit, background)),
        housekeeping: housekeeping::start(parts.housekeeping),
    })
}

fn cors(origins: &[String]) -> Cors {
    let cors = Cors::default()
        .allowed_methods(["GET", "POST", "PATCH", "DELETE"])
        .allowed_headers([
            "authorization",
            "content-type",
            "idempotency-key",
            "x-request-id",
            "accept-language",
        ])
        .expose_headers(["x-request-id", "retry-after"])
        .max_age(3600);
    origins
        .iter()
        .fold(cors, |cors, origin| cors.allowed_origin(origin))
}

async fn look_after(key_set: Arc<KeySet>, audit: Arc<dyn AuditLog>, background: Background) {
    background.expect(SIGNING_KEYS);
    let mut ticks = tokio::time::interval(KEY_MAINTENANCE);
    ticks.tick().await;
    loop {
        ticks.tick().await;
        let maintained = key_set.maintain(SystemClock.now()).await;
        background.ran(SIGNING_KEYS, maintained.is_ok(), SystemClock.now());
        match maintained {
            Ok(None) => {}
            Ok(Some(kid)) => tell_new_key(&*audit, &kid).await,
            Err(error) => tracing::warn!(
                error = &error as &dyn std::error::Error,
                "signing keys were not looked after"
            ),
        }
    }
}

impl Running {
    /// Serves until `stop` is done, then takes no new work, finishes what is in
    /// flight within `server.shutdown_grace`, and closes everything.
    ///
    /// # Errors
    ///
    /// [`StartError`] if the server fails.
    pub async fn until(self, stop: impl Future<Output = ()>) -> Result<(), StartError> {
        let handle: ServerHandle = self.server.handle();
        let mut server = std::pin::pin!(self.server);
        let outcome = tokio::select! {
            failed = &mut server => failed,
            () = stop => {
                self.app.readiness.drain();
                self.housekeeping.stop();
                tokio::join!(handle.stop(true), server).1
            }
        };
        self.maintenance.abort();
        self.housekeeping.stopped().await;
        if let Some(simulator) = self.simulator {
            simulator.running.stop().await;
        }
        self.app.tracing.flush(LAST_TRACES).await;
        self.database.close().await?;
        Ok(outcome?)
    }
}
