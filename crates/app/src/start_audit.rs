//! Telling the audit log that a process of the service starts, and with what.

use menshen_domain::model::audit::{AuditAction, AuditEvent};
use menshen_domain::ports::audit_log::{AuditLog, AuditLogError};
use menshen_domain::ports::clock::Clock;
use menshen_token::system_randomness::SystemRandomness;

use crate::settings::Settings;
use crate::wiring::StartError;

/// Tells the version, the profile and the digest of the settings; who compares rows sees
/// when settings changed, and `menshen config show | sha256sum` has the same digest.
///
/// # Errors
///
/// If the row cannot be written: a process of which nobody can know serves nobody.
pub(crate) async fn tell_start(
    audit: &dyn AuditLog,
    clock: &dyn Clock,
    settings: &Settings,
) -> Result<(), StartError> {
    let row = AuditEvent::new(AuditAction::ProcessStarted, clock.now(), &SystemRandomness)
        .with_subject(format!("menshen {}", env!("CARGO_PKG_VERSION")))
        .with_method(settings.profile.as_str())
        .with_reason(format!("settings sha256:{}", settings.digest));
    Ok(audit.append(&[row]).await.map_err(Untold)?)
}

/// The start cannot be told.
#[derive(Debug, thiserror::Error)]
#[error("the audit log cannot be told of the start; the database must take changes")]
struct Untold(#[source] AuditLogError);
