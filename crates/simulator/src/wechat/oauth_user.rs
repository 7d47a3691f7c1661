//! Whose access token a call of OAuth2 carries.

use chrono::{DateTime, Utc};

use super::limits;
use super::refusal::Refusal;
use crate::call::Call;
use crate::state::{UserGrant, World, openid};

/// The grant behind `access_token`, which must be of the `openid` claimed: else
/// 41001, 41009 (missing), 40001, 42001 (token), 40003 (openid).
pub(super) fn granted(
    world: &mut World,
    call: &Call,
    now: DateTime<Utc>,
) -> Result<UserGrant, Refusal> {
    let token = call.parameter("access_token").ok_or(Refusal::new(41001))?;
    let claimed = call.parameter("openid").ok_or(Refusal::new(41009))?;
    let grant = world.user_tokens.check(token, now).map_err(Refusal::new)?;
    let grant = grant.clone();
    limits::count(world, &call.path, &grant.app_id, now)?;
    if claimed == openid(&grant.app_id, &grant.person) {
        Ok(grant)
    } else {
        Err(Refusal::new(40003))
    }
}
