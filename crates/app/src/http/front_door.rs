//! What happens to every request before and after its handler.

use std::panic::AssertUnwindSafe;
use std::time::{Duration, Instant};

use actix_web::body::{BoxBody, MessageBody};
use actix_web::dev::{ServiceRequest, ServiceResponse};
use actix_web::middleware::Next;
use actix_web::web::Data;
use actix_web::{Error, HttpMessage as _};
use futures_util::FutureExt as _;

use crate::http::App;
use crate::http::admission::admit;
use crate::http::context::Context;
use crate::http::error::ApiError;
use crate::http::kinds;
use crate::http::rendering::{Failure, finish, rendered};

/// How long a handler may take.
const PATIENCE: Duration = Duration::from_secs(10);

/// Names the request, bounds it, and gives every answer its form: the envelope
/// for failures, the headers for all.
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
    let context = Context::of(&request, &app);
    // Known before the handler runs, so that one that panics can be found.
    let route = request.match_pattern();
    let watched = request.path().starts_with("/v1");
    let done = |status: u16, code: &'static str| {
        let route = route.as_deref().unwrap_or("other");
        app.metrics.answered(route, status, code, began.elapsed());
        if watched {
            log(route, status, code, began, &context);
        }
    };
    request.extensions_mut().insert(context.clone());
    if let Err(error) = admit(&request) {
        let answer = error.respond(context.locale, &context.origin.request_id);
        let mut response = request.into_response(answer);
        finish(response.headers_mut(), &context);
        done(error.kind.status, error.kind.code);
        return Ok(response);
    }
    match handled(request, next).await {
        Ok(response) => {
            let (mut response, code) = rendered(response, &context);
            finish(response.headers_mut(), &context);
            done(response.status().as_u16(), code);
            Ok(response)
        }
        // The request is gone with its handler: the answer is made without it.
        Err(error) => {
            let failure = Failure::new(&error, context.clone());
            done(failure.kind.status, failure.kind.code);
            Err(failure.into())
        }
    }
}

/// Waits for the handler, but neither for ever nor in vain.
async fn handled<B: MessageBody + 'static>(
    request: ServiceRequest,
    next: Next<B>,
) -> Result<ServiceResponse<B>, Error> {
    let handler = AssertUnwindSafe(next.call(request)).catch_unwind();
    match tokio::time::timeout(PATIENCE, handler).await {
        Ok(Ok(answer)) => answer,
        Ok(Err(panic)) => Err(ApiError::internal(panic_text(&*panic)).into()),
        Err(_) => Err(ApiError::ours(&kinds::UNAVAILABLE, "the handler took too long").into()),
    }
}

/// One line per request of the API; what only watches the process is not told.
fn log(route: &str, status: u16, code: &'static str, began: Instant, context: &Context) {
    let duration_ms = u64::try_from(began.elapsed().as_millis()).unwrap_or(u64::MAX);
    tracing::info!(
        http.route = route,
        http.status = status,
        code,
        duration_ms,
        request_id = %context.origin.request_id,
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
