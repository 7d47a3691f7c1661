//! The audit log, for what happens outside a change of the accounts.

use async_trait::async_trait;

use crate::model::audit::AuditEvent;
use crate::ports::BoxError;

/// The log did not answer in time, or not sensibly.
#[derive(Debug, thiserror::Error)]
#[error("the audit log is unavailable")]
pub struct AuditLogError(#[source] pub BoxError);

/// The audit log: append only.
#[cfg_attr(any(test, feature = "mock"), mockall::automock)]
#[async_trait]
pub trait AuditLog: Send + Sync {
    /// Appends rows, durably.
    ///
    /// # Errors
    ///
    /// [`AuditLogError`].
    async fn append(&self, events: &[AuditEvent]) -> Result<(), AuditLogError>;
}
