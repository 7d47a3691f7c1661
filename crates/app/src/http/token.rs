//! Tokens: the next pair, signing out, checking for other services.

use actix_web::http::header::CACHE_CONTROL;
use actix_web::web::Data;
use actix_web::{HttpRequest, HttpResponse};
use menshen_domain::model::changes::SessionsOf;
use menshen_domain::model::token::AccessClaims;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::http::App;
use crate::http::account_json::LoginJson;
use crate::http::bearer::bearer;
use crate::http::body::{Body, MaybeBody};
use crate::http::context::Context;
use crate::http::detached::detached;
use crate::http::error::ApiError;
use crate::http::kinds::Fault;

/// A refresh token.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct RefreshRequest {
    /// The newest refresh token that the client has.
    refresh_token: String,
}

/// Which sessions to end.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct LogoutRequest {
    /// `this` (the default), `others` or `all`.
    #[schema(example = "this")]
    scope: Option<String>,
}

/// What was signed out.
#[derive(Debug, Serialize, ToSchema)]
pub struct LogoutJson {
    /// How many sessions have ended.
    #[schema(example = 1)]
    pub(super) ended: usize,
}

/// `POST /v1/token/refresh`
pub(super) async fn refresh(
    context: Context,
    app: Data<App>,
    body: Body<RefreshRequest>,
) -> Result<HttpResponse, ApiError> {
    let use_case = app.refresh.clone();
    let origin = context.origin.clone();
    let token = body.value.refresh_token;
    let refreshed = detached(async move { use_case.execute(&token, &origin).await }).await;
    let renewal = refreshed.as_ref().map(|refreshed| refreshed.renewal);
    let renewal = renewal.map_err(|error| error.kind.code);
    app.metrics.outcomes.refreshed(renewal);
    let refreshed = refreshed?;
    context.ok(("刷新成功", "Refreshed"), &LoginJson::from(&refreshed))
}

/// `POST /v1/logout`
pub(super) async fn logout(
    context: Context,
    app: Data<App>,
    http: HttpRequest,
    body: MaybeBody<LogoutRequest>,
) -> Result<HttpResponse, ApiError> {
    let scope = body.0.and_then(|body| body.value.scope);
    let token = bearer(&http)?;
    // Signing out twice is no error: the first answer may have been lost.
    let claims = app.authenticate.token_only(token).await?;
    let which = match scope.as_deref() {
        None | Some("this") => SessionsOf::One(claims.session),
        Some("others") => SessionsOf::AllBut(claims.session),
        Some("all") => SessionsOf::All,
        Some(_) => return Err(ApiError::field("scope", Fault::Value)),
    };
    if !matches!(which, SessionsOf::One(_)) {
        app.authenticate.in_person(token).await?;
    }
    let use_case = app.sign_out.clone();
    let origin = context.origin.clone();
    let ended =
        detached(async move { use_case.execute(claims.user, which, &origin).await }).await?;
    context.ok(
        ("已退出登录", "Signed out"),
        &LogoutJson { ended: ended.len() },
    )
}

/// `GET /v1/auth/verify`
pub(super) async fn verify(
    context: Context,
    app: Data<App>,
    http: HttpRequest,
) -> Result<HttpResponse, ApiError> {
    let claims = claims(&app, &http).await;
    let outcome = claims.as_ref().map(drop).map_err(|error| error.kind.code);
    app.metrics.outcomes.verified(outcome);
    let claims = claims?;
    let mut response = context.ok(("已登录", "Signed in"), &serde_json::json!({}))?;
    let headers = [
        ("x-user-id", claims.user.to_string()),
        ("x-session-id", claims.session.to_string()),
        ("x-client-type", claims.client_type.as_str().to_owned()),
    ];
    for (name, value) in headers {
        let value =
            actix_web::http::header::HeaderValue::from_str(&value).map_err(ApiError::internal)?;
        response.headers_mut().insert(
            actix_web::http::header::HeaderName::from_static(name),
            value,
        );
    }
    Ok(response)
}

async fn claims(app: &App, http: &HttpRequest) -> Result<AccessClaims, ApiError> {
    Ok(app.authenticate.for_service(bearer(http)?).await?)
}

/// `GET /.well-known/jwks.json`
pub(super) async fn jwks(app: Data<App>) -> HttpResponse {
    HttpResponse::Ok()
        .insert_header((CACHE_CONTROL, "public, max-age=300"))
        .content_type("application/json")
        .body(app.key_set.jwks())
}
