//! The simulator as its host sees it.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use actix_web::dev::ServerHandle;
use actix_web::web::{self, Data, PayloadConfig, ServiceConfig};
use actix_web::{App, HttpServer};
use tokio::task::JoinHandle;

use crate::clock::{Clock, SystemClock};
use crate::config::SimulatorConfig;
use crate::state::Shared;
use crate::{control, exchange};

/// The largest request body that is read.
const LARGEST_BODY: usize = 64 * 1024;

/// The offline `WeChat` and the offline SMS vendors, in one world.
///
/// Cheap to clone: every clone is the same world.
#[derive(Clone)]
pub struct Simulator {
    shared: Arc<Shared>,
}

impl Simulator {
    /// A simulator that runs by the clock of the machine.
    #[must_use]
    pub fn new(config: SimulatorConfig) -> Self {
        Self::with_clock(config, Arc::new(SystemClock))
    }

    /// A simulator that runs by `clock`.
    #[must_use]
    pub fn with_clock(config: SimulatorConfig, clock: Arc<dyn Clock>) -> Self {
        Self {
            shared: Arc::new(Shared::new(config, clock)),
        }
    }

    /// Binds `listen` (port 0: any free port) and serves until the answer is
    /// stopped or dropped. Must be called inside a Tokio runtime.
    ///
    /// # Errors
    ///
    /// The address cannot be bound, or an account of an SMS vendor looks like a
    /// real one ([`SimulatorConfig::check`]).
    #[expect(
        clippy::unused_async,
        reason = "the caller waits for the server to be up, however that is done"
    )]
    pub async fn start(&self, listen: SocketAddr) -> std::io::Result<RunningSimulator> {
        self.shared.check().map_err(std::io::Error::other)?;
        if !listen.ip().is_loopback() {
            tracing::warn!(%listen, "the simulator listens beyond loopback; it is not WeChat and protects nothing");
        }
        let simulator = self.clone();
        let server = HttpServer::new(move || {
            App::new()
                .app_data(Data::from(Arc::clone(&simulator.shared)))
                .app_data(PayloadConfig::new(LARGEST_BODY))
                .configure(|cfg| simulator.configure_control(cfg))
                .default_service(web::to(exchange::exchange))
        })
        .workers(1)
        .disable_signals()
        // Longer than HTTP clients keep idle connections, so that none is closed under a request.
        .keep_alive(Duration::from_mins(2))
        .bind(listen)?;
        let address = server.addrs().first().copied().unwrap_or(listen);
        let server = server.run();
        let handle = server.handle();
        Ok(RunningSimulator {
            address,
            handle,
            task: Some(tokio::spawn(server)),
        })
    }

    /// Mounts the control API, and nothing else, as `/control/…` under the
    /// scope of a host application.
    pub fn configure_control(&self, cfg: &mut ServiceConfig) {
        control::configure(cfg, Data::from(Arc::clone(&self.shared)));
    }
}

impl std::fmt::Debug for Simulator {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Simulator").finish_non_exhaustive()
    }
}

/// A simulator that serves; dropping it stops it.
#[derive(Debug)]
pub struct RunningSimulator {
    address: SocketAddr,
    handle: ServerHandle,
    task: Option<JoinHandle<std::io::Result<()>>>,
}

impl RunningSimulator {
    /// The address that it is bound to.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Stops at once, open connections included, and waits for the end.
    pub async fn stop(mut self) {
        self.handle.stop(false).await;
        if let Some(task) = self.task.take() {
            match task.await {
                Ok(Ok(())) => {}
                Ok(Err(error)) => tracing::warn!(
                    error = &error as &dyn std::error::Error,
                    "the simulator ended badly"
                ),
                Err(error) => tracing::warn!(
                    error = &error as &dyn std::error::Error,
                    "the simulator ended badly"
                ),
            }
        }
    }
}

impl Drop for RunningSimulator {
    fn drop(&mut self) {
        if self.task.is_some() {
            // The command is sent at once; only its completion would be awaited.
            drop(self.handle.stop(false));
        }
    }
}
