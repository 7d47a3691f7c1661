//! Who is there, from the headers of WeChat cloud hosting: only where the
//! deployment runs there, and only from a trusted peer.

use std::sync::Arc;

use actix_web::HttpRequest;
use menshen_domain::model::wechat::{AppId, AppKind, WeChatApps};
use menshen_domain::model::wechat_login::HostedIdentity;
use menshen_domain::services::login::WeChatProof;

use crate::http::App;
use crate::http::context::Context;
use crate::http::error::ApiError;
use crate::http::fields::Fields;
use crate::http::kinds::Fault;

/// Whether the headers of cloud hosting count, and for which applications.
pub struct CloudHosting {
    /// `wechat.gateway = "cloud_run"`.
    pub enabled: bool,
    /// The applications of the deployment.
    pub apps: Arc<WeChatApps>,
}

/// The proof of a WeChat identity: the code in the member `name`, or, without one,
/// what cloud hosting vouches for. The headers name the application then.
///
/// # Errors
///
/// `invalid_request` for headers of a trusted peer that make no sense, or that name
/// an application that is not configured, or another one than the request.
pub(super) async fn proof(
    app: &App,
    context: &Context,
    http: &HttpRequest,
    (name, code): (&str, Option<&str>),
    app_id: &mut Option<AppId>,
    fields: &mut Fields,
) -> Result<Option<WeChatProof>, ApiError> {
    let hosted = identity(app, context, http).await?;
    if let Some(code) = code {
        return Ok(fields.login_code(name, code).map(WeChatProof::Code));
    }
    let Some(hosted) = hosted else {
        fields.fault(name, Fault::Required);
        return Ok(None);
    };
    let configured = app
        .cloud_hosting
        .apps
        .named(&hosted.app_id, &[AppKind::MiniProgram])
        .is_ok();
    if !configured || app_id.as_ref().is_some_and(|named| *named != hosted.app_id) {
        return Err(ApiError::field("app_id", Fault::UnknownApp));
    }
    *app_id = Some(hosted.app_id.clone());
    Ok(Some(WeChatProof::Hosted(hosted)))
}

/// Whom the headers name. From anybody but a trusted peer, and with any other
/// gateway, they are a claim of the sender's, and not even looked at.
async fn identity(
    app: &App,
    context: &Context,
    http: &HttpRequest,
) -> Result<Option<HostedIdentity>, ApiError> {
    let trusted = http
        .peer_addr()
        .is_some_and(|peer| app.proxies.trusts_peer(peer.ip()));
    if !app.cloud_hosting.enabled || !trusted {
        return Ok(None);
    }
    match read(http) {
        Ok(identity) => Ok(identity),
        Err(header) => {
            app.tell_refused_identity.execute(&context.origin).await;
            Err(ApiError::field(header, Fault::Value))
        }
    }
}

/// The header names of each set, with whether they are there twice or unreadable.
fn read(http: &HttpRequest) -> Result<Option<HostedIdentity>, &'static str> {
    const NAMES: [&str; 6] = [
        "X-WX-OPENID",
        "X-WX-APPID",
        "X-WX-UNIONID",
        "X-WX-FROM-OPENID",
        "X-WX-FROM-APPID",
        "X-WX-FROM-UNIONID",
    ];
    let headers = http.headers();
    for name in NAMES {
        let mut values = headers.get_all(name);
        let readable = values.next().is_none_or(|value| value.to_str().is_ok());
        // Two values: one of them is not the proxy's.
        if !readable || values.next().is_some() {
            return Err(name);
        }
    }
    let header = |name: &'static str| headers.get(name).and_then(|value| value.to_str().ok());
    HostedIdentity::read(header).map_err(|_| NAMES[0])
}
