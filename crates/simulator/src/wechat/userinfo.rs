//! `GET /sns/userinfo`: nickname and avatar of somebody who consented.
//!
//! Source: `WeChat` Open Platform, snsUserInfo. Sex and region have been empty
//! since 2021. A virtual user of a "snapshot page" has no profile.

use chrono::{DateTime, Utc};
use serde_json::{Value, json};

use super::oauth_user;
use super::refusal::Refusal;
use crate::call::Call;
use crate::state::{World, openid, unionid};

pub(super) fn respond(
    world: &mut World,
    call: &Call,
    now: DateTime<Utc>,
) -> Result<Value, Refusal> {
    let grant = oauth_user::granted(world, call, now)?;
    if grant.scope == "snsapi_base" || grant.snapshot_user {
        return Err(Refusal::new(48001));
    }
    let person = world
        .people
        .find(&grant.person)
        .ok_or(Refusal::new(40003))?;
    let mut info = json!({
        "openid": openid(&grant.app_id, &grant.person),
        "nickname": person.nickname.as_deref().unwrap_or(&grant.person),
        "sex": 0,
        "language": "",
        "city": "",
        "province": "",
        "country": "",
        "headimgurl": person.avatar_url.as_deref().unwrap_or_default(),
        "privilege": [],
    });
    let app = world.find_app(&grant.app_id);
    if let Some(platform) = app.and_then(|app| app.platform.as_ref()) {
        info["unionid"] = json!(unionid(platform, &grant.person));
    }
    Ok(info)
}
