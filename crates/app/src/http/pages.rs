//! The pages: embedded files, under a policy without inline script.

use actix_web::HttpResponse;
use actix_web::http::header::{CACHE_CONTROL, CONTENT_SECURITY_POLICY, CONTENT_TYPE};
use actix_web::web::Path;

use crate::http::error::ApiError;
use crate::http::kinds;

const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data: https:; \
                      connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

/// One embedded file.
type Asset = (&'static str, &'static [u8]);

include!(concat!(env!("OUT_DIR"), "/assets.rs"));

/// `GET /playground`
pub(super) async fn playground() -> Result<HttpResponse, ApiError> {
    serve(PLAYGROUND, "index.html")
}

/// `GET /playground/{file}`
pub(super) async fn playground_file(file: Path<String>) -> Result<HttpResponse, ApiError> {
    serve(PLAYGROUND, &file)
}

/// `GET /docs`
pub(super) async fn docs() -> Result<HttpResponse, ApiError> {
    serve(DOCS, "index.html")
}

/// `GET /docs/{file}`
pub(super) async fn docs_file(file: Path<String>) -> Result<HttpResponse, ApiError> {
    serve(DOCS, &file)
}

fn serve(assets: &[Asset], name: &str) -> Result<HttpResponse, ApiError> {
    let name = if name.is_empty() { "index.html" } else { name };
    let (_, bytes) = assets
        .iter()
        .find(|(known, _)| *known == name)
        .ok_or_else(|| ApiError::new(&kinds::NOT_FOUND))?;
    Ok(HttpResponse::Ok()
        .insert_header((CONTENT_TYPE, media_type(name)))
        .insert_header((CONTENT_SECURITY_POLICY, POLICY))
        .insert_header((CACHE_CONTROL, "no-cache"))
        .body(*bytes))
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
