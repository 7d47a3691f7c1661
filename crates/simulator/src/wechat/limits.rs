//! How often an application may make each call.
//!
//! Source: `WeChat` server API, the limits of each call; where none is published,
//! a daily one that nobody reaches.

use chrono::{DateTime, Utc};

use super::CALLS;
use super::refusal::Refusal;
use crate::state::{Window, World};

/// What one call allows.
pub(super) struct Limits {
    /// Its path, by which it is counted.
    pub(super) path: &'static str,
    pub(super) per_minute: Option<u32>,
    pub(super) per_day: u32,
}

const UNPUBLISHED_PER_DAY: u32 = 10_000_000;

/// The limits of the call at `path`; nothing where there is no such call.
pub(super) fn of(path: &str) -> Option<Limits> {
    let path = CALLS.iter().find(|call| call.path == path)?.path;
    let (per_minute, per_day) = match path {
        "/cgi-bin/token" => (None, 2000),
        "/cgi-bin/stable_token" => (Some(10_000), 500_000),
        "/wxa/resetusersessionkey" => (Some(60_000), UNPUBLISHED_PER_DAY),
        "/sns/oauth2/access_token"
        | "/sns/oauth2/refresh_token"
        | "/sns/auth"
        | "/sns/userinfo" => (Some(50_000), UNPUBLISHED_PER_DAY),
        _ => (None, UNPUBLISHED_PER_DAY),
    };
    Some(Limits {
        path,
        per_minute,
        per_day,
    })
}

/// Counts a call of `app_id`: 45011 beyond the minute's limit, 45009 beyond the
/// day's.
pub(super) fn count(
    world: &mut World,
    path: &str,
    app_id: &str,
    now: DateTime<Utc>,
) -> Result<(), Refusal> {
    let Some(limits) = of(path) else {
        return Ok(());
    };
    let name = limits.path;
    if let Some(per_minute) = limits.per_minute
        && !world.spend_quota(name, app_id, Window::Minute, per_minute, now)
    {
        return Err(Refusal::new(45011));
    }
    if !world.spend_quota(name, app_id, Window::Day, limits.per_day, now) {
        return Err(Refusal::new(45009));
    }
    Ok(())
}
