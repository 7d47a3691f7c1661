//! HTTP: the route table, and what its handlers work with.

pub mod account_json;
pub mod admin;
pub mod admission;
mod answer_time;
pub mod avatar;
pub mod avatar_file;
pub(crate) mod avatar_part;
pub mod bearer;
pub mod body;
pub mod client_address;
pub mod codes;
pub mod context;
pub mod detached;
pub mod devices;
pub mod doors;
pub mod error;
pub mod export;
pub mod fields;
pub mod front_door;
pub mod health;
pub mod hosted;
pub mod introspect;
pub mod kinds;
pub mod locale;
pub mod login;
pub mod login_wechat;
pub mod malformed_code;
pub mod me;
pub mod metrics;
pub mod open_data;
pub mod openapi;
pub mod operations;
pub mod own_account;
pub mod pages;
pub mod push;
pub mod readiness;
pub mod receipts;
pub mod rendering;
pub mod route_names;
pub mod step_up;
pub mod token;

use std::sync::Arc;

use actix_web::web::{self, ServiceConfig};
use actix_web::{HttpResponse, Resource, Route, guard};
use async_trait::async_trait;
use chrono::{DateTime, Utc};
use menshen_domain::ports::BoxError;
use menshen_domain::ports::clock::Clock;
use menshen_domain::ports::randomness::Randomness;
use menshen_domain::ports::wechat_push::WeChatPush;
use menshen_domain::services::authenticate::Authenticate;
use menshen_domain::services::bind_phone::BindPhone;
use menshen_domain::services::cancel_account::CancelAccount;
use menshen_domain::services::check_code::CheckCode;
use menshen_domain::services::complete_once::CompleteOnce;
use menshen_domain::services::decrypt_open_data::DecryptOpenData;
use menshen_domain::services::export_account::ExportAccount;
use menshen_domain::services::heed_wechat::HeedWeChat;
use menshen_domain::services::link_wechat::LinkWeChat;
use menshen_domain::services::list_sessions::ListSessions;
use menshen_domain::services::login_with_sms::LoginWithSms;
use menshen_domain::services::login_with_wechat::LoginWithWeChat;
use menshen_domain::services::profile::EditProfile;
use menshen_domain::services::refresh::Refresh;
use menshen_domain::services::send_code::SendCode;
use menshen_domain::services::sign_out::SignOut;
use menshen_domain::services::step_up::StepUp;
use menshen_domain::services::tell_refused_identity::TellRefusedIdentity;
use menshen_domain::services::test_numbers::TestNumbers;
use menshen_domain::services::unlink_identity::UnlinkIdentity;
use menshen_telemetry::Tracing;

use crate::http::admin::AdminDoor;
use crate::http::avatar::Avatars;
use crate::http::client_address::ProxyTrust;
use crate::http::error::ApiError;
use crate::http::hosted::CloudHosting;
use crate::http::readiness::Readiness;
use crate::http::receipts::Receipts;
use crate::metrics::Metrics;

/// The public keys, as they are served.
pub trait PublicKeys: Send + Sync {
    /// The JWK set (RFC 7517 section 5) as JSON, from memory.
    fn jwks(&self) -> String;
}

/// A signing key, as operators see it.
#[derive(Debug, Clone, PartialEq, Eq)]
#[expect(missing_docs, reason = "as `SigningKeyJson` tells them")]
pub struct SigningKeyInfo {
    pub kid: String,
    pub algorithm: String,
    pub stage: &'static str,
    pub not_before: DateTime<Utc>,
    pub retire_at: Option<DateTime<Utc>>,
}

/// Why a signing key is not dropped.
#[derive(Debug)]
pub enum DropKeyError {
    /// There is no such key in use.
    NotThere,
    /// The keys cannot be had.
    Unavailable(BoxError),
}

/// The signing keys, as operators look after them.
#[async_trait]
pub trait SigningKeys: Send + Sync {
    /// The keys, oldest first, from memory.
    fn list(&self) -> Vec<SigningKeyInfo>;

    /// Takes a key out of use, on this replica at once, on others within a minute;
    /// answers the id of a key that had to be made in its place.
    ///
    /// # Errors
    ///
    /// See [`DropKeyError`].
    async fn drop_key(&self, kid: &str) -> Result<Option<String>, DropKeyError>;
}

/// What the handlers work with.
#[expect(
    missing_docs,
    reason = "each field is the use case or part that its type names"
)]
pub struct App {
    pub send_code: Arc<SendCode>,
    pub check_code: Arc<CheckCode>,
    pub login_with_sms: Arc<LoginWithSms>,
    pub login_with_wechat: Arc<LoginWithWeChat>,
    pub complete_once: Arc<CompleteOnce>,
    pub refresh: Arc<Refresh>,
    pub sign_out: Arc<SignOut>,
    pub list_sessions: Arc<ListSessions>,
    pub authenticate: Arc<Authenticate>,
    pub edit_profile: Arc<EditProfile>,
    pub unlink_identity: Arc<UnlinkIdentity>,
    pub cancel_account: Arc<CancelAccount>,
    pub export_account: Arc<ExportAccount>,
    pub bind_phone: Arc<BindPhone>,
    pub link_wechat: Arc<LinkWeChat>,
    pub step_up: Arc<StepUp>,
    pub receipts: Receipts,
    pub decrypt_open_data: Arc<DecryptOpenData>,
    pub heed_wechat: Arc<HeedWeChat>,
    pub tell_refused_identity: Arc<TellRefusedIdentity>,
    pub push: Arc<dyn WeChatPush>,
    pub cloud_hosting: CloudHosting,
    pub key_set: Arc<dyn PublicKeys>,
    pub readiness: Arc<Readiness>,
    pub clock: Arc<dyn Clock>,
    pub randomness: Arc<dyn Randomness>,
    pub metrics: Metrics,
    pub tracing: Tracing,
    pub proxies: ProxyTrust,
    pub consent_version: Option<String>,
    pub issuer: String,
    pub audience: String,
    pub test_numbers: Arc<TestNumbers>,
    pub admin: Option<AdminDoor>,
    pub avatars: Avatars,
    pub playground: bool,
}

/// The route table; operators and services have theirs where there is a key.
pub fn routes(config: &mut ServiceConfig, playground: bool, operators: bool) {
    routes_of_logins(config);
    routes_of_me(config);
    routes_of_services(config);
    if playground {
        config
            .service(at("/playground", [web::get().to(pages::playground)], "GET"))
            .service(at(
                "/playground/{file:.*}",
                [web::get().to(pages::playground_file)],
                "GET",
            ));
    }
    if operators {
        admin::routes(config);
    }
    config.default_service(web::to(nothing_here));
}

/// Ways in and out.
fn routes_of_logins(config: &mut ServiceConfig) {
    config
        .service(at("/v1/sms/codes", [web::post().to(codes::send)], "POST"))
        .service(at(
            "/v1/sms/receipts/{vendor}/{secret}",
            [web::post().to(receipts::push)],
            "POST",
        ))
        .service(at("/v1/login/sms", [web::post().to(login::sms)], "POST"))
        .service(at(
            "/v1/login/wechat",
            [web::post().to(login_wechat::one_tap)],
            "POST",
        ))
        .service(at(
            "/v1/login/wechat-phone",
            [web::post().to(login_wechat::phone_button)],
            "POST",
        ))
        .service(at(
            "/v1/login/wechat-oauth",
            [web::post().to(login_wechat::oauth)],
            "POST",
        ))
        .service(at(
            "/v1/token/refresh",
            [web::post().to(token::refresh)],
            "POST",
        ))
        .service(at("/v1/logout", [web::post().to(token::logout)], "POST"));
}

/// The signed-in user.
fn routes_of_me(config: &mut ServiceConfig) {
    config
        .service(at(
            "/v1/me",
            [
                web::get().to(me::show),
                web::patch().to(me::edit),
                // Mini-programs cannot send PATCH: `wx.request` does not know it.
                web::post()
                    .guard(guard::Header("x-http-method-override", "PATCH"))
                    .to(me::edit),
                web::delete().to(own_account::cancel),
            ],
            "GET, PATCH, DELETE",
        ))
        .service(at(
            "/v1/me/avatar",
            [web::post().to(avatar::upload)],
            "POST",
        ))
        .service(at("/v1/me/export", [web::get().to(export::export)], "GET"))
        .service(at(
            "/v1/me/identities/{id}",
            [web::delete().to(own_account::unlink)],
            "DELETE",
        ))
        .service(at("/v1/me/phone", [web::post().to(me::bind_phone)], "POST"))
        .service(at(
            "/v1/me/step-up",
            [web::post().to(step_up::prove)],
            "POST",
        ))
        .service(at(
            "/v1/me/wechat",
            [web::post().to(me::link_wechat)],
            "POST",
        ))
        .service(at(
            "/v1/me/wechat/decrypt",
            [web::post().to(open_data::decrypt)],
            "POST",
        ))
        .service(at("/v1/me/sessions", [web::get().to(devices::list)], "GET"))
        .service(at(
            "/v1/me/sessions/{id}",
            [web::delete().to(devices::end)],
            "DELETE",
        ));
}

/// Other services, and whoever looks after this one.
fn routes_of_services(config: &mut ServiceConfig) {
    config
        .service(at(
            "/v1/wechat/push/{app_id}",
            [web::get().to(push::check), web::post().to(push::receive)],
            "GET, POST",
        ))
        .service(at(
            "/avatars/{name}",
            [
                web::get().to(avatar_file::serve),
                web::head().to(avatar_file::serve),
            ],
            "GET, HEAD",
        ))
        .service(at("/v1/auth/verify", [web::get().to(token::verify)], "GET"))
        .service(at(
            "/.well-known/jwks.json",
            [web::get().to(token::jwks)],
            "GET",
        ))
        .service(at(
            "/healthz",
            [web::get().to(health::live), web::head().to(health::live)],
            "GET, HEAD",
        ))
        .service(at(
            "/readyz",
            [web::get().to(health::ready), web::head().to(health::ready)],
            "GET, HEAD",
        ))
        .service(at("/metrics", [web::get().to(metrics::serve)], "GET"))
        .service(at("/openapi.json", [web::get().to(openapi::serve)], "GET"))
        .service(at("/docs", [web::get().to(pages::docs)], "GET"))
        .service(at(
            "/docs/{file:.*}",
            [web::get().to(pages::docs_file)],
            "GET",
        ));
}

/// A resource whose other methods are answered with what it allows.
fn at<const N: usize>(path: &str, routes: [Route; N], allow: &'static str) -> Resource {
    let resource = routes
        .into_iter()
        .fold(web::resource(path), Resource::route);
    resource.default_service(web::to(move || async move {
        let mut error = ApiError::new(&kinds::METHOD_NOT_ALLOWED);
        error.details.allow = Some(allow.to_owned());
        Err::<HttpResponse, _>(error)
    }))
}

async fn nothing_here() -> Result<HttpResponse, ApiError> {
    Err(ApiError::new(&kinds::NOT_FOUND))
}
