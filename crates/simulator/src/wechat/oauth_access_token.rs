//! `GET /sns/oauth2/access_token`: the OAuth2 code of a native app or website.
//!
//! Source: `WeChat` Open Platform, snsAccessToken.

use chrono::{DateTime, Utc};
use serde_json::Value;

use super::refusal::Refusal;
use super::{credentials, limits, oauth_grant};
use crate::call::Call;
use crate::state::{CodeKind, UserGrant, World};

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
    limits::count(world, &call.path, &app.app_id, now)?;

    let code = world
        .codes
        .find(value, now)
        .filter(|code| code.app_id == app.app_id && world.has_account(&code.person))
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
    if !world.may_log_in(&code.person) {
        return Err(Refusal::new(50002));
    }
    world.codes.mark_used(value);

    let grant = UserGrant {
        app_id: app.app_id,
        person: code.person,
        scope,
        snapshot_user,
    };
    let tokens = world.user_tokens.add(grant.clone(), now, &mut world.random);
    Ok(oauth_grant::describe(world, &grant, &tokens))
}
