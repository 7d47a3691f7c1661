//! Noting identity headers that make no sense: a proxy that lets others write
//! them, or an attacker who tries.

use std::sync::Arc;

use crate::model::audit::{AuditAction, AuditEvent};
use crate::model::limits::Limits;
use crate::model::origin::Origin;
use crate::ports::audit_log::AuditLog;
use crate::ports::clock::Clock;
use crate::ports::randomness::Randomness;
use crate::ports::rate_limiter::{Admission, RateLimiter};

/// Writes an audit row about identity headers that were refused.
pub struct TellRefusedIdentity {
    /// Is told.
    pub audit: Arc<dyn AuditLog>,
    /// Bounds the rows.
    pub limiter: Arc<dyn RateLimiter>,
    /// Tells the time.
    pub clock: Arc<dyn Clock>,
    /// Names the row.
    pub randomness: Arc<dyn Randomness>,
}

impl TellRefusedIdentity {
    /// Writes the row, at most one a minute and source: a refusal costs the sender
    /// nothing, and no flood of them fills the log. The request is refused either
    /// way, so a failure here is for the log of the process alone.
    pub async fn execute(&self, origin: &Origin) {
        let windows = Limits::for_refusal_row(origin.address);
        match self.limiter.reserve(&windows).await {
            Ok(Admission::Reserved(_)) => {}
            Ok(Admission::Refused { .. }) => return,
            Err(error) => {
                tracing::warn!(
                    error = &error as &dyn std::error::Error,
                    "a refused identity is not audited"
                );
                return;
            }
        }
        let action = AuditAction::HostedIdentityRefused;
        let row = AuditEvent::new(action, self.clock.now(), &*self.randomness).with_origin(origin);
        if let Err(error) = self.audit.append(&[row]).await {
            tracing::warn!(
                error = &error as &dyn std::error::Error,
                "a refused identity is not audited"
            );
        }
    }
}
