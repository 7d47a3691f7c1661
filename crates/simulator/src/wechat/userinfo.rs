//! `GET /sns/userinfo`: nickname and avatar of somebody who consented.
//!
//! Source: `WeChat` Open Platform, snsUserInfo. Sex and region have been empty
//! since 2021.

use chrono::{DateTime, Utc};
use serde_json::{Value, json};

use super::open_data::AVATAR_URL;
use super::refusal::Refusal;
use crate::call::Call;
use crate::state::{World, openid, unionid};

pub(super) fn respond(
    world: &mut World,
    call: &Call,
    now: DateTime<Utc>,
) -> Result<Value, Refusal> {
    let token = call.parameter("access_token").ok_or(Refusal::new(41001))?;
    let claimed = call.parameter("openid").ok_or(Refusal::new(41009))?;
    let token = world.user_tokens.check(token, now).map_err(Refusal::new)?;
    let own = openid(&token.app_id, &token.person);
    if claimed != own {
        return Err(Refusal::new(40003));
    }
    if token.scope == "snsapi_base" {
        return Err(Refusal::new(48001));
    }
    let person = world
        .people
        .find(&token.person)
        .ok_or(Refusal::new(40003))?;
    let mut info = json!({
        "openid": own,
        "nickname": person.nickname.as_deref().unwrap_or(&token.person),
        "sex": 0,
        "language": "",
        "city": "",
        "province": "",
        "country": "",
        "headimgurl": AVATAR_URL,
        "privilege": [],
    });
    if let Some(platform) = world
        .find_app(&token.app_id)
        .and_then(|app| app.platform.as_ref())
    {
        info["unionid"] = json!(unionid(platform, &token.person));
    }
    Ok(info)
}
