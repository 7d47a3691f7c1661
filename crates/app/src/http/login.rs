//! The logins.

use std::future::Future;

use actix_web::web::Data;
use actix_web::{HttpRequest, HttpResponse};
use menshen_domain::model::wechat::AppKind;
use menshen_domain::services::login::{LoginError, LoginRequest, SignedIn};
use menshen_domain::services::login_with_sms::SmsProof;
use serde::Deserialize;
use utoipa::ToSchema;

use crate::http::App;
use crate::http::account_json::LoginJson;
use crate::http::body::{Body, object, optional_object};
use crate::http::context::Context;
use crate::http::detached::detached;
use crate::http::error::ApiError;
use crate::http::fields::{ClientJson, ConsentJson, Fields};
use crate::http::kinds::Fault;
use crate::http::malformed_code::malformed_code;

const SIGNED_IN: (&str, &str) = ("登录成功", "Signed in");

/// Phone number and verification code.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct SmsLogin {
    /// The number, as people write it.
    #[schema(example = "13800138000")]
    phone: String,
    /// The six digits of the message.
    #[schema(example = "482913")]
    code: String,
    /// Which ask for a code is answered.
    challenge_id: Option<String>,
    /// The client program.
    #[serde(deserialize_with = "object")]
    client: ClientJson,
    /// A WeChat login code of the same person, to be linked in the same step.
    #[serde(default, deserialize_with = "optional_object")]
    wechat: Option<WeChatMember>,
    /// Take a cancellation back.
    #[serde(default)]
    restore: bool,
    /// The terms that the person agreed to.
    #[serde(default, deserialize_with = "optional_object")]
    consent: Option<ConsentJson>,
}

/// A WeChat login code within another login.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct WeChatMember {
    /// The code of `wx.login`.
    code: String,
    /// The application, where there are several.
    app_id: Option<String>,
}

/// A WeChat login code.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct WeChatLogin {
    /// The code of `wx.login`, or of WeChat's OAuth2 consent.
    #[schema(example = "0a3Zs0000fVmTU1Kp4200abcde1Zs00q")]
    code: String,
    /// The application, where there are several.
    app_id: Option<String>,
    /// The client program.
    #[serde(deserialize_with = "object")]
    client: ClientJson,
    /// Take a cancellation back.
    #[serde(default)]
    restore: bool,
    /// The terms that the person agreed to.
    #[serde(default, deserialize_with = "optional_object")]
    consent: Option<ConsentJson>,
}

/// The codes of the getPhoneNumber button and of `wx.login`.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct WeChatPhoneLogin {
    /// The code of the button's event.
    phone_code: String,
    /// The code of `wx.login`.
    login_code: String,
    /// The application, where there are several.
    app_id: Option<String>,
    /// The client program.
    #[serde(deserialize_with = "object")]
    client: ClientJson,
    /// Take a cancellation back.
    #[serde(default)]
    restore: bool,
    /// The terms that the person agreed to.
    #[serde(default, deserialize_with = "optional_object")]
    consent: Option<ConsentJson>,
}

/// `POST /v1/login/sms`
pub(super) async fn sms(
    context: Context,
    app: Data<App>,
    http: HttpRequest,
    body: Result<Body<SmsLogin>, ApiError>,
) -> Result<HttpResponse, ApiError> {
    let body = match body {
        Ok(body) => body,
        Err(error) => return Err(malformed_code(&app, &context, error).await),
    };
    let json = &body.value;
    let mut fields = Fields::default();
    let phone = fields.phone(&json.phone);
    let code = fields.sms_code(&json.code);
    let challenge = fields.challenge(json.challenge_id.as_deref());
    let client = fields.client(&json.client);
    let consent = fields.consent(json.consent.as_ref());
    let wechat = json.wechat.as_ref().map(|member| {
        (
            fields.login_code("wechat.code", &member.code),
            fields.app_id("wechat.app_id", member.app_id.as_deref()),
        )
    });
    if let Err(error) = fields.finish() {
        return Err(malformed_code(&app, &context, error).await);
    }
    let (Some(phone), Some(code), Some(client)) = (phone, code, client) else {
        return Err(ApiError::internal("a member was neither right nor wrong"));
    };
    let wechat = wechat.and_then(|(code, app_id)| Some((code?, app_id)));
    let proof = SmsProof {
        phone,
        code,
        challenge,
        wechat,
    };
    let request = LoginRequest {
        client,
        origin: context.origin.clone(),
        restore: json.restore,
        consent,
    };
    let use_case = app.login_with_sms.clone();
    let login = Box::pin(async move { use_case.execute(&proof, &request).await });
    run(&context, &app, &http, &body.text, login).await
}

/// `POST /v1/login/wechat`
pub(super) async fn wechat(
    context: Context,
    app: Data<App>,
    http: HttpRequest,
    body: Body<WeChatLogin>,
) -> Result<HttpResponse, ApiError> {
    with_login_code(&context, &app, &http, body, |_| AppKind::MiniProgram).await
}

/// `POST /v1/login/wechat-oauth`
pub(super) async fn wechat_oauth(
    context: Context,
    app: Data<App>,
    http: HttpRequest,
    body: Body<WeChatLogin>,
) -> Result<HttpResponse, ApiError> {
    with_login_code(&context, &app, &http, body, |request| {
        AppKind::of_client(request.client.kind)
    })
    .await
}

async fn with_login_code(
    context: &Context,
    app: &Data<App>,
    http: &HttpRequest,
    body: Body<WeChatLogin>,
    kind: fn(&LoginRequest) -> AppKind,
) -> Result<HttpResponse, ApiError> {
    let json = &body.value;
    let mut fields = Fields::default();
    let code = fields.login_code("code", &json.code);
    let app_id = fields.app_id("app_id", json.app_id.as_deref());
    let client = fields.client(&json.client);
    let consent = fields.consent(json.consent.as_ref());
    fields.finish()?;
    let (Some(code), Some(client)) = (code, client) else {
        return Err(ApiError::internal("a member was neither right nor wrong"));
    };
    let request = LoginRequest {
        client,
        origin: context.origin.clone(),
        restore: json.restore,
        consent,
    };
    let kind = kind(&request);
    if kind == AppKind::MiniProgram && http.path().ends_with("wechat-oauth") {
        return Err(ApiError::field("client.type", Fault::Value));
    }
    let use_case = app.login_with_wechat.clone();
    let login = Box::pin(async move {
        use_case
            .with_login_code(kind, app_id.as_ref(), &code, &request)
            .await
    });
    run(context, app, http, &body.text, login).await
}

/// `POST /v1/login/wechat-phone`
pub(super) async fn wechat_phone(
    context: Context,
    app: Data<App>,
    http: HttpRequest,
    body: Body<WeChatPhoneLogin>,
) -> Result<HttpResponse, ApiError> {
    let json = &body.value;
    let mut fields = Fields::default();
    let phone_code = fields.phone_code(&json.phone_code);
    let login_code = fields.login_code("login_code", &json.login_code);
    let app_id = fields.app_id("app_id", json.app_id.as_deref());
    let client = fields.client(&json.client);
    let consent = fields.consent(json.consent.as_ref());
    fields.finish()?;
    let (Some(phone_code), Some(login_code), Some(client)) = (phone_code, login_code, client)
    else {
        return Err(ApiError::internal("a member was neither right nor wrong"));
    };
    let request = LoginRequest {
        client,
        origin: context.origin.clone(),
        restore: json.restore,
        consent,
    };
    let use_case = app.login_with_wechat.clone();
    let login = Box::pin(async move {
        use_case
            .with_phone_button(app_id.as_ref(), &login_code, &phone_code, &request)
            .await
    });
    run(&context, &app, &http, &body.text, login).await
}

/// Carries a login out, once per idempotency key, to its end.
async fn run(
    context: &Context,
    app: &Data<App>,
    http: &HttpRequest,
    body: &str,
    login: impl Future<Output = Result<SignedIn, LoginError>> + Send + 'static,
) -> Result<HttpResponse, ApiError> {
    let done = match idempotency_key(http)? {
        None => detached(login).await,
        Some(given) => {
            let once = app.complete_once.clone();
            let key = once.key(http.path(), given, body);
            detached(async move { once.execute(key, login).await }).await
        }
    };
    let done = done.map_err(|error| error.with_consent_version(app.consent_version.as_ref()))?;
    context.ok(SIGNED_IN, &LoginJson::from(&done))
}

/// The `Idempotency-Key` header: at most 64 printable bytes.
fn idempotency_key(http: &HttpRequest) -> Result<Option<&str>, ApiError> {
    let Some(value) = http.headers().get("idempotency-key") else {
        return Ok(None);
    };
    let wrong = || ApiError::field("Idempotency-Key", Fault::Value);
    let key = value.to_str().map_err(|_| wrong())?;
    let fits =
        (1..=64).contains(&key.len()) && key.bytes().all(|b| b.is_ascii_graphic() || b == b' ');
    if fits { Ok(Some(key)) } else { Err(wrong()) }
}
