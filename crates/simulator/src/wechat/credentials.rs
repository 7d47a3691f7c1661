//! Application id and secret, as most calls carry them.

use std::net::{IpAddr, Ipv4Addr};

use aws_lc_rs::constant_time::verify_slices_are_equal;

use super::refusal::Refusal;
use crate::call::Call;
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

/// Whether the application is given access tokens: else 40164 (the caller is not
/// on its list), 40243 (its secret is frozen), 50007 (its account is).
pub(super) fn may_have_tokens(world: &World, app_id: &str, call: &Call) -> Result<(), Refusal> {
    let console = world.consoles.of(app_id);
    let peer = call.peer.unwrap_or(IpAddr::V4(Ipv4Addr::LOCALHOST));
    if !console.ip_allow.is_empty() && !console.ip_allow.contains(&peer.to_canonical()) {
        let words = match peer.to_canonical() {
            IpAddr::V4(v4) => {
                format!(
                    "invalid ip {v4} ipv6 {}, not in whitelist",
                    v4.to_ipv6_mapped()
                )
            }
            IpAddr::V6(v6) => format!("invalid ip {v6} ipv6 {v6}, not in whitelist"),
        };
        return Err(Refusal::saying(40164, Some(&words)));
    }
    if console.secret_frozen {
        return Err(Refusal::new(40243));
    }
    if console.account_frozen {
        return Err(Refusal::new(50007));
    }
    Ok(())
}
