//! The pages: embedded files, under a policy without inline script.

use actix_web::HttpResponse;
use actix_web::http::header::{
    CACHE_CONTROL, CONTENT_SECURITY_POLICY, CONTENT_TYPE, CROSS_ORIGIN_OPENER_POLICY,
    CROSS_ORIGIN_RESOURCE_POLICY, HeaderName, PERMISSIONS_POLICY, X_FRAME_OPTIONS,
};
use actix_web::web::Path;

use crate::http::error::ApiError;
use crate::http::kinds;

const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data: https:; \
                      connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

/// The console holds a key and shows what strangers wrote: it loads nothing from
/// anywhere else, not even their pictures, and no text can become markup.
const CONSOLE_POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; \
                              connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'; \
                              require-trusted-types-for 'script'; trusted-types 'none'";

/// What the console's files have besides. Nothing is kept: a page that comes back out
/// of a browser's memory would come back with the key.
const CONSOLE_HEADERS: [(HeaderName, &str); 6] = [
    (CONTENT_SECURITY_POLICY, CONSOLE_POLICY),
    (CACHE_CONTROL, "no-store"),
    (CROSS_ORIGIN_OPENER_POLICY, "same-origin"),
    (CROSS_ORIGIN_RESOURCE_POLICY, "same-origin"),
    (
        PERMISSIONS_POLICY,
        "camera=(), geolocation=(), microphone=()",
    ),
    (X_FRAME_OPTIONS, "DENY"),
];

const HEADERS: [(HeaderName, &str); 2] = [
    (CONTENT_SECURITY_POLICY, POLICY),
    (CACHE_CONTROL, "no-cache"),
];

/// One embedded file.
type Asset = (&'static str, &'static [u8]);

include!(concat!(env!("OUT_DIR"), "/assets.rs"));

/// `GET /playground`
pub(super) async fn playground() -> Result<HttpResponse, ApiError> {
    serve(PLAYGROUND, "index.html", &HEADERS)
}

/// `GET /playground/{file}`
pub(super) async fn playground_file(file: Path<String>) -> Result<HttpResponse, ApiError> {
    serve(PLAYGROUND, &file, &HEADERS)
}

/// `GET /docs`
pub(super) async fn docs() -> Result<HttpResponse, ApiError> {
    serve(DOCS, "index.html", &HEADERS)
}

/// `GET /docs/{file}`
pub(super) async fn docs_file(file: Path<String>) -> Result<HttpResponse, ApiError> {
    serve(DOCS, &file, &HEADERS)
}

/// `GET /console`
pub(super) async fn console() -> Result<HttpResponse, ApiError> {
    serve(CONSOLE, "index.html", &CONSOLE_HEADERS)
}

/// `GET /console/{file}`
pub(super) async fn console_file(file: Path<String>) -> Result<HttpResponse, ApiError> {
    serve(CONSOLE, &file, &CONSOLE_HEADERS)
}

/// Answers a file of a page; each page has the shared ones among its own.
fn serve(
    assets: &[Asset],
    name: &str,
    headers: &[(HeaderName, &'static str)],
) -> Result<HttpResponse, ApiError> {
    let name = if name.is_empty() { "index.html" } else { name };
    let (_, bytes) = assets
        .iter()
        .chain(SHARED)
        .find(|(known, _)| *known == name)
        .ok_or_else(|| ApiError::new(&kinds::NOT_FOUND))?;
    let mut response = HttpResponse::Ok();
    for (name, value) in headers {
        response.insert_header((name.clone(), *value));
    }
    response.insert_header((CONTENT_TYPE, media_type(name)));
    Ok(response.body(*bytes))
}

fn media_type(name: &str) -> &'static str {
    match name.rsplit_once('.').map(|(_, ending)| ending) {
        Some("html") => "text/html; charset=utf-8",
        Some("css") => "text/css; charset=utf-8",
        Some("js") => "text/javascript; charset=utf-8",
        Some("svg") => "image/svg+xml",
        Some("png") => "image/png",
        Some("json") => "application/json",
        Some("txt") | None => "text/plain; charset=utf-8",
        Some(_) => "application/octet-stream",
    }
}
