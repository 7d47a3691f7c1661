//! Telling the audit log of new signing keys, whoever made them.

use menshen_domain::model::audit::{AuditAction, AuditEvent};
use menshen_domain::ports::audit_log::AuditLog;
use menshen_domain::ports::clock::Clock as _;
use menshen_token::system_randomness::SystemRandomness;

use crate::clock::SystemClock;

/// The key signs whether or not the audit log can be told.
pub(crate) async fn tell_new_key(audit: &dyn AuditLog, kid: &str) {
    tracing::info!(key.id = kid, "a signing key was made");
    let row = AuditEvent::new(
        AuditAction::KeyCreated,
        SystemClock.now(),
        &SystemRandomness,
    );
    if let Err(error) = audit.append(&[row.with_subject(kid.to_owned())]).await {
        tracing::error!(
            error = &error as &dyn std::error::Error,
            "a new signing key is missing in the audit log"
        );
    }
}
