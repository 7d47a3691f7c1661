//! By what an account is looked for: one of its names.

use menshen_domain::model::identifiers::UserId;
use menshen_domain::model::phone_number::PhoneNumber;
use menshen_domain::model::wechat::{AppId, OpenId, Platform, Provider, UnionId, WeChatApps};
use menshen_domain::services::administration::FoundBy;
use serde::Deserialize;
use utoipa::ToSchema;

use crate::http::error::ApiError;
use crate::http::kinds::Fault;

/// One way to find an account.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct UserSearch {
    /// The account's id.
    pub user_id: Option<String>,
    /// The phone number that it holds, as people write it.
    #[schema(example = "13800138000")]
    pub phone: Option<String>,
    /// The application of the openid.
    pub app_id: Option<String>,
    /// The openid.
    pub openid: Option<String>,
    /// The Open Platform account of the unionid; may be left out where the settings
    /// name one.
    pub platform: Option<String>,
    /// The unionid.
    pub union_id: Option<String>,
}

/// The one way that a search names.
///
/// # Errors
///
/// With the member that is wrong, or that is one too many.
pub fn found_by(search: &UserSearch, apps: &WeChatApps) -> Result<FoundBy, ApiError> {
    let ways = [
        ("user_id", &search.user_id),
        ("phone", &search.phone),
        ("openid", &search.openid),
        ("union_id", &search.union_id),
    ];
    let mut given = ways
        .into_iter()
        .filter_map(|(name, text)| Some((name, text.as_deref()?)));
    let way = given
        .next()
        .ok_or_else(|| ApiError::field("phone", Fault::Required))?;
    if let Some((more, _)) = given.next() {
        return Err(ApiError::field(more, Fault::Value));
    }
    for (with, name, text) in [
        ("openid", "app_id", &search.app_id),
        ("union_id", "platform", &search.platform),
    ] {
        if text.is_some() && way.0 != with {
            return Err(ApiError::field(name, Fault::Value));
        }
    }
    let wrong = |name: &'static str| move |()| ApiError::field(name, Fault::Value);
    match way {
        ("user_id", text) => {
            let id = UserId::parse(text);
            Ok(FoundBy::Id(id.ok_or(()).map_err(wrong("user_id"))?))
        }
        ("phone", text) => {
            let phone = PhoneNumber::parse(text);
            let wrong = |_| ApiError::field("phone", Fault::Phone);
            Ok(FoundBy::Phone(phone.map_err(wrong)?))
        }
        ("openid", text) => {
            let app = search.app_id.as_deref();
            let app = app.ok_or_else(|| ApiError::field("app_id", Fault::Required))?;
            let app = AppId::parse(app).map_err(|_| ApiError::field("app_id", Fault::Value))?;
            let openid =
                OpenId::parse(text).map_err(|_| ApiError::field("openid", Fault::Value))?;
            Ok(FoundBy::OpenId(providers(&app, apps), app, openid))
        }
        (_, text) => {
            let union_id =
                UnionId::parse(text).map_err(|_| ApiError::field("union_id", Fault::Value))?;
            Ok(FoundBy::UnionId(platform(search, apps)?, union_id))
        }
    }
}

/// The provider of an application; any, of one that is not configured any more.
fn providers(app: &AppId, apps: &WeChatApps) -> Vec<Provider> {
    let configured = apps.all().iter().find(|known| known.id == *app);
    configured.map_or_else(
        || {
            vec![
                Provider::WeChatMiniProgram,
                Provider::WeChatApp,
                Provider::WeChatWebsite,
            ]
        },
        |known| vec![known.kind.provider()],
    )
}

fn platform(search: &UserSearch, apps: &WeChatApps) -> Result<Platform, ApiError> {
    if let Some(text) = search.platform.as_deref() {
        return Platform::parse(text).map_err(|_| ApiError::field("platform", Fault::Value));
    }
    let mut named: Vec<&Platform> = apps
        .all()
        .iter()
        .filter_map(|app| app.platform.as_ref())
        .collect();
    named.sort();
    named.dedup();
    match named[..] {
        [only] => Ok(only.clone()),
        _ => Err(ApiError::field("platform", Fault::Required)),
    }
}
