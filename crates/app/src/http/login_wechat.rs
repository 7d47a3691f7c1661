//! The logins through WeChat.

use actix_web::web::Data;
use actix_web::{HttpRequest, HttpResponse};
use menshen_domain::model::wechat::AppKind;
use menshen_domain::services::login::{LoginRequest, WeChatProof};
use menshen_domain::services::login_with_wechat::Button;
use serde::Deserialize;
use utoipa::ToSchema;

use crate::http::App;
use crate::http::body::{Body, object, optional_object};
use crate::http::context::Context;
use crate::http::error::ApiError;
use crate::http::fields::{ClientJson, ConsentJson, Fields};
use crate::http::hosted::proof;
use crate::http::kinds::Fault;
use crate::http::login::run;
use crate::http::open_data::OpenDataMember;
use crate::metrics::outcomes::LoginMethod;

/// A login code of a mini-program.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct WeChatLogin {
    /// The code of `wx.login`; may be left out on WeChat cloud hosting.
    #[schema(example = "0a3Zs0000fVmTU1Kp4200abcde1Zs00q")]
    code: Option<String>,
    /// The application, where there are several.
    app_id: Option<String>,
    /// Open data of the person, encrypted after this very `wx.login`.
    #[serde(default, deserialize_with = "optional_object")]
    profile: Option<OpenDataMember>,
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

/// A code of WeChat's OAuth2 consent, in a native app or on a website.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct OAuthLogin {
    /// The code of the consent.
    #[schema(example = "0a3Zs0000fVmTU1Kp4200abcde1Zs00q")]
    code: String,
    /// The application, where there are several.
    app_id: Option<String>,
    /// The client program: `app` or `web`.
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
    /// The code of `wx.login`; may be left out on WeChat cloud hosting.
    login_code: Option<String>,
    /// The application, where there are several.
    app_id: Option<String>,
    /// Exchange `phone_code`, which is billed, only if the person's account has no
    /// number yet.
    #[serde(default)]
    phone_if_missing: bool,
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

/// `POST /v1/login/wechat`
pub(super) async fn one_tap(
    context: Context,
    app: Data<App>,
    http: HttpRequest,
    body: Body<WeChatLogin>,
) -> Result<HttpResponse, ApiError> {
    let json = &body.value;
    let mut fields = Fields::default();
    let mut app_id = fields.app_id("app_id", json.app_id.as_deref());
    let code = ("code", json.code.as_deref());
    let shown = proof(&app, &context, &http, code, &mut app_id, &mut fields).await?;
    let profile = json.profile.as_ref();
    let profile = profile.map(|profile| profile.read("profile.", &mut fields));
    let client = fields.client(&json.client);
    let consent = fields.consent(json.consent.as_ref());
    fields.finish()?;
    let (Some(shown), Some(client)) = (shown, client) else {
        return Err(ApiError::internal("a member was neither right nor wrong"));
    };
    let request = LoginRequest {
        client,
        origin: context.origin.clone(),
        restore: json.restore,
        consent,
    };
    let use_case = app.login_with_wechat.clone();
    let hosted = shown.hosted().cloned();
    let kind = AppKind::MiniProgram;
    let login = Box::pin(async move {
        use_case
            .with_login_code(kind, app_id.as_ref(), &shown, profile.as_ref(), &request)
            .await
    });
    let asked = (body.text.as_str(), hosted.as_ref());
    let method = LoginMethod::WeChat;
    run(&context, &app, &http, method, asked, login).await
}

/// `POST /v1/login/wechat-oauth`
pub(super) async fn oauth(
    context: Context,
    app: Data<App>,
    http: HttpRequest,
    body: Body<OAuthLogin>,
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
    let kind = AppKind::of_client(client.kind);
    if kind == AppKind::MiniProgram {
        return Err(ApiError::field("client.type", Fault::Value));
    }
    let request = LoginRequest {
        client,
        origin: context.origin.clone(),
        restore: json.restore,
        consent,
    };
    let use_case = app.login_with_wechat.clone();
    let shown = WeChatProof::Code(code);
    let login = Box::pin(async move {
        use_case
            .with_login_code(kind, app_id.as_ref(), &shown, None, &request)
            .await
    });
    let method = LoginMethod::WeChatOAuth;
    run(&context, &app, &http, method, (&body.text, None), login).await
}

/// `POST /v1/login/wechat-phone`
pub(super) async fn phone_button(
    context: Context,
    app: Data<App>,
    http: HttpRequest,
    body: Body<WeChatPhoneLogin>,
) -> Result<HttpResponse, ApiError> {
    let json = &body.value;
    let mut fields = Fields::default();
    let phone_code = fields.phone_code(&json.phone_code);
    let mut app_id = fields.app_id("app_id", json.app_id.as_deref());
    let code = ("login_code", json.login_code.as_deref());
    let shown = proof(&app, &context, &http, code, &mut app_id, &mut fields).await?;
    let client = fields.client(&json.client);
    let consent = fields.consent(json.consent.as_ref());
    fields.finish()?;
    let (Some(phone_code), Some(shown), Some(client)) = (phone_code, shown, client) else {
        return Err(ApiError::internal("a member was neither right nor wrong"));
    };
    let request = LoginRequest {
        client,
        origin: context.origin.clone(),
        restore: json.restore,
        consent,
    };
    let if_missing = json.phone_if_missing;
    let use_case = app.login_with_wechat.clone();
    let hosted = shown.hosted().cloned();
    let login = Box::pin(async move {
        let button = Button {
            code: &phone_code,
            if_missing,
        };
        use_case
            .with_phone_button(app_id.as_ref(), &shown, button, &request)
            .await
    });
    let asked = (body.text.as_str(), hosted.as_ref());
    let method = LoginMethod::WeChatPhone;
    run(&context, &app, &http, method, asked, login).await
}
