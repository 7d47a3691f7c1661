//! Liveness and readiness.

use actix_web::HttpResponse;
use actix_web::http::StatusCode;
use actix_web::web::Data;

use crate::http::App;

/// `GET /healthz`: asks nothing outside the process.
pub(super) async fn live() -> HttpResponse {
    HttpResponse::Ok().json(serde_json::json!({ "status": "ok" }))
}

/// `GET /readyz`: names each dependency's state. Without the ephemeral store there
/// is still much to serve: `WeChat` logins, refreshing, verifying.
pub(super) async fn ready(app: Data<App>) -> HttpResponse {
    let serves = app.readiness.dependencies().await;
    let draining = app.readiness.is_draining();
    let ready = serves.database && !draining;
    let status = if ready {
        StatusCode::OK
    } else {
        StatusCode::SERVICE_UNAVAILABLE
    };
    let word = |up: bool| if up { "up" } else { "down" };
    HttpResponse::build(status).json(serde_json::json!({
        "status": if draining { "draining" } else if ready { "ready" } else { "unready" },
        "dependencies": { "database": word(serves.database), "ephemeral": word(serves.ephemeral) },
    }))
}
