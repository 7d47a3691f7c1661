//! Introspection (RFC 7662) and revocation (RFC 7009), for services that hold an admin
//! key.

use actix_web::http::header::{CONTENT_TYPE, HeaderValue};
use actix_web::web::{Data, Payload};
use actix_web::{HttpRequest, HttpResponse};
use menshen_domain::model::introspection::Introspection;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::http::App;
use crate::http::admin::door;
use crate::http::admin::query::Members;
use crate::http::body::{PATIENCE, collect};
use crate::http::context::Context;
use crate::http::detached::detached;
use crate::http::error::ApiError;
use crate::http::kinds::{self, Fault};

/// The largest form: a token is of 4096 bytes at most.
const MAX_FORM: usize = 16 * 1024;
/// Longer tokens are none of ours.
const MAX_TOKEN: usize = 4096;

/// The form of both.
#[derive(Debug, Deserialize, ToSchema)]
#[expect(dead_code, reason = "it describes what `Members` reads")]
pub struct TokenForm {
    /// An access token or a refresh token.
    token: String,
    /// `access_token` or `refresh_token`: not needed, a token tells itself which it is.
    token_type_hint: Option<String>,
}

/// What a token is worth. Of one that is worth nothing only `active` is told.
#[derive(Debug, Default, Serialize, ToSchema)]
pub struct IntrospectionJson {
    /// Whether the token is good now, and its session lives.
    active: bool,
    /// `Bearer` for an access token, `refresh_token` for the other kind, with which
    /// nobody may call a service.
    #[serde(skip_serializing_if = "Option::is_none")]
    token_type: Option<&'static str>,
    /// `user`; not for refresh tokens.
    #[serde(skip_serializing_if = "Option::is_none")]
    scope: Option<&'static str>,
    /// The account.
    #[serde(skip_serializing_if = "Option::is_none")]
    sub: Option<String>,
    /// The session.
    #[serde(skip_serializing_if = "Option::is_none")]
    sid: Option<String>,
    /// `mini_program`, `app` or `web`.
    #[serde(skip_serializing_if = "Option::is_none")]
    client_type: Option<&'static str>,
    /// `tokens.issuer`.
    #[serde(skip_serializing_if = "Option::is_none")]
    iss: Option<String>,
    /// `tokens.audience`; not for refresh tokens.
    #[serde(skip_serializing_if = "Option::is_none")]
    aud: Option<String>,
    /// The token's own id; not for refresh tokens.
    #[serde(skip_serializing_if = "Option::is_none")]
    jti: Option<String>,
    /// When it was issued, Unix time.
    #[serde(skip_serializing_if = "Option::is_none")]
    iat: Option<i64>,
    /// From when on it is good, Unix time; not for refresh tokens.
    #[serde(skip_serializing_if = "Option::is_none")]
    nbf: Option<i64>,
    /// When it dies, Unix time.
    #[serde(skip_serializing_if = "Option::is_none")]
    exp: Option<i64>,
}

impl IntrospectionJson {
    fn new(found: &Introspection, app: &App) -> Self {
        match found {
            Introspection::Inactive => Self::default(),
            Introspection::Access(claims) => Self {
                active: true,
                token_type: Some("Bearer"),
                scope: Some(claims.scope.as_str()),
                sub: Some(claims.user.to_string()),
                sid: Some(claims.session.to_string()),
                client_type: Some(claims.client_type.as_str()),
                iss: Some(app.issuer.clone()),
                aud: Some(app.audience.clone()),
                jti: Some(claims.id.to_string()),
                iat: Some(claims.issued_at.timestamp()),
                nbf: Some(claims.issued_at.timestamp()),
                exp: Some(claims.expires_at.timestamp()),
            },
            Introspection::Refresh(facts) => Self {
                active: true,
                token_type: Some("refresh_token"),
                sub: Some(facts.user.to_string()),
                sid: Some(facts.session.to_string()),
                client_type: Some(facts.client_type.as_str()),
                iss: Some(app.issuer.clone()),
                iat: Some(facts.issued_at.timestamp()),
                exp: Some(facts.expires_at.timestamp()),
                ..Self::default()
            },
        }
    }
}

/// `POST /v1/token/introspect`
pub(super) async fn introspect(
    context: Context,
    app: Data<App>,
    http: HttpRequest,
    payload: Payload,
) -> Result<HttpResponse, ApiError> {
    let found = introspected(&context, &app, &http, payload).await;
    let outcome = match &found {
        Ok(Introspection::Inactive) => "inactive",
        Ok(_) => "active",
        Err(error) => error.kind.code,
    };
    app.metrics.outcomes.introspected(outcome);
    let found = found.map_err(ApiError::in_oauth)?;
    json(&IntrospectionJson::new(&found, &app))
}

async fn introspected(
    context: &Context,
    app: &App,
    http: &HttpRequest,
    payload: Payload,
) -> Result<Introspection, ApiError> {
    let door = door(app)?;
    door.keys.operator(http, context).await?;
    let Some(token) = token(http, payload).await? else {
        return Ok(Introspection::Inactive);
    };
    Ok(door.introspect.execute(&token).await?)
}

/// `POST /v1/token/revoke`
pub(super) async fn revoke(
    context: Context,
    app: Data<App>,
    http: HttpRequest,
    payload: Payload,
) -> Result<HttpResponse, ApiError> {
    let revoked = revoked(&context, &app, &http, payload).await;
    revoked.map_err(ApiError::in_oauth)?;
    json(&serde_json::json!({}))
}

async fn revoked(
    context: &Context,
    app: &App,
    http: &HttpRequest,
    payload: Payload,
) -> Result<(), ApiError> {
    let door = door(app)?;
    let act = door.change(http, context, "token.revoke").await?;
    let Some(token) = token(http, payload).await? else {
        return Ok(());
    };
    let use_case = door.introspect.clone();
    detached(async move { use_case.revoke(&token, &act.operator, &act.origin).await }).await
}

/// The token of the form; nothing if none of ours is so long. Only now is the body
/// read: nobody without a key fills our memory.
async fn token(http: &HttpRequest, payload: Payload) -> Result<Option<String>, ApiError> {
    let media_type = http.headers().get(CONTENT_TYPE);
    if !media_type.is_some_and(is_form) {
        return Err(ApiError::new(&kinds::FORM_EXPECTED));
    }
    let body = collect(http, payload.into_inner(), MAX_FORM, PATIENCE).await?;
    let text = std::str::from_utf8(&body).map_err(|_| ApiError::field("body", Fault::Value))?;
    let mut members = Members::parse(text, None)?;
    let token = members.take("token");
    if token.is_none() {
        members.fault("token", Fault::Required);
    }
    members.finish()?;
    Ok(token.filter(|token| token.len() <= MAX_TOKEN))
}

fn is_form(value: &HeaderValue) -> bool {
    let text = value.to_str().unwrap_or_default();
    let media_type = text.split(';').next().unwrap_or_default().trim();
    media_type.eq_ignore_ascii_case("application/x-www-form-urlencoded")
}

/// Not in the envelope: others have fixed the form.
fn json(body: &impl Serialize) -> Result<HttpResponse, ApiError> {
    let body = serde_json::to_vec(body).map_err(ApiError::internal)?;
    Ok(HttpResponse::Ok()
        .insert_header((CONTENT_TYPE, "application/json; charset=utf-8"))
        .body(body))
}
