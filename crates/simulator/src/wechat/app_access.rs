//! Who calls with an application's access token, and what it may do.

use chrono::{DateTime, Utc};

use super::limits;
use super::refusal::Refusal;
use crate::call::Call;
use crate::config::AppKind;
use crate::state::World;

/// The application that the call's `access_token` speaks for: else 41001
/// (missing, and this is not cloud hosting), 40001, 40014, 42001. The call counts against its limits: 45011, 45009.
pub(super) fn application(
    world: &mut World,
    call: &Call,
    now: DateTime<Utc>,
) -> Result<String, Refusal> {
    let app_id = match (call.parameter("access_token"), &world.cloud_app_id) {
        (Some(token), _) => world.app_tokens.check(token, now).map_err(Refusal::new)?,
        (None, Some(app_id)) => app_id,
        (None, None) => return Err(Refusal::new(41001)),
    };
    let app_id = app_id.to_owned();
    limits::count(world, &call.path, &app_id, now)?;
    Ok(app_id)
}

/// Refuses with 48001 what only a verified mini-program may call.
pub(super) fn verified_mini_program(world: &World, app_id: &str) -> Result<(), Refusal> {
    let is_mini_program = world
        .find_app(app_id)
        .is_some_and(|app| app.kind == AppKind::MiniProgram);
    if is_mini_program && !world.consoles.of(app_id).unverified {
        Ok(())
    } else {
        Err(Refusal::new(48001))
    }
}
