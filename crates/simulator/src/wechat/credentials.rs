//! Application id and secret, as most calls carry them.

use aws_lc_rs::constant_time::verify_slices_are_equal;

use super::refusal::Refusal;
use crate::config::SimulatedApp;
use crate::state::World;

/// Both, where both were sent: else 41002, 41004.
pub(super) fn present<'a>(
    app_id: Option<&'a str>,
    secret: Option<&'a str>,
) -> Result<(&'a str, &'a str), Refusal> {
    let app_id = app_id.ok_or(Refusal::new(41002))?;
    let secret = secret.ok_or(Refusal::new(41004))?;
    Ok((app_id, secret))
}

/// The application whose they are: else 40013 (no such application), 40125
/// (wrong secret).
pub(super) fn prove<'w>(
    world: &'w World,
    (app_id, secret): (&str, &str),
) -> Result<&'w SimulatedApp, Refusal> {
    let app = world.find_app(app_id).ok_or(Refusal::new(40013))?;
    verify_slices_are_equal(app.app_secret.as_bytes(), secret.as_bytes())
        .map_err(|_| Refusal::new(40125))?;
    Ok(app)
}
