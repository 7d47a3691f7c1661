//! The HTTP server: from wired parts to a running process, and back.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, Shutdown, SocketAddr, TcpListener};
use std::time::Duration;

use actix_cors::Cors;
use actix_web::App as Actix;
use actix_web::dev::{Server, ServerHandle};
use actix_web::middleware::{Condition, from_fn};
use actix_web::web::{self, Data};
use menshen_domain::model::avatar::AvatarBase;
use menshen_sql::Database;
use socket2::SockRef;

use crate::connections::{self, Manner};
use crate::http::doors::Doors;
use crate::http::front_door::front_door;
use crate::http::readiness::Readiness;
use crate::http::{self, App};
use crate::key_care::{KeyCare, look_after_keys, look_after_ring};
use crate::logging;
use crate::receipt_address::ReceiptAddress;
use crate::rounds::Running as Background;
use crate::settings::Settings;
use crate::settings::server::ServerSettings;
use crate::start_audit::tell_start;
use crate::wiring::{self, InProcessSimulator, StartError};
use crate::{housekeeping, number_notices, resealing, webhooks};

/// How long the end waits for the last traces.
const LAST_TRACES: Duration = Duration::from_secs(2);

/// A server that listens.
pub struct Running {
    /// Where it listens.
    pub address: SocketAddr,
    /// Where only some things are served, if they have a listener of their own.
    pub doors: Doors,
    /// Where the offline WeChat and vendors listen, if they run.
    pub simulator_address: Option<SocketAddr>,
    /// Where vendors push delivery receipts, if they do.
    pub receipt_address: Option<ReceiptAddress>,
    /// The database, for measuring.
    pub database: Database,
    server: Server,
    app: Data<App>,
    simulator: Option<InProcessSimulator>,
    maintenance: [tokio::task::JoinHandle<()>; 3],
    /// What one replica does for all.
    for_all: Vec<Background>,
    /// Tells the numbers that were lost here.
    number_notices: Background,
    leave: Leave,
}

/// How the process leaves.
struct Leave {
    delay: Duration,
    grace: Duration,
    /// The same sockets that the server listens on.
    listeners: Vec<TcpListener>,
}

/// Starts the server.
///
/// # Errors
///
/// [`StartError`] if a part cannot be had, or the address is taken.
pub async fn start(settings: &Settings) -> Result<Running, StartError> {
    let mut parts = wiring::wire(settings).await?;
    tell_start(&*parts.audit, &*parts.clock, settings).await?;
    let background = parts.app.metrics.background.clone();
    let listeners = Listeners::open(&settings.server)?;
    let doors = listeners.doors;
    if settings.avatars.are_taken(settings.profile) && parts.app.avatars.base.is_none() {
        parts.app.avatars.base = own_address(listeners.address);
    }
    let app = Data::new(parts.app);
    let (shared, control) = (
        app.clone(),
        parts
            .simulator
            .as_ref()
            .map(|simulator| simulator.simulator.clone()),
    );
    let origins = settings.server.cors_origins.clone();
    let manner = Manner {
        workers: settings.server.workers,
        grace: settings.server.shutdown_grace,
        cut: app.metrics.requests.connections_cut(),
    };
    let server = connections::serve(&listeners.all, &manner, move || {
        let control = control.clone();
        let playground = shared.playground;
        let operators = shared.admin.is_some();
        Actix::new()
            .app_data(shared.clone())
            .app_data(Data::new(doors))
            .wrap(Condition::new(!origins.is_empty(), cors(&origins)))
            .wrap(from_fn(front_door))
            .configure(move |config| {
                if let Some(control) = control.filter(|_| playground) {
                    config.service(
                        web::scope("/simulator")
                            .configure(|config| control.configure_control(config)),
                    );
                }
                http::routes(config, playground, operators);
            })
    })?;
    let care = KeyCare {
        clock: parts.clock,
        database: parts.database.clone(),
        background,
    };
    let maintenance = [
        tokio::spawn(look_after_ring(parts.keyring, care.clone())),
        tokio::spawn(look_after_keys(parts.key_set, parts.audit, care)),
        tokio::spawn(parts.test_numbers.look_after()),
    ];
    Ok(Running {
        address: listeners.address,
        doors,
        simulator_address: parts
            .simulator
            .as_ref()
            .map(|simulator| simulator.running.address()),
        receipt_address: parts.receipt_address,
        database: parts.database,
        server,
        app,
        simulator: parts.simulator,
        leave: Leave {
            delay: settings.server.drain_delay,
            grace: settings.server.shutdown_grace,
            listeners: listeners.all,
        },
        maintenance,
        number_notices: number_notices::start(parts.number_notices.0, parts.number_notices.1),
        for_all: [
            Some(housekeeping::start(parts.housekeeping)),
            Some(resealing::start(parts.resealing)),
            parts.webhooks.map(webhooks::start),
        ]
        .into_iter()
        .flatten()
        .collect(),
    })
}

/// Where this machine itself reaches the server, for development.
fn own_address(listens: SocketAddr) -> Option<AvatarBase> {
    let host = match listens.ip() {
        ip if !ip.is_unspecified() => ip,
        IpAddr::V4(_) => Ipv4Addr::LOCALHOST.into(),
        IpAddr::V6(_) => Ipv6Addr::LOCALHOST.into(),
    };
    AvatarBase::parse(&format!("http://{}", SocketAddr::new(host, listens.port())))
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
            "x-http-method-override",
        ])
        .expose_headers(["x-request-id", "retry-after"])
        .max_age(3600);
    origins
        .iter()
        .fold(cors, |cors, origin| cors.allowed_origin(origin))
}

/// As many connections may wait to be taken as the server itself would let.
const BACKLOG: i32 = 1024;

/// The sockets of the server.
struct Listeners {
    all: Vec<TcpListener>,
    /// Where people come in.
    address: SocketAddr,
    doors: Doors,
}

impl Listeners {
    fn open(settings: &ServerSettings) -> Result<Self, StartError> {
        let main = listen("server.listen", settings.listen)?;
        let address = main.local_addr()?;
        let mut all = vec![main];
        let mut own = |key, wanted: Option<SocketAddr>| -> Result<Option<SocketAddr>, StartError> {
            let Some(wanted) = wanted else {
                return Ok(None);
            };
            let listener = listen(key, wanted)?;
            let address = listener.local_addr()?;
            all.push(listener);
            Ok(Some(address))
        };
        let doors = Doors {
            metrics: own("server.metrics_listen", settings.metrics_listen)?,
            operators: own("server.admin_listen", settings.admin_listen)?,
        };
        Ok(Self {
            all,
            address,
            doors,
        })
    }
}

fn listen(key: &str, address: SocketAddr) -> Result<TcpListener, StartError> {
    let listener = TcpListener::bind(address).map_err(|error| {
        format!("cannot listen on {address}: {error}; set {key} to another address")
    })?;
    SockRef::from(&listener).listen(BACKLOG)?;
    Ok(listener)
}

impl Leave {
    /// Lets whoever watches notice, takes no more connections, and waits for what is in
    /// flight; true if that was done in time.
    ///
    /// The server's workers end one by one, each as soon as it has no connection left,
    /// and with each go the connections to stores and vendors that it has made and that
    /// the others still use: so none of them may end before all are done.
    async fn take(&self, readiness: &Readiness, handle: &ServerHandle) -> bool {
        tokio::time::sleep(self.delay).await;
        handle.pause().await;
        logging::listeners_are_closed();
        for listener in &self.listeners {
            if let Err(error) = SockRef::from(listener).shutdown(Shutdown::Read) {
                // Not every system can; the socket is closed at the end anyway.
                tracing::debug!(error = &error as &dyn std::error::Error, "still listening");
            }
        }
        let done = tokio::time::timeout(self.grace, readiness.idle()).await;
        if done.is_err() {
            tracing::warn!("requests in flight took longer than server.shutdown_grace");
        }
        done.is_ok()
    }
}

impl Running {
    /// Serves until `stop` is done. Then `/readyz` says so, and each answer closes its
    /// connection, for `server.drain_delay`; after that no new work is taken, what is
    /// in flight is finished within `server.shutdown_grace`, and everything is closed.
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
                self.for_all.iter().for_each(Background::stop);
                tokio::select! {
                    failed = &mut server => failed,
                    in_time = async {
                        let in_time = self.leave.take(&self.app.readiness, &handle).await;
                        // Nobody adds to them any more, and the stores are still there.
                        self.number_notices.stopped().await;
                        in_time
                    } => {
                        tokio::join!(handle.stop(in_time), server).1
                    }
                }
            }
        };
        for task in &self.maintenance {
            task.abort();
        }
        for work in self.for_all {
            work.stopped().await;
        }
        if let Some(simulator) = self.simulator {
            simulator.running.stop().await;
        }
        self.app.tracing.flush(LAST_TRACES).await;
        self.database.close().await?;
        Ok(outcome?)
    }
}
