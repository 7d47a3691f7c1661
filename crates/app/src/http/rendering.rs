//! Giving every answer its form: the envelope for failures, the headers for all.

use actix_web::body::{BoxBody, MessageBody};
use actix_web::dev::ServiceResponse;
use actix_web::http::header::{
    CACHE_CONTROL, CONTENT_SECURITY_POLICY, HeaderMap, HeaderName, HeaderValue, REFERRER_POLICY,
    VARY, X_CONTENT_TYPE_OPTIONS,
};
use actix_web::{Error, HttpResponse, ResponseError};

use crate::http::context::{Context, REQUEST_ID};
use crate::http::error::ApiError;
use crate::http::kinds::{self, Kind};

/// Gives a failure of a handler the language and the id of its request; answers
/// with the envelope's code.
pub(super) fn rendered(
    response: ServiceResponse<impl MessageBody + 'static>,
    context: &Context,
) -> (ServiceResponse<BoxBody>, &'static str) {
    let failure = response
        .response()
        .error()
        .map(|error| respond(error, context));
    match failure {
        Some((mut failure, code)) => {
            keep_sharing(response.headers(), failure.headers_mut());
            (response.into_response(failure), code)
        }
        None => (response.map_into_boxed_body(), "ok"),
    }
}

/// Carries over what lets a browser's page read the answer.
fn keep_sharing(from: &HeaderMap, to: &mut HeaderMap) {
    let sharing = from
        .iter()
        .filter(|(name, _)| name.as_str().starts_with("access-control-") || *name == VARY);
    for (name, value) in sharing {
        to.append(name.clone(), value.clone());
    }
}

fn respond(error: &Error, context: &Context) -> (HttpResponse, &'static str) {
    if let Some(error) = error.as_error::<ApiError>() {
        if error.kind.status >= 500 {
            log_failure(error);
        }
        let response = error.respond(context.locale, &context.origin.request_id);
        return (response, error.kind.code);
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
    let response = ApiError::new(kind).respond(context.locale, &context.origin.request_id);
    (response, kind.code)
}

/// A 5xx is told once, here, with its whole chain of sources.
fn log_failure(error: &ApiError) {
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
    tracing::error!(error.code = error.kind.code, error = %chain, "the request failed");
}

/// Headers that every answer has, unless its handler knows better.
pub(super) fn finish(headers: &mut HeaderMap, context: &Context) {
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

/// A failure that is answered without its request.
#[derive(Debug)]
pub(super) struct Failure {
    /// Which failure.
    pub(super) kind: &'static Kind,
    context: Context,
}

impl Failure {
    /// Takes what the client may see of an error, and tells the log the rest.
    pub(super) fn new(error: &Error, context: Context) -> Self {
        let kind = error
            .as_error::<ApiError>()
            .map_or(&kinds::INTERNAL, |error| {
                log_failure(error);
                error.kind
            });
        Self { kind, context }
    }
}

impl std::fmt::Display for Failure {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.kind.code)
    }
}

impl ResponseError for Failure {
    fn error_response(&self) -> HttpResponse {
        let error = ApiError::new(self.kind);
        let mut response = error.respond(self.context.locale, &self.context.origin.request_id);
        finish(response.headers_mut(), &self.context);
        response
    }
}
