//! `GET /sns/oauth2/access_token`: the OAuth2 code of a native app or website.
//!
//! Source: `WeChat` Open Platform, snsAccessToken.

use chrono::{DateTime, Utc};
use serde_json::{Value, json};

use super::credentials;
use super::refusal::Refusal;
use crate::call::Call;
use crate::state::{CodeKind, USER_TOKEN_SECONDS, UserToken, World, openid, unionid};

pub(super) fn respond(
    world: &mut World,
    call: &Call,
    now: DateTime<Utc>,
) -> Result<Value, Refusal> {
    let claimed = credentials::present(call.parameter("appid"), call.parameter("secret"))?;
    let value = call.parameter("code").ok_or(Refusal::new(41008))?;
    if call.parameter("grant_type") != Some("authorization_code") {
        return Err(Refusal::new(40002));
    }
    let app = credentials::prove(world, claimed)?.clone();

    let code = world
        .codes
        .find(value, now)
        .filter(|code| code.app_id == app.app_id)
        .cloned();
    let code = code.ok_or(Refusal::new(40029))?;
    let CodeKind::OAuth {
        scope,
        snapshot_user,
    } = code.kind
    else {
        return Err(Refusal::new(40029));
    };
    if code.used {
        return Err(Refusal::new(40163));
    }
    if world
        .people
        .find(&code.person)
        .is_none_or(|person| person.blocked)
    {
        return Err(Refusal::new(50002));
    }
    world.codes.mark_used(value);

    let access_token = format!("{}_{}", world.random.digits(2), world.random.base64url(64));
    let refresh_token = format!("{}_{}", world.random.digits(2), world.random.base64url(64));
    let mut grant = json!({
        "access_token": access_token,
        "expires_in": USER_TOKEN_SECONDS,
        "refresh_token": refresh_token,
        "openid": openid(&app.app_id, &code.person),
        "scope": scope,
    });
    if let Some(platform) = &app.platform {
        grant["unionid"] = json!(unionid(platform, &code.person));
    }
    if snapshot_user {
        grant["is_snapshotuser"] = json!(1);
    }
    let token = UserToken {
        app_id: app.app_id,
        person: code.person,
        scope,
        issued_at: now,
    };
    world.user_tokens.add(access_token, token);
    Ok(grant)
}
