//! Login by phone number and code, and what all logins share.

use std::future::Future;

use actix_web::web::Data;
use actix_web::{HttpRequest, HttpResponse};
use menshen_domain::model::wechat_login::HostedIdentity;
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
use crate::http::hosted::proof;
use crate::http::kinds::Fault;
use crate::http::malformed_code::malformed_code;
use crate::metrics::outcomes::LoginMethod;

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
    /// The code of `wx.login`; may be left out on WeChat cloud hosting.
    code: Option<String>,
    /// The application, where there are several.
    app_id: Option<String>,
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
    let wechat = match &json.wechat {
        None => None,
        Some(member) => {
            let mut app_id = fields.app_id("wechat.app_id", member.app_id.as_deref());
            let code = ("wechat.code", member.code.as_deref());
            let shown = proof(&app, &context, &http, code, &mut app_id, &mut fields).await?;
            shown.map(|shown| (shown, app_id))
        }
    };
    if let Err(error) = fields.finish() {
        return Err(malformed_code(&app, &context, error).await);
    }
    let (Some(phone), Some(code), Some(client)) = (phone, code, client) else {
        return Err(ApiError::internal("a member was neither right nor wrong"));
    };
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
    let linked = proof.wechat.as_ref();
    let hosted = linked.and_then(|(shown, _)| shown.hosted()).cloned();
    let login = Box::pin(async move { use_case.execute(&proof, &request).await });
    let asked = (body.text.as_str(), hosted.as_ref());
    let method = LoginMethod::Sms;
    run(&context, &app, &http, method, asked, login).await
}

/// Carries a login out, once per idempotency key, to its end. What it is asked
/// with is its body, and whom the headers of cloud hosting name instead of a code.
pub(super) async fn run(
    context: &Context,
    app: &Data<App>,
    http: &HttpRequest,
    method: LoginMethod,
    (body, hosted): (&str, Option<&HostedIdentity>),
    login: impl Future<Output = Result<SignedIn, LoginError>> + Send + 'static,
) -> Result<HttpResponse, ApiError> {
    let done = match idempotency_key(http)? {
        None => detached(login).await,
        Some(given) => {
            let once = app.complete_once.clone();
            let key = once.key(http.path(), given, body, hosted);
            detached(async move { once.execute(key, login).await }).await
        }
    };
    let arrival = done.as_ref().map(|done| done.arrival);
    let arrival = arrival.map_err(|error| error.kind.code);
    app.metrics.outcomes.login(method, arrival);
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
