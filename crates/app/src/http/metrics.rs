//! `GET /metrics`: what is counted, for Prometheus.

use actix_web::HttpResponse;
use actix_web::web::Data;

use crate::http::App;
use crate::http::error::ApiError;

/// `GET /metrics`
pub(super) async fn serve(app: Data<App>) -> Result<HttpResponse, ApiError> {
    let text = app
        .metrics
        .text(app.proxies.ignored())
        .map_err(ApiError::internal)?;
    Ok(HttpResponse::Ok()
        .content_type("application/openmetrics-text; version=1.0.0; charset=utf-8")
        .body(text))
}
