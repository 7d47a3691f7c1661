//! The connections of the server, and how long each may keep us waiting.
//!
//! actix-web's own server gives the first head of a connection five seconds, but a
//! later one as long as it likes once its first byte is there: a crowd that is
//! answered once and then says one more byte would be kept for ever. So the streams
//! are wrapped, and the server is put together here as actix-web's does it.

mod patience;
mod stream;

use std::fmt;
use std::io;
use std::net::{SocketAddr, TcpListener};
use std::time::Duration;

use actix_http::{HttpService, Protocol, Request, Response};
use actix_server::{Server, ServerBuilder};
use actix_service::{
    IntoServiceFactory, ServiceFactory, ServiceFactoryExt as _, fn_service, map_config,
};
use actix_web::body::MessageBody;
use actix_web::dev::AppConfig;
use actix_web::rt::net::TcpStream;
use prometheus_client::metrics::counter::Counter;

use patience::HEAD;
pub(crate) use patience::Turn;
use stream::PatientStream;

/// How long a connection may idle between two requests.
const KEEP_ALIVE: Duration = Duration::from_secs(75);
/// How long a client may take to close its side after ours.
const GOODBYE: Duration = Duration::from_secs(1);

/// How connections are served.
#[derive(Debug, Clone)]
pub(crate) struct Manner {
    /// Threads; as many as there are processors if it is 0.
    pub(crate) workers: usize,
    /// How long the end waits for requests in flight.
    pub(crate) grace: Duration,
    /// Counts connections that were closed because no request came in time.
    pub(crate) cut: Counter,
}

/// Where a connection came in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct CameTo(pub(crate) SocketAddr);

/// Serves an application to whoever connects.
///
/// # Errors
///
/// If a listener cannot be used.
pub(crate) fn serve<F, I, S, B>(
    listeners: &[TcpListener],
    manner: &Manner,
    application: F,
) -> io::Result<Server>
where
    F: Fn() -> I + Send + Clone + 'static,
    I: IntoServiceFactory<S, Request>,
    S: ServiceFactory<Request, Config = AppConfig> + 'static,
    S::Error: Into<actix_web::Error>,
    S::InitError: fmt::Debug,
    S::Response: Into<Response<B>>,
    B: MessageBody + 'static,
{
    let mut builder = ServerBuilder::new()
        .disable_signals()
        .shutdown_timeout(manner.grace.as_secs());
    if manner.workers > 0 {
        builder = builder.workers(manner.workers);
    }
    let ending = builder.graceful_shutdown_signal();
    for listener in listeners {
        let address = listener.local_addr()?;
        let (ending, cut) = (ending.clone(), manner.cut.clone());
        let application = application.clone();
        builder = builder.listen("http", listener.try_clone()?, move || {
            let (ending, cut) = (ending.clone(), cut.clone());
            let application = application().into_factory();
            let application = application.map_err(|error| error.into().error_response());
            let http = HttpService::build()
                .graceful_shutdown_signal(move || {
                    let ending = ending.clone();
                    async move { ending.notified().await }
                })
                .keep_alive(KEEP_ALIVE)
                .client_request_timeout(HEAD)
                .client_disconnect_timeout(GOODBYE)
                .local_addr(address)
                .on_connect_ext(move |stream: &PatientStream<TcpStream>, known| {
                    known.insert(stream.turn());
                    known.insert(CameTo(address));
                })
                .finish(map_config(application, |()| AppConfig::default()));
            fn_service(move |stream: TcpStream| {
                let peer = stream.peer_addr().ok();
                let stream = PatientStream::new(stream, KEEP_ALIVE, cut.clone());
                async move { Ok((stream, Protocol::Http1, peer)) }
            })
            .and_then(http)
        })?;
    }
    Ok(builder.run())
}
