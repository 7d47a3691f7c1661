//! What happens to every request before and after its handler.

use std::panic::AssertUnwindSafe;
use std::time::{Duration, Instant};

use actix_web::body::{BoxBody, MessageBody};
use actix_web::dev::{ServiceRequest, ServiceResponse};
use actix_web::http::header::{
    CACHE_CONTROL, CONTENT_SECURITY_POLICY, HeaderMap, HeaderName, HeaderValue, REFERRER_POLICY,
    USER_AGENT, X_CONTENT_TYPE_OPTIONS,
};
use actix_web::middleware::Next;
use actix_web::web::Data;
use actix_web::{Error, HttpMessage as _};
use futures_util::FutureExt as _;
use menshen_domain::model::client::Label;
use menshen_domain::model::origin::Origin;

use crate::http::App;
use crate::http::context::Context;
use crate::http::error::ApiError;
use crate::http::kinds::{self, Fault};
use crate::http::locale::Locale;

const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");
/// How long a handler may take.
const PATIENCE: Duration = Duration::from_secs(10);
const MAX_TARGET: usize = 2 * 1024;
const MAX_HEADERS: usize = 64;
const MAX_HEADER_BYTES: usize = 16 * 1024;

/// Names the request, bounds it, and gives every answer its form: the envelope
/// for failures, the headers for all.
///
/// # Errors
///
/// None: failures of handlers are answers by the time they leave.
pub async fn front_door(
    request: ServiceRequest,
    next: Next<impl MessageBody + 'static>,
) -> Result<ServiceResponse<BoxBody>, Error> {
    let began = Instant::now();
    let Some(app) = request.app_data::<Data<App>>().cloned() else {
        return Err(ApiError::internal("the application is not wired").into());
    };
    let context = context(&request, &app);
    let label = format!("{} {}", request.method(), request.path());
    request.extensions_mut().insert(context.clone());
    let outcome = if let Err(error) = admit(&request) {
        Ok(request.into_response(error.respond(context.locale, &context.origin.request_id)))
    } else {
        let handled = AssertUnwindSafe(next.call(request)).catch_unwind();
        match tokio::time::timeout(PATIENCE, handled).await {
            Ok(Ok(Ok(response))) => Ok(rendered(response, &context)),
            Ok(Ok(Err(error))) => Err(error),
            Ok(Err(panic)) => Err(ApiError::internal(panic_text(&*panic)).into()),
            Err(_) => Err(ApiError::ours(&kinds::UNAVAILABLE, "the handler took too long").into()),
        }
    };
    match outcome {
        Ok(mut response) => {
            finish(response.headers_mut(), &context);
            log(&label, response.status().as_u16(), began, &context);
            Ok(response)
        }
        // The request is gone with its handler: the answer is made without it.
        Err(error) => {
            let failure = Failure::new(&error, context.clone());
            log(&label, failure.status, began, &context);
            Err(failure.into())
        }
    }
}

fn context(request: &ServiceRequest, app: &App) -> Context {
    let headers = request.headers();
    let given = headers
        .get(&REQUEST_ID)
        .and_then(|value| value.to_str().ok());
    let request_id = given.filter(|id| well_formed(id)).map_or_else(
        || {
            let mut bytes = [0; 16];
            app.randomness.fill(&mut bytes);
            hex::encode(bytes)
        },
        ToOwned::to_owned,
    );
    // Only requests that did not come over a socket have no peer.
    let unknown = std::net::IpAddr::V4(std::net::Ipv4Addr::UNSPECIFIED);
    let peer = request.peer_addr().map_or(unknown, |peer| peer.ip());
    let agent = headers
        .get(USER_AGENT)
        .and_then(|value| value.to_str().ok());
    Context {
        origin: Origin {
            address: app.proxies.client(peer, headers),
            user_agent: agent.and_then(|text| Label::parse(text.get(..256).unwrap_or(text)).ok()),
            request_id,
        },
        locale: Locale::of(headers),
    }
}

fn well_formed(id: &str) -> bool {
    (8..=64).contains(&id.len()) && id.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-')
}

/// Refuses what is too large to be looked at.
fn admit(request: &ServiceRequest) -> Result<(), ApiError> {
    let target = request
        .uri()
        .path_and_query()
        .map_or(0, |target| target.as_str().len());
    if target > MAX_TARGET {
        return Err(ApiError::new(&kinds::URI_TOO_LONG));
    }
    let headers = request.headers();
    let bytes: usize = headers
        .iter()
        .map(|(name, value)| name.as_str().len() + value.len() + 4)
        .sum();
    if headers.len() > MAX_HEADERS || bytes > MAX_HEADER_BYTES {
        return Err(ApiError::new(&kinds::HEADERS_TOO_LARGE));
    }
    if headers.get_all("authorization").count() > 1 {
        return Err(ApiError::field("Authorization", Fault::Duplicate));
    }
    Ok(())
}

/// Gives a failure of a handler the language and the id of its request.
fn rendered(
    response: ServiceResponse<impl MessageBody + 'static>,
    context: &Context,
) -> ServiceResponse<BoxBody> {
    let failure = response
        .response()
        .error()
        .map(|error| respond(error, context));
    match failure {
        Some(rendered) => response.into_response(rendered),
        None => response.map_into_boxed_body(),
    }
}

fn respond(error: &Error, context: &Context) -> actix_web::HttpResponse {
    if let Some(error) = error.as_error::<ApiError>() {
        if error.kind.status >= 500 {
            log_failure(error, context);
        }
        return error.respond(context.locale, &context.origin.request_id);
    }
    // Made by the framework; its text is not for clients.
    let kind = match error.as_response_error().status_code().as_u16() {
        404 => &kinds::NOT_FOUND,
        405 => &kinds::METHOD_NOT_ALLOWED,
        408 => &kinds::REQUEST_TIMEOUT,
        413 => &kinds::PAYLOAD_TOO_LARGE,
        415 => &kinds::UNSUPPORTED_MEDIA_TYPE,
        400..500 => &kinds::INVALID_REQUEST,
        _ => &kinds::INTERNAL,
    };
    ApiError::new(kind).respond(context.locale, &context.origin.request_id)
}

/// A 5xx is told once, here, with its whole chain of sources.
fn log_failure(error: &ApiError, context: &Context) {
    let mut chain = String::new();
    let mut source: Option<&(dyn std::error::Error + 'static)> =
        error.source.as_deref().map(|source| source as _);
    while let Some(cause) = source {
        if !chain.is_empty() {
            chain.push_str(": ");
        }
        chain.push_str(&cause.to_string());
        source = cause.source();
    }
    tracing::error!(request_id = %context.origin.request_id, error.code = error.kind.code, error = %chain, "the request failed");
}

/// Headers that every answer has, unless its handler knows better.
fn finish(headers: &mut HeaderMap, context: &Context) {
    const DEFAULTS: [(HeaderName, &str); 4] = [
        (X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (REFERRER_POLICY, "no-referrer"),
        (
            CONTENT_SECURITY_POLICY,
            "default-src 'none'; frame-ancestors 'none'",
        ),
        (CACHE_CONTROL, "no-store"),
    ];
    for (name, value) in DEFAULTS {
        if !headers.contains_key(&name) {
            headers.insert(name, HeaderValue::from_static(value));
        }
    }
    if let Ok(value) = HeaderValue::from_str(&context.origin.request_id) {
        headers.insert(REQUEST_ID, value);
    }
}

fn log(label: &str, status: u16, began: Instant, context: &Context) {
    let duration_ms = u64::try_from(began.elapsed().as_millis()).unwrap_or(u64::MAX);
    tracing::debug!(
        request = label,
        http.status = status,
        duration_ms,
        request_id = %context.origin.request_id,
        "answered"
    );
}

fn panic_text(panic: &(dyn std::any::Any + Send)) -> String {
    let text = panic
        .downcast_ref::<&str>()
        .copied()
        .or_else(|| panic.downcast_ref::<String>().map(String::as_str));
    format!("a handler panicked: {}", text.unwrap_or("without a text"))
}

/// A failure that is answered without its request.
#[derive(Debug)]
struct Failure {
    status: u16,
    context: Context,
    kind: &'static kinds::Kind,
}

impl Failure {
    fn new(error: &Error, context: Context) -> Self {
        let kind = error
            .as_error::<ApiError>()
            .map_or(&kinds::INTERNAL, |error| {
                log_failure(error, &context);
                error.kind
            });
        Self {
            status: kind.status,
            context,
            kind,
        }
    }
}

impl std::fmt::Display for Failure {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.kind.code)
    }
}

impl actix_web::ResponseError for Failure {
    fn error_response(&self) -> actix_web::HttpResponse {
        let error = ApiError::new(self.kind);
        let mut response = error.respond(self.context.locale, &self.context.origin.request_id);
        finish(response.headers_mut(), &self.context);
        response
    }
}
