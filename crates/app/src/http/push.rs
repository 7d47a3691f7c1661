//! What WeChat pushes: withdrawals, modified profiles, closed accounts.

use actix_web::web::{Data, Path, Payload, Query};
use actix_web::{HttpRequest, HttpResponse};
use menshen_domain::model::wechat::AppId;
use menshen_domain::ports::wechat_push::{PushQuery, WeChatPushError};
use serde::Deserialize;

use crate::http::App;
use crate::http::body::{PATIENCE, collect};
use crate::http::context::Context;
use crate::http::detached::detached;
use crate::http::error::ApiError;
use crate::http::kinds;

/// The largest pushed body; real ones are near 1 KiB.
const MAX_PUSH: usize = 64 * 1024;

/// What WeChat reads as "taken": it delivers again until it has seen this.
const TAKEN: &str = "success";

/// The query of a pushed message or of a check of our address.
#[derive(Deserialize)]
pub(super) struct PushQueryText {
    signature: Option<String>,
    msg_signature: Option<String>,
    timestamp: Option<String>,
    nonce: Option<String>,
    encrypt_type: Option<String>,
    echostr: Option<String>,
}

impl From<PushQueryText> for PushQuery {
    fn from(text: PushQueryText) -> Self {
        Self {
            signature: text.signature,
            msg_signature: text.msg_signature,
            timestamp: text.timestamp,
            nonce: text.nonce,
            encrypt_type: text.encrypt_type,
            echostr: text.echostr,
        }
    }
}

/// `GET /v1/wechat/push/{app_id}`
pub(super) async fn check(
    app: Data<App>,
    path: Path<String>,
    query: Query<PushQueryText>,
) -> Result<HttpResponse, ApiError> {
    let id = named(&path)?;
    let query = query.into_inner().into();
    let echo = app.push.check_url(&id, &query, app.clock.now());
    let echo = echo.map_err(|error| refused(&app, error))?;
    Ok(HttpResponse::Ok().content_type(TEXT).body(echo))
}

/// `POST /v1/wechat/push/{app_id}`: answered only once its effects are durable, so
/// that WeChat delivers again what was lost.
pub(super) async fn receive(
    context: Context,
    app: Data<App>,
    http: HttpRequest,
    path: Path<String>,
    query: Query<PushQueryText>,
    payload: Payload,
) -> Result<HttpResponse, ApiError> {
    let id = named(&path)?;
    let query = query.into_inner().into();
    let body = collect(&http, payload.into_inner(), MAX_PUSH, PATIENCE).await?;
    let opened = app.push.open(&id, &query, &body, app.clock.now());
    let opened = opened.map_err(|error| refused(&app, error))?;
    let Some(event) = opened else {
        app.metrics.pushed("other", "ignored");
        return Ok(taken());
    };
    let kind = event.kind.as_str();
    let use_case = app.heed_wechat.clone();
    let origin = context.origin.clone();
    let heeded = detached(async move { use_case.execute(&event, &origin).await }).await;
    let outcome = heeded.as_ref().map_or("failed", |heeded| heeded.as_str());
    app.metrics.pushed(kind, outcome);
    tracing::info!(
        event = kind,
        outcome,
        app_id = id.as_str(),
        "WeChat pushed an event"
    );
    heeded?;
    Ok(taken())
}

const TEXT: &str = "text/plain; charset=utf-8";

fn taken() -> HttpResponse {
    HttpResponse::Ok().content_type(TEXT).body(TAKEN)
}

fn named(path: &str) -> Result<AppId, ApiError> {
    AppId::parse(path).map_err(|_| ApiError::new(&kinds::NOT_FOUND))
}

/// Counts what is not taken. The log tells nothing of it that a stranger wrote.
fn refused(app: &App, error: WeChatPushError) -> ApiError {
    let outcome = match error {
        WeChatPushError::NotConfigured => "not_configured",
        WeChatPushError::Forged => "forged",
        WeChatPushError::Stale => "stale",
        WeChatPushError::PlainMode => "plain_mode",
        WeChatPushError::Unreadable => "unreadable",
    };
    app.metrics.pushed("unknown", outcome);
    error.into()
}
