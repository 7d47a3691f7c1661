//! What both token calls of OAuth2 answer.

use serde_json::{Value, json};

use crate::state::{USER_TOKEN_SECONDS, UserGrant, UserTokenPair, World, openid, unionid};

/// The tokens, and whom they stand for.
pub(super) fn describe(world: &World, grant: &UserGrant, tokens: &UserTokenPair) -> Value {
    let mut answer = json!({
        "access_token": tokens.access_token,
        "expires_in": USER_TOKEN_SECONDS,
        "refresh_token": tokens.refresh_token,
        "openid": openid(&grant.app_id, &grant.person),
        "scope": grant.scope,
    });
    let app = world.find_app(&grant.app_id);
    if let Some(platform) = app.and_then(|app| app.platform.as_ref()) {
        answer["unionid"] = json!(unionid(platform, &grant.person));
    }
    if grant.snapshot_user {
        answer["is_snapshotuser"] = json!(1);
    }
    answer
}
