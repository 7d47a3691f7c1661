//! What happens to every request before and after its handler.

use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::time::{Duration, Instant};

use actix_web::body::{BoxBody, MessageBody};
use actix_web::dev::{ServiceRequest, ServiceResponse};
use actix_web::http::ConnectionType;
use actix_web::http::header::HeaderName;
use actix_web::middleware::Next;
use actix_web::web::Data;
use actix_web::{Error, HttpMessage as _};
use futures_util::FutureExt as _;
use menshen_telemetry::RequestSpan;

use crate::connections::Turn;
use crate::http::App;
use crate::http::admission::admit;
use crate::http::answer_time::AnswerTime;
use crate::http::context::Context;
use crate::http::doors::Doors;
use crate::http::error::ApiError;
use crate::http::kinds;
use crate::http::rendering::{Failure, finish, rendered};
use crate::http::route_names::RouteName;
use crate::request_scope::within;

/// The W3C's header that names the trace of a caller.
const TRACEPARENT: HeaderName = HeaderName::from_static("traceparent");

/// Names the request, bounds it, and gives every answer its form: the envelope
/// for failures, the headers for all. Whatever happens for the request is told under
/// its name: log lines and, where it is traced, spans.
///
/// # Errors
///
/// A failure that renders itself, where the request is gone with its handler.
pub async fn front_door(
    request: ServiceRequest,
    next: Next<impl MessageBody + 'static>,
) -> Result<ServiceResponse<BoxBody>, Error> {
    let began = Instant::now();
    let Some(app) = request.app_data::<Data<App>>().cloned() else {
        return Err(ApiError::internal("the application is not wired").into());
    };
    let _in_flight = app.readiness.enter();
    // Tests of handlers have no connection.
    let _answering = request.request().conn_data::<Turn>().map(Turn::take);
    let context = Context::of(&request, &app);
    let id = Arc::from(context.origin.request_id.as_str());
    let visit = Visit {
        began,
        route: RouteName::of(request.match_info().as_str()),
        watched: is_of_the_api(request.path()),
        app,
    };
    let span = visit.span(&request, &context);
    let answered = within(id, visit.answered(request, next, context));
    let Some(span) = span else {
        return answered.await.0;
    };
    let (answer, status, code) = span.around(answered).await;
    span.end(status, code);
    answer
}

/// Refuses what is served at another listener.
fn let_in(request: &ServiceRequest) -> Result<(), ApiError> {
    let doors = request.app_data::<Data<Doors>>();
    doors.map_or(Ok(()), |doors| doors.check(request))
}

/// What a request is answered, with the status and the code that it is counted by.
type Answered = (Result<ServiceResponse<BoxBody>, Error>, u16, &'static str);

/// One request, as far as it is counted.
struct Visit {
    began: Instant,
    /// Known before the handler runs, so that one that panics can be found.
    route: RouteName,
    /// False for what only watches the process.
    watched: bool,
    app: Data<App>,
}

impl Visit {
    /// The span of the request, where tracing is on and it is not only watching.
    fn span(&self, request: &ServiceRequest, context: &Context) -> Option<RequestSpan> {
        if !self.watched || !self.app.tracing.is_on() {
            return None;
        }
        let mut given = request.headers().get_all(TRACEPARENT);
        let parent = given.next().and_then(|value| value.to_str().ok());
        // Of two, nobody can tell which is meant.
        let parent = parent.filter(|_| given.next().is_none());
        self.app.tracing.request(
            method(request),
            self.route.as_str(),
            &context.origin.request_id,
            parent,
        )
    }

    async fn answered(
        self,
        request: ServiceRequest,
        next: Next<impl MessageBody + 'static>,
        context: Context,
    ) -> Answered {
        request.extensions_mut().insert(context.clone());
        let answer = if let Err(error) = admit(&request).and_then(|()| let_in(&request)) {
            let answer = error.respond(context.locale, &context.origin.request_id);
            let mut response = request.into_response(answer);
            finish(response.headers_mut(), &context);
            part(&mut response, &self.app);
            (Ok(response), error.kind.status, error.kind.code)
        } else {
            match handled(request, next).await {
                Ok(response) => {
                    let (mut response, code) = rendered(response, &context);
                    finish(response.headers_mut(), &context);
                    part(&mut response, &self.app);
                    let status = response.status().as_u16();
                    (Ok(response), status, code)
                }
                // The request is gone with its handler: the answer is made without it.
                Err(error) => {
                    let failure = Failure::new(&error, context);
                    let kind = failure.kind;
                    (Err(failure.into()), kind.status, kind.code)
                }
            }
        };
        self.tell(answer.1, answer.2);
        answer
    }

    fn tell(&self, status: u16, code: &'static str) {
        let took = self.began.elapsed();
        let requests = &self.app.metrics.requests;
        requests.answered(self.route, status, code, took);
        if self.watched {
            log(self.route.as_str(), status, code, took);
        }
    }
}

/// Ends the connection with its answer where the process is leaving, so that no proxy
/// sends another request over one that is about to be closed.
fn part(response: &mut ServiceResponse<BoxBody>, app: &App) {
    if app.readiness.is_draining() {
        let head = response.response_mut().head_mut();
        head.set_connection_type(ConnectionType::Close);
    }
}

/// True for what people, services and operators ask; the rest only watches.
fn is_of_the_api(path: &str) -> bool {
    path.starts_with("/v1") || path.starts_with("/admin/v1")
}

/// The method, where it is one that servers know.
fn method(request: &ServiceRequest) -> &'static str {
    const KNOWN: [&str; 8] = [
        "GET", "POST", "PATCH", "DELETE", "PUT", "HEAD", "OPTIONS", "TRACE",
    ];
    let given = request.method().as_str();
    let known = KNOWN.iter().find(|known| **known == given);
    known.copied().unwrap_or("_OTHER")
}

/// Waits for the handler, but neither for ever nor in vain.
async fn handled<B: MessageBody + 'static>(
    request: ServiceRequest,
    next: Next<B>,
) -> Result<ServiceResponse<B>, Error> {
    let time = AnswerTime::begin();
    request.extensions_mut().insert(time.clone());
    let handler = AssertUnwindSafe(next.call(request)).catch_unwind();
    tokio::select! {
        biased;
        answer = handler => answer
            .unwrap_or_else(|panic| Err(ApiError::internal(panic_text(&*panic)).into())),
        () = time.over() => {
            Err(ApiError::ours(&kinds::UNAVAILABLE, "the handler took too long").into())
        }
    }
}

/// One line per request of the API; what only watches the process is not told.
fn log(route: &'static str, status: u16, code: &'static str, took: Duration) {
    let duration_ms = u64::try_from(took.as_millis()).unwrap_or(u64::MAX);
    tracing::info!(
        http.route = route,
        http.status = status,
        code,
        duration_ms,
        "request answered"
    );
}

fn panic_text(panic: &(dyn std::any::Any + Send)) -> String {
    let text = panic
        .downcast_ref::<&str>()
        .copied()
        .or_else(|| panic.downcast_ref::<String>().map(String::as_str));
    format!("a handler panicked: {}", text.unwrap_or("without a text"))
}
