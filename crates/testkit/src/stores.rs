//! The ports of one database, as the suites take them.

use std::any::Any;
use std::sync::Arc;

use async_trait::async_trait;
use menshen_domain::ports::account_store::AccountStore;
use menshen_domain::ports::audit_log::AuditLog;
use menshen_domain::ports::keyring_store::KeyringStore;
use menshen_domain::ports::session_store::SessionStore;
use menshen_domain::ports::signing_key_store::SigningKeyStore;

/// The ports of one database, which is empty at first.
pub struct Stores {
    /// The accounts.
    pub accounts: Arc<dyn AccountStore>,
    /// The sessions.
    pub sessions: Arc<dyn SessionStore>,
    /// The signing keys.
    pub signing_keys: Arc<dyn SigningKeyStore>,
    /// The keyring.
    pub keyring: Arc<dyn KeyringStore>,
    /// The audit log.
    pub audit_log: Arc<dyn AuditLog>,
    /// Reads what no port reads.
    pub witness: Arc<dyn Witness>,
    /// What goes away with the database, such as its folder.
    pub guard: Box<dyn Any + Send + Sync>,
}

/// Reads what no port reads, so that the suites can tell that it was written.
#[async_trait]
pub trait Witness: Send + Sync {
    /// The audit log, in the order of the rows' ids.
    async fn audit(&self) -> Vec<AuditRow>;

    /// The outbox, in the order of the rows' ids.
    async fn outbox(&self) -> Vec<OutboxRow>;
}

/// A row of the audit log: ids and addresses as text.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[expect(missing_docs, reason = "named as the members of `AuditEvent`")]
pub struct AuditRow {
    pub id: String,
    pub action: String,
    pub user: Option<String>,
    pub session: Option<String>,
    pub subject: Option<String>,
    pub method: Option<String>,
    pub reason: Option<String>,
    pub address: Option<String>,
    pub device_id: Option<String>,
    pub request_id: Option<String>,
}

/// A row of the outbox.
#[derive(Debug, Clone, PartialEq, Eq)]
#[expect(missing_docs, reason = "named as the members of `OutboxEvent`")]
pub struct OutboxRow {
    pub id: String,
    pub user: String,
    pub kind: String,
    /// The JSON text.
    pub payload: String,
}
