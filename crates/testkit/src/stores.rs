//! The ports of one database, as the suites take them.

use std::any::Any;
use std::sync::Arc;

use async_trait::async_trait;
use chrono::{DateTime, Utc};
use menshen_domain::model::sweep::SealedPlace;
use menshen_domain::ports::account_import::AccountImport;
use menshen_domain::ports::account_store::AccountStore;
use menshen_domain::ports::admin_reader::AdminReader;
use menshen_domain::ports::audit_log::AuditLog;
use menshen_domain::ports::avatar_records::AvatarRecords;
use menshen_domain::ports::avatar_store::AvatarStore;
use menshen_domain::ports::keyring_store::KeyringStore;
use menshen_domain::ports::lease_store::LeaseStore;
use menshen_domain::ports::outbox::Outbox;
use menshen_domain::ports::personal_records::PersonalRecordsReader;
use menshen_domain::ports::retention_store::RetentionStore;
use menshen_domain::ports::sealed_rows::SealedRows;
use menshen_domain::ports::send_records::SendRecords;
use menshen_domain::ports::session_store::SessionStore;
use menshen_domain::ports::signing_key_store::SigningKeyStore;
use menshen_domain::ports::test_number_store::TestNumberStore;

use crate::fake_ring::FakeRing;

/// The ports of one database, which is empty at first.
pub struct Stores {
    /// The accounts.
    pub accounts: Arc<dyn AccountStore>,
    /// The accounts, by the hundred.
    pub imports: Arc<dyn AccountImport>,
    /// The sessions.
    pub sessions: Arc<dyn SessionStore>,
    /// The signing keys.
    pub signing_keys: Arc<dyn SigningKeyStore>,
    /// The keyring.
    pub keyring: Arc<dyn KeyringStore>,
    /// The leases.
    pub leases: Arc<dyn LeaseStore>,
    /// The audit log.
    pub audit_log: Arc<dyn AuditLog>,
    /// The outbox.
    pub outbox: Arc<dyn Outbox>,
    /// The record of messages.
    pub send_records: Arc<dyn SendRecords>,
    /// Reads what is held about a person.
    pub personal_records: Arc<dyn PersonalRecordsReader>,
    /// What operators look at.
    pub admin_reader: Arc<dyn AdminReader>,
    /// The test numbers that operators made.
    pub test_numbers: Arc<dyn TestNumberStore>,
    /// Whose pictures are kept.
    pub avatar_records: Arc<dyn AvatarRecords>,
    /// The pictures, where they are kept in the database.
    pub avatars: Arc<dyn AvatarStore>,
    /// Removes what was kept long enough.
    pub retention: Arc<dyn RetentionStore>,
    /// Seals anew what stands under older keys.
    pub sealed_rows: Arc<dyn SealedRows>,
    /// The ring that all of them seal with.
    pub ring: Arc<FakeRing>,
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

    /// The messages, in the order of their ids.
    async fn sends(&self) -> Vec<SendRow>;

    /// The attempts, in the order of their messages' ids and of their own.
    async fn attempts(&self) -> Vec<AttemptRow>;

    /// The receipts, in the order of their messages' and their own ids.
    async fn receipts(&self) -> Vec<ReceiptRow>;

    /// The sealed values of a place, in the order of their rows.
    async fn sealed(&self, place: SealedPlace) -> Vec<SealedValue>;
}

/// A sealed value as it stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SealedValue {
    /// The id of its row, as text.
    pub row: String,
    /// The value.
    pub sealed: Vec<u8>,
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
    pub actor: Option<String>,
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

/// A row of a message. The blind index is left out: its key is the adapter's.
#[derive(Debug, Clone, PartialEq, Eq)]
#[expect(missing_docs, reason = "named as the members of `NewSend`")]
pub struct SendRow {
    pub id: String,
    pub at: DateTime<Utc>,
    pub phone_masked: String,
    pub purpose: String,
    pub client_type: String,
    pub source: String,
    pub verdict: Option<String>,
}

/// A row of an attempt.
#[derive(Debug, Clone, PartialEq, Eq)]
#[expect(missing_docs, reason = "named as the members of `SmsAttempt`")]
pub struct AttemptRow {
    pub send: String,
    pub number: i64,
    pub at: DateTime<Utc>,
    pub took_ms: i64,
    pub vendor: String,
    pub outcome: String,
    pub vendor_code: Option<String>,
    pub request_id: Option<String>,
    pub message_id: Option<String>,
    pub cost_units: Option<i64>,
}

/// A row of a receipt.
#[derive(Debug, Clone, PartialEq, Eq)]
#[expect(missing_docs, reason = "named as the members of `DeliveryReceipt`")]
pub struct ReceiptRow {
    pub send: String,
    pub vendor: String,
    pub message_id: String,
    pub delivered: bool,
    pub code: Option<String>,
    pub segments: Option<i64>,
    pub reported_at: DateTime<Utc>,
}
