//! Telling the audit log of keys that come and go, whoever did it.

use menshen_domain::model::audit::{AuditAction, AuditEvent};
use menshen_domain::model::operator::Operator;
use menshen_domain::ports::audit_log::AuditLog;
use menshen_domain::ports::clock::Clock as _;
use menshen_token::system_randomness::SystemRandomness;

use crate::clock::SystemClock;

/// The key signs whether or not the audit log can be told.
pub(crate) async fn tell_new_key(audit: &dyn AuditLog, kid: &str, by: Option<&Operator>) {
    tracing::info!(key.id = kid, "a signing key was made");
    tell(audit, AuditAction::KeyCreated, kid, by).await;
}

/// The key is gone whether or not the audit log can be told.
pub(crate) async fn tell_dropped_key(audit: &dyn AuditLog, kid: &str, by: Option<&Operator>) {
    tracing::warn!(key.id = kid, "a signing key was dropped");
    tell(audit, AuditAction::KeyDropped, kid, by).await;
}

/// The key begins whether or not the audit log can be told.
pub(crate) async fn tell_new_ring_key(
    audit: &dyn AuditLog,
    id: u32,
    usage: &str,
    by: Option<&Operator>,
) {
    let subject = format!("{usage}/{id}");
    tell(audit, AuditAction::RingKeyCreated, &subject, by).await;
}

/// The key is gone whether or not the audit log can be told.
pub(crate) async fn tell_removed_ring_key(audit: &dyn AuditLog, id: u32, usage: &str) {
    tracing::info!(
        key.id = id,
        key.usage = usage,
        "an older key has left the keyring"
    );
    let subject = format!("{usage}/{id}");
    tell(audit, AuditAction::RingKeyRemoved, &subject, None).await;
}

/// With the operator who did it; the service does the rest by itself.
async fn tell(audit: &dyn AuditLog, action: AuditAction, kid: &str, by: Option<&Operator>) {
    let row = AuditEvent::new(action, SystemClock.now(), &SystemRandomness);
    let mut row = row.with_subject(kid.to_owned());
    if let Some(operator) = by {
        row = row.with_actor(operator);
    }
    if let Err(error) = audit.append(&[row]).await {
        tracing::error!(
            error = &error as &dyn std::error::Error,
            action = action.as_str(),
            key.id = kid,
            "what happened to a key is missing in the audit log"
        );
    }
}
